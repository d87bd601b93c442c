// Wavefronts make several iterations in one pass over the coordinates: what the general kernels make one by one, but
// for the last bits, as they run on x − x*.

#include "cpu/wavefront.hpp"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "omg/plan.hpp"

#include "cpu/engine.hpp"
#include "support/registry_studies.hpp"

namespace omg {
namespace {

/// Lanes of which some diverge beside others that do not, and some hardly move, over iterations that no pass divides.
template <class Kernel>
Plan plan_of(Kernel*, int n, Precision precision) {
  Study study;
  study.iterations = 67;
  study.seed = 5;
  study.precision = precision;
  ProblemSpec problem = test::small_problem(*find_entry(catalogue().families, Kernel::Family::entry.name), n, 19);
  Value smoothness;
  smoothness.kind = Value::Kind::log_uniform;
  smoothness.low = 0.1;
  smoothness.high = 10;
  problem.parameters["smoothness"] = {{smoothness}, {}};
  study.problems = {problem};
  MethodSpec method;
  method.name = "wavefront";
  method.classical = Kernel::Method::Method::entry.name;
  method.weights = test::one("1");
  method.parameters["step"] = test::one("1/L");
  for (const char* step : {"0.3/(L*sqrt(t))", "3", "30/L", "1e-30/L", "0", "-1e-3/L"})
    method.parameters["step"].values.push_back(test::formula(step));
  if (method.classical == "heavy_ball") method.parameters["velocity"] = test::one("0.1");
  study.methods = {method};
  return make_plan(std::move(study));
}

/// f(kernel, n) for every kernel, and n about the iterations of a pass among others.
template <class F>
void for_each_case(F&& f) {
  const auto sizes = [&]<class Kernel>(Kernel* kernel) {
    for (const int n : {1, 2, 3, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 24, 101}) {
      SCOPED_TRACE(std::string(Kernel::Method::Method::entry.name) + ", n = " + std::to_string(n));
      f(kernel, n);
    }
  };
  [&]<class... K>(TypeList<K...>) { (sizes(static_cast<K*>(nullptr)), ...); }(cpu::WavefrontKernels{});
}

TEST(Wavefronts, AgreeWithTheGeneralKernels) {
  for_each_case([](auto* kernel, int n) {
    for (const Precision precision : {Precision::float64, Precision::float32}) {
      const Plan plan = plan_of(kernel, n, precision);
      const Cell& cell = plan.cells[0];
      const LaneRange all{0, cell.lanes()};
      const auto wave = cpu::run(cell, all, {}, nullptr),
                 general = cpu::run(cell, all, {}, nullptr, cpu::Kernels::general);
      EXPECT_GT(general.diverged.back(), 0U);
      EXPECT_LT(general.diverged.back(), cell.lanes());
      EXPECT_EQ(wave.diverged, general.diverged);
      EXPECT_EQ(wave.lane_iterations, general.lane_iterations);
      EXPECT_EQ(wave.gradient_evaluations, general.gradient_evaluations);
      // An iteration rounds a point by u |x|, |x| ≤ |x*| + |d|, of which |d| goes with √gap. That adds s/2 Σ (δv)² =
      // lost² to a gap of zero and up to 2 √gap lost to a larger one.
      const double u = precision == Precision::float32 ? 0x1p-24 : 0x1p-53;
      const auto tolerance = [&](double gap) {
        const double lost = 16 * u * static_cast<double>(cell.iterations) * (1 + std::sqrt(gap));
        return 2 * std::sqrt(gap) * lost + lost * lost;
      };
      for (std::size_t k = 0; k < wave.at.size(); ++k) {
        const double high = general.envelope[k].value, low = general.smallest[k].value;
        EXPECT_NEAR(wave.envelope[k].value, high, tolerance(high)) << wave.at[k];
        EXPECT_NEAR(wave.smallest[k].value, low, tolerance(low)) << wave.at[k];
      }
    }
  });
}

TEST(Wavefronts, HaveTheSameBitsHoweverLanesAreCutAndGapsAreLookedAt) {
  for_each_case([](auto* kernel, int n) {
    const Plan plan = plan_of(kernel, n, Precision::float64);
    Cell cell = plan.cells[0];
    const LaneRange all{0, cell.lanes()};
    const auto whole = cpu::run(cell, all, {}, nullptr);
    const auto first = cpu::run(cell, {0, 29}, {}, nullptr);
    auto merged = cpu::run(cell, {29, cell.lanes()}, {}, nullptr);
    merged.merge(first);
    EXPECT_TRUE(merged == whole);
    cell.bound_table.assign(static_cast<std::size_t>(cell.iterations) + 1, 1.0);  // a certificate sees every iteration
    cell.bound_constant.assign(1, {std::vector<double>(cell.problem->instances, 1.0)});
    const auto seen = cpu::run(cell, all, {}, nullptr);
    EXPECT_GE(seen.certificate.ratio, 0);
    EXPECT_EQ(seen.diverged, whole.diverged);
    EXPECT_EQ(seen.lane_iterations, whole.lane_iterations);
    for (std::size_t k = 0; k < whole.at.size(); ++k) {
      EXPECT_EQ(seen.envelope[k].value, whole.envelope[k].value) << whole.at[k];
      EXPECT_EQ(seen.envelope[k].lane, whole.envelope[k].lane) << whole.at[k];
      EXPECT_EQ(seen.smallest[k].value, whole.smallest[k].value) << whole.at[k];
    }
  });
}

}  // namespace
}  // namespace omg
