// The rule `iterate` on a set: points stay in it to rounding, and the rate holds for the minimum over it.

#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "omg/backend.hpp"
#include "omg/plan.hpp"

#include "support/registry_studies.hpp"

namespace omg {
namespace {

using test::one;
using testing::HasSubstr;

Setting vector(std::vector<double> numbers) {
  Value value;
  value.kind = Value::Kind::vector;
  value.numbers = std::move(numbers);
  return {{value}, {}};
}

Setting drawn(Value::Kind kind, double low, double high) {
  Value value;
  value.kind = kind;
  value.low = low;
  value.high = high;
  return {{value}, {}};
}

/// Optimistic ftrl with α = t. Where ∇f(x*) ≠ 0 the theorem keeps a term of the first step, for which there is no hint:
/// f(y_t) − f* ≤ (R²/(2β) + β/2 ‖∇f(x₀)‖²) / α_{1:t}, x₀ in the set; see docs/rates.md.
std::vector<MethodSpec> methods(const std::string& domain, const Parameters& parameters) {
  MethodSpec method;
  method.name = "optimistic ftrl";
  method.rule = "iterate";
  method.learner = "optimistic_ftrl";
  method.hint = "last";
  method.domain = domain;
  method.weights = one("t");
  method.parameters = parameters;
  method.parameters["meta_step"] = one("1/(4*L)");
  method.bound = "(4*L*R^2+G^2/(4*L))/(t*(t+1))";
  return {method};
}

/// 200 random functions whose minimiser over the set is `minimiser`, which −tilt points out of.
Study study_of(std::vector<double> minimiser, std::vector<double> tilt, Setting start) {
  Study study;
  study.iterations = 300;
  study.seed = 5;
  ProblemSpec problem;
  problem.name = problem.family = "piecewise_quadratic";
  problem.instances = 200;
  problem.parameters["dimension"] = one(std::to_string(minimiser.size()));
  problem.parameters["curvature"] = drawn(Value::Kind::log_uniform, 1e-4, 1);
  problem.parameters["kinks"] = drawn(Value::Kind::uniform, -1, 1);
  problem.parameters["minimiser"] = vector(std::move(minimiser));
  problem.parameters["tilt"] = vector(std::move(tilt));
  problem.parameters["start"] = std::move(start);
  study.problems = {problem};
  return study;
}

/// Runs the study on both processors' backends; calls visit(cell, instance, y_t).
template <class Visit>
void run(const Study& study, Visit&& visit) {
  const Plan plan = make_plan(study);
  for (const Cell& cell : plan.cells)
    for (const auto& backend : {make_reference_backend(), make_cpu_backend()}) {
      const LaneRange lanes{0, cell.lanes()};
      const CellStatistics statistics = backend->run(cell, lanes, {});
      EXPECT_LE(statistics.certificate.ratio, 1 + 1e-9) << cell.method.name;
      EXPECT_GT(statistics.certificate.ratio, 1e-2) << cell.method.name;
      const Trajectories traced = backend->trace(cell, lanes, {});
      for (const double gap : traced.gaps) EXPECT_GE(gap, -1e-15) << cell.method.name;
      const std::size_t n = traced.dimension;
      for (std::size_t k = 0; k < traced.gaps.size(); ++k)
        visit(cell, k / traced.iterations, traced.points.data() + k * n, n);
    }
}

TEST(Domains, BoxAndItsMinimiserOnAFaceAndInside) {
  // x* on the lower bound, inside, and on the upper bound.
  Study study = study_of({0, 0.7, 2}, {0.5, 0, -0.3}, drawn(Value::Kind::uniform, 0, 2));
  study.methods = methods("box", {{"lower", one("0")}, {"upper", one("2")}});
  run(study, [](const Cell&, std::size_t, const double* y, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
      // An average of points of the box may leave it by its rounding.
      EXPECT_GE(y[i], -1e-15);
      EXPECT_LE(y[i], 2 + 1e-15);
    }
  });
}

TEST(Domains, BallAndItsMinimiserOnTheSphere) {
  // The ball is centred at x₀ = 0; x* lies on its border in the direction of −tilt.
  Study study = study_of({0.6, 0.8}, {-0.3, -0.4}, one("0"));
  study.methods = methods("ball", {{"radius", one("1")}});
  run(study,
      [](const Cell&, std::size_t, const double* y, std::size_t) { EXPECT_LE(std::hypot(y[0], y[1]), 1 + 4e-16); });
}

TEST(Domains, SimplexAndItsMinimiserOnAnEdge) {
  // ⟨c, w⟩ is least where the third coordinate is 0.
  Study study = study_of({0.25, 0.75, 0}, {0.1, 0.1, 0.4}, one("1/n"));
  study.methods = methods("simplex", {});
  run(study, [](const Cell&, std::size_t, const double* y, std::size_t n) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_GE(y[i], 0);
      sum += y[i];
    }
    EXPECT_NEAR(sum, 1, 4e-15);
  });
}

