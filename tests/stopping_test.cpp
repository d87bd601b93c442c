// Lanes that stop on a tolerance: what they leave behind, and that the engine and the reference stop the same lanes.

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "omg/backend.hpp"
#include "omg/plan.hpp"

#include "cpu/engine.hpp"
#include "statistics/recorder.hpp"
#include "support/registry_studies.hpp"

namespace omg {
namespace {

/// Smooth functions with and without a gradient at the output of the method, in few dimensions.
Study small_study(int instances) {
  Study study;
  study.iterations = 200;
  study.seed = 5;
  study.problems = {test::small_problem(*find_entry(catalogue().families, "quadratic"), 3, instances)};
  for (const char* name : {"gradient_descent", "nesterov", "heavy_ball", "barzilai_borwein1"}) {
    MethodSpec method;
    method.name = method.classical = name;
    method.weights = test::one("1");
    study.methods.push_back(method);
  }
  MethodSpec meta;
  meta.name = "meta";
  meta.rule = "iterate";
  meta.learner = "optimistic_ftrl";
  meta.hint = "last";
  meta.weights = test::one("t");
  meta.parameters["meta_step"] = test::one("1/(4*L)");
  study.methods.push_back(meta);
  study.lane_statistics = {true, true, true, true, true, true, true};
  study.epsilon = {1e-1, 1e-4, 1e-7};
  return study;
}

CellStatistics run(Backend& backend, const Cell& cell) { return backend.run(cell, {0, cell.lanes()}, {}); }

void expect_same_counts(const CellStatistics& a, const CellStatistics& b) {
  EXPECT_EQ(a.converged, b.converged);
  EXPECT_EQ(a.diverged, b.diverged);
  EXPECT_EQ(a.stopped_on_gap, b.stopped_on_gap);
  EXPECT_EQ(a.stopped_on_gradient, b.stopped_on_gradient);
  EXPECT_EQ(a.lane_iterations, b.lane_iterations);
  EXPECT_EQ(a.gradient_evaluations, b.gradient_evaluations);
  EXPECT_EQ(a.function_evaluations, b.function_evaluations);
  ASSERT_EQ(a.distributions.size(), b.distributions.size());
  for (std::size_t k = 0; k < a.distributions.size(); ++k)
    EXPECT_EQ(a.distributions[k].gaps.count(), b.distributions[k].gaps.count());
}

/// Medians and counts of what is known of single lanes.
void expect_close(const Histogram& a, const Histogram& b, const char* what) {
  EXPECT_EQ(a.count(), b.count()) << what;
  for (const double q : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    if (a.count() > 0) {
      EXPECT_NEAR(a.quantile(q), b.quantile(q), 0.02 * std::abs(b.quantile(q)) + 1e-12) << what << " " << q;
    }
  }
}

class Stopping : public testing::TestWithParam<Stop> {};

TEST_P(Stopping, EngineAndReferenceStopTheSameLanes) {
  Study study = small_study(37);
  study.stop = GetParam();
  const Plan plan = make_plan(study);
  const auto cpu = make_cpu_backend(), reference = make_reference_backend();
  for (const Cell& cell : plan.cells) {
    SCOPED_TRACE(cell.method.name);
    const CellStatistics ours = run(*cpu, cell), theirs = run(*reference, cell);
    if (cell.method.name == "gradient_descent" || cell.method.name == "meta") {
      expect_same_counts(ours, theirs);
      for (std::size_t k = 0; k < ours.at.size(); ++k)
        EXPECT_NEAR(ours.envelope[k].value, theirs.envelope[k].value, 1e-9 * theirs.envelope[k].value);
      const LaneStatistics &a = ours.per_lane, &b = theirs.per_lane;
      expect_close(a.exponent, b.exponent, "exponent");
      expect_close(a.sup, b.sup, "sup");
      expect_close(a.loss, b.loss, "loss");
      expect_close(a.regret, b.regret, "regret");
      expect_close(a.evaluations, b.evaluations, "evaluations");
      for (std::size_t j = 0; j < a.first.size(); ++j) expect_close(a.first[j], b.first[j], "first");
    }
    const bool stops = study.stop.gap || study.stop.gradient_norm;
    EXPECT_EQ(ours.converged.back() > 0, stops);
    EXPECT_EQ(ours.converged.back(), ours.stopped_on_gap + ours.stopped_on_gradient);
    // Every lane is alive, converged or diverged, and the last two kinds only grow.
    for (std::size_t k = 0; k < ours.at.size(); ++k) {
      EXPECT_LE(ours.converged[k] + ours.diverged[k], ours.lanes);
      if (k > 0) {
        EXPECT_GE(ours.converged[k], ours.converged[k - 1]);
      }
    }
    EXPECT_EQ(ours.distributions.back().gaps.count() + ours.diverged.back(), ours.lanes);
  }
}

INSTANTIATE_TEST_SUITE_P(Tolerances, Stopping,
                         testing::Values(Stop{}, Stop{1e-6, {}}, Stop{{}, 1e-3}, Stop{1e-5, 1e-4}));

TEST(Stopping, OfAMethodReplacesThatOfTheStudy) {
  Study study = small_study(3);
  study.stop = {1e-3, {}};
  study.methods[0].stop = Stop{{}, 1e-5};
  study.methods[1].stop = Stop{};
  const Plan plan = make_plan(study);
  EXPECT_EQ(plan.cells[0].stop_gap, std::nullopt);
  EXPECT_EQ(plan.cells[0].stop_gradient, 1e-5);
  EXPECT_EQ(plan.cells[1].stop_gap, std::nullopt);
  EXPECT_EQ(plan.cells[2].stop_gap, 1e-3);
}

/// A lane that stops at t is what the same lane without the tolerance shows at t, and the gap that it is frozen at is
/// at or below the tolerance while the one before was above.
TEST(Stopping, FreezesALaneWhereItFirstMeetsTheTolerance) {
  Study study = small_study(1);
  study.methods.resize(1);
  study.envelope_every_iteration = true;
  const auto cpu = make_cpu_backend();
  const CellStatistics whole = run(*cpu, make_plan(study).cells[0]);
  const double tolerance = whole.envelope[20].value;
  study.stop.gap = tolerance;
  const CellStatistics stopped = run(*cpu, make_plan(study).cells[0]);
  EXPECT_EQ(stopped.lane_iterations, 21u);
  EXPECT_EQ(stopped.gradient_evaluations, 21u);
  for (std::size_t k = 0; k < whole.at.size(); ++k) {
    EXPECT_EQ(stopped.envelope[k].value, whole.envelope[std::min<std::size_t>(k, 20)].value);
    EXPECT_EQ(stopped.converged[k], k < 20 ? 0u : 1u);
  }
}

TEST(Stopping, CannotBeSeenInAWholeTrajectory) {
  Study study = small_study(2);
  study.methods.resize(1);
  const auto cpu = make_cpu_backend();
  const Plan plain = make_plan(study);
  study.stop.gap = 1e-2;
  const Plan stopping = make_plan(study);
  EXPECT_EQ(cpu->trace(plain.cells[0], {0, 2}, {}).points, cpu->trace(stopping.cells[0], {0, 2}, {}).points);
}

/// Statistics do not depend on which lanes run side by side, in which order and on how many threads: every figure of
/// a sweep whose lanes stop at different times or diverge.
TEST(Stopping, LeavesNeighboursAlone) {
  Study study = small_study(31);
  study.stop = {1e-5, 1e-4};
  study.methods[0].parameters["step"] = {{test::formula("1/L"), test::formula("0.3/L"), test::formula("9/L")}, {}};
  study.methods[0].bound = "L*R^2/(4*t+2)";
  study.comparisons.resize(1);
  const auto cpu = make_cpu_backend();
  std::mt19937 random(8);
  for (const Cell& cell : make_plan(study).cells) {
    const CellStatistics whole = run(*cpu, cell);
    for (int round = 0; round < 4; ++round) {
      std::vector<LaneRange> waves;
      for (std::uint64_t at = 0; at < cell.lanes(); at = waves.back().end)
        waves.push_back({at, std::min<std::uint64_t>(cell.lanes(), at + 1 + random() % 40)});
      std::shuffle(waves.begin(), waves.end(), random);
      CellStatistics merged = empty_statistics(cell);
      RunControl control;
      control.threads = 1 + random() % 3;
      for (const LaneRange& wave : waves) merged.merge(cpu->run(cell, wave, control));
      EXPECT_EQ(merged, whole) << cell.method.name;
    }
  }
}

/// A sweep in which one lane of nine runs long after its neighbours have stopped or diverged: its cost follows the
/// iterations that its lanes make, in the kernels across lanes and in the wavefronts. A wave of one group has nobody to
/// leave lanes to, so that waves of one group each say what the groups cost by themselves, and must merge to the same.
TEST(Stopping, CostsWhatTheLanesThatRunCost) {
  for (const char* family : {"quadratic", "tridiagonal"}) {
    for (const Precision precision : {Precision::float64, Precision::float32}) {
      SCOPED_TRACE(std::string(family) + (precision == Precision::float32 ? ", float32" : ""));
      Study study = small_study(1);
      study.iterations = 3000;
      study.precision = precision;
      study.problems = {test::small_problem(*find_entry(catalogue().families, family), 5, 1)};
      study.methods.resize(1);
      study.methods[0].parameters["step"] = {};
      for (int k = 0; k < 288; ++k)
        study.methods[0].parameters["step"].values.push_back(test::formula(k % 9 == 4   ? "1e-5/L"
                                                                           : k % 9 == 7 ? "90/L"
                                                                                        : "1/L"));
      const auto group_iterations = [](const Cell& cell, LaneRange lanes, CellStatistics& into) {
        std::uint64_t made = 0;
        RunControl control;
        control.threads = 1;  // lanes of several threads are left apart
        into.merge(cpu::run(cell, lanes, control, nullptr, cpu::Kernels::fastest, &made));
        return made;
      };
      const Plan whole = make_plan(study);
      study.stop.gap = 1e-3;
      const Plan stopping = make_plan(study);
      const Cell& cell = stopping.cells[0];
      CellStatistics all = empty_statistics(cell), parts = empty_statistics(cell);
      CellStatistics none = empty_statistics(whole.cells[0]);

      std::uint64_t width = 1;  // of a group: as many lanes as cost no more than one
      while (group_iterations(whole.cells[0], {0, width + 1}, none) <= 3000) ++width;
      const std::uint64_t made = group_iterations(cell, {0, cell.lanes()}, all);
      std::uint64_t made_apart = 0;
      for (std::uint64_t at = 0; at < cell.lanes(); at += width)
        made_apart += group_iterations(cell, {at, std::min(at + width, cell.lanes())}, parts);
      EXPECT_EQ(all, parts);
      EXPECT_GT(all.diverged.back(), 0u);
      EXPECT_GT(all.converged.back(), all.lanes / 2);
      EXPECT_LT(all.converged.back() + all.diverged.back(), all.lanes);
      const double needed = static_cast<double>(all.lane_iterations) / static_cast<double>(width);
      EXPECT_GE(static_cast<double>(made), needed);
      if (width == 2) {  // beside one lane that has ended the other is not worth another beginning
        EXPECT_EQ(made, made_apart);
        continue;
      }
      EXPECT_LT(static_cast<double>(made), 1.5 * needed);
      EXPECT_GT(static_cast<double>(made_apart), 2.5 * needed);
    }
  }
}

}  // namespace
}  // namespace omg
