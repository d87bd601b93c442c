#pragma once

#include "omg/lane/family.hpp"
#if !defined(__CUDACC_RTC__)
#include "omg/families/data.hpp"
#endif

namespace omg {

/// f(x) = ‖Ax − b‖²/(2m) + λ/2 ‖x‖²; least squares for λ = 0.
struct Ridge {
  static constexpr Entry entry{"ridge", "‖Ax − b‖²/(2m) + λ/2 ‖x‖²", "Hoerl & Kennard 1970", ""};
  static constexpr Parameter parameters[] = {
      {"data", "", "a LIBSVM file, relative to the study file; or synthetic"},
      {"standardise", "false", "features to zero mean and unit population variance"},
      {"centre_labels", "false", "take the mean off the labels"},
      {"regularisation", "0", "λ ≥ 0"},
      {"rows", "100", "rows of a synthetic data set"},
      {"columns", "10", "columns of a synthetic data set"},
  };

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
  static Layout layout(const Shape& s) {
    const auto rows = size_t(s.terms);
    return {{{"features", rows * size_t(s.features)}, {"labels", rows}, {"scores", rows}}, {{"regularisation", 1}}};
  }
  static void draw(const FamilyInput& in, InstanceWriter& out) {
    const double lambda = draw_data(in, out);
    const Spectrum spectrum = data_spectrum(in);
    out.smoothness(spectrum.largest / in.shape().terms + lambda);
    out.strong_convexity(spectrum.smallest / in.shape().terms + lambda);
  }
  static constexpr bool solved = true;
  static constexpr bool labels_are_signs = false;
#endif
};

}  // namespace omg
