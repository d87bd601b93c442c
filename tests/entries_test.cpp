// The worked example of docs/adding-an-entry.md: a lane of an own family, update rule and meta-learner.

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "examples/entries/normalised_step.hpp"
#include "examples/entries/pseudo_huber.hpp"
#include "examples/entries/sign_learner.hpp"

namespace omg {
namespace {

using Context = ArenaContext<double>;
using Instance = LaneInstance<double>;
using Oracle = FamilyOracle<PseudoHuber, Context, Shape, Instance>;
using Method = MetaGradient<NormalisedStep, SignLearner>;
using Lane = Method::Lane<Context, Oracle, Options>;

TEST(OwnEntries, RunALane) {
  constexpr int n = 2, iterations = 20;
  const std::vector<double> record{3, -4, 0, 0, 0.5, 2};  // x₀, x*, δ
  Shape shape;
  shape.n = n;
  const Instance instance{record.data(), 1, nullptr, n, 0};
  std::vector<double> arena(200);
  const Context c{n, arena.data()};
  Oracle f(c, shape, instance);
  Options options;
  const std::vector<double> ones(iterations + 2, 1.0);
  Coefficients<double, Method::parameters> k{};
  k.constant[MetaParameters::meta_step] = 0.05;
  k.constant[MetaParameters::initial] = 0.3;
  k.table[MetaParameters::meta_step] = ones.data();
  k.alpha = k.rho = ones.data();
  k.initial = nullptr;
  Lane lane(c, f, options, k, {});
  lane.start();

  // The same in plain words.
  double x[n] = {3, -4}, w = 0.3;
  const double delta[n] = {0.5, 2};
  const auto gradient = [&](int i) { return x[i] / std::sqrt(1 + x[i] * x[i] / (delta[i] * delta[i])); };
  for (int t = 1; t <= iterations; ++t) {
    const double gap = lane.advance(t);
    const double g[n] = {gradient(0), gradient(1)};
    const double norm = std::hypot(g[0], g[1]);
    for (int i = 0; i < n; ++i) x[i] -= w * g[i] / norm;
    const double slope = -(g[0] * gradient(0) + g[1] * gradient(1)) / norm;
    w -= 0.05 * (slope > 0 ? 1 : slope < 0 ? -1 : 0);
    double expected = 0;
    for (int i = 0; i < n; ++i)
      expected += delta[i] * delta[i] * (std::sqrt(1 + x[i] * x[i] / (delta[i] * delta[i])) - 1);
    EXPECT_NEAR(gap, expected, 1e-12) << t;
    EXPECT_NEAR(lane.output()[0], x[0], 1e-13) << t;
  }
}

}  // namespace
}  // namespace omg
