#include "omg/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <limits>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "omg/backend.hpp"
#include "omg/plan.hpp"

#include "paths.hpp"
#include "statistics/recorder.hpp"

namespace omg {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// A cell without a method: as much as statistics read of it.
Cell make_cell(std::size_t instances, std::uint64_t settings, std::vector<std::int64_t> record_at) {
  auto problem = std::make_shared<Problem>();
  problem->instances = instances;
  problem->scale.assign(instances, 1.0);
  Cell cell;
  cell.problem = problem;
  cell.settings = settings;
  cell.iterations = record_at.back();
  cell.record_at = std::move(record_at);
  return cell;
}

/// Feeds one lane; a diverged one is fed no further, as the engines do.
void feed(Recorder& recorder, std::uint64_t lane, const std::vector<double>& gaps) {
  recorder.begin(lane);
  for (std::size_t t = 1; t <= gaps.size(); ++t)
    if (!recorder.observe(static_cast<std::int64_t>(t), gaps[t - 1])) break;
  recorder.end(gaps.size(), 1);
}

TEST(Checkpoints, AreThoseOfTheSpecification) {
  std::ifstream file(std::string(test::source_directory) + "/tests/golden-sample.json");
  ASSERT_TRUE(file);
  const auto expected = nlohmann::json::parse(file)["checkpoints_T3000"].get<std::vector<std::int64_t>>();
  ASSERT_EQ(expected.size(), 85u);
  EXPECT_EQ(checkpoints(3000), expected);
}

TEST(Checkpoints, EndAtTheHorizonAndIncrease) {
  for (std::int64_t horizon = 1; horizon < 2000; ++horizon) {
    const auto at = checkpoints(horizon);
    ASSERT_EQ(at.front(), 1) << horizon;
    ASSERT_EQ(at.back(), horizon);
    ASSERT_TRUE(std::is_sorted(at.begin(), at.end(), std::less_equal<>())) << horizon;
  }
}

TEST(Recorder, KeepsTheEnvelopeWithTheLaneThatAttainsIt) {
  const Cell cell = make_cell(3, 1, {1, 3});
  Recorder recorder(cell);
  feed(recorder, 0, {5, 9, 1});
  feed(recorder, 1, {7, 9, 4});
  feed(recorder, 2, {6, 9, 0});
  const CellStatistics& s = recorder.statistics();
  EXPECT_THAT(s.envelope, testing::ElementsAre(Extreme{7, 1}, Extreme{4, 1}));
  EXPECT_THAT(s.smallest, testing::ElementsAre(Extreme{5, 0}, Extreme{0, 2}));
  EXPECT_THAT(s.diverged, testing::ElementsAre(0, 0));
  EXPECT_EQ(s.lanes, 3u);
  EXPECT_EQ(s.lane_iterations, 9u);
  EXPECT_EQ(s.gradient_evaluations, 9u);
  EXPECT_EQ(s.function_evaluations, 3u);
}

TEST(Recorder, GivesTiesToTheLowerLane) {
  Cell cell = make_cell(2, 2, {1, 2});
  cell.bound_constant = {Constant{{1.0}}};
  cell.bound_table = {infinity, 1.0, 1.0};
  cell.track_best = true;
  Recorder recorder(cell);
  for (std::uint64_t lane = 0; lane < 4; ++lane) feed(recorder, lane, {2, 2});
  const CellStatistics& s = recorder.statistics();
  EXPECT_THAT(s.envelope, testing::Each(Extreme{2, 0}));
  EXPECT_THAT(s.smallest, testing::Each(Extreme{2, 0}));
  EXPECT_EQ(s.certificate, (Certificate{2, 0, 1}));
  EXPECT_THAT(s.best, testing::Each(Best{4, 0}));
}

TEST(Recorder, DividesByTheScaleOfTheInstance) {
  Cell cell = make_cell(2, 1, {1});
  auto problem = std::make_shared<Problem>(*cell.problem);
  problem->scale = {2.0, 8.0};
  cell.problem = problem;
  Recorder recorder(cell);
  feed(recorder, 0, {6});
  feed(recorder, 1, {8});
  EXPECT_THAT(recorder.statistics().envelope, testing::ElementsAre(Extreme{3, 0}));
  EXPECT_THAT(recorder.statistics().smallest, testing::ElementsAre(Extreme{1, 1}));
}

TEST(Recorder, CertifiesEveryIterationNotOnlyTheKeptOnes) {
  Cell cell = make_cell(2, 1, {1, 4});
  cell.bound_constant = {Constant{{1.0, 2.0}}};
  cell.bound_table = {infinity, infinity, 4.0, 4.0, 4.0};
  Recorder recorder(cell);
  feed(recorder, 0, {100, 1, 3, 1});  // the bound does not hold at t = 1
  feed(recorder, 1, {100, 1, 7, 1});
  EXPECT_EQ(recorder.statistics().certificate, (Certificate{7.0 / 8.0, 1, 3}));
}

TEST(Recorder, FreezesDivergedLanes) {
  for (const double bad : {infinity, -infinity, std::nan(""), 2 * divergence_limit}) {
    Cell cell = make_cell(2, 1, {1, 2, 3});
    cell.bound_constant = {Constant{{1.0}}};
    cell.bound_table = {infinity, 1.0, 1.0, 1.0};
    cell.track_best = true;
    Recorder recorder(cell);
    feed(recorder, 0, {1, 1, 1});
    feed(recorder, 1, {5, bad, 7});
    const CellStatistics& s = recorder.statistics();
    EXPECT_THAT(s.envelope, testing::ElementsAre(Extreme{5, 1}, Extreme{1, 0}, Extreme{1, 0})) << bad;
    EXPECT_THAT(s.diverged, testing::ElementsAre(0, 1, 1)) << bad;
    EXPECT_EQ(s.certificate, (Certificate{5, 1, 1})) << "what it showed before it diverged counts";
    EXPECT_THAT(s.best, testing::ElementsAre(Best{3, 0}, Best{})) << bad;
    EXPECT_EQ(s.lanes, 2u);
    EXPECT_EQ(s.lane_iterations, 5u);
  }
}

TEST(Recorder, FreezesConvergedLanesAndSaysWhy) {
  Cell cell = make_cell(3, 1, {1, 2, 3, 4});
  cell.stop_gap = 0.5;
  cell.stop_gradient = 0.1;
  cell.samples = {{1, true, false, 1}, {3, true, false, 2}};
  Recorder recorder(cell);
  const auto feed_norms = [&](std::uint64_t lane, std::vector<Observation> seen) {
    recorder.begin(lane);
    std::uint64_t t = 0;
    while (t < seen.size() && recorder.observe(static_cast<std::int64_t>(t + 1), seen[t])) ++t;
    recorder.end(std::min<std::uint64_t>(t + 1, seen.size()), 0);
  };
  feed_norms(0, {{4, 1, 0}, {0.5, 1, 0}, {9, 1, 0}, {9, 1, 0}});  // by its gap, at t = 2
  feed_norms(1, {{3, 1, 0}, {2, 1, 0}, {1, 0.1, 0}, {0, 0, 0}});  // by its gradient, at t = 3
  feed_norms(2, {{2, 1, 0}, {2, 1, 0}, {2, 1, 0}, {2, 1, 0}});
  const CellStatistics& s = recorder.statistics();
  EXPECT_THAT(s.converged, testing::ElementsAre(0, 1, 2, 2));
  EXPECT_THAT(s.diverged, testing::Each(0));
  EXPECT_EQ(s.stopped_on_gap, 1u);
  EXPECT_EQ(s.stopped_on_gradient, 1u);
  EXPECT_EQ(s.lane_iterations, 2u + 3 + 4);
  EXPECT_EQ(s.gradient_evaluations, 2u + 3 + 4);
  EXPECT_THAT(s.smallest, testing::ElementsAre(Extreme{2, 2}, Extreme{0.5, 0}, Extreme{0.5, 0}, Extreme{0.5, 0}));
  EXPECT_THAT(s.envelope, testing::ElementsAre(Extreme{4, 0}, Extreme{2, 1}, Extreme{2, 2}, Extreme{2, 2}));
  EXPECT_EQ(s.distributions[1].gaps.count(), 3u);
  EXPECT_EQ(s.distributions[1].sum_log2, 0);  // of ½, 1 and 2
}

TEST(Recorder, CountsFiguresOfSingleLanes) {
  Cell cell = make_cell(1, 1, {1, 2, 4});
  cell.iterations = 4;
  cell.figures = {true, true, true, true, true, false, true};
  cell.targets = {4, 1e-9};
  cell.sup_table = {0, 0, 2, 3, 4};
  cell.samples = {{0, false, true, 0}, {1, false, true, 1}, {2, false, true, 2}};
  Recorder recorder(cell);
  recorder.begin(0);
  for (std::int64_t t = 1; t <= 4; ++t) recorder.observe(t, {16.0 / static_cast<double>(t * t), 0, 0.5});
  recorder.end(6, 2);
  const LaneStatistics& lane = recorder.statistics().per_lane;
  EXPECT_NEAR(lane.exponent.quantile(0.5), -2, 0.02);
  EXPECT_NEAR(lane.sup.quantile(0.5), 8, 0.08);  // t · 16/t² from t = 2 on
  EXPECT_NEAR(lane.loss.quantile(0.5), 16 + 4 + 16.0 / 9 + 1, 0.25);
  EXPECT_NEAR(lane.regret.quantile(0.5), 2, 0.02);
  EXPECT_NEAR(lane.evaluations.quantile(0.5), 8, 0.08);
  EXPECT_NEAR(lane.first[0].quantile(0.5), 2, 0.02);
  EXPECT_EQ(lane.first[1].count(), 0u);
  EXPECT_EQ(lane.ratio.count(), 0u);
}

TEST(Recorder, SumsASweepUpBySetting) {
  Cell cell = make_cell(2, 3, {2});
  cell.track_best = true;
  Recorder recorder(cell);
  feed(recorder, 0, {1, 2});
  feed(recorder, 1, {3, 4});
  feed(recorder, 2, {5, std::nan("")});
  feed(recorder, 3, {1, 1});
  feed(recorder, 4, {0, 1});
  feed(recorder, 5, {0, 8});
  const auto& settings = recorder.statistics().settings;
  ASSERT_EQ(settings.size(), 3u);
  EXPECT_EQ(settings[0].loss.value(), 10);
  EXPECT_EQ(settings[1].loss.value(), 2);
  EXPECT_EQ(settings[1].failed, 1u);
  EXPECT_EQ(settings[2].loss.value(), 9);
  EXPECT_EQ(settings[2].failed, 0u);
}

TEST(Recorder, ToleratesTheDivergenceLimitItself) {
  const Cell cell = make_cell(1, 1, {1});
  Recorder recorder(cell);
  feed(recorder, 0, {divergence_limit});
  EXPECT_THAT(recorder.statistics().diverged, testing::ElementsAre(0));
}

TEST(Recorder, JudgesTheBestSettingByLossOrByFinalGap) {
  Cell cell = make_cell(1, 2, {2});
  cell.track_best = true;
  for (const bool by_loss : {true, false}) {
    cell.best_by = by_loss ? BestBy::cumulative_loss : BestBy::final_gap;
    Recorder recorder(cell);
    feed(recorder, 0, {9, 1});
    feed(recorder, 1, {2, 3});
    EXPECT_THAT(recorder.statistics().best, testing::ElementsAre(by_loss ? Best{5, 1} : Best{1, 0}));
  }
}

/// A cell whose lanes have random gaps out of few values, so that every kind of tie occurs, and of
/// which some diverge.
class Merge : public testing::TestWithParam<unsigned> {
 protected:
  Merge() : random_(GetParam()) {
    const std::size_t instances = 1 + random_() % 7;
    const std::uint64_t settings = 1 + random_() % 5;
    cell_ = make_cell(instances, settings, {1, 2, 5, 8});
    cell_.track_best = true;
    cell_.best_by = random_() % 2 == 0 ? BestBy::cumulative_loss : BestBy::final_gap;
    cell_.bound_constant = {Constant{{0.5}}};
    cell_.bound_table.assign(9, 2.0);
    cell_.keep_instances = true;
    cell_.figures = {true, true, true, true, true, true, true};
    cell_.targets = {1.5, 0.5};
    cell_.sup_table = {0, 0, 2, 3, 4, 5, 6, 7, 8};
    cell_.samples = {{0, true, true, 0}, {1, false, true, 1}, {3, true, true, 3}};
    if (random_() % 2 == 0) cell_.stop_gap = 0;
    if (random_() % 4 == 0) cell_.best_by = BestBy::iterations;
    for (std::uint64_t lane = 0; lane < cell_.lanes(); ++lane) {
      auto& gaps = gaps_.emplace_back();
      for (int t = 1; t <= 8; ++t)
        gaps.push_back(random_() % 40 == 0 ? std::nan("") : static_cast<double>(random_() % 3));
    }
  }

