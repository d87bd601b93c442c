#include "omg/run.hpp"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "run/judge.hpp"
#include "statistics/recorder.hpp"

namespace omg {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Quantity = Check::Quantity;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// Gap of a lane at iteration t.
using Gaps = std::function<double(const Cell&, std::uint64_t lane, std::int64_t t)>;

/// Lanes with gaps given by a function instead of a method. Point t of a lane is (gap, −gap).
class FakeBackend final : public Backend {
 public:
  explicit FakeBackend(Gaps gaps, std::uint64_t wave = 1000) : gaps_(std::move(gaps)), wave_(wave) {}
  [[nodiscard]] std::string_view name() const override { return "fake"; }
  [[nodiscard]] Availability availability() const override { return {true, "made up"}; }
  [[nodiscard]] std::uint64_t wave_lanes(const Cell&) const override { return wave_; }

  CellStatistics run(const Cell& cell, LaneRange lanes, const RunControl& control) override {
    largest_wave = std::max(largest_wave, lanes.size());
    Recorder recorder(cell);
    for (std::uint64_t lane = lanes.begin; lane < lanes.end; ++lane) {
      recorder.begin(lane);
      for (std::int64_t t = 1; t <= cell.iterations && recorder.observe(t, gaps_(cell, lane, t)); ++t) {
      }
      recorder.end(static_cast<std::uint64_t>(cell.iterations), 1);
      if (control.progress) control.progress(static_cast<std::uint64_t>(cell.iterations));
    }
    return recorder.statistics();
  }

  Trajectories trace(const Cell& cell, LaneRange lanes, const RunControl&) override {
    Trajectories out{lanes.size(), static_cast<std::size_t>(cell.iterations), 2, {}, {}};
    for (std::uint64_t lane = lanes.begin; lane < lanes.end; ++lane)
      for (std::int64_t t = 1; t <= cell.iterations; ++t) {
        out.gaps.push_back(gaps_(cell, lane, t));
        out.points.insert(out.points.end(), {out.gaps.back(), -out.gaps.back()});
      }
    return out;
  }

  std::uint64_t largest_wave = 0;

