// Sign test, Holm and bootstrap against independent figures; duels and profiles on instances counted by hand.

#include "omg/comparison.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace omg {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

constexpr double infinity = std::numeric_limits<double>::infinity();

// The figures are those of tests/comparison_figures.py: SciPy 1.17.1, statsmodels 0.15.0.

TEST(SignTest, AgreesWithSciPy) {
  struct Case {
    std::uint64_t wins, losses;
    double p;
  };
  for (const Case& c : {Case{8, 2, 0.109375}, Case{60, 40, 0.05688793364098089}, Case{523, 477, 0.15469370647995734},
                        Case{0, 12, 0.00048828125}, Case{7, 7, 1.0}, Case{100000, 101000, 0.02586239243973295}}) {
    EXPECT_NEAR(sign_test(c.wins, c.losses), c.p, 1e-10 * c.p) << c.wins;
    EXPECT_EQ(sign_test(c.wins, c.losses), sign_test(c.losses, c.wins));
  }
  EXPECT_EQ(sign_test(0, 0), 1);
}

TEST(Holm, AgreesWithStatsmodels) {
  const std::vector<double> p{0.01, 0.04, 0.03, 0.005, 0.5, 0.04};
  EXPECT_THAT(holm(p), ElementsAre(DoubleNear(0.05, 1e-15), DoubleNear(0.12, 1e-15), DoubleNear(0.12, 1e-15),
                                   DoubleNear(0.03, 1e-15), DoubleNear(0.5, 1e-15), DoubleNear(0.12, 1e-15)));
  EXPECT_TRUE(holm({}).empty());
}

/// Log-normal quantiles: skewed, and without chance. Φ⁻¹ by bisection.
std::vector<double> skewed_sample(int n) {
  std::vector<double> out;
  for (int k = 0; k < n; ++k) {
    double low = -10, high = 10;
    for (int i = 0; i < 80; ++i) {
      const double middle = 0.5 * (low + high);
      (0.5 * std::erfc(-middle / std::sqrt(2.0)) < (k + 0.5) / n ? low : high) = middle;
    }
    out.push_back(std::exp(low));
  }
  return out;
}

TEST(Bootstrap, PercentileIntervalsAgreeWithSciPy) {
  struct Case {
    double confidence, low, high;
  };
  const std::vector<double> sample = skewed_sample(40);
  for (const Case& c :
       {Case{0.9, 1.174966929650755, 2.0982203780413915}, Case{0.95, 1.109125250790893, 2.206895658990203},
        Case{0.99, 0.992361603227428, 2.429375079732428}}) {
    const Interval found = bootstrap_mean(sample, {3, 200000, c.confidence});
    // Both are quantiles of random means; theirs of ten times as many.
    EXPECT_NEAR(found.estimate, 1.603238736473844, 1e-12);
    EXPECT_NEAR(found.low, c.low, 0.006) << c.confidence;
    EXPECT_NEAR(found.high, c.high, 0.012) << c.confidence;
    EXPECT_EQ(found.pairs, 40u);
  }
}

TEST(Bootstrap, IsTheSameWheneverItIsDone) {
  const std::vector<double> sample = skewed_sample(40);
  const Interval once = bootstrap_mean(sample, {3, 500, 0.95}), again = bootstrap_mean(sample, {3, 500, 0.95});
  EXPECT_EQ(once.low, again.low);
  EXPECT_EQ(once.high, again.high);
  EXPECT_NE(bootstrap_mean(sample, {4, 500, 0.95}).low, once.low);
}

/// The standard error of the mean of many values, drawn in blocks, is that of the values.
TEST(Bootstrap, OfManyValuesKeepsTheVarianceOfTheMean) {
  std::vector<double> values;
  std::uint64_t state = 1;
  for (int k = 0; k < 100000; ++k) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    values.push_back(static_cast<double>(state >> 11) * 0x1p-53);
  }
  const double error = 1 / std::sqrt(12.0 * 100000);
  for (const bool sorted : {false, true}) {
    if (sorted) std::sort(values.begin(), values.end());
    const Interval found = bootstrap_mean(values, {1, 4000, 0.95});
    EXPECT_NEAR((found.high - found.low) / (2 * 1.959964 * error), 1, 0.08) << sorted;
  }
}

