#pragma once

#include "omg/lane/config.hpp"

#if !defined(__CUDACC_RTC__)
#include <cmath>
#include <limits>
#endif

// The arithmetic of the lane template for plain numbers. The SIMD pack of the CPU engine offers the
// same names, found by argument-dependent lookup. The compiler never contracts a product and a sum
// (-ffp-contract=off, --fmad=false): `fma` stands where one is meant, so that the bits of a result
// are decided by this source and not by a compiler or an instruction set.
namespace omg {

// clang-format off
OMG_HD double fma(double a, double b, double c) { return ::fma(a, b, c); }
OMG_HD float fma(float a, float b, float c) { return ::fmaf(a, b, c); }
OMG_HD double abs(double a) { return ::fabs(a); }
OMG_HD float abs(float a) { return ::fabsf(a); }
OMG_HD double sqrt(double a) { return ::sqrt(a); }
OMG_HD float sqrt(float a) { return ::sqrtf(a); }
OMG_HD double exp(double a) { return ::exp(a); }
OMG_HD float exp(float a) { return ::expf(a); }
OMG_HD double expm1(double a) { return ::expm1(a); }
OMG_HD float expm1(float a) { return ::expm1f(a); }
OMG_HD double log(double a) { return ::log(a); }
OMG_HD float log(float a) { return ::logf(a); }
OMG_HD double log1p(double a) { return ::log1p(a); }
OMG_HD float log1p(float a) { return ::log1pf(a); }
OMG_HD double tanh(double a) { return ::tanh(a); }
OMG_HD float tanh(float a) { return ::tanhf(a); }
OMG_HD double pow(double a, double b) { return ::pow(a, b); }
OMG_HD float pow(float a, float b) { return ::powf(a, b); }
// Where one is a NaN these are the second operand.
OMG_HD double min(double a, double b) { return a < b ? a : b; }
OMG_HD float min(float a, float b) { return a < b ? a : b; }
OMG_HD double max(double a, double b) { return a > b ? a : b; }
OMG_HD float max(float a, float b) { return a > b ? a : b; }
OMG_HD double select(bool c, double a, double b) { return c ? a : b; }
OMG_HD float select(bool c, float a, float b) { return c ? a : b; }
OMG_HD bool any(bool c) { return c; }
OMG_HD bool all(bool c) { return c; }
// clang-format on

/// c − a b, rounded once.
template <class R>
OMG_HD R nmadd(R a, R b, R c) {
  return fma(-a, b, c);
}

/// a / (√b + c), the step of a coordinate where gradients are divided by the root of a sum of their squares.
template <class R>
OMG_HD R over_root(R a, R b, R c) {
  return a / (sqrt(b) + c);
}
/// The same, faster where c is next to nothing beside √b, as it is for sums that only grow.
template <class R>
OMG_HD R over_large_root(R a, R b, R c) {
  return over_root(a, b, c);
}

/// The plain number type of a lane's arithmetic: double for double and for a pack of doubles.
template <class R>
struct ScalarOf {
  using type = R;
};
template <class R>
using Scalar = typename ScalarOf<R>::type;

/// c₀ + c₁ x + c₂ x² + …
template <class R>
OMG_HD R horner(const R&, double last) {
  return R(last);
}
template <class R, class... C>
OMG_HD R horner(const R& x, double first, C... rest) {
  return fma(horner(x, rest...), x, R(first));
}

/// eᵗ as a fraction of two positive numbers, so that σ(t) = top/(top + bottom) takes one division, however eᵗ is made.
template <class R>
struct Fraction {
  R top, bottom;
};
/// Neither |t| nor anything made of eᵗ that is less than its square may be larger.
template <class R>
inline constexpr double exp_limit = sizeof(Scalar<R>) == 8 ? 700 : 80;
/// t clamped to where eᵗ and its inverse are normal numbers; a NaN stays.
template <class R>
OMG_HD R exp_argument(R t) {
  return min(R(exp_limit<R>), max(R(-exp_limit<R>), t));
}
template <class R>
OMG_HD Fraction<R> exp_fraction(R t) {
  return {exp(exp_argument(t)), R(1)};
}

/// Clamps to [low, high]; a NaN stays.
template <class R>
OMG_HD R clamp(R a, R low, R high) {
  return min(high, max(low, a));
}

}  // namespace omg