 private:
  Gaps gaps_;
  std::uint64_t wave_;
};

std::shared_ptr<const Problem> make_fake_problem(const std::string& name, std::size_t instances) {
  auto problem = std::make_shared<Problem>();
  problem->name = name;
  problem->family = "huber";
  problem->shape.n = 2;
  problem->instances = instances;
  problem->scale.assign(instances, 1.0);
  problem->distance.assign(instances, 0.0);
  for (std::size_t i = 0; i < instances; ++i) problem->smoothness.push_back(static_cast<double>(i + 1));
  return problem;
}

/// A cell of `settings` settings, with the bound 1/t if asked for.
Cell make_cell(const std::shared_ptr<const Problem>& problem, const std::string& method, std::int64_t iterations,
               std::uint64_t settings = 1, bool bound = false) {
  Cell cell;
  cell.problem = problem;
  cell.method.name = method;
  cell.iterations = iterations;
  cell.settings = settings;
  cell.track_best = settings > 1;
  for (std::uint64_t s = 0; s < settings; ++s)
    cell.setting_names.push_back(settings == 1 ? "" : "step = " + std::to_string(s));
  cell.record_at = checkpoints(iterations);
  if (bound) {
    cell.method.bound = "1/t";
    cell.bound_constant.push_back({{1.0}});
    cell.bound_table.push_back(infinity);
    for (std::int64_t t = 1; t <= iterations; ++t) cell.bound_table.push_back(1.0 / static_cast<double>(t));
  }
  return cell;
}

Plan make_fake_plan(std::vector<Cell> cells, std::vector<Check> checks = {}) {
  Plan plan;
  plan.study.title = "A \"made up\" study";
  plan.study.file = "somewhere/made-up.toml";
  plan.study.seed = 7;
  for (Cell& cell : cells) {
    cell.index = plan.cells.size();
    plan.cells.push_back(std::move(cell));
  }
  if (!checks.empty()) plan.study.claims.push_back({"C1", "It is so.", std::move(checks), {}});
  return plan;
}

Check make_check(Quantity quantity, std::optional<double> at_least, std::optional<double> at_most) {
  Check check;
  check.quantity = quantity;
  check.problem = "p";
  check.method = "m";
  check.at_least = at_least;
  check.at_most = at_most;
  return check;
}

/// A study of one cell with the envelope 2/t, kept everywhere, and its judgement of one check.
Verdict judge_two_over_t(const Check& check) {
  Plan plan = make_fake_plan({make_cell(make_fake_problem("p", 3), "m", 1000)}, {check});
  plan.study.fit_from = 10;
  FakeBackend backend(
      [](const Cell&, std::uint64_t lane, std::int64_t t) { return (lane == 1 ? 2.0 : 1.0) / static_cast<double>(t); });
  return run_study(plan, backend).claims.at(0).checks.at(0);
}

/// Something like noise in [0, 1), with many equal values.
double noise(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = a * 0x9E3779B97F4A7C15u + b * 0xC2B2AE3D27D4EB4Fu;
  x = (x ^ (x >> 29)) * 0xBF58476D1CE4E5B9u;
  return static_cast<double>((x >> 40) % 64) / 64;
}

/// Noise, with lanes that diverge.
double wild_gap(const Cell& cell, std::uint64_t lane, std::int64_t t) {
  if (lane % 17 == 5 && t > static_cast<std::int64_t>(lane)) return lane % 2 == 0 ? not_a_number : 1e40;
  return noise(lane + 1000 * cell.index, static_cast<std::uint64_t>(t)) / static_cast<double>(t);
}

// Waves

TEST(RunStudy, NeitherStatisticsNorFilesDependOnTheWaves) {
  std::vector<Check> checks{make_check(Quantity::sup, 0.0, 1.0), make_check(Quantity::diverged, 0.0, 0.0)};
  const auto problem = make_fake_problem("p", 23);
  Plan plan = make_fake_plan({make_cell(problem, "m", 60, 4, true), make_cell(problem, "other", 40, 1, false)}, checks);
  plan.study.epsilon = {0.1, 1e-3};
  plan.study.comparisons.resize(1);
  plan.study.comparisons[0].name = "duel";
  plan.study.problems.resize(1);
  plan.study.problems[0].name = "p";
  for (Cell& cell : plan.cells) {
    cell.keep_instances = true;
    cell.stop_gap = 0;
    cell.targets = plan.study.epsilon;
    cell.figures = {true, false, true, true, false, cell.index == 0, true};
    cell.samples = {{3, true, true, 2}, {7, true, true, 3}, {31, true, true, 5}};
  }
  plan.cells[0].swept = {{"step", {"0", "1", "2", "3"}, 1}};
  FakeBackend whole(wild_gap);
  const StudyResult expected = run_study(plan, whole);
  ASSERT_GT(expected.cells[0].statistics.diverged.back(), 0u);
  ASSERT_GT(expected.cells[0].statistics.converged.back(), 0u);
  ASSERT_EQ(expected.comparisons.size(), 1u);
  const auto files = output_files(plan, expected, {});
  for (std::size_t k = 0; k < files.size(); ++k) EXPECT_EQ(files[k].name, result_files[k]);
  for (const std::uint64_t wave : {1, 2, 7, 23, 91, 92}) {
    FakeBackend backend(wild_gap);
    RunOptions options;
    options.wave_lanes = wave;
    const StudyResult result = run_study(plan, backend, options);
    EXPECT_EQ(backend.largest_wave, wave);
    for (std::size_t c = 0; c < plan.cells.size(); ++c)
      EXPECT_EQ(result.cells[c].statistics, expected.cells[c].statistics) << wave;
    const auto again = output_files(plan, result, {{}, "", 2, wave});
    EXPECT_EQ(again[0].text, files[0].text) << wave;
    EXPECT_EQ(again[1].text, files[1].text) << wave;
  }
}

/// Two settings on two instances: losses 1 and 3, then 2 and a diverged lane.
TEST(Sweep, RanksSettingsByFailuresThenByMeanLoss) {
  Cell cell = make_cell(make_fake_problem("p", 2), "m", 1, 4);
  cell.swept = {{"a", {"small", "large"}, 2}, {"b", {"0", "1"}, 1}};
  FakeBackend backend([](const Cell&, std::uint64_t lane, std::int64_t) {
    const double losses[] = {1, 3, 2, not_a_number, 4, 4, 1, 1.5};
    return losses[lane];
  });
  const Plan plan = make_fake_plan({cell});
  const StudyResult result = run_study(plan, backend);
  const SweepSummary sweep = summarise_sweep(plan.cells[0], result.cells[0].statistics);
  EXPECT_EQ(sweep.failing, 1u);
  EXPECT_EQ(sweep.best, 3u);
  EXPECT_EQ(sweep.best_loss, 1.25);
  EXPECT_EQ(sweep.best_failed, 0u);
  ASSERT_EQ(sweep.sensitivity.size(), 2u);
  EXPECT_THAT(sweep.sensitivity[0].loss, ElementsAre(2, 1.25));  // b = 1 of a = small fails
  EXPECT_THAT(sweep.sensitivity[1].loss, ElementsAre(2, 1.25));
  const Json record = Json::parse(output_files(plan, result, {})[0].text)["cells"][0]["sweep"];
  EXPECT_EQ(record["name"], "step = 3");
  EXPECT_EQ(record["sensitivity"][1]["values"], Json::array({"0", "1"}));
}

TEST(Comparison, IsInTheResultsAndSpeedupsAreClaimed) {
  const auto problem = make_fake_problem("p", 40);
  Check fast = make_check(Quantity::speedup, 1.9, {});
  fast.other = "other";
  fast.epsilon = 0.01;
  Check too_fast = fast;
  too_fast.at_least = 2.1;
  Plan plan = make_fake_plan({make_cell(problem, "m", 400), make_cell(problem, "other", 400)}, {fast, too_fast});
  plan.study.epsilon = {0.01};
  plan.study.comparisons.resize(1);
  plan.study.comparisons[0].name = "duel";
  plan.study.problems.resize(1);
  plan.study.problems[0].name = "p";
  for (Cell& cell : plan.cells) {
    cell.keep_instances = true;
    cell.targets = plan.study.epsilon;
  }
  // m is at gap 1/t, the other one at 2/t.
  FakeBackend backend([](const Cell& c, std::uint64_t, std::int64_t t) {
    return static_cast<double>(c.index + 1) / static_cast<double>(t);
  });
  const StudyResult result = run_study(plan, backend);
  const Json json = Json::parse(output_files(plan, result, {})[0].text);
  const Json& record = json["comparisons"][0];
  EXPECT_EQ(record["name"], "duel");
  const Json& duel = record["duels"][1];
  EXPECT_EQ(duel["measure"], "iterations");
  EXPECT_EQ(duel["wins"], 40);
  EXPECT_NEAR(duel["ratio"].get<double>(), 2, 1e-12);
  EXPECT_NEAR(duel["p"].get<double>(), std::ldexp(1, -39), 1e-20);
  EXPECT_TRUE(result.claims[0].checks[0].passed);
  EXPECT_FALSE(result.claims[0].checks[1].passed);
  EXPECT_THAT(result.claims[0].checks[1].sentence, HasSubstr("[2, 2]"));
  EXPECT_NEAR(json["claims"][0]["checks"][0]["low"].get<double>(), 2, 1e-12);
}

TEST(Rate, OfAClaimIsJudgedWithItsReason) {
  Check yes = make_check(Quantity::rate, {}, {}), no = yes;
  yes.power = 1;
  no.power = 2;
  no.verdict = "refuted";
  Check wrong = no;
  wrong.verdict = "confirmed";
  Plan plan = make_fake_plan({make_cell(make_fake_problem("p", 2), "m", 1000, 1, true)}, {yes, no, wrong});
  FakeBackend backend([](const Cell&, std::uint64_t, std::int64_t t) { return 0.5 / static_cast<double>(t + 3); });
  const StudyResult result = run_study(plan, backend);
  const auto& checks = result.claims[0].checks;
  EXPECT_TRUE(checks[0].passed);
  EXPECT_TRUE(checks[1].passed);
  EXPECT_FALSE(checks[2].passed);
  EXPECT_THAT(checks[2].sentence, HasSubstr("p = 1.000 ± 0.000"));
  // The rate that the bound 1/t promises is judged without being asked.
  ASSERT_TRUE(result.cells[0].judgement.has_value());
  EXPECT_EQ(result.cells[0].judgement->power, 1);
  const Json rate = Json::parse(output_files(plan, result, {})[0].text)["cells"][0]["envelope"]["rate"];
  EXPECT_NEAR(rate["offset"].get<double>(), 3, 0.01);
  EXPECT_EQ(rate["claim"]["verdict"], "confirmed");
}

// Far below a bound of its rate an envelope that falls slowly so far refutes nothing.
TEST(Rate, IsNotRefutedWhereABoundOfItHolds) {
  const auto verdict = [](double factor) {
    Plan plan = make_fake_plan({make_cell(make_fake_problem("p", 2), "m", 1000, 1, true)});
    FakeBackend backend(
        [&](const Cell&, std::uint64_t, std::int64_t t) { return factor / std::sqrt(static_cast<double>(t)); });
    return run_study(plan, backend).cells[0].judgement.value();
  };
  const RateJudgement holds = verdict(1e-3), broken = verdict(1);
  EXPECT_EQ(holds.power, 1);
  EXPECT_EQ(holds.verdict, RateVerdict::undecided);
  EXPECT_THAT(holds.reason, HasSubstr("the bound"));
  EXPECT_EQ(broken.verdict, RateVerdict::refuted);
}

/// Where lanes have stopped on a tolerance the envelope says nothing of a rate.
TEST(Rate, IsNotReadFromFrozenLanes) {
  Cell cell = make_cell(make_fake_problem("p", 2), "m", 3000);
  cell.stop_gap = 1e-3;
  FakeBackend backend([](const Cell&, std::uint64_t, std::int64_t t) { return 2 / static_cast<double>(t); });
  const StudyResult result = run_study(make_fake_plan({cell}), backend);
  EXPECT_EQ(result.cells[0].statistics.converged.back(), 2u);
  EXPECT_NEAR(result.cells[0].rate.power, 1, 1e-3);
  EXPECT_LT(result.cells[0].rate.to, 2000);
  EXPECT_NEAR(result.cells[0].fit.exponent, -1, 0.02);
}

TEST(RunStudy, TakesNoMoreLanesThanTheBackendHolds) {
  const Plan plan = make_fake_plan({make_cell(make_fake_problem("p", 100), "m", 3)});
  FakeBackend backend(wild_gap, 30);
  RunOptions options;
  options.wave_lanes = 64;
  run_study(plan, backend, options);
  EXPECT_EQ(backend.largest_wave, 30u);
}

TEST(RunStudy, ReportsProgressUpToTheTotal) {
  Check trace = make_check(Quantity::trajectory_difference, {}, 0.0);
  trace.other = "other";
  const auto problem = make_fake_problem("p", 10);
  const Plan plan = make_fake_plan({make_cell(problem, "m", 8), make_cell(problem, "other", 5)}, {trace});
  FakeBackend backend(wild_gap, 3);
  std::uint64_t last = 0, total = 0;
  RunOptions options;
  options.progress = [&](const Progress& progress) {
    EXPECT_GE(progress.done, last);
    EXPECT_LE(progress.done, progress.total);
    last = progress.done;
    total = progress.total;
  };
  run_study(plan, backend, options);
  EXPECT_EQ(total, 2u * 10 * (8 + 5));
  EXPECT_EQ(last, total);
}

TEST(RunStudy, StopsWhenCancelled) {
  const Plan plan = make_fake_plan({make_cell(make_fake_problem("p", 10), "m", 3)});
  FakeBackend backend(wild_gap, 2);
  int polls = 0;
  RunOptions options;
  options.cancelled = [&] { return ++polls == 3; };
  EXPECT_THROW(run_study(plan, backend, options), Interrupted);
  EXPECT_EQ(polls, 3);
}

// Verdicts

TEST(Verdict, LimitsBelongToTheAllowedRange) {
  Check check = make_check(Quantity::constant, 2.0, 2.0);
  check.power = 1;
  check.at = 32;
  EXPECT_TRUE(judge_two_over_t(check).passed);
  check.at_least = std::nextafter(2.0, 3.0);
  check.at_most = {};
  EXPECT_FALSE(judge_two_over_t(check).passed);
  check.at_least = {};
  check.at_most = std::nextafter(2.0, 1.0);
  EXPECT_FALSE(judge_two_over_t(check).passed);
}

TEST(Verdict, NamesFigureRangeAndLane) {
  Check check = make_check(Quantity::envelope, 0.0, 0.25);
  check.at = 8;
  check.note = "as published";
  const Verdict verdict = judge_two_over_t(check);
  EXPECT_TRUE(verdict.passed);
  EXPECT_EQ(verdict.figure.value, 0.25);
  EXPECT_EQ(verdict.figure.lane, 1u);
  EXPECT_EQ(verdict.figure.iteration, 8);
  EXPECT_EQ(verdict.sentence,
            "m on p: envelope at t = 8: 0.25, allowed is 0 to 0.25; lane 1 (instance 1) at t = 8 (as published)");
}

TEST(Verdict, TakesTheLastIterationByDefault) {
  const Verdict verdict = judge_two_over_t(make_check(Quantity::envelope, 0.002, 0.002));
  EXPECT_TRUE(verdict.passed) << verdict.sentence;
  EXPECT_EQ(verdict.figure.iteration, 1000);
}

TEST(Verdict, FitsTheExponentOverTheWindow) {
  const Verdict verdict = judge_two_over_t(make_check(Quantity::exponent, -1 - 1e-12, -1 + 1e-12));
  EXPECT_TRUE(verdict.passed) << verdict.sentence;
  EXPECT_THAT(verdict.sentence, HasSubstr("[10, 1000]"));
  EXPECT_EQ(verdict.figure.lane, no_lane);
}

TEST(Verdict, FindsTheSupWithItsIteration) {
  Check check = make_check(Quantity::sup, 2000.0, 2000.0);
  check.power = 2;  // t² · 2/t grows to the end
  EXPECT_EQ(judge_two_over_t(check).figure.iteration, 1000);
  EXPECT_TRUE(judge_two_over_t(check).passed);
  check.power = 0;  // falls from the beginning of the window
  EXPECT_EQ(judge_two_over_t(check).figure.iteration, 10);
}

TEST(Verdict, FailsWithoutAFiniteFigure) {
  Plan plan = make_fake_plan(
      {make_cell(make_fake_problem("p", 2), "m", 100, 1, true)},
      {make_check(Quantity::envelope, -infinity, infinity), make_check(Quantity::exponent, -infinity, infinity),
       make_check(Quantity::certificate, -infinity, infinity), make_check(Quantity::sup, -infinity, infinity)});
  FakeBackend backend([](const Cell&, std::uint64_t, std::int64_t) { return not_a_number; });
  const StudyResult result = run_study(plan, backend);
  EXPECT_FALSE(result.claims[0].confirmed);
  for (const Verdict& verdict : result.claims[0].checks) {
    EXPECT_FALSE(verdict.passed);
    EXPECT_THAT(verdict.sentence, HasSubstr("2 of 2 lanes diverged"));
  }
}

TEST(Verdict, ClaimNeedsAllItsChecks) {
  Check good = make_check(Quantity::diverged, 0.0, 0.0), bad = make_check(Quantity::diverged, 1.0, 1.0);
  for (const bool both : {false, true}) {
    const Plan plan = make_fake_plan({make_cell(make_fake_problem("p", 3), "m", 5)}, {good, both ? good : bad, good});
    FakeBackend backend([](const Cell&, std::uint64_t, std::int64_t) { return 1.0; });
    EXPECT_EQ(run_study(plan, backend).claims[0].confirmed, both);
  }
}

TEST(Verdict, MeasuresTheLargestDifferenceOfTrajectories) {
  // Over three blocks of lanes; with shift 1, y_{t+1} = y'_t but for lane 70,000 at t = 3.
  const auto problem = make_fake_problem("p", 100'000);
  Check check = make_check(Quantity::trajectory_difference, {}, 0.25);
  check.other = "other";
  check.shift = 1;
  const Plan plan = make_fake_plan({make_cell(problem, "m", 40), make_cell(problem, "other", 40)}, {check});
  FakeBackend backend([](const Cell& cell, std::uint64_t lane, std::int64_t t) {
    if (cell.method.name == "m") return static_cast<double>(t - 1);
    return static_cast<double>(t) + (lane == 70'000 && t == 3 ? 0.25 : lane == 5 && t == 1 ? 0.125 : 0);
  });
  const Verdict verdict = run_study(plan, backend).claims[0].checks[0];
  EXPECT_TRUE(verdict.passed);
  EXPECT_EQ(verdict.figure.value, 0.25);
  EXPECT_EQ(verdict.figure.lane, 70'000u);
  EXPECT_EQ(verdict.figure.iteration, 4);
}

TEST(Verdict, DifferenceOfTrajectoriesIsNotSavedByNaN) {
  const auto problem = make_fake_problem("p", 4);
  Check check = make_check(Quantity::trajectory_difference, {}, 1.0);
  check.other = "other";
  const Plan plan = make_fake_plan({make_cell(problem, "m", 4), make_cell(problem, "other", 4)}, {check});
  FakeBackend backend(
      [](const Cell&, std::uint64_t lane, std::int64_t t) { return lane == 2 && t == 2 ? not_a_number : 1.0; });
  const Verdict verdict = run_study(plan, backend).claims[0].checks[0];
  EXPECT_FALSE(verdict.passed);
  EXPECT_EQ(verdict.figure.lane, 2u);
  EXPECT_EQ(verdict.figure.iteration, 2);
}

TEST(Verdict, ComparesTheBestLosses) {
  // m: losses 2·(1, 2, 3, 4) for setting 1, more for setting 0. other: 2·2.5.
  const auto problem = make_fake_problem("p", 4);
  Cell other = make_cell(problem, "other", 2);
  other.track_best = true;
  Check best = make_check(Quantity::best_loss, 5.0, 5.0), share = make_check(Quantity::share_worse, 0.5, 0.5);
  share.other = "other";
  const Plan plan = make_fake_plan({make_cell(problem, "m", 2, 2), other}, {best, share});
  FakeBackend backend([](const Cell& cell, std::uint64_t lane, std::int64_t) {
    if (cell.method.name == "other") return 2.5;
    return static_cast<double>(lane % 4 + 1) + (lane < 4 ? 0.5 : 0.0);
  });
  const StudyResult result = run_study(plan, backend);
  EXPECT_TRUE(result.claims[0].checks[0].passed) << result.claims[0].checks[0].sentence;
  EXPECT_TRUE(result.claims[0].checks[1].passed) << result.claims[0].checks[1].sentence;
  const auto order = winners(result.cells[0].statistics);
  ASSERT_EQ(order.size(), 1u);
  EXPECT_EQ(order[0].setting, 1u);
  EXPECT_EQ(order[0].instances, 4u);
}

// Certificates

/// The sentences on a study whose lane 14 (instance 4 with step = 1) reaches the ratio at t = 7.
std::vector<std::string> faults_with_ratio(double ratio, bool diverging = false) {
  const Plan plan = make_fake_plan({make_cell(make_fake_problem("p", 10), "m", 9, 2, true)});
  FakeBackend backend([&](const Cell&, std::uint64_t lane, std::int64_t t) {
    if (diverging && lane == 3 && t == 5) return infinity;
    return lane == 14 && t == 7 ? ratio / 7.0 : 0.5 / static_cast<double>(t);
  });
  return run_study(plan, backend).broken_certificates;
}

TEST(Certificate, HoldsUpToRounding) {
  EXPECT_THAT(faults_with_ratio(1.0), IsEmpty());
  EXPECT_THAT(faults_with_ratio(1.0 + 0.99e-9), IsEmpty());
}

TEST(Certificate, BrokenOneNamesLaneIterationAndRatio) {
  EXPECT_THAT(faults_with_ratio(2.0),
              ElementsAre("m on p: the bound 1/t is exceeded by lane 14 (instance 4, step = 1) at t = 7: gap / bound "
                          "= 2"));
  EXPECT_THAT(faults_with_ratio(1.0 + 1.01e-9), ElementsAre(HasSubstr("lane 14")));
}

TEST(Certificate, IsBrokenByALaneThatDiverges) {
  EXPECT_THAT(faults_with_ratio(1.0, true), ElementsAre(HasSubstr("1 of 20 lanes diverged")));
}

// Files

Json summary_of(const Plan& plan, Gaps gaps) {
  FakeBackend backend(std::move(gaps));
  return Json::parse(output_files(plan, run_study(plan, backend), {{"seed=7"}, "made up", 2, 5})[0].text);
}

TEST(Summary, HasARecordForEachCell) {
  const auto problem = make_fake_problem("p", 3);
  Plan plan = make_fake_plan({make_cell(problem, "m", 100, 2, true), make_cell(problem, "n", 100)});
  const Json json = summary_of(plan, [](const Cell&, std::uint64_t lane, std::int64_t t) {
    return static_cast<double>(lane + 1) / (10.0 * static_cast<double>(t));
  });
  EXPECT_EQ(json["title"], plan.study.title);
  EXPECT_EQ(json["study"], "made-up.toml");
  EXPECT_EQ(json["set"], Json({"seed=7"}));
  EXPECT_EQ(json["seed"], 7);
  EXPECT_EQ(json["precision"], "float64");
  EXPECT_EQ(json["version"], version());
  EXPECT_EQ(json["backend"], "fake");
  ASSERT_EQ(json["problems"].size(), 1u);
  EXPECT_EQ(json["problems"][0]["name"], "p");
  EXPECT_EQ(json["problems"][0]["L"], Json({1.0, 3.0}));
  ASSERT_EQ(json["cells"].size(), 2u);
  const Json& cell = json["cells"][0];
  EXPECT_EQ(cell["problem"], "p");
  EXPECT_EQ(cell["family"], "huber");
  EXPECT_EQ(cell["method"], "m");
  EXPECT_EQ(cell["iterations"], 100);
  EXPECT_EQ(cell["lanes"], 6);
  EXPECT_EQ(cell["instances"], 3);
  EXPECT_EQ(cell["settings"], 2);
  EXPECT_EQ(cell["diverged"], 0);
  EXPECT_EQ(cell["envelope"]["t"], Json(checkpoints(100)));
  EXPECT_EQ(cell["envelope"]["gap"].front(), 0.6);
  EXPECT_EQ(cell["envelope"]["lane"].back(), 5);
  EXPECT_EQ(cell["smallest"]["gap"].front(), 0.1);
  EXPECT_EQ(cell["smallest"]["lane"].back(), 0);
  EXPECT_NEAR(cell["envelope"]["exponent"].get<double>(), -1, 1e-12);
  EXPECT_NEAR(cell["envelope"]["constant"].get<double>(), 0.6, 1e-12);
  EXPECT_EQ(cell["envelope"]["fit"],
            (Json{{"from", 1}, {"to", 100}, {"points", checkpoints(100).size()}, {"basis", "checkpoints"}}));
  EXPECT_EQ(cell["certificate"]["bound"], "1/t");
  EXPECT_NEAR(cell["certificate"]["max_ratio"].get<double>(), 0.6, 1e-15);
  EXPECT_EQ(cell["certificate"]["lane"], 5);
  EXPECT_EQ(cell["evaluations"]["gradients"], 1.0);
  EXPECT_EQ(cell["evaluations"]["functions"], 0.01);
  EXPECT_EQ(cell["best"]["settings"], Json({{{"setting", 0}, {"name", "step = 0"}, {"instances", 3}}}));
  EXPECT_EQ(cell["best"]["setting"], Json({0, 0, 0}));
  EXPECT_EQ(cell["best"]["loss"].size(), 3u);
  EXPECT_FALSE(json["cells"][1].contains("certificate"));
  EXPECT_FALSE(json["cells"][1].contains("best"));
}

TEST(Summary, DoublesReadAsTheSameNumber) {
  const Plan plan = make_fake_plan({make_cell(make_fake_problem("p", 1), "m", 30)});
  const auto gap = [](std::int64_t t) { return std::exp(-20.0 * std::sin(static_cast<double>(t))) / 3; };
  const Json json = summary_of(plan, [&](const Cell&, std::uint64_t, std::int64_t t) { return gap(t); });
  for (std::int64_t t = 1; t <= 30; ++t)
    EXPECT_EQ(json["cells"][0]["envelope"]["gap"][static_cast<std::size_t>(t - 1)].get<double>(), gap(t));
}

TEST(Summary, ShowsCheckpointsWhereEveryIterationIsKept) {
  Cell cell = make_cell(make_fake_problem("p", 1), "m", 1000);
  cell.record_at.resize(1000);
  std::iota(cell.record_at.begin(), cell.record_at.end(), std::int64_t{1});
  Plan plan = make_fake_plan({cell});
  plan.study.envelope_every_iteration = true;
  const Json json = summary_of(plan, [](const Cell&, std::uint64_t, std::int64_t t) { return double(t); });
  const Json& envelope = json["cells"][0]["envelope"];
  EXPECT_EQ(envelope["t"], Json(checkpoints(1000)));
  for (std::size_t k = 0; k < envelope["t"].size(); ++k) EXPECT_EQ(envelope["gap"][k], envelope["t"][k]);
  EXPECT_EQ(envelope["fit"]["basis"], "every iteration");
  EXPECT_EQ(envelope["fit"]["points"], 991);
}

// 95 % of the mean of n numbers spread evenly over [0, 1]: ½ ± 1.96/√(12 n).
TEST(Sweep, TheMeanOfTheBestLossesHasAnInterval) {
  constexpr std::uint64_t n = 400;
  const Plan plan = make_fake_plan({make_cell(make_fake_problem("p", n), "m", 1, 2)});
  FakeBackend backend([](const Cell&, std::uint64_t lane, std::int64_t) {
    return (static_cast<double>(lane % n) + 0.5) / n + static_cast<double>(lane / n);
  });
  const StudyResult result = run_study(plan, backend);
  const Json best = Json::parse(output_files(plan, result, {})[0].text)["cells"][0]["best"];
  const double half = 1.96 / std::sqrt(12.0 * n);
  EXPECT_NEAR(best["mean_loss"].get<double>(), 0.5, 1e-12);
  EXPECT_NEAR(best["low"].get<double>(), 0.5 - half, half / 10);
  EXPECT_NEAR(best["high"].get<double>(), 0.5 + half, half / 10);
}

// A list of hundreds of millions of settings would be gigabytes of text.
TEST(Summary, ListsTheBestSettingsOfAMillionInstancesAtMost) {
  const Plan plan = make_fake_plan({make_cell(make_fake_problem("p", 3), "m", 4, 2, true)});
  FakeBackend backend([](const Cell&, std::uint64_t, std::int64_t) { return 0.5; });
  StudyResult result = run_study(plan, backend);
  const auto best_of = [&] { return Json::parse(output_files(plan, result, {})[0].text)["cells"][0]["best"]; };
  for (const std::size_t instances : {std::size_t{1'000'000}, std::size_t{1'000'001}}) {
    result.cells[0].statistics.best.assign(instances, Best{0.5, 1});
    const Json best = best_of();
    EXPECT_EQ(best["settings"][0]["instances"], instances);
    EXPECT_EQ(best["mean_loss"], 0.5);
    EXPECT_EQ(best.contains("setting"), instances == 1'000'000);
    EXPECT_EQ(best.contains("loss"), instances == 1'000'000);
  }
}

TEST(Summary, WhatHasNoValueIsNull) {
  const Plan plan = make_fake_plan({make_cell(make_fake_problem("p", 2), "m", 4, 2, true)},
                                   {make_check(Quantity::certificate, {}, 1.0)});
  FakeBackend backend([](const Cell&, std::uint64_t, std::int64_t) { return not_a_number; });
  const auto files = output_files(plan, run_study(plan, backend), {});
  const Json json = Json::parse(files[0].text);
  const Json& cell = json["cells"][0];
  EXPECT_EQ(cell["diverged"], 4);
  for (const auto& entry : cell["envelope"]["gap"]) EXPECT_TRUE(entry.is_null());
  for (const auto& entry : cell["envelope"]["lane"]) EXPECT_TRUE(entry.is_null());
  for (const char* key : {"max_ratio", "lane", "iteration"}) EXPECT_TRUE(cell["certificate"][key].is_null()) << key;
  EXPECT_TRUE(cell["envelope"]["exponent"].is_null());
  EXPECT_TRUE(cell["best"]["mean_loss"].is_null());
  EXPECT_THAT(cell["best"]["settings"], IsEmpty());
  EXPECT_TRUE(cell["best"]["setting"][0].is_null());
  EXPECT_TRUE(json["claims"][0]["checks"][0]["value"].is_null());
  EXPECT_EQ(json["claims"][0]["checks"][0]["passed"], false);
  EXPECT_THAT(files[1].text, Not(HasSubstr("nan")));
  EXPECT_THAT(files[1].text, Not(HasSubstr("inf")));
}

TEST(Summary, KeepsVerdicts) {
  Check check = make_check(Quantity::constant, 1.0, 2.0);
  check.power = 1;
  const Plan plan = make_fake_plan({make_cell(make_fake_problem("p", 3), "m", 10, 2)}, {check});
  const Json json = summary_of(plan, [](const Cell&, std::uint64_t lane, std::int64_t t) {
    return (lane == 4 ? 1.5 : 1.0) / static_cast<double>(t);
  });
  const Json& claim = json["claims"][0];
  EXPECT_EQ(claim["name"], "C1");
  EXPECT_EQ(claim["statement"], "It is so.");
  EXPECT_EQ(claim["confirmed"], true);
  const Json& record = claim["checks"][0];
  EXPECT_EQ(record["quantity"], "constant");
  EXPECT_EQ(record["power"], 1.0);
  EXPECT_EQ(record["value"], 1.5);
  EXPECT_EQ(record["lane"], 4);
  EXPECT_EQ(record["instance"], 1);
  EXPECT_EQ(record["setting"], "step = 1");
  EXPECT_EQ(record["iteration"], 10);
  EXPECT_EQ(record["at_least"], 1.0);
  EXPECT_EQ(record["at_most"], 2.0);
}

TEST(Summary, CsvHasOneLineForEachCellAndQuotesNames) {
  const auto problem = make_fake_problem("p", 3);
  const Plan plan = make_fake_plan({make_cell(problem, "m, \"quoted\"", 100, 2, true), make_cell(problem, "n", 100)});
  FakeBackend backend([](const Cell&, std::uint64_t lane, std::int64_t t) {
    return static_cast<double>(lane + 1) / (10.0 * static_cast<double>(t));
  });
  const std::string csv = output_files(plan, run_study(plan, backend), {})[1].text;
  EXPECT_THAT(csv,
              StartsWith("problem,family,method,iterations,lanes,instances,settings,diverged,converged,envelope.t,"));
  EXPECT_THAT(csv, HasSubstr("\np,huber,\"m, \"\"quoted\"\"\",100,6,3,2,0,0,100,0.006,5,"));
  EXPECT_THAT(csv, HasSubstr("\np,huber,n,100,3,3,1,0,0,100,0.003,2,"));
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 3);
}

/// A folder that lasts as long as the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::path(::testing::TempDir()) / "omg-run-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path = name;
  }
  ~TemporaryFolder() { fs::remove_all(path); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] std::set<std::string> content() const {
    std::set<std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(path))
      out.insert(fs::relative(entry.path(), path).string());
    return out;
  }
  fs::path path;
};

