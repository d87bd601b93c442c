#pragma once

#include "omg/families/data.hpp"

namespace omg {

/// Divergence of the logistic loss, D = ℓ(v + e) − ℓ(v) − ℓ'(v) e for ℓ(v) = log(1 + exp(−v)).
/// With p = σ(−v), q = 1 − p, s = −e it is log(1 + p φ(q s) + q φ(−p s)), φ(s) = eˢ − 1 − s: every
/// term is ≥ 0, so nothing cancels. For large |s| the plain difference of softplus values does: as
/// ℓ(v) − ℓ(−v) is linear, v may be taken ≥ 0, where ℓ(v) is small against the rest.
template <class R>
OMG_HD R logistic_divergence(R v_given, R e_given) {
  const auto negative = v_given < R(0);
  const R v = abs(v_given), e = select(negative, -e_given, e_given);
  const R p = R(1) / (R(1) + exp(v)), q = R(1) / (R(1) + exp(-v));
  const R s = clamp(-e, R(-30), R(30));
  const R near = log1p(fma(p, exp_excess(q * s), q * exp_excess(-(p * s))));
  const R now = v + e;
  const R softplus_now = max(-now, R(0)) + log1p(exp(-abs(now)));
  const R far = fma(p, e, softplus_now - log1p(exp(-v)));
  return select(abs(e) < R(30), near, far);
}

/// f(x) = (1/m) Σ_i log(1 + exp(−b_i a_iᵀx)) + λ/2 ‖x‖², labels b_i = ±1.
struct Logistic {
  static constexpr Entry entry{"logistic", "(1/m) Σ log(1 + exp(−b aᵀx)) + λ/2 ‖x‖²", "Cox 1958", ""};
  static constexpr auto parameters = data_parameters();

  template <class C>
  using Scratch = DifferenceScratch<C>;

  // Data: a (m × n), b (m), a_iᵀx* (m). Record: λ.
  template <class Want, class C, class S, class I, class X, class G>
  OMG_HD static typename C::Real evaluate(const C& c, const S& s, const I& in, Scratch<C>& scratch, const X& x, G& g) {
    using R = typename C::Real;
    const auto row = [](R label, R then, R change, R& slope) {
      const R v = label * then, e = label * change;
      // d/ds log(1 + exp(−b s)) = −b σ(−b s)
      if constexpr (Want::gradient) slope = -label / (R(1) + exp(v + e));
      if constexpr (Want::gap) return logistic_divergence(v, e);
      return R(0);
    };
    return evaluate_rows<Want>(c, s, in, scratch, R(1) / R(s.terms), in.field(0), x, g, row);
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
