#pragma once

#include <cmath>

namespace omg::reference {

/// ∫₀¹ (1 − τ) h(τ) dτ by the four-point Gauss–Legendre rule: with h(τ) = (d²/dτ²) f(x* + τ d) the
/// Bregman remainder f(x* + d) − f(x*) − ⟨∇f(x*), d⟩, a sum of non-negative terms where f is convex.
/// The rule is exact for h of degree ≤ 6, so it is meant for d short against the distance over which
/// f″ changes.
template <class S, class SecondDerivative>
S taylor_remainder(SecondDerivative&& h) {
  using std::sqrt;
  // Nodes ½ ± ½ sqrt(3/7 ∓ 2/7 sqrt(6/5)), weights ½ (18 ± √30)/36.
  const S inner = sqrt(S(3) / 7 - S(2) / 7 * sqrt(S(6) / 5)) / 2;
  const S outer = sqrt(S(3) / 7 + S(2) / 7 * sqrt(S(6) / 5)) / 2;
  const S heavy = (18 + sqrt(S(30))) / 72;
  const S light = (18 - sqrt(S(30))) / 72;
  const S half = S(1) / 2;
  const auto term = [&](S node, S weight) { return weight * (1 - node) * h(node); };
  return term(half - outer, light) + term(half - inner, heavy) + term(half + inner, heavy) + term(half + outer, light);
}

}  // namespace omg::reference
