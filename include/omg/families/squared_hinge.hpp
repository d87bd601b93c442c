#pragma once

#include "omg/families/data.hpp"

namespace omg {

/// f(x) = ω Σ_i ½ max(0, 1 − b_i a_iᵀx)² + λ/2 ‖x‖², labels b_i = ±1, ω = 1 (sum) or 1/m (mean).
struct SquaredHinge {
  static constexpr Entry entry{"squared_hinge", "ω Σ ½ max(0, 1 − b aᵀx)² + λ/2 ‖x‖², ω = 1 or 1/m",
                               "Chang, Hsieh & Lin 2008", ""};
  static constexpr auto parameters = data_parameters({{"reduction", "sum", "of the rows: sum or mean"}});
  static constexpr bool costly_gap = true;

  template <class C>
  using Scratch = DifferenceScratch<C>;

  // Data: a (m × n), b (m), a_iᵀx* (m). Record: λ, ω.
  template <class Want, class C, class S, class I, class X, class G>
  OMG_HD static typename C::Real evaluate(const C& c, const S& s, const I& in, Scratch<C>& scratch, const X& x, G& g) {
    using R = typename C::Real;
    // With v = 1 − s the loss is w (v − w/2), w = max(v, 0). From v* to v = v* + e the positive part grows by
    // q = max(y, −w*), y = (v* − w*) + e, and the divergence is q (y − q/2).
    struct Row {
      struct Growth {
        R w, y, q;
      };
      OMG_HD static Growth growth(R label, R then, R change) {
        const R v = fma(-label, then, R(1)), e = -(label * change);
        const R w = max(v, R(0)), y = (v - w) + e;
        return {w, y, max(y, -w)};
      }
      OMG_HD static R slope(R weight, R label, R then, R change) {
        const Growth from = growth(label, then, change);
        return -(weight * label) * (from.w + from.q);
      }
      OMG_HD static R divergence(R label, R then, R change) {
        const Growth from = growth(label, then, change);
        return from.q * fma(R(-0.5), from.q, from.y);
      }
    };
    return evaluate_rows<Want>(c, s, in, scratch, in.field(1), in.field(0), x, g, Row{});
  }

#if !defined(__CUDACC_RTC__)
  static void shape(const FamilyInput& in, Shape& s) { shape_of_data(in, s); }
  static Layout layout(const Shape& s) { return layout_of_data(s, {{"row_weight", 1}}); }
  static void draw(const FamilyInput& in, InstanceWriter& out) {
    const std::string_view allowed[] = {"sum", "mean"};
    const double weight = in.word("reduction", allowed) == "sum" ? 1.0 : 1.0 / in.shape().terms;
    const double lambda = draw_data(in, out);
    out.set("row_weight", 0, weight);
    // L = ω λ_max(AᵀA) + λ
    out.smoothness(weight * in.data_spectrum(out.index()).largest + lambda);
    out.strong_convexity(lambda);
  }
  static constexpr bool solved = true;
  static constexpr Labels labels = Labels::signs;
#endif
};

}  // namespace omg
