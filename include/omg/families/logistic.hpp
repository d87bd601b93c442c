#pragma once

#include "omg/families/data.hpp"
#include "omg/lane/family.hpp"

namespace omg {

/// Divergence of the logistic loss, D = ℓ(v*+e) − ℓ(v*) − ℓ'(v*) e for ℓ(v) = log(1 + exp(−v)).
/// With p = σ(−v*), q = 1 − p, s = −e it is log(1 + p φ(q s) + q φ(−p s)), φ(s) = eˢ − 1 − s: every
/// term is ≥ 0, so nothing cancels; for large |s| the plain difference of softplus values does.
template <class R>
OMG_HD R logistic_divergence(R v, R e) {
  const R p = R(1) / (R(1) + exp(v)), q = R(1) / (R(1) + exp(-v));
  const R s = clamp(-e, R(-30), R(30));
  const R near = log1p(fma(p, exp_excess(q * s), q * exp_excess(-(p * s))));
  const R now = v + e;
  const R softplus_now = max(-now, R(0)) + log1p(exp(-abs(now)));
  const R softplus_then = max(-v, R(0)) + log1p(exp(-abs(v)));
  return select(abs(e) < R(30), near, fma(p, e, softplus_now - softplus_then));
}

/// f(x) = (1/m) Σ_i log(1 + exp(−b_i a_iᵀx)) + λ/2 ‖x‖², labels b_i = ±1.
struct Logistic {
  static constexpr Entry entry{"logistic", "(1/m) Σ log(1 + exp(−b aᵀx)) + λ/2 ‖x‖²", "", ""};
  static constexpr auto parameters = data_parameters();

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
      const R label = in.data(rows * n + i);
      const R then = label * in.data(rows * n + rows + i);  // b_i a_iᵀx*
      const R change = label * c.template sum<PointDim>([&](int j) { return in.data(i * n + j) * d[j]; });
      if constexpr (Want::gap) gap = gap + logistic_divergence(then, change);
      if constexpr (Want::gradient) {
        // ℓ' = −b σ(−b aᵀx)
        const R slope = -(mean * label) / (R(1) + exp(then + change));
        c.template for_each<PointDim>([&](int j) { g[j] = fma(slope, in.data(i * n + j), g[j]); });
      }
    }
    if constexpr (!Want::gap) return gap;
    return fma(mean, gap, R(0.5) * lambda * dot<PointDim>(c, d, d));
  }

#if !defined(__CUDACC_RTC__)
  static void shape(const FamilyInput& in, Shape& s) { shape_of_data(in, s); }
  static Layout layout(const Shape& s) { return layout_of_data(s); }
  static void draw(const FamilyInput& in, InstanceWriter& out) {
    const double lambda = draw_data(in, out);
    // L = λ_max(AᵀA)/(4m) + λ
    out.smoothness(in.data_spectrum(out.index()).largest / (4.0 * in.shape().terms) + lambda);
    out.strong_convexity(lambda);
  }
  static constexpr bool solved = true;  ///< x* comes from the reference's Newton method
  static constexpr Labels labels = Labels::signs;
#endif
};

}  // namespace omg
