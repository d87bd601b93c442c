#pragma once

#include "omg/families/terms.hpp"

namespace omg {

/// f(x) = Σ_i δ_i² (√(1 + (d_i/δ_i)²) − 1), d = x − x*.
struct PseudoHuber {
  static constexpr Entry entry{"pseudo_huber", "Σ δ² (√(1 + (d/δ)²) − 1), d = x − x*", "Charbonnier et al. 1994", ""};
  static constexpr Parameter parameters[] = {
      {"dimension", "1", "n"}, {"threshold", "", "δ_i > 0"},  // without a default: a study must give it
  };

  template <class C>
  using Scratch = NoScratch;

  // Record: δ (n).
  template <class Want, class C, class S, class I, class X, class G>
  OMG_HD static typename C::Real evaluate(const C& c, const S&, const I& in, Scratch<C>&, const X& x, G& g) {
    using R = typename C::Real;
    const auto at = [&](int i) {
      const R d = x[i] - in.minimiser(i), z = d / in.field(i);
      const R root = sqrt(fma(z, z, R(1)));
      if constexpr (Want::gradient) g[i] = d / root;
      return d * d / (R(1) + root);  // δ² (√(1 + z²) − 1) without a difference
    };
    if constexpr (Want::gap) return c.template sum<PointDim>(at);
    c.template for_each<PointDim>([&](int i) { at(i); });
    return R(0);
  }

#if !defined(__CUDACC_RTC__)
  static void shape(const FamilyInput& in, Shape& s) { s.n = in.integer("dimension", 1); }
  static Layout layout(const Shape& s) { return {{}, {{"threshold", size_t(s.n)}}}; }
  static void draw(const FamilyInput& in, InstanceWriter& out) {
    for (int i = 0; i < in.shape().n; ++i) out.set("threshold", size_t(i), in.positive("threshold", out.index(), i));
    out.smoothness(1);
    out.strong_convexity(0);
  }
#endif
};

}  // namespace omg