std::string text_of(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// ---- checkpoints ----

/// Another backend that fails after so many calls.
class FailingBackend final : public Backend {
 public:
  FailingBackend(std::unique_ptr<Backend> inner, int calls) : inner_(std::move(inner)), left_(calls) {}
  [[nodiscard]] std::string_view name() const override { return inner_->name(); }
  [[nodiscard]] Availability availability() const override { return inner_->availability(); }
  [[nodiscard]] std::uint64_t wave_lanes(const Cell& cell) const override { return inner_->wave_lanes(cell); }
  CellStatistics run(const Cell& cell, LaneRange lanes, const RunControl& control) override {
    if (left_-- == 0) throw Error("the device is lost");
    CellStatistics out = inner_->run(cell, lanes, control);
    lanes_run += out.lanes;
    return out;
  }
  Trajectories trace(const Cell& cell, LaneRange lanes, const RunControl& control) override {
    return inner_->trace(cell, lanes, control);
  }
  std::uint64_t lanes_run = 0;

 private:
  std::unique_ptr<Backend> inner_;
  int left_;
};

/// A study with everything that statistics hold.
/// The verdicts of a study, each on the method "wild" or "calm" of a huber function.
std::vector<Verdict> verdicts_of(const std::string& checks) {
  const TemporaryFolder place;
  std::ofstream(place.path / "study.toml") << R"toml(iterations = 100
seed = 1
[[problem]]
name = "huber"
family = "huber"
instances = 20
threshold = { log_grid = [1e-3, 1] }
strong_convexity = 0.1
start = 1
[[method]]
name = "wild"
classical = "gradient_descent"
step = "30*G"
[[method]]
name = "calm"
classical = "gradient_descent"
[[method]]
name = "late"
classical = "gradient_descent"
step = "1/L"
bound = "1e-30*L*R^2"
bound_at = "last"
[[comparison]]
name = "both"
[[claim]]
name = "C"
statement = "S"
checks = [)toml" << checks << "]\n";
  return run_study(make_plan(load_study(place.path / "study.toml")), *make_cpu_backend()).claims.at(0).checks;
}