std::vector<MethodRecord> three_methods() {
  // Four instances; at ε the methods take 2, 4, never, 8 | 4, 2, 16, never | never, … iterations.
  const auto never = not_reached;
  return {{"a", {1e-3, 1e-2, 1, 1e-4}, {{2, 4, never, 8}}, 1},
          {"b", {2e-3, 1e-2, 1e-1, infinity}, {{4, 2, 16, never}}, 2},
          {"c", {1, 1, 1, 1}, {{never, never, never, never}}, 1}};
}

TEST(Compare, CountsInstancesAndAveragesRatios) {
  const Comparison found = compare(three_methods(), std::vector<double>{0.05}, {});
  ASSERT_EQ(found.duels.size(), 6u);
  const Duel& gaps = found.duels[0];  // a against b
  EXPECT_EQ(gaps.wins, 2u);           // an instance on which b diverges is won
  EXPECT_EQ(gaps.losses, 1u);
  EXPECT_EQ(gaps.ties, 1u);
  EXPECT_EQ(gaps.ratio.pairs, 3u);
  EXPECT_NEAR(gaps.ratio.estimate, std::cbrt(2.0 * 1.0 * 0.1), 1e-12);
  const Duel& iterations = found.duels[3];
  EXPECT_EQ(iterations.measure, 1u);
  EXPECT_EQ(iterations.wins, 2u);
  EXPECT_EQ(iterations.losses, 2u);
  EXPECT_EQ(iterations.ratio.pairs, 2u);
  EXPECT_NEAR(iterations.ratio.estimate, 1, 1e-12);
  EXPECT_EQ(found.duels[4].ratio.pairs, 0u);
  EXPECT_TRUE(std::isnan(found.duels[4].ratio.estimate));
  for (const Duel& duel : found.duels) EXPECT_GE(duel.corrected, duel.p);
}

// What rounding makes of one method is no win, and what is only missing is counted.
TEST(Compare, EqualCostsAreTiesAndFailuresAreCounted) {
  const MethodRecord first{"a", {1, 1, 1, infinity, infinity, 2}, {}, 1},
      second{"b", {1 + 1e-12, 1 - 1e-12, 1 + 1e-6, 1, infinity, infinity}, {}, 1};
  const Duel duel = compare_two(first, second, 0, {1, 100, 0.95});
  EXPECT_EQ(duel.ties, 3u);
  EXPECT_EQ(duel.wins, 2u);
  EXPECT_EQ(duel.losses, 1u);
  EXPECT_EQ(duel.failures, 1u);
}

TEST(Compare, ProfilesCountEvaluations) {
  const Comparison found = compare(three_methods(), std::vector<double>{0.05}, {});
  // Evaluations: a 2, 4, ∞, 8; b 8, 4, 32, ∞. So the ratios are 1, 1, ∞, 1 and 4, 1, 1, ∞.
  const Profile& performance = found.performance[0];
  EXPECT_THAT(performance.budget.front(), 1);
  EXPECT_EQ(performance.share[0].front(), 0.75);
  EXPECT_EQ(performance.share[1].front(), 0.5);
  EXPECT_EQ(performance.budget.back(), 4);
  EXPECT_EQ(performance.share[1].back(), 0.75);
  EXPECT_EQ(performance.share[2].back(), 0);
  const Profile& data = found.data[0];
  EXPECT_EQ(data.budget.front(), 2);
  EXPECT_EQ(data.budget.back(), 32);
  for (std::size_t k = 0; k < data.budget.size(); ++k) {
    const double most = data.budget[k];
    EXPECT_EQ(data.share[0][k], most < 4 ? 0.25 : most < 8 ? 0.5 : 0.75) << most;
    EXPECT_EQ(data.share[1][k], most < 4 ? 0 : most < 8 ? 0.25 : most < 32 ? 0.5 : 0.75) << most;
  }
}

}  // namespace
}  // namespace omg
