#pragma once

#include "omg/families/data.hpp"

namespace omg {

/// Divergence D = ℓ(v + e) − ℓ(v) − ℓ'(v) e ≥ 0 of the logistic loss ℓ(v) = log(1 + exp(−v)).
///
/// D does not change with the signs of v and e together, as ℓ(v) − ℓ(−v) is linear. So let v ≥ 0, p = σ(−v) ≤ ½, s =
/// −e, φ(s) = eˢ − 1 − s and u = p (eˢ − 1) = p (φ(s) + s):  D = log(1 + u) − p s = p φ(s) − λ(u), λ(u) = u − log(1 +
/// u). The terms of the second form are at most 3 times their difference where |u| is small, those of the first at most
/// 8 times where it is not.
template <class R>
OMG_HD R logistic_divergence(R v_given, R e_given) {
  const auto negative = v_given < R(0);
  const R v = abs(v_given), s = select(negative, e_given, -e_given);
  const R odds = exp(-v), q = R(1) / (R(1) + odds), p = odds * q;
  // p eˢ = q e^(s − v), which does not overflow before D does.
  const R exponent = s - v, bounded = min(exponent, R(sizeof(Scalar<R>) == 8 ? 700 : 80));
  const R now = q * exp(bounded);
  const auto small = abs(s) < R(0.5);
  R excess = now - p - p * s, u = now - p;  // p φ(s) and u
  if (any(small)) {
    const R scaled = p * small_exp_excess(s);
    excess = select(small, scaled, excess);
    u = select(small, fma(p, s, scaled), u);
  }
  // With r = u/(2 + u): log(1 + u) = 2 artanh r and λ(u) = u r − 2 r³ (1/3 + r²/5 + r⁴/7 + …); |r| < 0.15 as |u| < 0.3
  // or so, and wherever |s| < ½.
  const R r = u / (R(2) + u), square = r * r;
  const auto near = square < R(0.0225);
  R divergence = R(0);
  if (any(near)) {
    R series = R(1.0 / 21);
#pragma GCC unroll 16
    for (int k = 19; k >= 3; k -= 2) series = fma(series, square, R(1.0 / k));
    divergence = fma(R(2) * r * square, series, excess - u * r);
  }
  if (!all(near)) divergence = select(near, divergence, log(q + now) - p * s + (exponent - bounded));
  return divergence;
}

/// f(x) = (1/m) Σ_i log(1 + exp(−b_i a_iᵀx)) + λ/2 ‖x‖², labels b_i = ±1.
struct Logistic {
  static constexpr Entry entry{"logistic", "(1/m) Σ log(1 + exp(−b aᵀx)) + λ/2 ‖x‖²", "Cox 1958", ""};
  static constexpr auto parameters = data_parameters();
  static constexpr bool costly_gap = true;

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
      return Want::gap ? logistic_divergence(v, e) : R(0);
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
