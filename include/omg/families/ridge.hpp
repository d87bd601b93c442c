#pragma once

#include "omg/families/data.hpp"
#include "omg/lane/family.hpp"

namespace omg {

/// f(x) = ‖Ax − b‖²/(2m) + λ/2 ‖x‖²; least squares for λ = 0.
struct Ridge {
  static constexpr Entry entry{"ridge", "‖Ax − b‖²/(2m) + λ/2 ‖x‖²", "Hoerl & Kennard 1970", ""};
  static constexpr auto parameters = data_parameters({{"centre_labels", "false", "take the mean off the labels"}});

  /// x − x*, read by every row.
  template <class C>
  struct Scratch {
    typename C::template Vector<PointDim> d;
    template <class S>
    OMG_HD Scratch(const C& c, const S&) : d(c.template vector<PointDim>()) {}
  };

  // Data: a (m × n), b (m), a_iᵀx* (m). Record: λ.
  template <class Want, class C, class S, class I, class X, class G>
  OMG_HD static typename C::Real evaluate(const C& c, const S& s, const I& in, Scratch<C>& scratch, const X& x, G& g) {
    using R = typename C::Real;
    const int n = c.n(), rows = s.terms;
    const R lambda = in.field(0), mean = R(1) / R(rows);
    auto& d = scratch.d;
    c.template for_each<PointDim>([&](int j) {
      d[j] = x[j] - in.minimiser(j);
      if constexpr (Want::gradient) g[j] = lambda * x[j];
    });
    R gap = R(0);
    for (int i = 0; i < rows; ++i) {
      const R change = c.template sum<PointDim>([&](int j) { return in.data(i * n + j) * d[j]; });
      if constexpr (Want::gap) gap = fma(change, change, gap);
      if constexpr (Want::gradient) {
        const R residual = (in.data(rows * n + rows + i) - in.data(rows * n + i)) + change;
        const R slope = mean * residual;
        c.template for_each<PointDim>([&](int j) { g[j] = fma(slope, in.data(i * n + j), g[j]); });
      }
    }
    if constexpr (!Want::gap) return gap;
    // f − f* = ‖A(x − x*)‖²/(2m) + λ/2 ‖x − x*‖²
    return R(0.5) * fma(mean, gap, lambda * dot<PointDim>(c, d, d));
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
