#pragma once

#include "omg/families/terms.hpp"

namespace omg {

/// f(x) = Σ_k c_k h_{δ_k}(u_kᵀ(x − x*)) + μ/2 ‖x − x*‖²,
/// h_δ(s) = ½s² if |s| ≤ δ, else δ|s| − ½δ².
struct Huber {
  static constexpr Entry entry{"huber", "Σ c h_δ(uᵀ(x − x*)) + μ/2 ‖x − x*‖², h_δ(s) = ½s² if |s| ≤ δ else δ|s| − ½δ²",
                               "Huber 1964; worst case of many first-order methods: Drori & Teboulle 2014", ""};
  static constexpr Parameter parameters[] = {
      {"dimension", "1", "n"},
      {"terms", "0", "number of terms; 0: n"},
      {"directions", "identity", "u_k: identity, haar or a vector, row after row"},
      {"weight", "1", "c_k > 0"},
      {"threshold", "", "δ_k > 0"},
      {"strong_convexity", "0", "μ ≥ 0"},
  };

  template <class C>
  using Scratch = NoScratch;

  // Record: c (terms), δ (terms), μ, u (terms × n, if rotated).
  template <class Want, class C, class S, class I, class X, class G>
  OMG_HD static typename C::Real evaluate(const C& c, const S& s, const I& in, Scratch<C>&, const X& x, G& g) {
    using R = typename C::Real;
    const int terms = s.terms;
    const R mu = in.field(2 * terms);
    return evaluate_terms<Want>(c, s, in, 2 * terms + 1, mu, x, g, [&](int k, R d, R& slope) {
      // h(s) = v (s − v/2), h'(s) = v with v = s clamped to ±δ
      const R delta = in.field(terms + k), v = clamp(d, -delta, delta);
      slope = in.field(k) * v;
      return slope * fma(R(-0.5), v, d);
    });
  }

#if !defined(__CUDACC_RTC__)
  static void shape(const FamilyInput& in, Shape& s) { shape_of_terms(in, s); }
  static Layout layout(const Shape& s) { return layout_with_thresholds(s); }
  static void draw(const FamilyInput& in, InstanceWriter& out) { draw_with_thresholds(in, out); }
#endif
};

}  // namespace omg