  CellStatistics run(LaneRange lanes) const {
    Recorder recorder(cell_);
    for (std::uint64_t lane = lanes.begin; lane < lanes.end; ++lane) feed(recorder, lane, gaps_[lane]);
    return recorder.statistics();
  }

  /// The statistics of all lanes, one entry for each piece of a random partition into ranges.
  std::vector<CellStatistics> pieces() {
    std::vector<CellStatistics> out;
    for (std::uint64_t begin = 0; begin < cell_.lanes();) {
      const std::uint64_t end = std::min(cell_.lanes(), begin + random_() % 4);  // empty ranges too
      out.push_back(run({begin, end}));
      begin = end;
    }
    return out;
  }

  std::mt19937 random_;
  Cell cell_;
  std::vector<std::vector<double>> gaps_;
};

TEST_P(Merge, DoesNotDependOnCutOrderOrGrouping) {
  const CellStatistics whole = run({0, cell_.lanes()});
  for (int round = 0; round < 20; ++round) {
    auto parts = pieces();
    std::shuffle(parts.begin(), parts.end(), random_);
    // Two neighbours become one until one is left: a random tree of merges.
    while (parts.size() > 1) {
      const std::size_t k = random_() % (parts.size() - 1);
      parts[k].merge(parts[k + 1]);
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(k) + 1);
    }
    ASSERT_EQ(parts.front(), whole);
  }
}