// The worst case over lanes some of which have diverged is not that over the others.
TEST(Verdict, AWorstCaseWithADivergedLaneHasNoFigure) {
  for (const char* quantity : {"exponent", "constant", "envelope", "sup"}) {
    const std::string limits = quantity == std::string("exponent")   ? "at_most = 0"
                               : quantity == std::string("envelope") ? "at_least = 0"
                                                                     : "at_least = 0, power = 1";
    const auto verdicts = verdicts_of(std::string("{ quantity = \"") + quantity +
                                      "\", problem = \"huber\", method = \"wild\", " + limits + " }, { quantity = \"" +
                                      quantity + "\", problem = \"huber\", method = \"calm\", " + limits + " }");
    EXPECT_FALSE(verdicts.at(0).passed) << quantity;
    EXPECT_THAT(verdicts[0].sentence, HasSubstr("lanes diverged")) << quantity;
    EXPECT_TRUE(verdicts.at(1).passed) << verdicts[1].sentence;
  }
  const auto rate =
      verdicts_of(R"({ quantity = "rate", problem = "huber", method = "wild", power = 1, verdict = "refuted" })");
  EXPECT_TRUE(rate.at(0).passed);
  EXPECT_THAT(rate[0].sentence, HasSubstr("lanes diverged"));
}

