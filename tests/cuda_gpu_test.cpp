// Kernels on a GPU, against the CPU engine and the reference. Skipped, with the reason, where no device can run them.

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "omg/backend.hpp"
#include "omg/catalogue.hpp"
#include "omg/plan.hpp"

#include "cache/cache_folder.hpp"
#include "cuda/cache.hpp"
#include "cuda/engine.hpp"
#include "reference/lane.hpp"
#include "support/registry_studies.hpp"
#include "support/tolerances.hpp"

namespace omg {
namespace {

class GpuTest : public testing::Test {
 protected:
  void SetUp() override {
    const Availability found = gpu_->availability();
    if (!found.available) GTEST_SKIP() << found.reason;
  }

  const std::unique_ptr<Backend> gpu_ = make_cuda_backend(), cpu_ = make_cpu_backend();
  const RunControl control_ = {};
};

Study study_of(const CatalogueEntry& family, int n, int instances, int iterations, Precision precision) {
  Study study;
  study.iterations = iterations;
  study.seed = 11;
  study.precision = precision;
  study.problems = {test::small_problem(family, n, instances)};
  return study;
}

std::optional<Plan> plan_of(Study study, const MethodSpec& method) {
  study.methods = {method};
  try {
    return make_plan(std::move(study));
  } catch (const Error&) {
    return std::nullopt;  // refused, which registry_test looks into
  }
}

void expect_same_bits(const CellStatistics& a, const CellStatistics& b) {
  ASSERT_EQ(a.at, b.at);
  for (std::size_t k = 0; k < a.at.size(); ++k) {
    SCOPED_TRACE("t = " + std::to_string(a.at[k]));
    EXPECT_EQ(a.envelope[k].value, b.envelope[k].value);
    EXPECT_EQ(a.envelope[k].lane, b.envelope[k].lane);
    EXPECT_EQ(a.smallest[k].value, b.smallest[k].value);
    EXPECT_EQ(a.smallest[k].lane, b.smallest[k].lane);
    EXPECT_EQ(a.diverged[k], b.diverged[k]);
  }
  EXPECT_EQ(a.certificate.ratio, b.certificate.ratio);
  EXPECT_EQ(a.certificate.lane, b.certificate.lane);
  EXPECT_EQ(a.certificate.iteration, b.certificate.iteration);
  EXPECT_EQ(a.converged, b.converged);
  EXPECT_EQ(a.distributions, b.distributions);
  EXPECT_EQ(a.per_lane, b.per_lane);
  EXPECT_EQ(a.stopped_on_gap, b.stopped_on_gap);
  EXPECT_EQ(a.stopped_on_gradient, b.stopped_on_gradient);
  ASSERT_EQ(a.best.size(), b.best.size());
  for (std::size_t i = 0; i < a.best.size(); ++i) {
    EXPECT_EQ(a.best[i].loss, b.best[i].loss) << "instance " << i;
    EXPECT_EQ(a.best[i].setting, b.best[i].setting) << "instance " << i;
  }
  EXPECT_EQ(a.lanes, b.lanes);
  EXPECT_EQ(a.gradient_evaluations, b.gradient_evaluations);
  EXPECT_EQ(a.function_evaluations, b.function_evaluations);
  EXPECT_EQ(a.lane_iterations, b.lane_iterations);
}

// ---- the registry ----

/// Compares the trajectories of the first lanes with the reference.
void expect_reference(const Cell& cell, const Trajectories& found, double epsilon, double least) {
  int compared = 0;
  for (std::uint64_t lane = 0; lane < found.lanes; ++lane) {
    const auto exact = reference::gaps<double>(cell, lane);
    const auto tolerance = test::tolerances(cell, lane, epsilon, least);
    const double R = cell.problem->distance[lane];
    const double floor = 1e-12 * cell.problem->smoothness[lane] * R * R * (epsilon / 0x1p-53);
    for (std::size_t t = 0; t < exact.size(); ++t) {
      const double gap = found.gaps[lane * exact.size() + t];
      if (!std::isfinite(exact[t]) || std::abs(exact[t]) > 1e20) break;  // diverged
      if (exact[t] < floor || tolerance[t] > 0.1) continue;
      ++compared;
      ASSERT_NEAR(gap, exact[t], tolerance[t] * exact[t]) << "lane " << lane << ", t = " << t + 1;
    }
  }
  EXPECT_GE(compared, 5) << "hardly anything could be compared";
}

constexpr int shards = 16;

/// Each shard takes some of the methods; the family changes from method to method.
class GpuRegistry : public GpuTest, public testing::WithParamInterface<int> {
 protected:
  /// Statistics on the device against those of the CPU engine, which sees the same arithmetic but for the last bits of
  /// exp, log and the like. Some methods make much of these: adaptive gradient descent begins with a difference of
  /// gradients over a step of 1e-6.
  void expect_engine(const Cell& cell, double epsilon, double least) {
    const LaneRange all{0, cell.lanes()};
    const CellStatistics found = gpu_->run(cell, all, control_), expected = cpu_->run(cell, all, control_);
    ASSERT_EQ(found.at, expected.at);
    EXPECT_EQ(found.lanes, expected.lanes);
    if (found.diverged == expected.diverged && found.lane_iterations == expected.lane_iterations) {
      EXPECT_EQ(found.gradient_evaluations, expected.gradient_evaluations);
      EXPECT_EQ(found.function_evaluations, expected.function_evaluations);
    } else {
      // Where rounding decides what becomes of a lane, it decides when the lane diverges, too: of all others nothing
      // differs.
      for (std::uint64_t l = 0; l < cell.lanes(); ++l) {
        const CellStatistics a = gpu_->run(cell, {l, l + 1}, control_), b = cpu_->run(cell, {l, l + 1}, control_);
        if (a.diverged == b.diverged && a.lane_iterations == b.lane_iterations) {
          EXPECT_EQ(a.gradient_evaluations, b.gradient_evaluations) << "lane " << l;
          EXPECT_EQ(a.function_evaluations, b.function_evaluations) << "lane " << l;
        } else {
          EXPECT_FALSE(test::tolerances(cell, l, epsilon, least).back() <= 0.1) << "lane " << l;
        }
      }
    }
    std::uint64_t lane = no_lane;
    std::vector<double> tolerance;
    for (std::size_t k = 0; k < found.at.size() && found.at[k] <= 10; ++k) {
      const Extreme largest = expected.envelope[k];
      if (largest.lane == no_lane) break;
      if (largest.lane != lane) tolerance = test::tolerances(cell, lane = largest.lane, epsilon, least);
      const double allowed = tolerance[static_cast<std::size_t>(found.at[k] - 1)];
      if (allowed > 0.1) continue;
      EXPECT_NEAR(found.envelope[k].value, largest.value, allowed * std::abs(largest.value)) << "t = " << found.at[k];
    }
  }