TEST_P(Merge, ConservesLanes) {
  const CellStatistics s = run({0, cell_.lanes()});
  for (std::size_t k = 0; k < s.at.size(); ++k) {
    std::uint64_t alive = 0, converged = 0, diverged = 0;
    for (const auto& gaps : gaps_) {
      // What becomes of a lane by at[k], told from its gaps alone.
      int state = 0;
      for (std::int64_t t = 1; t <= s.at[k] && state == 0; ++t) {
        const double gap = gaps[static_cast<std::size_t>(t - 1)];
        if (std::isnan(gap)) state = 2;
        if (cell_.stop_gap && gap <= *cell_.stop_gap) state = 1;
      }
      ++(state == 0 ? alive : state == 1 ? converged : diverged);
    }
    EXPECT_EQ(s.converged[k], converged);
    EXPECT_EQ(s.diverged[k], diverged);
    EXPECT_EQ(alive + s.converged[k] + s.diverged[k], s.lanes);
  }
  for (const Distribution& at : s.distributions) {
    const auto k = std::find(s.at.begin(), s.at.end(), at.t) - s.at.begin();
    EXPECT_EQ(at.gaps.count() + s.diverged[static_cast<std::size_t>(k)], s.lanes);
  }
  EXPECT_EQ(s.per_lane.loss.count() + s.diverged.back(), s.lanes);
  EXPECT_EQ(s.per_lane.evaluations.count() + s.diverged.back(), s.lanes);
}

