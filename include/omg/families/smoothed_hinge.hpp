#pragma once

#include "omg/families/data.hpp"

namespace omg {

/// f(x) = (1/m) Σ_i h(b_i a_iᵀx) + λ/2 ‖x‖², labels b_i = ±1,
/// h(s) = 0 if s ≥ 1, (1 − s)²/(2δ) if 1 − δ < s < 1, 1 − s − δ/2 below.
struct SmoothedHinge {
  static constexpr Entry entry{"smoothed_hinge",
                               "(1/m) Σ h(b aᵀx) + λ/2 ‖x‖², h(s) = 0 if s ≥ 1, (1 − s)²/(2δ) if 1 − δ < s < 1, else "
                               "1 − s − δ/2",
                               "Shalev-Shwartz & Zhang 2013", ""};
  static constexpr auto parameters = data_parameters({{"smoothing", "0.5", "δ > 0, width of the curved part of h"}});
  static constexpr bool costly_gap = true;

  template <class C>
  using Scratch = DifferenceScratch<C>;

  // Data: a (m × n), b (m), a_iᵀx* (m). Record: λ, δ.
  template <class Want, class C, class S, class I, class X, class G>
  OMG_HD static typename C::Real evaluate(const C& c, const S& s, const I& in, Scratch<C>& scratch, const X& x, G& g) {
    using R = typename C::Real;
    // With v = 1 − s, h is w (v − w/2)/δ, w = v clamped to [0, δ]. From v* to v = v* + e the clamped value grows by
    // q = y clamped to [−w*, δ − w*], y = (v* − w*) + e, and the divergence is q (y − q/2)/δ.
    struct Row {
      R delta, inverse;
      struct Growth {
        R w, y, q;
      };
      OMG_HD Growth growth(R label, R then, R change) const {
        const R v = fma(-label, then, R(1)), e = -(label * change);
        const R w = clamp(v, R(0), delta), y = (v - w) + e;
        return {w, y, clamp(y, -w, delta - w)};
      }
      OMG_HD R slope(R weight, R label, R then, R change) const {
        const Growth from = growth(label, then, change);
        return -(weight * label * inverse) * (from.w + from.q);
      }
      OMG_HD R divergence(R label, R then, R change) const {
        const Growth from = growth(label, then, change);
        return inverse * from.q * fma(R(-0.5), from.q, from.y);
      }
    };
    const R delta = in.field(1);
    return evaluate_rows<Want>(c, s, in, scratch, R(1) / R(s.terms), in.field(0), x, g, Row{delta, R(1) / delta});
  }

#if !defined(__CUDACC_RTC__)
  static void shape(const FamilyInput& in, Shape& s) { shape_of_data(in, s); }
  static Layout layout(const Shape& s) { return layout_of_data(s, {{"smoothing", 1}}); }
  static void draw(const FamilyInput& in, InstanceWriter& out) {
    const std::size_t i = out.index();
    const double lambda = draw_data(in, out), delta = in.positive("smoothing", i);
    out.set("smoothing", 0, delta);
    // L = λ_max(AᵀA)/(mδ) + λ
    out.smoothness(in.data_spectrum(i).largest / (in.shape().terms * delta) + lambda);
    out.strong_convexity(lambda);
  }
  static constexpr bool solved = true;
  static constexpr Labels labels = Labels::signs;
#endif
};

}  // namespace omg
