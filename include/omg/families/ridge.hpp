#pragma once

#include "omg/families/data.hpp"

namespace omg {

/// f(x) = ‖Ax − b‖²/(2m) + λ/2 ‖x‖²; least squares for λ = 0.
struct Ridge {
  static constexpr Entry entry{"ridge", "‖Ax − b‖²/(2m) + λ/2 ‖x‖²", "Hoerl & Kennard 1970", ""};
  static constexpr auto parameters = data_parameters({{"centre_labels", "false", "take the mean off the labels"}});
  static constexpr bool costly_gap = true;

  template <class C>
  using Scratch = DifferenceScratch<C>;

  // Data: a (m × n), b (m), a_iᵀx* (m). Record: λ.
  template <class Want, class C, class S, class I, class X, class G>
  OMG_HD static typename C::Real evaluate(const C& c, const S& s, const I& in, Scratch<C>& scratch, const X& x, G& g) {
    using R = typename C::Real;
    struct Row {
      OMG_HD static R slope(R weight, R label, R then, R change) { return weight * ((then - label) + change); }
      OMG_HD static R divergence(R, R, R change) { return R(0.5) * change * change; }  // f is quadratic
    };
    return evaluate_rows<Want>(c, s, in, scratch, R(1) / R(s.terms), in.field(0), x, g, Row{});
  }

#if !defined(__CUDACC_RTC__)
  static void shape(const FamilyInput& in, Shape& s) { shape_of_data(in, s); }
  static Layout layout(const Shape& s) { return layout_of_data(s); }
  static void draw(const FamilyInput& in, InstanceWriter& out) {
    const double lambda = draw_data(in, out);
    const Spectrum spectrum = in.data_spectrum(out.index());
    out.smoothness(spectrum.largest / in.shape().terms + lambda);
    out.strong_convexity(spectrum.smallest / in.shape().terms + lambda);
  }
  static constexpr bool solved = true;
  static constexpr Labels labels = Labels::real;
#endif
};

}  // namespace omg