TEST_P(Merge, LeavesEmptyStatisticsNeutral) {
  const CellStatistics whole = run({0, cell_.lanes()});
  CellStatistics left = empty_statistics(cell_), right = whole;
  left.merge(whole);
  right.merge(empty_statistics(cell_));
  EXPECT_EQ(left, whole);
  EXPECT_EQ(right, whole);
}

TEST(MergedCertificate, PrefersTheLowerLaneThenTheEarlierIteration) {
  CellStatistics early, late, other;
  early.certificate = {1, 3, 5};
  late.certificate = {1, 3, 8};
  other.certificate = {1, 4, 1};
  late.merge(other);
  EXPECT_EQ(late.certificate, (Certificate{1, 3, 8}));
  late.merge(early);
  EXPECT_EQ(late.certificate, (Certificate{1, 3, 5}));
}

INSTANTIATE_TEST_SUITE_P(RandomCells, Merge, testing::Range(0u, 50u));

/// Statistics whose envelope is the function at t = 1 … count.
template <class F>
CellStatistics envelope_of(F&& f, std::int64_t count) {
  CellStatistics s;
  for (std::int64_t t = 1; t <= count; ++t) {
    s.at.push_back(t);
    s.envelope.push_back({f(static_cast<double>(t)), 0});
  }
  return s;
}

