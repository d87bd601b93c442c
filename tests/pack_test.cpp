// The arithmetic of SIMD packs that no library has.

#include "cpu/pack.hpp"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace omg::cpu {
namespace {

template <class T>
class PackOf : public testing::Test {};
using Numbers = testing::Types<double, float>;
TYPED_TEST_SUITE(PackOf, Numbers);

// eᵗ = top / bottom within two units in the last place, and σ(t) = top / (top + bottom) with it, for every instruction
// set of this compilation.
TYPED_TEST(PackOf, ExponentialAsAFraction) {
  using T = TypeParam;
  using R = Pack<T, xsimd::default_arch, 2>;
  constexpr T limit = static_cast<T>(exp_limit<T>);
  std::mt19937_64 random(1);
  std::uniform_real_distribution<T> everywhere(-limit, limit), near(-1, 1);
  alignas(64) T t[R::width], top[R::width], bottom[R::width];
  for (int round = 0; round < 20000; ++round) {
    for (T& one : t) one = round % 2 == 0 ? everywhere(random) : near(random);
    if (round == 0) t[0] = 0, t[1] = -limit, t[2] = limit;
    const Fraction<R> fraction = exp_fraction(R::load(t));
    fraction.top.store(top);
    fraction.bottom.store(bottom);
    for (int l = 0; l < R::width; ++l) {
      const long double exact = std::exp(static_cast<long double>(t[l])), numerator = top[l], denominator = bottom[l];
      constexpr long double tolerance = 2 * std::numeric_limits<T>::epsilon();
      ASSERT_NEAR(numerator / denominator / exact, 1, tolerance) << t[l];
      ASSERT_NEAR(numerator / (numerator + denominator) * (1 + 1 / exact), 1, tolerance) << t[l];
    }
  }
}

// Beyond the limit it stays there; what is no number stays none.
TYPED_TEST(PackOf, ExponentialAsAFractionIsBounded) {
  using T = TypeParam;
  using R = Pack<T, xsimd::default_arch, 1>;
  constexpr T limit = static_cast<T>(exp_limit<T>), infinity = std::numeric_limits<T>::infinity();
  const auto ratio_at = [](T t) {
    alignas(64) T top[R::width], bottom[R::width];
    const Fraction<R> fraction = exp_fraction(R(t));
    fraction.top.store(top);
    fraction.bottom.store(bottom);
    return top[0] / bottom[0];
  };
  EXPECT_EQ(ratio_at(infinity), ratio_at(limit));
  EXPECT_EQ(ratio_at(-2 * limit), ratio_at(-limit));
  EXPECT_GT(ratio_at(-limit), 0);
  EXPECT_LT(ratio_at(limit), infinity);
  EXPECT_TRUE(std::isnan(ratio_at(std::numeric_limits<T>::quiet_NaN())));
}

}  // namespace
}  // namespace omg::cpu
