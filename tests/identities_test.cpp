// Section 3 of the spec: pairs of methods that are one trajectory, on random 20-dimensional quadratics.

#include <cmath>

#include <gtest/gtest.h>

#include "omg/backend.hpp"
#include "omg/plan.hpp"

#include "support/registry_studies.hpp"

namespace omg {
namespace {

using test::one;

MethodSpec iterate(const std::string& learner, const std::string& weights, const std::string& meta_step,
                   const std::string& hint = "", const std::string& target = "") {
  MethodSpec method;
  method.name = learner;
  method.rule = "iterate";
  method.learner = learner;
  method.weights = one(weights);
  method.hint = hint;
  method.target = target;
  method.parameters["meta_step"] = one(meta_step);
  return method;
}

MethodSpec classical(const std::string& name) {
  MethodSpec method;
  method.name = method.classical = name;
  method.weights = one("1");
  return method;
}

struct Identity {
  std::string name;
  MethodSpec left;
  MethodSpec right;
  int shift;  ///< y_{t+shift} of the left against y_t of the right
  double tolerance;
};

std::vector<Identity> identities() {
  MethodSpec heavy_ball = classical("heavy_ball");
  heavy_ball.parameters["step"] = one("1/(L*(t+1))");
  heavy_ball.parameters["momentum"] = one("(t-1)/(t+1)");

  // α_t = t, β = 1/(4L): ρ_t = 2/(t+1), m_t = ρ_{t+1}(1 − ρ_t)/ρ_t = (t−1)/(t+2), η_t = ρ_{t+1} β t = t/(2L(t+2));
  // x_t of the heavy ball is y_{t+1}.
  MethodSpec weighted_heavy_ball = classical("heavy_ball");
  weighted_heavy_ball.parameters["step"] = one("t/(2*L*(t+2))");
  weighted_heavy_ball.parameters["momentum"] = one("(t-1)/(t+2)");

  MethodSpec bootstrap = iterate("bmg", "1", "0.7/L", "", "bootstrap");
  bootstrap.parameters["inner_step"] = one("1");
  return {
      {"I1", iterate("ftrl", "1", "1/L"), heavy_ball, 1, 1e-12},
      {"I1Weighted", iterate("ftrl", "t", "1/(4*L)"), weighted_heavy_ball, 1, 1e-12},
      {"I2", iterate("optimistic_ftrl", "t", "1/(4*L)", "last"), classical("nesterov_dual"), 0, 1e-12},
      {"I3", iterate("bmg", "t", "1/(4*L)", "last", "optimistic"), iterate("optimistic_ftrl", "t", "1/(4*L)", "last"),
       0, 1e-12},
      {"I4", iterate("optimistic_ftrl", "t", "1/(4*L)", "none"), iterate("ftrl", "t", "1/(4*L)"), 0, 0},
      {"I5", bootstrap, iterate("sgd", "1", "0.7/L"), 0, 0},
  };
}

class IdentityTest : public testing::TestWithParam<std::tuple<Identity, std::string>> {};

TEST_P(IdentityTest, TwoMethodsOneTrajectory) {
  const auto& [identity, backend_name] = GetParam();
  Study study;
  study.iterations = 200;
  study.seed = 2;
  ProblemSpec problem;
  problem.name = problem.family = "quadratic";
  problem.instances = 19;
  problem.parameters["dimension"] = one("20");
  study.problems = {problem};
  study.methods = {identity.left, identity.right};
  study.methods[0].name = "left";
  study.methods[1].name = "right";
  const Plan plan = make_plan(study);
  const auto backend = backend_name == "cpu" ? make_cpu_backend() : make_reference_backend();
  const auto left = backend->trace(plan.cells[0], {0, plan.cells[0].lanes()}, {});
  const auto right = backend->trace(plan.cells[1], {0, plan.cells[1].lanes()}, {});
  const std::size_t T = left.iterations, n = left.dimension, shift = static_cast<std::size_t>(identity.shift);
  double largest = 0, moved = 0;
  for (std::size_t lane = 0; lane < left.lanes; ++lane)
    for (std::size_t t = 0; t + shift < T; ++t)
      for (std::size_t i = 0; i < n; ++i) {
        const double a = left.points[(lane * T + t + shift) * n + i], b = right.points[(lane * T + t) * n + i];
        largest = std::max(largest, std::abs(a - b));
        moved = std::max(moved, std::abs(a - left.points[lane * T * n + i]));
      }
  EXPECT_LE(largest, identity.tolerance);
  EXPECT_GT(moved, 0.1);
  RecordProperty("largest_difference", std::to_string(largest));
}

INSTANTIATE_TEST_SUITE_P(Spec, IdentityTest,
                         testing::Combine(testing::ValuesIn(identities()), testing::Values("cpu", "reference")),
                         [](const auto& instance) {
                           return std::get<0>(instance.param).name + "_" + std::get<1>(instance.param);
                         });

}  // namespace
}  // namespace omg