TEST(Verdict, ASpeedupCountsInstancesOnWhichTheMethodFails) {
  const auto verdicts = verdicts_of(
      R"({ quantity = "speedup", problem = "huber", method = "wild", other = "calm", at_least = 0 },
         { quantity = "speedup", problem = "huber", method = "calm", other = "late", equals = 1 })");
  EXPECT_FALSE(verdicts.at(0).passed) << verdicts[0].sentence;
  EXPECT_THAT(verdicts[0].sentence, HasSubstr("no value"));
  EXPECT_TRUE(verdicts.at(1).passed) << verdicts[1].sentence;
}

TEST(FitWindow, IsTheStudysOrTheLastTwoDecades) {
  Study study;
  EXPECT_EQ(fit_window(study, 3000).from, 30);
  EXPECT_EQ(fit_window(study, 3000).to, 3000);
  EXPECT_EQ(fit_window(study, 10).from, 1);
  study.fit_from = 100;
  study.fit_to = 2000;
  EXPECT_EQ(fit_window(study, 3000).from, 100);
  EXPECT_EQ(fit_window(study, 3000).to, 2000);
  EXPECT_EQ(fit_window(study, 500).to, 500);
}

class Checkpoints : public testing::Test {
 protected:
  Plan plan(const std::string& threshold = "[1e-3, 1]") {
    std::ofstream(place_.path / "study.toml") << R"toml(iterations = 60
seed = 11
distribution = "checkpoints"
lane_statistics = ["exponent", "sup", "first", "loss", "regret", "ratio", "evaluations"]
epsilon = [1e-2, 1e-3]
[[problem]]
name = "huber"
family = "huber"
dimension = 2
instances = 70
threshold = { log_uniform = )toml" << threshold
                                              << R"toml( }
[[method]]
name = "optimistic"
rule = "iterate"
learner = "optimistic_ftrl"
hint = "last"
weights = "t"
meta_step = ["1/(4*L)", "1/(8*L)", "3/L"]
bound = "4*L*R^2/(t*(t+1))"
[[method]]
name = "plain"
rule = "iterate"
learner = "ftrl"
meta_step = "1/L"
[[comparison]]
name = "both"
)toml";
    return make_plan(load_study(place_.path / "study.toml"));
  }
  std::vector<std::string> results(const Plan& plan, const StudyResult& result) {
    const auto files = output_files(plan, result, {});
    return {files.at(0).text, files.at(1).text};
  }
  static std::string failure_of(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  TemporaryFolder place_;
  const OutputFolder folder_{place_.path / "out"};
  const fs::path file_ = place_.path / "out" / checkpoint_file;
};

