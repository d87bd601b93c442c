#pragma once

#include "omg/families/terms.hpp"

namespace omg {

/// A family of a user's own: examples/pseudo_huber.toml names this file. Written once, it runs on the processor and on
/// a GPU. The gap needs no difference of close numbers: δ² (√(1 + (s/δ)²) − 1) = s² / (1 + √(1 + (s/δ)²)).
struct PseudoHuber {
  static constexpr Entry entry{"pseudo_huber", "Σ δ² (√(1 + (s/δ)²) − 1), s = uᵀ(x − x*)", "Charbonnier et al. 1997",
                               ""};
  static constexpr Parameter parameters[] = {
      {"dimension", "1", "n"},
      {"terms", "0", "number of terms; 0: n"},
      {"directions", "identity", "u_k: identity, haar or a vector, row after row"},
      {"threshold", "", "δ_k > 0"},
  };

  template <class C>
  using Scratch = NoScratch;

  // Record: δ (terms), u (terms × n, if rotated).
  template <class Want, class C, class S, class I, class X, class G>
  OMG_HD static typename C::Real evaluate(const C& c, const S& s, const I& in, Scratch<C>&, const X& x, G& g) {
    using R = typename C::Real;
    return evaluate_terms<Want>(c, s, in, s.terms, R(0), x, g, [&](int k, R d, R& slope) {
      const R ratio = d / in.field(k), root = sqrt(fma(ratio, ratio, R(1)));
      slope = d / root;
      return d * d / (R(1) + root);
    });
  }

#if !defined(__CUDACC_RTC__)
  static void shape(const FamilyInput& in, Shape& s) { shape_of_terms(in, s); }
  static Layout layout(const Shape& s) { return layout_of_terms(s, {{"threshold", size_t(s.terms)}}); }
  static void draw(const FamilyInput& in, InstanceWriter& out) {
    for (int k = 0; k < in.shape().terms; ++k)
      out.set("threshold", size_t(k), in.positive("threshold", out.index(), k));
    // Every term curves by 1 at most.
    out.smoothness(draw_directions(in, out, std::vector<double>(size_t(in.shape().terms), 1.0)).largest);
    out.strong_convexity(0);
  }
#endif
};

}  // namespace omg
