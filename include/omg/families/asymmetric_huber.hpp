#pragma once

#include "omg/families/terms.hpp"
#if !defined(__CUDACC_RTC__)
#include <algorithm>
#endif

namespace omg {

/// f(x) = Σ_k a_k(u_kᵀ(x − x*)) + μ/2 ‖x − x*‖²; with z = ±(u_kᵀ(x − x*)), a_k has curvature 1 and slope limit δ₁ for
/// z > 0, curvature m and slope limit m δ₂ for z < 0. The sign is drawn at random.
struct AsymmetricHuber {
  static constexpr Entry entry{
      "asymmetric_huber",
      "Σ a(z) + μ/2 ‖x − x*‖², a'(z) = min(z, δ₁) for z > 0, m max(z, −δ₂) for z < 0, z = ±uᵀ(x − x*)",
      "one-dimensional worst cases of accelerated methods", ""};
  static constexpr Parameter parameters[] = {
      {"dimension", "1", "n"},
      {"terms", "0", "number of terms; 0: n"},
      {"directions", "identity", "u_k: identity, haar or a vector, row after row"},
      {"curvature", "", "m > 0, curvature on the left"},
      {"right", "", "δ₁ > 0, end of the curved part on the right"},
      {"left", "", "δ₂ > 0, end of the curved part on the left"},
      {"sign", "random", "side that counts as right: 1, -1 or random"},
      {"strong_convexity", "0", "μ ≥ 0"},
  };

  template <class C>
  using Scratch = NoScratch;

  // Record: m, δ₁, δ₂, sign (terms each), μ, u (terms × n, if rotated).
  template <class Want, class C, class S, class I, class X, class G>
  OMG_HD static typename C::Real evaluate(const C& c, const S& s, const I& in, Scratch<C>&, const X& x, G& g) {
    using R = typename C::Real;
    const int terms = s.terms;
    return evaluate_terms<Want>(c, s, in, 4 * terms + 1, in.field(4 * terms), x, g, [&](int k, R d, R& slope) {
      const R sign = in.field(3 * terms + k);
      const R z = sign * d;
      const R v = clamp(z, -in.field(2 * terms + k), in.field(terms + k));
      const R bent = select(z > R(0), R(1), in.field(k)) * v;
      slope = sign * bent;
      return bent * fma(R(-0.5), v, z);
    });
  }

#if !defined(__CUDACC_RTC__)
  static void shape(const FamilyInput& in, Shape& s) { shape_of_terms(in, s); }
  static Layout layout(const Shape& s) {
    const auto terms = size_t(s.terms);
    return layout_of_terms(
        s, {{"curvature", terms}, {"right", terms}, {"left", terms}, {"sign", terms}, {"strong_convexity", 1}});
  }
  static void draw(const FamilyInput& in, InstanceWriter& out) {
    const std::size_t i = out.index();
    Random coin = in.random("sign", i);
    const std::string_view allowed[] = {"1", "-1", "random"};
    const std::string_view sign = in.word("sign", allowed);
    std::vector<double> weights;
    for (int k = 0; k < in.shape().terms; ++k) {
      const double m = in.positive("curvature", i, k);
      weights.push_back(std::max(1.0, m));
      out.set("curvature", size_t(k), m);
      out.set("right", size_t(k), in.positive("right", i, k));
      out.set("left", size_t(k), in.positive("left", i, k));
      const double drawn = coin.uniform() < 0.5 ? -1.0 : 1.0;
      out.set("sign", size_t(k), sign == "random" ? drawn : sign == "1" ? 1.0 : -1.0);
    }
    const double mu = in.non_negative("strong_convexity", i);
    out.set("strong_convexity", 0, mu);
    out.smoothness(draw_directions(in, out, weights).largest + mu);
    out.strong_convexity(mu);
  }
#endif
};

}  // namespace omg