TEST_F(Checkpoints, ARunThatFailedGoesOnToTheSameBits) {
  const Plan plan = this->plan();
  const auto whole = results(plan, run_study(plan, *make_cpu_backend(), {.threads = 2}));
  RunOptions options{.threads = 2, .wave_lanes = 29, .checkpoints = &folder_, .resume = true};
  for (const int calls : {1, 5, 9}) {
    folder_.discard(checkpoint_file);
    FailingBackend failing(make_cpu_backend(), calls), rest(make_cpu_backend(), 1000);
    const std::string said = failure_of([&] { run_study(plan, failing, options); });
    EXPECT_THAT(said, AllOf(HasSubstr("the device is lost; "), HasSubstr(std::to_string(failing.lanes_run) + " "),
                            HasSubstr(file_.string()), HasSubstr("--resume")));
    const StudyResult result = run_study(plan, rest, options);
    EXPECT_EQ(results(plan, result), whole);
    EXPECT_EQ(failing.lanes_run + rest.lanes_run, 280u);
    EXPECT_EQ(result.backend, "cpu");
  }
}

TEST_F(Checkpoints, AnotherBackendGoesOn) {
  const Plan plan = this->plan();
  RunOptions options{.threads = 1, .wave_lanes = 100, .checkpoints = &folder_, .resume = true};
  FailingBackend failing(make_reference_backend(), 2);
  EXPECT_NE(failure_of([&] { run_study(plan, failing, options); }), "");
  const StudyResult result = run_study(plan, *make_cpu_backend(), options);
  EXPECT_EQ(result.backend, "reference, cpu");
  EXPECT_EQ(result.cells[0].statistics.lanes, 210u);
}

