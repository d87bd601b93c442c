// Figures that only a trajectory shows: published iterates, means over instances, gaps on real data.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "omg/backend.hpp"
#include "omg/plan.hpp"

#include "paths.hpp"
#include "support/registry_studies.hpp"

namespace omg {
namespace {

using test::one;

Setting vector(std::vector<double> numbers) {
  Value value;
  value.kind = Value::Kind::vector;
  value.numbers = std::move(numbers);
  return {{value}, {}};
}

MethodSpec classical(const std::string& name, Parameters parameters = {}) {
  MethodSpec method;
  method.name = method.classical = name;
  method.weights = one("1");
  method.parameters = std::move(parameters);
  return method;
}

struct TracedStudy {
  Plan plan;
  std::vector<Trajectories> cells;
};

TracedStudy trace(Study study) {
  TracedStudy out{make_plan(std::move(study)), {}};
  for (const Cell& cell : out.plan.cells) out.cells.push_back(make_cpu_backend()->trace(cell, {0, cell.lanes()}, {}));
  return out;
}

// Lessard, Recht & Packard 2016, section 4.6: f′ has the slopes 25, 1, 25; heavy ball with step 1/9 and momentum 4/9
// ends in a cycle of three points.
TEST(Literature, HeavyBallRunsInACircle) {
  Study study;
  study.iterations = 3000;
  ProblemSpec problem;
  problem.name = problem.family = "piecewise_quadratic";
  problem.parameters["curvature"] = vector({25, 1, 25});
  problem.parameters["kinks"] = vector({1, 2});
  for (const double start : {3.07, 3.3, 3.46}) {
    problem.parameters["start"] = vector({start});
    study.problems = {problem};
    study.methods = {classical("heavy_ball", {{"step", one("1/9")}, {"momentum", one("4/9")}})};
    const std::vector<double> points = trace(study).cells[0].points;
    std::vector<double> last(points.end() - 3, points.end());
    std::sort(last.begin(), last.end());
    EXPECT_NEAR(last[0], -1.80245, 5e-6) << start;
    EXPECT_NEAR(last[1], 0.646531, 5e-7) << start;
    EXPECT_NEAR(last[2], 2.11592, 5e-6) << start;
  }
}

// Sum of squared hinges on a1a with a constant column −1, from zero.
TEST(Literature, GapsOnRealData) {
  Study study;
  study.iterations = 1000;
  ProblemSpec problem;
  problem.name = "a1a";
  problem.family = "squared_hinge";
  problem.normalisation = Normalisation::none;
  problem.parameters["data"] = one(std::string(test::source_directory) + "/studies/data/a1a.libsvm");
  problem.parameters["intercept"] = one("-1");
  study.problems = {problem};
  study.methods = {classical("gradient_descent"),
                   classical("nesterov", {{"momentum", one("(theta(t)-1)/theta(t+1)")}})};
  const TracedStudy run = trace(study);
  EXPECT_NEAR(run.cells[0].gaps.back(), 13.98742, 5e-6);
  EXPECT_NEAR(run.cells[1].gaps.back(), 1.39933e-3, 5e-9);
}

// A longer bootstrap learns better step sizes: κ = 100, n = 8, meta-steps 1/‖∇f(x₀)‖², steps within [0, 2/L].
TEST(Literature, LongerBootstrapsLearnFaster) {
  Study study;
  study.iterations = 300;
  study.seed = 7;
  ProblemSpec problem;
  problem.name = problem.family = "quadratic";
  problem.instances = 512;
  problem.parameters = {{"dimension", one("8")}, {"condition", one("100")}};
  Value normal;
  normal.kind = Value::Kind::normal;
  normal.high = 1;
  problem.parameters["start"] = {{normal}, {}};
  study.problems = {problem};
  study.methods = {classical("gradient_descent"), classical("nesterov")};
  for (const int steps : {1, 2, 5, 10}) {
    MethodSpec method;
    method.name = "bootstrap " + std::to_string(steps);
    method.rule = "elementwise_step";
    method.learner = "bmg";
    method.target = "bootstrap";
    method.bootstrap_steps = steps;
    method.domain = "box";
    method.weights = one("1");
    method.parameters = {{"meta_step", one("1/G^2")},
                         {"initial", one("1/L")},
                         {"inner_step", one("1/L")},
                         {"lower", one("0")},
                         {"upper", one("2/L")}};
    study.methods.push_back(method);
  }
  const TracedStudy run = trace(study);
  std::vector<double> means;  // geometric, of the normalised gap at the end
  for (std::size_t k = 0; k < run.cells.size(); ++k) {
    double sum = 0;
    const Problem& drawn = *run.plan.cells[k].problem;
    for (std::size_t i = 0; i < 512; ++i) sum += std::log(run.cells[k].gaps[300 * i + 299] / drawn.scale[i]);
    means.push_back(std::exp(sum / 512));
  }
  // The mean over other samples differs by a tenth or two, its ratio to that of gradient descent hardly.
  const double expected[] = {8.9e-7, 1.3e-9, 6.8e-7, 5.6e-7, 4.2e-7, 3.3e-7};
  for (std::size_t k = 0; k < means.size(); ++k) {
    EXPECT_NEAR(means[k] / expected[k], 1, 0.2) << run.plan.cells[k].method.name;
    EXPECT_NEAR(means[k] / means[0], expected[k] / expected[0], 0.03 * expected[k] / expected[0] + 1e-3)
        << run.plan.cells[k].method.name;
  }
}

}  // namespace
}  // namespace omg
