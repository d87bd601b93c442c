#pragma once

#include "omg/families/data.hpp"

namespace omg {

/// The logistic loss ℓ(v) = log(1 + exp(−v)) of a row, v its margin: label times score.
template <class R>
struct LogisticRow {
  static constexpr double most = sizeof(Scalar<R>) == 8 ? 1e150 : 1e15;
  R product = R(1);  ///< of the 1 + u whose logarithms are still to be added

  OMG_HD static R slope(R weight, R label, R then, R change) {
    // d/ds log(1 + exp(−b s)) = −b σ(−b s)
    const auto odds = exp_fraction(-label * (then + change));
    return -(weight * label) * (odds.top / (odds.top + odds.bottom));
  }

  /// p ÷ q = e^{−|v|}, p + q = 1: what a divergence takes from x* alone.
  template <class N>
  OMG_HD static Fraction<N> odds(N label, N then) {
    const auto at_minimiser = exp_fraction(-abs(label * then));
    const N inverse = N(1) / (at_minimiser.top + at_minimiser.bottom);
    return {at_minimiser.top * inverse, at_minimiser.bottom * inverse};
  }

  /// D = ℓ(v + e) − ℓ(v) − ℓ'(v) e ≥ 0, v = label · then, e = label · change.
  ///
  /// D does not change with the signs of v and e together, as ℓ(v) − ℓ(−v) is linear. So let v ≥ 0, q = σ(v), p = σ(−v)
  /// ≤ ½, s = −e, φ(s) = eˢ − 1 − s and u = p (eˢ − 1) = p (φ(s) + s):  D = log(1 + u) − p s = p φ(s) − λ(u),
  /// λ(u) = u − log(1 + u). The terms of the second form are at most 3 times their difference where |u| is small, those
  /// of the first at most 8 times where it is not.
  OMG_HD R divergence(R label, R then, R change) { return divergence(label, then, change, odds(label, then)); }
  OMG_HD R divergence(R label, R then, R change, const Fraction<R>& odds_then) {
    const R given = label * then, e = label * change;
    const auto negative = given < R(0);
    const R v = abs(given), s = select(negative, e, -e), p = odds_then.top, q = odds_then.bottom;
    const auto odds_now = exp_fraction(-label * (then + change));
    // p eˢ = q e^(s − v), which is bounded before it overflows.
    const R exponent = s - v, beyond = exponent - min(exponent, R(exp_limit<R>));
    const R now = q * (select(negative, odds_now.bottom, odds_now.top) /  //
                       select(negative, odds_now.top, odds_now.bottom));
    const auto small = abs(s) < R(0.5);
    R excess = now - p - p * s, u = now - p;  // p φ(s) and u
    if (any(small)) {
      const R scaled = p * small_exp_excess(s);
      excess = select(small, scaled, excess);
      u = select(small, fma(p, s, scaled), u);
    }
    // With r = u/(2 + u): log(1 + u) = 2 artanh r and λ(u) = u r − 2 r³ (1/3 + r²/5 + r⁴/7 + …); |r| < 0.15 as |u| <
    // 0.3 or so, and wherever |s| < ½.
    const R r = u / (R(2) + u), square = r * r;
    const auto near = square < R(0.0225);
    const R series =
        horner(square, 1.0 / 3, 1.0 / 5, 1.0 / 7, 1.0 / 9, 1.0 / 11, 1.0 / 13, 1.0 / 15, 1.0 / 17, 1.0 / 19, 1.0 / 21);
    const R divergence = fma(R(2) * r * square, series, excess - u * r);
    return select(near, divergence, (beyond - p * s) + logarithm(select(near, R(1), q + now)));
  }

  OMG_HD R rest() const { return log(product); }

 private:
  /// The logarithm of a number that is at least ½ or 0, which then is in `product`.
  OMG_HD R logarithm(R number) {
    R out = R(0);
    const auto large = number > R(most);
    if (any(large)) {
      out = select(large, log(number), out);
      number = select(large, R(1), number);
    }
    product = product * number;
    const auto full = (product > R(most)) | (product < R(1 / most));
    if (any(full)) {
      out = select(full, out + log(product), out);
      product = select(full, R(1), product);
    }
    return out;
  }
};

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
    return evaluate_rows<Want>(c, s, in, scratch, R(1) / R(s.terms), in.field(0), x, g, LogisticRow<R>{});
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