TEST_F(Checkpoints, AreWrittenOnTheWay) {
  const Plan plan = this->plan();
  const auto whole = results(plan, run_study(plan, *make_cpu_backend()));
  std::uintmax_t largest = 0;
  RunOptions options{.threads = 1, .checkpoints = &folder_, .checkpoint_seconds = 0};
  options.progress = [&](const Progress&) {
    if (fs::exists(file_)) largest = std::max(largest, fs::file_size(file_));
  };
  EXPECT_EQ(results(plan, run_study(plan, *make_cpu_backend(), options)), whole);
  EXPECT_GT(largest, 0u);
  EXPECT_THAT(place_.content(), ::testing::UnorderedElementsAre("study.toml", "out", "out/checkpoint"));
}

TEST_F(Checkpoints, InterruptedRunsSayWhereTheyAre) {
  const Plan plan = this->plan();
  RunOptions options{.threads = 1, .wave_lanes = 50, .checkpoints = &folder_};
  bool stop = false;
  options.progress = [&](const Progress& at) { stop = at.done > at.total / 2; };
  options.cancelled = [&] { return stop; };
  try {
    run_study(plan, *make_cpu_backend(), options);
    FAIL() << "ran to its end";
  } catch (const Interrupted& interruption) {
    EXPECT_THAT(interruption.kept(), HasSubstr("lanes are kept in " + file_.string()));
  }
}