/// A quadratic with Q = diag(eigenvalues), identical instances.
Study study_of_quadratic(std::vector<double> eigenvalues, std::vector<double> minimiser, std::vector<double> start) {
  Study study;
  study.iterations = 40;
  ProblemSpec problem;
  problem.name = problem.family = "quadratic";
  problem.normalisation = Normalisation::none;
  problem.parameters["dimension"] = one(std::to_string(eigenvalues.size()));
  problem.parameters["rotation"] = one("identity");
  problem.parameters["spectrum"] = one("list");
  problem.parameters["eigenvalues"] = vector(std::move(eigenvalues));
  problem.parameters["minimiser"] = vector(std::move(minimiser));
  problem.parameters["start"] = vector(std::move(start));
  study.problems = {problem};
  return study;
}

// Meta-steps by which w would fall far below w_min, and stay there if only its use were bounded.
TEST(Domains, TheLeastWeightOfTheRuleAdagradIsALowerBoundOfItsBox) {
  Study study = study_of_quadratic({1, 2}, {0, 0}, {1, -0.5});
  MethodSpec method;
  method.rule = "adagrad";
  method.learner = "sgd";
  method.weights = one("1");
  method.parameters = {{"rate", one("0.9")}, {"initial", one("4")}, {"meta_step", one("2000")}};
  MethodSpec in_box = method;
  method.name = "least";
  method.parameters["floor"] = one("1");
  in_box.name = "box";
  in_box.domain = "box";
  in_box.parameters["lower"] = one("1");
  study.methods = {method, in_box};
  const Plan plan = make_plan(study);
  for (const auto& backend : {make_reference_backend(), make_cpu_backend()}) {
    const auto least = backend->trace(plan.cells[0], {0, 1}, {}), boxed = backend->trace(plan.cells[1], {0, 1}, {});
    EXPECT_EQ(least.points, boxed.points) << backend->name();
    EXPECT_LT(least.gaps.back(), least.gaps.front());
  }
}

// A step that overflows: no backend takes the projection of what is no number for a point.
TEST(Domains, OnTheSimplexALaneWithoutNumbersDiverges) {
  Study study = study_of_quadratic({1, 2, 3}, {0.2, 0.3, 0.5}, {1, 0, 0});
  MethodSpec method;
  method.name = method.learner = "sgd";
  method.rule = "elementwise_step";
  method.domain = "simplex";
  method.weights = one("1");
  method.parameters = {{"initial", vector({1, 0, 0})}, {"meta_step", one("1e308")}};
  study.methods = {method};
  const Plan plan = make_plan(study);
  for (const auto& backend : {make_reference_backend(), make_cpu_backend()})
    EXPECT_EQ(backend->run(plan.cells[0], {0, 1}, {}).diverged.back(), 1U) << backend->name();
}

std::string fault_of(Study study) {
  try {
    make_plan(std::move(study));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Domains, WhereTheMinimumOverTheSetIsNotKnownTheMethodIsRefused) {
  const auto fault = [](std::vector<double> minimiser, std::vector<double> tilt, const std::string& domain,
                        const Parameters& parameters) {
    Study study = study_of(std::move(minimiser), std::move(tilt), one("0"));
    study.methods = methods(domain, parameters);
    return fault_of(study);
  };
  const Parameters box{{"lower", one("0")}, {"upper", one("2")}};
  EXPECT_THAT(fault({-0.5, 1}, {0, 0}, "box", box), HasSubstr("coordinate 1 of x* is -0.5, the box is 0 to 2"));
  EXPECT_THAT(fault({0, 1}, {-1, 0}, "box", box), HasSubstr("f falls from there into the set"));
  EXPECT_EQ(fault({0, 1}, {1, 0}, "box", box), "");
  EXPECT_THAT(fault({3, 4}, {0, 0}, "ball", {{"radius", one("4.9")}}), HasSubstr("R = 5, the ball has the radius 4.9"));
  EXPECT_THAT(fault({3, 4}, {-3, -3}, "ball", {{"radius", one("5")}}), HasSubstr("f falls from there"));
  EXPECT_EQ(fault({3, 4}, {-3, -4}, "ball", {{"radius", one("5")}}), "");
  EXPECT_THAT(fault({0.5, 0.6}, {0, 0}, "simplex", {}), HasSubstr("its coordinates sum to 1.1"));
  EXPECT_THAT(fault({1, 0}, {1, 0}, "simplex", {}), HasSubstr("f falls from there"));
  EXPECT_THAT(fault({1, 0}, {1, 0}, "all", {}), HasSubstr("f falls from there"));
  // A classical method leaves every set.
  Study study = study_of({0, 1}, {1, 0}, one("0"));
  MethodSpec method;
  method.name = method.classical = "gradient_descent";
  study.methods = {method};
  EXPECT_THAT(fault_of(study), HasSubstr("not known to be its minimiser"));
}

}  // namespace
}  // namespace omg
