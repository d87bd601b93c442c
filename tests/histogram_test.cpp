#include "omg/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "omg/statistics.hpp"

namespace omg {
namespace {

using Draw = std::function<double(std::mt19937_64&)>;

struct Law {
  const char* name;
  Draw draw;
};

const std::vector<Law>& laws() {
  static const std::vector<Law> all{
      {"uniform", [](auto& r) { return std::uniform_real_distribution<double>(0, 1)(r); }},
      {"log_uniform", [](auto& r) { return std::pow(10, std::uniform_real_distribution<double>(-290, 25)(r)); }},
      {"log_normal", [](auto& r) { return std::exp(5 * std::normal_distribution<double>()(r)); }},
      {"exponents", [](auto& r) { return -2 + std::normal_distribution<double>()(r); }},
      {"zeros", [](auto& r) { return r() % 3 == 0 ? 0 : std::exponential_distribution<double>()(r); }},
      {"constant", [](auto&) { return 0.1; }},
  };
  return all;
}

class KnownLaw : public testing::TestWithParam<std::size_t> {
 protected:
  const Law& law_ = laws()[GetParam()];
  std::mt19937_64 random_{GetParam()};
};

TEST_P(KnownLaw, QuantilesAreWithinOnePercent) {
  for (const std::size_t count : {1u, 2u, 10u, 1000u, 100000u}) {
    Histogram histogram;
    std::vector<double> values;
    for (std::size_t k = 0; k < count; ++k) histogram.add(values.emplace_back(law_.draw(random_)));
    std::sort(values.begin(), values.end());
    ASSERT_EQ(histogram.count(), count);
    for (const double q : {0.0, 0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999, 1.0}) {
      const double exact = values[static_cast<std::size_t>(q * static_cast<double>(count - 1))];
      ASSERT_NEAR(histogram.quantile(q), exact, 0.01 * std::abs(exact)) << law_.name << " " << count << " " << q;
    }
  }
}

TEST_P(KnownLaw, MergingInAnyOrderGivesTheSameBytes) {
  std::vector<double> values(500);
  for (double& value : values) value = law_.draw(random_);
  Histogram whole;
  for (const double value : values) whole.add(value);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(values.begin(), values.end(), random_);
    std::vector<Histogram> parts(1 + random_() % 9);
    for (const double value : values) parts[random_() % parts.size()].add(value);
    while (parts.size() > 1) {
      parts[random_() % (parts.size() - 1)].merge(parts.back());
      parts.pop_back();
    }
    ASSERT_EQ(parts.front(), whole);
  }
}

INSTANTIATE_TEST_SUITE_P(Laws, KnownLaw, testing::Range<std::size_t>(0, laws().size()));

TEST(Histogram, CountsAsZeroWhatIsBelow1e300) {
  Histogram histogram;
  for (const double value : {0.0, -0.0, 1e-301, -5e-324, 1e-280}) histogram.add(value);
  EXPECT_EQ(histogram.zeros(), 4u);
  EXPECT_EQ(histogram.count(), 5u);
  EXPECT_EQ(histogram.quantile(0.5), 0);
}

// However far counters have been laid out below what was counted: zeros have none of them.
TEST(Histogram, CountsByKeysAsByNumbers) {
  Histogram by_keys, by_numbers;
  for (int exponent = 0; exponent >= -1100; exponent -= 3)
    for (const double gap : {std::ldexp(1.0, exponent), std::ldexp(1.7, exponent), 0.0}) {
      const auto key = static_cast<std::uint32_t>(Histogram::key_of_gap(std::bit_cast<std::int64_t>(gap)));
      by_keys.add_gaps(&key, 1);
      by_numbers.add(gap);
      ASSERT_EQ(by_keys, by_numbers) << gap;
    }
  EXPECT_GT(by_keys.zeros(), 0U);
}

// Counters have 32 bits and carry.
TEST(Histogram, CountsBeyondACounter) {
  constexpr std::uint64_t all = std::uint64_t{1} << 32, many = 3 * all + 7;
  Histogram at_once, in_parts, other;
  at_once.add(1.5, many);
  at_once.add(-1.5, all);
  EXPECT_EQ(at_once.count(), many + all);
  in_parts.add(1.5, all - 1);
  const auto key = static_cast<std::uint32_t>(Histogram::key_of_gap(std::bit_cast<std::int64_t>(1.5)));
  in_parts.add_gaps(&key, 1);
  EXPECT_EQ(in_parts.count(), all);
  in_parts.add_key(key, all - 1);
  other.add(1.5, all + 8);
  other.add(-1.5, all);
  in_parts.merge(other);
  EXPECT_EQ(in_parts, at_once);
  other.add(1.5, 1);
  EXPECT_NE(other, in_parts);

  ASSERT_EQ(at_once.buckets().size(), 2U);
  EXPECT_EQ(at_once.buckets()[0].count, all);
  EXPECT_EQ(at_once.buckets()[1].count, many);
  EXPECT_EQ(at_once.quantile(0.2), -at_once.quantile(0.9));
  Histogram again;
  at_once.for_each_key([&](std::uint32_t k, std::uint64_t times) { again.add_key(k, times); });
  EXPECT_EQ(again, at_once);

  // Of counters that all overflow, whole and cut.
  Histogram sum;
  for (int k = 0; k < 300; ++k) sum.add(std::ldexp(1.0, -k), all - 1);
  Histogram twice = sum;
  twice.merge(sum);
  EXPECT_EQ(twice.count(), 600 * (all - 1));
  for (const auto& bucket : twice.buckets()) ASSERT_EQ(bucket.count, 2 * (all - 1));
}

TEST(Histogram, BucketsCoverTheirNumbers) {
  std::mt19937_64 random(3);
  for (int k = 0; k < 1000; ++k) {
    const double value =
        std::ldexp(1 + static_cast<double>(random() % 4096) / 4096, static_cast<int>(random() % 200) - 150);
    Histogram histogram;
    histogram.add(value);
    const auto bucket = histogram.buckets().front();
    ASSERT_LE(bucket.low, value);
    ASSERT_LT(value, bucket.high);
    ASSERT_LE(bucket.high - bucket.low, bucket.low / 64);
  }
}

TEST(Histogram, IsNotANumberWithoutNumbers) { EXPECT_TRUE(std::isnan(Histogram().quantile(0.5))); }

TEST(FixedLog2, IsOffByLessThanAUnit) {
  std::mt19937_64 random(4);
  for (int k = 0; k < 100000; ++k) {
    const double value =
        std::ldexp(1 + static_cast<double>(random() >> 12) * 0x1p-52, static_cast<int>(random() % 1200) - 990);
    ASSERT_NEAR(static_cast<double>(fixed_log2(value)) * fixed_log2_unit, std::log2(value), fixed_log2_unit) << value;
  }
  EXPECT_EQ(fixed_log2(1), 0);
  EXPECT_EQ(fixed_log2(0.5), -(std::int64_t{1} << 20));
}

TEST(ExactSum, DependsNeitherOnOrderNorOnGrouping) {
  std::mt19937_64 random(5);
  std::vector<double> values;
  for (int k = 0; k < 2000; ++k)
    values.push_back(
        std::ldexp(1 + static_cast<double>(random() >> 12) * 0x1p-52, static_cast<int>(random() % 100) - 70));
  ExactSum whole;
  long double expected = 0;
  for (const double value : values) whole.add(value), expected += value;
  EXPECT_NEAR(whole.value() / static_cast<double>(expected), 1, 1e-15);
  std::shuffle(values.begin(), values.end(), random);
  ExactSum left, right;
  for (std::size_t k = 0; k < values.size(); ++k) (k % 3 == 0 ? left : right).add(values[k]);
  left.merge(right);
  EXPECT_EQ(left, whole);
}

TEST(ExactSum, HoldsWhatADoubleSumLoses) {
  ExactSum sum;
  for (int k = 0; k < 1000; ++k) sum.add(0x1p-30);
  sum.add(0x1p80);
  ExactSum without;
  without.add(0x1p80);
  EXPECT_NE(sum, without);
  constexpr double least = std::numeric_limits<double>::min(), largest = std::numeric_limits<double>::max();
  for (const double value : {0.0, 1.0, 0.1, 3e-20, 1e45, 3e-90, 1.6e-178, 7e200, least, 3 * least, largest}) {
    ExactSum one;
    one.add(value);
    EXPECT_EQ(one.value(), value);
    ExactSum of_array;
    of_array.add(&value, 1);
    EXPECT_EQ(of_array, one);
  }
}

// What numbers of any magnitude leave is that of the largest ones, in any order and any cut.
TEST(ExactSum, OfAllMagnitudes) {
  std::mt19937_64 random(6);
  for (int round = 0; round < 200; ++round) {
    std::vector<double> values;
    for (int k = 0; k < 40; ++k)
      values.push_back(
          std::ldexp(1 + static_cast<double>(random() >> 12) * 0x1p-52, static_cast<int>(random() % 2000) - 1000));
    values.push_back(std::numeric_limits<double>::denorm_min());  // counts as zero
    values.push_back(-1);
    ExactSum whole;
    for (const double value : values) whole.add(value);
    const long double expected = std::accumulate(values.begin(), values.end() - 2, 0.0L);
    EXPECT_NEAR(static_cast<long double>(whole.value()) / expected, 1, 1e-15L);
    std::shuffle(values.begin(), values.end(), random);
    std::vector<ExactSum> parts(1 + random() % 5);
    for (const double value : values) parts[random() % parts.size()].add(value);
    parts.emplace_back().add(values.data(), 0);
    ExactSum merged;
    for (const ExactSum& part : parts) merged.merge(part);
    ASSERT_EQ(merged, whole);
    ExactSum at_once;
    at_once.add(values.data(), values.size());
    ASSERT_EQ(at_once, whole);
  }
}

}  // namespace
}  // namespace omg