TEST_F(Checkpoints, AreRefusedWithAReason) {
  const Plan plan = this->plan();
  RunOptions options{.threads = 1, .wave_lanes = 50, .checkpoints = &folder_, .resume = true};
  FailingBackend failing(make_cpu_backend(), 3);
  EXPECT_NE(failure_of([&] { run_study(plan, failing, options); }), "");
  const auto refusal = [&](const Plan& other) {
    return failure_of([&] { run_study(other, *make_cpu_backend(), options); });
  };
  EXPECT_THAT(refusal(this->plan("[1e-4, 1]")),
              AllOf(StartsWith(file_.string()), HasSubstr("the cell optimistic of huber is no longer what it was")));
  Plan shorter = plan;
  shorter.cells.pop_back();
  EXPECT_THAT(refusal(shorter), HasSubstr("has 2 cells, the study 1"));

  const std::string text = text_of(file_);
  for (const std::size_t at : {std::size_t{0}, std::size_t{20}, text.size() / 2, text.size() - 1}) {
    std::string damaged = text;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    std::ofstream(file_, std::ios::binary) << damaged;
    EXPECT_THAT(refusal(plan), HasSubstr("damaged")) << at;
    std::ofstream(file_, std::ios::binary) << text.substr(0, at);
    EXPECT_THAT(refusal(plan), HasSubstr("damaged")) << at;
  }
  std::ofstream(file_, std::ios::binary) << text;
  EXPECT_EQ(refusal(plan), "");
}

TEST(OutputFolder, LeavesNothingBehindUntilItIsWritten) {
  const TemporaryFolder place;
  const OutputFolder folder(place.path / "a" / "b");
  EXPECT_THAT(place.content(), IsEmpty());
  folder.write({{"one", "1"}, {"two", "2"}});
  EXPECT_EQ(place.content(), (std::set<std::string>{"a", "a/b", "a/b/one", "a/b/two"}));
  EXPECT_EQ(text_of(folder.path() / "two"), "2");
}

TEST(OutputFolder, ReplacesFilesAndKeepsOthers) {
  const TemporaryFolder place;
  std::ofstream(place.path / "one") << "old";
  std::ofstream(place.path / "other") << "kept";
  OutputFolder(place.path).write({{"one", "new"}});
  EXPECT_EQ(text_of(place.path / "one"), "new");
  EXPECT_EQ(place.content(), (std::set<std::string>{"one", "other"}));
}

TEST(OutputFolder, RefusesWhatIsNoFolder) {
  const TemporaryFolder place;
  std::ofstream(place.path / "file") << "x";
  for (const fs::path& path : {place.path / "file", place.path / "file" / "below", place.path / "file" / ""}) {
    EXPECT_THROW(OutputFolder{path}, Error) << path;
  }
  EXPECT_THROW(OutputFolder{fs::path("/proc/omg")}, Error);
  EXPECT_THROW(OutputFolder{fs::path()}, Error);
  EXPECT_EQ(place.content(), std::set<std::string>{"file"});
  // What stands where a file of the results will go is found before the run.
  for (const std::string_view name : result_files) {
    const TemporaryFolder taken;
    fs::create_directory(taken.path / name);
    EXPECT_THROW(OutputFolder{taken.path}, Error) << name;
  }
}

TEST(OutputFolder, FailedWriteLeavesNothing) {
  const TemporaryFolder place;
  const OutputFolder folder(place.path / "a" / "b");
  EXPECT_THROW(folder.write({{"one", "1"}, {"no/such/folder", "2"}}), Error);
  EXPECT_THAT(place.content(), IsEmpty());
}

// Backends

/// A backend that only says whether it can run.
class NamedBackend final : public Backend {
 public:
  NamedBackend(std::string name, Availability state) : name_(std::move(name)), state_(std::move(state)) {}
  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] Availability availability() const override { return state_; }
  [[nodiscard]] std::uint64_t wave_lanes(const Cell&) const override { return 1; }
  CellStatistics run(const Cell&, LaneRange, const RunControl&) override { return {}; }
  Trajectories trace(const Cell&, LaneRange, const RunControl&) override { return {}; }

 private:
  std::string name_;
  Availability state_;
};

std::vector<std::unique_ptr<Backend>> candidates() {
  std::vector<std::unique_ptr<Backend>> out;
  out.push_back(std::make_unique<NamedBackend>("cuda", Availability{false, "no driver"}));
  out.push_back(std::make_unique<NamedBackend>("cpu", Availability{true, "2 cores"}));
  out.push_back(std::make_unique<NamedBackend>("reference", Availability{true, "loops"}));
  return out;
}

std::string complaint_about(const std::string& name) {
  try {
    choose_backend(name, candidates());
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

class ChooseBackend : public ::testing::Test {
 protected:
  void SetUp() override { ::unsetenv("OMG_BACKEND"); }
  void TearDown() override { ::unsetenv("OMG_BACKEND"); }
};

TEST_F(ChooseBackend, AutoTakesTheFirstThatCanRunAndSaysWhyNotAFasterOne) {
  const ChosenBackend chosen = choose_backend("auto", candidates());
  EXPECT_EQ(chosen.backend->name(), "cpu");
  EXPECT_EQ(chosen.why, "cpu: 2 cores; cuda cannot run here: no driver");
}

TEST_F(ChooseBackend, TakesTheOneAskedFor) {
  EXPECT_EQ(choose_backend("reference", candidates()).backend->name(), "reference");
}

TEST_F(ChooseBackend, EnvironmentStandsInForAuto) {
  ::setenv("OMG_BACKEND", "reference", 1);
  EXPECT_EQ(choose_backend("auto", candidates()).backend->name(), "reference");
  EXPECT_EQ(choose_backend("cpu", candidates()).backend->name(), "cpu");
  ::setenv("OMG_BACKEND", "", 1);
  EXPECT_EQ(choose_backend("auto", candidates()).backend->name(), "cpu");
  ::setenv("OMG_BACKEND", "tpu", 1);
  EXPECT_THAT(complaint_about("auto"), HasSubstr("OMG_BACKEND: unknown backend \"tpu\""));
}

TEST_F(ChooseBackend, RefusesWithReasonAndList) {
  EXPECT_EQ(complaint_about("tpu"),
            "--backend: unknown backend \"tpu\"; allowed here: auto, cpu, reference; cuda cannot run here: no driver");
  EXPECT_THAT(complaint_about("cuda"),
              HasSubstr("the backend cuda cannot run here: no driver; allowed here: auto, cpu"));
}

TEST_F(ChooseBackend, FindsTheBackendsOfThisBuild) {
  std::vector<std::string> names;
  for (const auto& backend : make_backends()) names.emplace_back(backend->name());
  EXPECT_THAT(names, ElementsAre("cuda", "cpu", "reference"));
  EXPECT_TRUE(choose_backend("auto").backend->availability().available);
}

}  // namespace
}  // namespace omg
