#pragma once

#include "omg/lane/entry.hpp"
#include "omg/lane/math.hpp"

namespace omg {

/// Whether options of this type promise that no parameter changes with t; then the constants hold the products.
template <class O>
inline constexpr bool steady = false;
template <class O>
requires requires { O::steady; }
inline constexpr bool steady<O> = O::steady;

/// The parameters of a lane in the method's order: a constant per lane and, for the scheduled ones,
/// a table over t = 0 … T + 1 that all lanes share.
template <class R, int Count, bool Steady = false>
struct Coefficients {
  R constant[Count > 0 ? Count : 1];
  const Scalar<R>* table[Count > 0 ? Count : 1];  ///< null for a parameter without schedule
  const Scalar<R>* alpha;                         ///< α_t
  const Scalar<R>* rho;                           ///< ρ_t
  const Scalar<R>* initial;                       ///< w₁ if given as a vector, else null

  OMG_HD R at(int k) const { return constant[k]; }
  /// α_t; constant ones are in the step of the meta-learner.
  OMG_HD R alpha_at(int t) const {
    if constexpr (Steady) return R(1);
    return R(alpha[t]);
  }
  OMG_HD R at(int k, int t) const {
    if constexpr (Steady) return constant[k];
    return constant[k] * R(table[k][t]);
  }
};

/// Index of the parameter called `name` in a list, found when the program is compiled.
constexpr bool same_text(const char* a, const char* b) {
  while (*a != 0 && *a == *b) ++a, ++b;
  return *a == *b;
}
template <class E>
constexpr int parameter_index(const char* name) {
  for (int k = 0; k < parameter_count<E>(); ++k)
    if (same_text(E::parameters[k].name, name)) return k;
  return -1;
}

}  // namespace omg