  template <class F>
  void each_method(F&& f) {
    const auto methods = test::all_methods();
    const auto& families = catalogue().families;
    for (std::size_t m = static_cast<std::size_t>(GetParam()); m < methods.size(); m += shards) {
      const CatalogueEntry& family = families[m / shards % families.size()];
      SCOPED_TRACE(family.name + " / " + methods[m].name);
      f(family, methods[m]);
    }
  }
};

TEST_P(GpuRegistry, AgreesWithReferenceAndCpu) {
  each_method([&](const CatalogueEntry& family, const MethodSpec& method) {
    const auto plan = plan_of(study_of(family, 3, 77, 100, Precision::float64), method);
    if (!plan) return;
    expect_reference(plan->cells[0], gpu_->trace(plan->cells[0], {0, 5}, control_), 0x1p-53, 1e-9);
    expect_engine(plan->cells[0], 0x1p-53, 1e-9);
  });
}

TEST_P(GpuRegistry, InMemoryAgreesWithReferenceAndCpu) {
  each_method([&](const CatalogueEntry& family, const MethodSpec& method) {
    // One hint and one domain each; n is beyond the registers.
    if (!method.classical.empty() || (method.domain == "all" && (method.hint.empty() || method.hint == "last"))) {
      const auto plan = plan_of(study_of(family, 20, 40, 60, Precision::float64), method);
      if (!plan) return;
      expect_reference(plan->cells[0], gpu_->trace(plan->cells[0], {0, 5}, control_), 0x1p-53, 1e-9);
      expect_engine(plan->cells[0], 0x1p-53, 1e-9);
    }
  });
}

TEST_P(GpuRegistry, InFloat32AgreesWithReferenceAndCpu) {
  each_method([&](const CatalogueEntry& family, const MethodSpec& method) {
    if (!method.classical.empty() || (method.domain == "all" && (method.hint.empty() || method.hint == "last"))) {
      const auto plan = plan_of(study_of(family, 3, 77, 100, Precision::float32), method);
      if (!plan) return;
      expect_reference(plan->cells[0], gpu_->trace(plan->cells[0], {0, 5}, control_), 0x1p-24, 1e-4);
      expect_engine(plan->cells[0], 0x1p-24, 1e-4);
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Shard, GpuRegistry, testing::Range(0, shards));

// ---- bits ----

/// Lanes that agree on nothing: a sweep over steps (some diverge, one at once), weights that give each setting
/// schedules of its own, thresholds over eight decades, bounds per instance, envelopes at every iteration.
Plan mixed_plan(int instances, Precision precision = Precision::float64) {
  Study study;
  study.iterations = 300;
  study.seed = 3;
  study.precision = precision;
  study.envelope_every_iteration = true;
  ProblemSpec problem;
  problem.name = problem.family = "huber";
  problem.instances = instances;
  Value grid;
  grid.kind = Value::Kind::log_grid;
  grid.low = 1e-8;
  grid.high = 1;
  problem.parameters["threshold"] = {{grid}, {}};
  problem.parameters["strong_convexity"] = test::one("0.1");
  study.problems = {problem};

  MethodSpec heavy_ball;
  heavy_ball.name = heavy_ball.classical = "heavy_ball";
  heavy_ball.weights = test::one("1");
  heavy_ball.parameters["step"] = {
      {test::formula("1/L"), test::formula("0.5/L"), test::formula("40/L"), test::formula("1e200")}, {}};
  heavy_ball.parameters["momentum"] = test::one("t/(t+3)");
  heavy_ball.bound = "4*L*R^2/t";
  MethodSpec optimistic;
  optimistic.name = "optimistic";
  optimistic.rule = "iterate";
  optimistic.learner = "optimistic_ftrl";
  optimistic.hint = "last";
  optimistic.weights = {{test::formula("t"), test::formula("1")}, {}};
  optimistic.parameters["meta_step"] = test::one("1/(4*L)");
  optimistic.bound = "4*L*R^2/t";
  study.methods = {heavy_ball, optimistic};
  return make_plan(study);
}

class GpuBits : public GpuTest {};

TEST_F(GpuBits, EqualTheCpuEngineWhereNoFunctionIsApproximated) {
  const Plan plan = mixed_plan(517);
  for (const Cell& cell : plan.cells) {
    const LaneRange all{0, cell.lanes()};
    expect_same_bits(gpu_->run(cell, all, control_), cpu_->run(cell, all, control_));
    const Trajectories found = gpu_->trace(cell, {3, 70}, control_), expected = cpu_->trace(cell, {3, 70}, control_);
    ASSERT_EQ(found.gaps.size(), expected.gaps.size());
    ASSERT_EQ(found.points.size(), expected.points.size());
    EXPECT_EQ(std::memcmp(found.gaps.data(), expected.gaps.data(), found.gaps.size() * sizeof(double)), 0);
    EXPECT_EQ(std::memcmp(found.points.data(), expected.points.data(), found.points.size() * sizeof(double)), 0);
  }
}

TEST_F(GpuBits, DoNotDependOnHowLanesAreCutIntoWaves) {
  for (const Precision precision : {Precision::float64, Precision::float32}) {
    const Plan plan = mixed_plan(333, precision);
    for (const Cell& cell : plan.cells) {
      const CellStatistics whole = gpu_->run(cell, {0, cell.lanes()}, control_);
      std::mt19937 random(5);
      for (const std::uint64_t most : {40u, 333u, 1000u}) {
        std::vector<LaneRange> waves;
        for (std::uint64_t at = 0; at < cell.lanes(); at = waves.back().end)
          waves.push_back({at, std::min<std::uint64_t>(cell.lanes(), at + 1 + random() % most)});
        std::shuffle(waves.begin(), waves.end(), random);
        CellStatistics merged = gpu_->run(cell, waves[0], control_);
        for (std::size_t k = 1; k < waves.size(); ++k) merged.merge(gpu_->run(cell, waves[k], control_));
        expect_same_bits(merged, whole);
      }
    }
  }
}

TEST_F(GpuBits, DoNotDependOnHowLanesAreSpreadOverTheDevice) {
  const Plan plan = mixed_plan(333);
  for (const Cell& cell : plan.cells) {
    const LaneRange all{0, cell.lanes()};
    const CellStatistics whole = gpu_->run(cell, all, control_);
    for (const cuda::Tuning& tuning : {cuda::Tuning{.block_threads = 32}, cuda::Tuning{.block_threads = 64, .warps = 7},
                                       cuda::Tuning{.warps = 1}, cuda::Tuning{.launch_lanes = 100},
                                       cuda::Tuning{.device_figures_from = 1}, cuda::Tuning{.host_instances = true},
                                       cuda::Tuning{.warps = 3, .launch_lanes = 777}, cuda::Tuning{.memory = 400000}}) {
      cuda::Engine engine(0, cache_folder(), tuning);
      expect_same_bits(engine.run(cell, all, control_), whole);
    }
  }
}

/// Lanes of teams: one warp and several, points of which some lie beside the registers, vectors of meta-parameters that
/// are longer than a point, lanes that share their data.
std::vector<Plan> team_plans() {
  std::vector<Plan> out;
  const auto add = [&](const char* family, int n, MethodSpec method) {
    const auto plan =
        plan_of(study_of(*find_entry(catalogue().families, family), n, 9, 40, Precision::float64), method);
    if (plan) out.push_back(*plan);
  };
  MethodSpec nesterov;
  nesterov.name = nesterov.classical = "nesterov";
  nesterov.weights = test::one("1");
  add("quadratic", 24, nesterov);
  add("quadratic", 70, nesterov);
  add("tridiagonal", 50, nesterov);
  add("tridiagonal", 300, nesterov);
  nesterov.parameters["step"] = {{test::formula("1/L"), test::formula("0.3/L"), test::formula("0.1/L")}, {}};
  add("logistic", 20, nesterov);
  MethodSpec matrix;
  matrix.name = "matrix";
  matrix.rule = "matrix";
  matrix.learner = "sgd";
  matrix.weights = test::one("1");
  matrix.parameters["meta_step"] = test::one("0.02/L");
  matrix.parameters["initial"] = test::one("0");
  add("tridiagonal", 10, matrix);
  return out;
}

TEST_F(GpuBits, OfTeamsDoNotDependOnPlacesAndNeighbours) {
  const std::vector<Plan> plans = team_plans();
  ASSERT_EQ(plans.size(), 6u);
  for (const Plan& plan : plans) {
    const Cell& cell = plan.cells[0];
    SCOPED_TRACE(cell.problem->family + ", n = " + std::to_string(cell.problem->shape.n));
    const CellStatistics whole = gpu_->run(cell, {0, cell.lanes()}, control_);
    CellStatistics merged = gpu_->run(cell, {0, 4}, control_);
    merged.merge(gpu_->run(cell, {4, 5}, control_));
    merged.merge(gpu_->run(cell, {5, cell.lanes()}, control_));
    expect_same_bits(merged, whole);
    for (const cuda::Vectors vectors : {cuda::Vectors::shared, cuda::Vectors::global})
      for (const int threads : {32, 64}) {
        cuda::Engine engine(0, cache_folder(), {.block_threads = threads, .warps = 3, .least = {.vectors = vectors}});
        expect_same_bits(engine.run(cell, {0, cell.lanes()}, control_), whole);
      }
  }
}

TEST_F(GpuBits, OfEveryFigureEqualTheCpuEngine) {
  Study study = mixed_plan(217).study;
  study.envelope_every_iteration = false;
  study.lane_statistics = {true, true, true, true, true, true, true};
  study.epsilon = {1e-1, 1e-3, 1e-5};
  for (const Stop& stop : {Stop{}, Stop{.gap = 1e-4, .gradient_norm = {}}, Stop{.gap = {}, .gradient_norm = 1e-3}}) {
    study.stop = stop;
    Plan plan = make_plan(study);
    for (Cell& cell : plan.cells) {
      cell.keep_instances = true;
      const LaneRange all{0, cell.lanes()};
      expect_same_bits(gpu_->run(cell, all, control_), cpu_->run(cell, all, control_));
      cuda::Engine engine(0, cache_folder(), {.warps = 2, .launch_lanes = 150, .device_figures_from = 1});
      expect_same_bits(engine.run(cell, all, control_), cpu_->run(cell, all, control_));
    }
  }
}

// ---- tiers ----

/// One meta-learning method and a classical one.
std::vector<MethodSpec> tier_methods() {
  MethodSpec nesterov, optimistic;
  nesterov.name = nesterov.classical = "nesterov";
  nesterov.weights = test::one("1");
  optimistic.name = "optimistic";
  optimistic.rule = "iterate";
  optimistic.learner = "optimistic_ftrl";
  optimistic.hint = "last";
  optimistic.weights = test::one("t");
  optimistic.parameters["meta_step"] = test::one("1/(4*L)");
  return {nesterov, optimistic};
}

class GpuTiers : public GpuTest {};

TEST_F(GpuTiers, AgreeAtTheirBorder) {
  for (const char* family : {"huber", "quadratic", "tridiagonal", "logistic", "softmax_regression", "log_sum_exp"})
    for (const MethodSpec& method : tier_methods())
      for (const int n : {3, 8, 16}) {
        SCOPED_TRACE(std::string(family) + " / " + method.name + ", n = " + std::to_string(n));
        const auto plan =
            plan_of(study_of(*find_entry(catalogue().families, family), n, 9, 60, Precision::float64), method);
        ASSERT_TRUE(plan);
        const Cell& cell = plan->cells[0];
        for (const cuda::Tier tier : {cuda::Tier::thread, cuda::Tier::warp}) {
          cuda::Engine engine(0, cache_folder(), {.least = {.tier = tier}});
          expect_reference(cell, engine.trace(cell, {0, 5}, control_), 0x1p-53, 1e-9);
        }
      }
}

TEST_F(GpuTiers, AgreeWithTheReference) {
  // A warp; blocks with a matrix in registers and out of them; points in registers, shared and global memory.
  const std::vector<std::pair<std::string, int>> problems{
      {"huber", 40},        {"quadratic", 64},     {"quadratic", 150},    {"logistic", 30},
      {"tridiagonal", 300}, {"tridiagonal", 2500}, {"tridiagonal", 30000}};
  for (const auto& [family, n] : problems)
    for (const MethodSpec& method : tier_methods())
      for (const Precision precision : {Precision::float64, Precision::float32}) {
        SCOPED_TRACE(family + " / " + method.name + ", n = " + std::to_string(n));
        const auto plan = plan_of(study_of(*find_entry(catalogue().families, family), n, 5, 30, precision), method);
        ASSERT_TRUE(plan);
        const Trajectories found = gpu_->trace(plan->cells[0], {0, 5}, control_);
        if (precision == Precision::float64)
          expect_reference(plan->cells[0], found, 0x1p-53, 1e-9);
        else
          expect_reference(plan->cells[0], found, 0x1p-24, 1e-4);
      }
}

// Packs of lanes stand in shared memory behind the features of a data set, whatever its size.
TEST_F(GpuTiers, DataOfAnySizeAgreeWithTheReference) {
  for (const char* rows : {"101", "102", "103", "150"})
    for (const Precision precision : {Precision::float64, Precision::float32}) {
      SCOPED_TRACE(std::string(rows) + " rows");
      Study study = study_of(*find_entry(catalogue().families, "logistic"), 30, 20, 30, precision);
      study.problems[0].parameters["rows"] = test::one(rows);
      const auto plan = plan_of(study, tier_methods()[0]);
      ASSERT_TRUE(plan);
      const bool wide = precision == Precision::float64;
      expect_reference(plan->cells[0], gpu_->trace(plan->cells[0], {0, 20}, control_), wide ? 0x1p-53 : 0x1p-24,
                       wide ? 1e-9 : 1e-4);
    }
}

// ---- size ----

TEST_F(GpuTest, AMillionLanesInOneCallReachTheTightBound) {
  Study study;
  study.iterations = 200;
  study.envelope_every_iteration = true;
  ProblemSpec problem;
  problem.name = problem.family = "huber";
  problem.instances = 1 << 20;
  Value grid;
  grid.kind = Value::Kind::log_grid;
  grid.low = 1e-8;
  grid.high = 1;
  problem.parameters["threshold"] = {{grid}, {}};
  study.problems = {problem};
  MethodSpec method;
  method.name = method.classical = "gradient_descent";
  method.weights = test::one("1");
  method.bound = "L*R^2/(4*t+2)";  // tight on this family: Drori & Teboulle 2014
  study.methods = {method};
  const Plan plan = make_plan(study);
  const Cell& cell = plan.cells[0];
  std::uint64_t done = 0;
  RunControl control;
  control.progress = [&](std::uint64_t more) { done += more; };
  const CellStatistics found = gpu_->run(cell, {0, cell.lanes()}, control);
  EXPECT_EQ(found.lanes, std::uint64_t{1} << 20);
  EXPECT_EQ(done, (std::uint64_t{1} << 20) * 200);
  EXPECT_EQ(found.diverged.back(), 0u);
  EXPECT_GE(found.certificate.ratio, 0.999999);
  EXPECT_LE(found.certificate.ratio, 1 + 1e-9);
}

}  // namespace
}  // namespace omg
