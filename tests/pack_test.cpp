// The arithmetic of SIMD packs that no library has.

#include "cpu/pack.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cpu/engine.hpp"
#include "pack_functions.hpp"

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

// f(name, function) for the instruction sets that run here.
template <class T, class F>
void for_each_over_root_here(F&& f) {
  const auto usable = usable_instruction_sets();
  for_each_over_root([&](const std::string& set, auto* of_double, auto* of_float) {
    if (std::find(usable.begin(), usable.end(), set) == usable.end()) return;
    if constexpr (sizeof(T) == 8)
      f(set, of_double);
    else
      f(set, of_float);
  });
}

// a / (√b + c): a root, a sum and a division, each within a unit in the last place. What a number becomes does not
// depend on those beside it.
TYPED_TEST(PackOf, QuotientByARootOfEveryInstructionSet) {
  using T = TypeParam;
  constexpr int count = 1 << 14, most = sizeof(T) == 8 ? 400 : 40;
  std::mt19937_64 random(2);
  std::uniform_real_distribution<T> mantissa(1, 2);
  const auto number = [&](int exponents) {
    return std::ldexp(mantissa(random), static_cast<int>(random() % static_cast<unsigned>(2 * exponents)) - exponents);
  };
  struct alignas(64) Lines {
    T a[count], b[count], c[count], out[count];
  };
  const auto numbers = std::make_unique<Lines>();
  T *const a = numbers->a, *const b = numbers->b, *const c = numbers->c, *const out = numbers->out;
  for (int i = 0; i < count; ++i) {
    a[i] = (i % 2 == 0 ? 1 : -1) * number(most);
    b[i] = number(most);
    c[i] = i % 3 == 0   ? 0
           : i % 3 == 1 ? number(most / 2)
                        : std::ldexp(std::sqrt(b[i]), -static_cast<int>(random() % 64));  // also where it counts little
  }
  for_each_over_root_here<T>([&](const std::string& set, auto* over_root_of) {
    over_root_of(a, b, c, out, count);
    for (int i = 0; i < count; ++i) {
      const long double exact = a[i] / (std::sqrt(static_cast<long double>(b[i])) + c[i]);
      ASSERT_NEAR(static_cast<long double>(out[i]) / exact, 1, 2.5L * std::numeric_limits<T>::epsilon())
          << set << ": " << a[i] << " / (√" << b[i] << " + " << c[i] << ")";
    }
    const std::vector<T> before(out, out + count);
    const auto rotated = std::make_unique<Lines>();
    std::rotate_copy(a, a + 1, a + count, rotated->a);
    std::rotate_copy(b, b + 1, b + count, rotated->b);
    std::rotate_copy(c, c + 1, c + count, rotated->c);
    over_root_of(rotated->a, rotated->b, rotated->c, out, count);
    for (int i = 0; i < count; ++i) ASSERT_EQ(out[i], before[static_cast<std::size_t>(i + 1) % count]) << set;
  });
}

TYPED_TEST(PackOf, QuotientByARootAtTheEndsOfTheNumbers) {
  using T = TypeParam;
  constexpr T infinity = std::numeric_limits<T>::infinity(), none = std::numeric_limits<T>::quiet_NaN(),
              largest = std::numeric_limits<T>::max(), smallest = std::numeric_limits<T>::min();
  struct Case {
    T a, b, c, expected;
  };
  for (const Case& one :
       {Case{0, 0, T(0.5), 0}, Case{1, 0, T(0.5), 2}, Case{1, 0, 0, infinity}, Case{-1, 0, 0, -infinity},
        Case{0, 0, 0, none}, Case{1, infinity, 1, 0}, Case{1, 4, infinity, 0}, Case{1, none, 1, none},
        Case{1, 1, none, none}, Case{none, 1, 1, none}, Case{1, -1, 0, none}, Case{1, -infinity, 0, none},
        Case{4, 4, 0, 2}, Case{0, 4, 0, 0}, Case{std::sqrt(largest), largest, 0, 1},
        Case{std::sqrt(smallest), smallest, 0, 1}}) {
    alignas(64) T a[16], b[16], c[16], out[16];
    std::fill_n(a, 16, one.a);
    std::fill_n(b, 16, one.b);
    std::fill_n(c, 16, one.c);
    for_each_over_root_here<T>([&](const std::string& set, auto* over_root_of) {
      over_root_of(a, b, c, out, 16);
      for (const T value : out) {
        if (std::isnan(one.expected))
          EXPECT_TRUE(std::isnan(value)) << set << ": " << one.a << " / (√" << one.b << " + " << one.c << ")";
        else
          EXPECT_FLOAT_EQ(static_cast<float>(value), static_cast<float>(one.expected))
              << set << ": " << one.a << " / (√" << one.b << " + " << one.c << ")";
      }
    });
  }
}

// One number below zero or above the bound is found wherever it stands and however close it is, and where all are
// within there is nothing to find unless one is next to the bound.
TYPED_TEST(PackOf, NumbersBeyondABoundAreFound) {
  using T = TypeParam;
  const auto usable = usable_instruction_sets();
  constexpr T infinity = std::numeric_limits<T>::infinity(), smallest = std::numeric_limits<T>::min();
  std::mt19937_64 random(4);
  std::uniform_real_distribution<T> share(0, 1);
  for_each_may_be_beyond<T>([&](const std::string& set, auto may_be_beyond_of) {
    if (std::find(usable.begin(), usable.end(), set) == usable.end()) return;
    for (int round = 0; round < 20000; ++round) {
      alignas(64) T a[64];
      const T high = std::ldexp(1 + share(random), static_cast<int>(random() % 200) - 100);
      for (T& one : a) one = share(random) * std::ldexp(high, -static_cast<int>(random() % 20)) * T(0.999998);
      int width = 0;
      ASSERT_FALSE(may_be_beyond_of(a, high, width)) << set;
      T& one = a[random() % static_cast<unsigned>(width)];
      for (const T beyond : {std::nextafter(high, infinity), 2 * high, infinity, -smallest, -high, -infinity}) {
        one = beyond;
        ASSERT_TRUE(may_be_beyond_of(a, high, width)) << set << ": " << beyond << " of " << high;
      }
      one = 0;
      ASSERT_FALSE(may_be_beyond_of(a, high, width)) << set;
    }
    // As before the first number: everything is beyond the largest and the smallest of none.
    alignas(64) T a[64];
    std::fill_n(a, 64, -infinity);
    int width = 0;
    EXPECT_TRUE(may_be_beyond_of(a, -infinity, width)) << set;
  });
}

}  // namespace
}  // namespace omg::cpu
