#pragma once

#include "omg/families/terms.hpp"

namespace omg {

/// f(x) = Σ_k c_k δ_k² log cosh(u_kᵀ(x − x*)/δ_k) + μ/2 ‖x − x*‖²: a huber function without its corners.
struct LogCosh {
  static constexpr Entry entry{"log_cosh", "Σ c δ² log cosh(uᵀ(x − x*)/δ) + μ/2 ‖x − x*‖²", "Green 1990", ""};
  static constexpr Parameter parameters[] = {
      {"dimension", "1", "n"},
      {"terms", "0", "number of terms; 0: n"},
      {"directions", "identity", "u_k: identity, haar or a vector, row after row"},
      {"weight", "1", "c_k > 0"},
      {"threshold", "", "δ_k > 0, where the parabola turns into a straight line"},
      {"strong_convexity", "0", "μ ≥ 0"},
  };

  template <class C>
  using Scratch = NoScratch;

  // Record: c (terms), δ (terms), μ, u (terms × n, if rotated).
  template <class Want, class C, class S, class I, class X, class G>
  OMG_HD static typename C::Real evaluate(const C& c, const S& s, const I& in, Scratch<C>&, const X& x, G& g) {
    using R = typename C::Real;
    const int terms = s.terms;
    return evaluate_terms<Want>(c, s, in, 2 * terms + 1, in.field(2 * terms), x, g, [&](int k, R d, R& slope) {
      const R delta = in.field(terms + k), scale = in.field(k) * delta;
      const R z = d / delta, t = tanh(z);
      slope = scale * t;
      if constexpr (!Want::gap) return R(0);
      // log cosh z = −½ log(1 − tanh² z) near 0, where it is of the second order, and
      // |z| + log(1 + e^{−2|z|}) − log 2 where cosh might overflow.
      const R far = abs(z) + (log1p(exp(R(-2) * abs(z))) - R(0.69314718055994530942));
      const R near = R(-0.5) * log1p(-t * t);
      return scale * delta * select(abs(z) < R(1), near, far);
    });
  }

#if !defined(__CUDACC_RTC__)
  static void shape(const FamilyInput& in, Shape& s) { shape_of_terms(in, s); }
  static Layout layout(const Shape& s) { return layout_with_thresholds(s); }
  static void draw(const FamilyInput& in, InstanceWriter& out) { draw_with_thresholds(in, out); }
#endif
};

}  // namespace omg