TEST(FitRate, FindsPowerLaws) {
  for (const double exponent : {-3.0, -2.0, -1.0, -0.5, 0.0, 1.5}) {
    for (const double constant : {1e-9, 0.25, 4.0}) {
      const auto s = envelope_of([&](double t) { return constant * std::pow(t, exponent); }, 3000);
      const RateFit fit = fit_rate(s, 100, 3000);
      EXPECT_NEAR(fit.exponent, exponent, 1e-12);
      EXPECT_NEAR(fit.constant / constant, 1.0, 1e-11);
      EXPECT_EQ(fit.points, 2901u);
      EXPECT_EQ(fit.from, 100);
      EXPECT_EQ(fit.to, 3000);
    }
  }
}

TEST(FitRate, LooksAtTheWindowOnly) {
  const auto s = envelope_of([](double t) { return t < 50 ? 1.0 : std::pow(t / 50, -2.0); }, 500);
  EXPECT_NEAR(fit_rate(s, 50, 500).exponent, -2.0, 1e-12);
  EXPECT_NEAR(fit_rate(s, 1, 49).exponent, 0.0, 1e-12);
  EXPECT_GT(fit_rate(s, 1, 500).exponent, -2.0);
}

TEST(FitRate, IsLeastSquares) {
  // Points (0, 0), (log 2, 0), (log 4, log 2) on log scales: slope ½, intercept −log(2)/6.
  CellStatistics s;
  s.at = {1, 2, 4};
  s.envelope = {{1, 0}, {1, 0}, {2, 0}};
  const RateFit fit = fit_rate(s, 1, 4);
  EXPECT_NEAR(fit.exponent, 0.5, 1e-14);
  EXPECT_NEAR(fit.constant, std::pow(2.0, -1.0 / 6.0), 1e-14);
}

TEST(FitRate, SkipsWhatHasNoLogarithm) {
  auto s = envelope_of([](double t) { return 1 / t; }, 100);
  s.envelope[9].value = 0;
  s.envelope[19].value = infinity;
  s.envelope[29].value = -1;  // no lane alive
  const RateFit fit = fit_rate(s, 1, 100);
  EXPECT_EQ(fit.points, 97u);
  EXPECT_NEAR(fit.exponent, -1.0, 1e-12);
}

TEST(FitRate, IsNotANumberWithFewerThanTwoPoints) {
  const auto s = envelope_of([](double t) { return 1 / t; }, 10);
  EXPECT_TRUE(std::isnan(fit_rate(s, 10, 10).exponent));
  EXPECT_TRUE(std::isnan(fit_rate(s, 11, 20).constant));
  EXPECT_EQ(fit_rate(s, 11, 20).points, 0u);
}

}  // namespace
}  // namespace omg
