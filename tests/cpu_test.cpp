// The CPU engine's own business: groups, threads, waves, instruction sets, observers. That its lanes
// are right is the matter of registry_test.

#include <cmath>
#include <cstdlib>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "omg/backend.hpp"
#include "omg/plan.hpp"

#include "cpu/engine.hpp"
#include "statistics/recorder.hpp"
#include "support/registry_studies.hpp"

namespace omg {
namespace {

using test::formula;
using test::one;

/// Huber lanes under a method that sweeps its step; some steps diverge.
Plan huber_plan(int instances, int iterations, bool every, Precision precision = Precision::float64,
                Value::Kind thresholds = Value::Kind::log_grid) {
  Study study;
  study.iterations = iterations;
  study.seed = 3;
  study.precision = precision;
  study.envelope_every_iteration = every;
  ProblemSpec problem;
  problem.name = "huber";
  problem.family = "huber";
  problem.instances = instances;
  Value grid;
  grid.kind = thresholds;
  grid.low = 1e-6;
  grid.high = 1;
  problem.parameters["threshold"] = {{grid}, {}};
  problem.parameters["strong_convexity"] = one("0.1");
  study.problems = {problem};
  MethodSpec method;
  method.name = "heavy ball";
  method.classical = "heavy_ball";
  method.weights = one("1");
  method.parameters["step"] = {{formula("1/L"), formula("0.5/L"), formula("100/L"), formula("2000/L")}, {}};
  method.parameters["momentum"] = one("t/(t+3)");
  method.bound = "4*L*R^2/t";
  study.methods = {method};
  return make_plan(study);
}

void expect_same(const CellStatistics& a, const CellStatistics& b) {
  ASSERT_EQ(a.at, b.at);
  for (std::size_t k = 0; k < a.at.size(); ++k) {
    EXPECT_EQ(a.envelope[k].value, b.envelope[k].value) << "t = " << a.at[k];
    EXPECT_EQ(a.envelope[k].lane, b.envelope[k].lane) << "t = " << a.at[k];
    EXPECT_EQ(a.smallest[k].value, b.smallest[k].value) << "t = " << a.at[k];
    EXPECT_EQ(a.smallest[k].lane, b.smallest[k].lane) << "t = " << a.at[k];
    EXPECT_EQ(a.diverged[k], b.diverged[k]) << "t = " << a.at[k];
  }
  EXPECT_EQ(a.certificate.ratio, b.certificate.ratio);
  EXPECT_EQ(a.certificate.lane, b.certificate.lane);
  EXPECT_EQ(a.certificate.iteration, b.certificate.iteration);
  ASSERT_EQ(a.best.size(), b.best.size());
  for (std::size_t i = 0; i < a.best.size(); ++i) {
    EXPECT_EQ(a.best[i].loss, b.best[i].loss) << "instance " << i;
    EXPECT_EQ(a.best[i].setting, b.best[i].setting) << "instance " << i;
  }
  EXPECT_EQ(a.lanes, b.lanes);
  EXPECT_EQ(a.lane_iterations, b.lane_iterations);
  EXPECT_EQ(a.gradient_evaluations, b.gradient_evaluations);
  EXPECT_EQ(a.function_evaluations, b.function_evaluations);
}

/// What the plain recorder makes of the engine's own gaps.
CellStatistics recorded(const Cell& cell, const Trajectories& gaps) {
  Recorder recorder(cell);
  const auto T = static_cast<std::size_t>(cell.iterations);
  for (std::uint64_t lane = 0; lane < cell.lanes(); ++lane) {
    recorder.begin(lane);
    std::uint64_t iterations = 0;
    for (std::size_t t = 0; t < T; ++t) {
      ++iterations;
      if (!recorder.observe(static_cast<std::int64_t>(t) + 1, gaps.gaps[lane * T + t])) break;
    }
    // Heavy ball needs one gradient an iteration; the one at the last point is only observed.
    recorder.end(iterations, 0);
  }
  return recorder.statistics();
}

TEST(CpuEngine, ObservesLikeTheRecorder) {
  for (const bool every : {true, false}) {
    const Plan plan = huber_plan(123, 300, every);
    const Cell& cell = plan.cells[0];
    const auto backend = make_cpu_backend();
    const auto statistics = backend->run(cell, {0, cell.lanes()}, {});
    expect_same(statistics, recorded(cell, backend->trace(cell, {0, cell.lanes()}, {})));
    EXPECT_EQ(statistics.diverged.back(), 2u * 123u);  // the two steps beyond 2/L
    EXPECT_EQ(statistics.lanes, 4u * 123u);
  }
}

TEST(CpuEngine, ResultsDoNotDependOnTheSplit) {
  std::mt19937 random(5);
  for (const Precision precision : {Precision::float64, Precision::float32}) {
    const Plan plan = huber_plan(97, 150, false, precision);
    const Cell& cell = plan.cells[0];
    const auto backend = make_cpu_backend();
    RunControl one_thread;
    one_thread.threads = 1;
    const auto whole = backend->run(cell, {0, cell.lanes()}, one_thread);
    for (int trial = 0; trial < 20; ++trial) {
      RunControl control;
      control.threads = 1 + random() % 5;
      CellStatistics merged = empty_statistics(cell);
      std::vector<CellStatistics> parts;
      for (std::uint64_t begin = 0; begin < cell.lanes();) {
        const std::uint64_t end = std::min<std::uint64_t>(cell.lanes(), begin + 1 + random() % 200);
        parts.push_back(backend->run(cell, {begin, end}, control));
        begin = end;
      }
      std::shuffle(parts.begin(), parts.end(), random);
      for (const auto& part : parts) merged.merge(part);
      expect_same(merged, whole);
    }
  }
}

// Of many instances figures are kept once for all threads and rounds.
TEST(CpuEngine, FiguresOfManyInstancesAreThoseOfTheirLanes) {
  static_assert(instances_kept_once < 140'000);
  Plan plan = huber_plan(140'000, 3, false);
  Cell& cell = plan.cells[0];
  cell.keep_instances = true;
  cell.targets = {0.2, 1e-3};
  const LaneRange all{0, cell.lanes()};
  const auto backend = make_cpu_backend();
  const CellStatistics expected = recorded(cell, backend->trace(cell, all, {}));
  ASSERT_EQ(expected.best.size(), 140'000u);
  ASSERT_EQ(expected.instances.reached.size(), 2u);
  for (const unsigned threads : {1u, 3u}) {
    RunControl control;
    control.threads = threads;
    const CellStatistics found = backend->run(cell, all, control);
    EXPECT_TRUE(found.best == expected.best);
    EXPECT_TRUE(found.instances == expected.instances);
    EXPECT_TRUE(found.settings == expected.settings);
    expect_same(found, expected);

    CellStatistics merged = backend->run(cell, {200'001, cell.lanes()}, control);
    merged.merge(backend->run(cell, {0, 200'001}, control));
    EXPECT_TRUE(merged == found);
  }
}

// More lanes than a round has, and than float32 has whole numbers for their rows.
TEST(CpuEngine, RoundsDoNotShow) {
  Plan plan = huber_plan(1000, 1, false, Precision::float32);
  Cell& cell = plan.cells[0];
  cell.settings = 5000;  // the four steps again and again
  for (std::uint64_t s = 4; s < cell.settings; ++s) {
    cell.choice.push_back(cell.choice[s % 4]);
    cell.variant_of.push_back(cell.variant_of[s % 4]);
  }
  const auto backend = make_cpu_backend();
  const CellStatistics found = backend->run(cell, {0, cell.lanes()}, {});
  EXPECT_EQ(found.lanes, 5'000'000u);
  CellStatistics merged = backend->run(cell, {0, 1'234'567}, {});
  merged.merge(backend->run(cell, {1'234'567, 4'000'000}, {}));
  merged.merge(backend->run(cell, {4'000'000, cell.lanes()}, {}));
  EXPECT_TRUE(merged == found);
  for (const Best& best : found.best) ASSERT_LT(best.setting, 4u);
}

TEST(CpuEngine, DivergedLanesDoNotHarmTheirNeighbours) {
  const Plan mixed = huber_plan(5, 200, true);
  const Cell& cell = mixed.cells[0];
  const auto backend = make_cpu_backend();
  const auto all = backend->trace(cell, {0, 20}, {});
  const auto alone = backend->trace(cell, {3, 4}, {});
  for (std::size_t t = 0; t < 200; ++t) EXPECT_EQ(all.gaps[3 * 200 + t], alone.gaps[t]);
  const auto statistics = backend->run(cell, {0, 20}, {});
  for (const auto& extreme : statistics.envelope) {
    EXPECT_TRUE(std::isfinite(extreme.value));
    EXPECT_LE(extreme.value, divergence_limit);
  }
}

// A trajectory goes on where its lane has diverged, whatever ran at its place before it: across lanes, along
// coordinates and on shared data.
TEST(CpuEngine, TrajectoriesAreWhole) {
  MethodSpec method;
  method.classical = "heavy_ball";
  method.parameters["step"] = {{formula("0.5/L"), formula("40/L")}, {}};
  method.parameters["momentum"] = one("0.1");
  for (const auto& [family, n] : {std::pair("quadratic", 3), {"quadratic", 64}, {"ridge", 5}}) {
    Study study;
    study.iterations = 400;
    study.problems = {test::small_problem(*find_entry(catalogue().families, family), n, 70)};
    study.methods = {method};
    const Plan plan = make_plan(study);
    const Cell& cell = plan.cells[0];
    const auto lanes = cell.lanes(), half = lanes / 2;
    RunControl one_thread;
    one_thread.threads = 1;
    const Trajectories found = make_cpu_backend()->trace(cell, {0, lanes}, one_thread),
                       expected = make_reference_backend()->trace(cell, {0, lanes}, one_thread);
    ASSERT_EQ(found.gaps.size(), expected.gaps.size());
    std::size_t diverged = 0;
    for (std::uint64_t lane = 0; lane < lanes; ++lane)
      for (std::size_t t = 0; t < 400; ++t) {
        const double gap = found.gaps[lane * 400 + t], reference = expected.gaps[lane * 400 + t];
        if (std::abs(reference) < 1e280) {
          ASSERT_NEAR(gap, reference, 1e-9 * (std::abs(reference) + 1)) << family << n << " lane " << lane << ", " << t;
          continue;
        }
        ++diverged;
        ASSERT_FALSE(std::abs(gap) < 1e270) << family << n << " lane " << lane << ", " << t;
        ASSERT_FALSE(std::abs(found.points[(lane * 400 + t) * found.dimension]) < 1e100);
      }
    EXPECT_GT(diverged, half * 100) << family << n;
  }
}

Study study_of_three_quadratics(std::vector<MethodSpec> methods) {
  Study study;
  study.iterations = 30;
  study.seed = 9;
  study.problems = {test::small_problem(*find_entry(catalogue().families, "quadratic"), 4, 3)};
  study.methods = std::move(methods);
  return study;
}

// Sums over instances keep their digits however small or large the losses are.
TEST(CpuEngine, LossesOfSettingsAreSummedAtAnyMagnitude) {
  MethodSpec method;
  method.name = method.classical = "gradient_descent";
  method.weights = one("1");
  method.parameters["step"] = {{formula("0.9/L"), formula("1.6/L")}, {}};
  for (const BestBy by : {BestBy::final_gap, BestBy::cumulative_loss}) {
    const bool final = by == BestBy::final_gap;
    Study study = study_of_three_quadratics({method});
    study.iterations = 100;
    study.best = by;
    study.problems[0].parameters["spectrum"] = one("list");
    study.problems[0].parameters["eigenvalues"] = one(final ? "1" : "1e70");
    study.problems[0].parameters["minimiser"] = one("0");  // where numbers have room to fall
    study.problems[0].parameters.erase("condition");
    const Plan plan = make_plan(study);
    const Cell& cell = plan.cells[0];
    for (const auto& backend : {make_reference_backend(), make_cpu_backend()}) {
      const auto statistics = backend->run(cell, {0, cell.lanes()}, {});
      const auto traced = backend->trace(cell, {0, cell.lanes()}, {});
      for (std::size_t s = 0; s < 2; ++s) {
        long double expected = 0;
        for (std::size_t i = 0; i < 3; ++i)
          for (std::size_t t = final ? traced.iterations - 1 : 0; t < traced.iterations; ++t)
            expected += traced.gaps[(s * 3 + i) * traced.iterations + t];
        EXPECT_TRUE(final ? expected < 1e-40L : expected > 1e60L);
        EXPECT_GT(expected, 0);
        EXPECT_EQ(statistics.settings[s].failed, 0U);
        EXPECT_NEAR(statistics.settings[s].loss.value() / expected, 1, 1e-13L) << backend->name();
      }
    }
  }
}

// α_{T+1} and β_{T+1} act on w_{T+1}, which nobody sees: they need not exist.
TEST(CpuEngine, WhatIsAfterTheLastIterationDoesNotMatter) {
  for (const char* learner : {"sgd", "ftrl", "optimistic_ftrl"}) {
    MethodSpec none;
    none.rule = "iterate";
    none.learner = learner;
    none.averaged = true;
    if (learner == std::string("optimistic_ftrl")) none.hint = "last";
    MethodSpec some = none;
    none.name = "none";
    none.weights = one("T+1-t");
    none.parameters["meta_step"] = one("0.01/L/(T+1-t)");
    some.name = "some";
    some.weights = one("max(T+1-t, 0.5)");
    some.parameters["meta_step"] = one("0.01/L/max(T+1-t, 0.5)");
    const Plan plan = make_plan(study_of_three_quadratics({none, some}));
    for (const auto& backend : {make_reference_backend(), make_cpu_backend()}) {
      const auto a = backend->trace(plan.cells[0], {0, 3}, {}), b = backend->trace(plan.cells[1], {0, 3}, {});
      EXPECT_EQ(a.points, b.points) << learner << ", " << backend->name();
    }
  }
}

// Without its null step hypergradient can be averaged as every meta-learner.
TEST(CpuEngine, AveragedHypergradientAgreesWithTheReference) {
  MethodSpec method;
  method.name = "hypergradient";
  method.rule = "step";
  method.learner = "hypergradient";
  method.null_step = false;
  method.averaged = true;
  method.weights = one("t");
  method.parameters = {{"initial", one("0.5/L")}, {"meta_step", one("0.01/L")}};
  const Plan plan = make_plan(study_of_three_quadratics({method}));
  const auto expected = make_reference_backend()->trace(plan.cells[0], {0, 3}, {}),
             found = make_cpu_backend()->trace(plan.cells[0], {0, 3}, {});
  for (std::size_t k = 0; k < expected.points.size(); ++k)
    ASSERT_NEAR(found.points[k], expected.points[k], 1e-12 * (1 + std::abs(expected.points[k]))) << k;
  EXPECT_LT(found.gaps.back(), found.gaps.front());
}

// Gaps of data families are evaluated where somebody looks at them. A sum over all iterations looks at each of them;
// that must not change anything else, not even when a lane diverges between two recorded iterations.
TEST(CpuEngine, GapsThatNobodyLooksAtChangeNothing) {
  MethodSpec gradient_descent, nesterov, polyak, hypergradient;
  gradient_descent.classical = "gradient_descent";
  nesterov.classical = "nesterov";
  for (MethodSpec* method : {&gradient_descent, &nesterov})
    method->parameters["step"] = {{formula("1/L"), formula("0.1/L"), formula("30/L"), formula("5000/L")}, {}};
  polyak.classical = "polyak";
  hypergradient.rule = "step";
  hypergradient.learner = "hypergradient";
  hypergradient.parameters["meta_step"] = one("0.5");
  hypergradient.parameters["initial"] = one("1/L");
  for (const char* family :
       {"logistic", "ridge", "softmax_regression", "log_sum_exp", "smoothed_hinge", "squared_hinge"})
    for (const Precision precision : {Precision::float64, Precision::float32}) {
      Study study;
      study.iterations = 150;
      study.seed = 3;
      study.precision = precision;
      study.problems = {test::small_problem(*find_entry(catalogue().families, family), 6, 3)};
      study.problems[0].parameters["regularisation"] = one("1");
      study.methods.clear();
      for (MethodSpec method : {gradient_descent, nesterov, polyak, hypergradient}) {
        method.name = method.classical + method.learner;
        method.weights = one("1");
        study.methods.push_back(method);
      }
      study.best = BestBy::final_gap;
      const Plan some = make_plan(study);
      study.best = BestBy::cumulative_loss;
      study.lane_statistics.loss = true;
      const Plan every = make_plan(study);
      for (std::size_t k = 0; k < some.cells.size(); ++k) {
        SCOPED_TRACE(std::string(family) + " / " + some.cells[k].method.name);
        const auto backend = make_cpu_backend();
        auto ours = backend->run(some.cells[k], {0, some.cells[k].lanes()}, {});
        auto theirs = backend->run(every.cells[k], {0, every.cells[k].lanes()}, {});
        if (some.cells[k].settings > 1) {
          EXPECT_GT(ours.diverged.back(), 0u);
          EXPECT_LT(ours.diverged.back(), ours.lanes);
        }
        ours.best.clear();
        theirs.best.clear();
        expect_same(ours, theirs);
      }
    }
}

// Many lanes that share their data run in groups of two registers where the general kernels have one; a lane sees
// nothing of that.
TEST(CpuEngine, BlockedLanesHaveTheBitsOfOthers) {
  for (const Precision precision : {Precision::float64, Precision::float32})
    for (const char* family : {"logistic", "ridge", "smoothed_hinge", "squared_hinge"}) {
      Study study;
      study.iterations = 60;
      study.seed = 3;
      study.precision = precision;
      study.stop.gap = 1e-3;
      study.problems = {test::small_problem(*find_entry(catalogue().families, family), 6, 1)};
      study.problems[0].parameters["rows"] = one("37");
      study.problems[0].parameters["regularisation"] = one("0.1");
      MethodSpec method;
      method.name = method.classical = "heavy_ball";
      method.weights = one("1");
      for (int k = 1; k <= 1003; ++k)
        method.parameters["step"].values.push_back(formula(std::to_string(k) + "/(400*L)"));
      study.methods = {method};
      const Plan plan = make_plan(study);
      const Cell& cell = plan.cells[0];
      const LaneRange all{0, cell.lanes()};
      SCOPED_TRACE(family);
      const auto general = cpu::run(cell, all, {}, nullptr, cpu::Kernels::general);
      EXPECT_GT(general.converged.back(), 0u);
      EXPECT_LT(general.converged.back(), general.lanes);
      expect_same(cpu::run(cell, all, {}, nullptr), general);
    }
}

TEST(CpuEngine, EveryInstructionSetAgrees) {
  const Plan plan = huber_plan(40, 100, true);
  const Cell& cell = plan.cells[0];
  const auto backend = make_cpu_backend();
  const auto sets = cpu::usable_instruction_sets();
  const auto reference = backend->trace(cell, {0, 80}, {});
  for (const auto& set : sets) {
    setenv("OMG_CPU_INSTRUCTION_SET", set.c_str(), 1);
    EXPECT_EQ(cpu::chosen_instruction_set(), set);
    EXPECT_NE(backend->availability().reason.find(set), std::string::npos);
    const auto gaps = backend->trace(cell, {0, 80}, {});
    for (std::size_t k = 0; k < gaps.gaps.size(); ++k)
      EXPECT_NEAR(gaps.gaps[k], reference.gaps[k], 1e-9 * reference.gaps[k] + 1e-15) << set << ' ' << k;
  }
  setenv("OMG_CPU_INSTRUCTION_SET", "abacus", 1);
  EXPECT_THROW(cpu::chosen_instruction_set(), Error);
  unsetenv("OMG_CPU_INSTRUCTION_SET");
}

// Instances that follow rules are drawn group by group where their records would not fit the caches.
TEST(CpuEngine, DrawsInstancesThatAreTooManyToHold) {
  using Kind = Value::Kind;
  const auto backend = make_cpu_backend();
  const auto expect_same_drawn = [&](Kind kind, Precision precision) {
    const Plan plan = huber_plan(500'000, 3, true, precision, kind);
    Cell cell = plan.cells[0];
    cell.track_best = false;
    ASSERT_FALSE(cell.problem->holds_records());
    const std::uint64_t setting = cell.problem->instances;
    // Of two settings: the last instance and the first are among them.
    const LaneRange some{setting - 12'345, setting + 7'000};
    const auto drawn = backend->run(cell, some, {});

    auto held = std::make_shared<Problem>(*cell.problem);
    ASSERT_FALSE(held->records().empty());
    held->rules.clear();
    ASSERT_TRUE(held->holds_records());
    cell.problem = held;
    EXPECT_EQ(backend->run(cell, some, {}), drawn);
  };
  for (const auto& set : cpu::usable_instruction_sets()) {
    setenv("OMG_CPU_INSTRUCTION_SET", set.c_str(), 1);
    for (const Kind kind : {Kind::grid, Kind::log_grid, Kind::uniform, Kind::log_uniform})
      for (const Precision precision : {Precision::float64, Precision::float32}) {
        SCOPED_TRACE(set + ", rule " + std::to_string(static_cast<int>(kind)));
        expect_same_drawn(kind, precision);
      }
  }
  unsetenv("OMG_CPU_INSTRUCTION_SET");
}

TEST(CpuEngine, StopsWhenCancelled) {
  const Plan plan = huber_plan(20000, 200, false);
  RunControl control;
  control.threads = 1;  // another one may have run all lanes before the first looks up
  control.cancelled = [] { return true; };
  std::uint64_t done = 0;
  control.progress = [&](std::uint64_t iterations) { done += iterations; };
  const auto statistics = make_cpu_backend()->run(plan.cells[0], {0, plan.cells[0].lanes()}, control);
  EXPECT_LT(statistics.lanes, plan.cells[0].lanes());
  EXPECT_GT(done, 0u);
  control = {};
  EXPECT_TRUE(make_cpu_backend()->run(plan.cells[0], {0, statistics.lanes}, control) == statistics)
      << "the first lanes, all of them whole";
}

// A bound that holds at T says nothing of a lane that stops before.
TEST(CpuEngine, ACertificateIsOfIterationsThatHaveABound) {
  Study study = huber_plan(50, 100, false).study;
  study.methods[0].parameters["step"] = one("1/L");
  study.methods[0].bound = "1e-30*L*R^2";
  study.methods[0].bound_at_last = true;
  study.stop.gap = 0.5;
  for (const auto& backend : {make_cpu_backend(), make_reference_backend()}) {
    const Plan plan = make_plan(study);
    const CellStatistics statistics = backend->run(plan.cells[0], {0, plan.cells[0].lanes()}, {});
    ASSERT_EQ(statistics.stopped_on_gap, plan.cells[0].lanes());
    EXPECT_EQ(statistics.certificate.lane, no_lane) << backend->name();
  }
}

}  // namespace
}  // namespace omg
