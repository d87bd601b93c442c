// Known answers: the power of synthetic envelopes, and verdicts on those of real methods.

#include "omg/rate.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "omg/backend.hpp"
#include "omg/plan.hpp"
#include "omg/run.hpp"

#include "support/registry_studies.hpp"

namespace omg {
namespace {

/// A curve at the checkpoints of T iterations.
struct Curve {
  std::vector<std::int64_t> t;
  std::vector<double> gap;
};
Curve sample(std::int64_t iterations, const std::function<double(double)>& f) {
  Curve out;
  out.t = checkpoints(iterations);
  for (const std::int64_t t : out.t) out.gap.push_back(f(static_cast<double>(t)));
  return out;
}
/// A family of curves C (t + c)^−p with noise of standard deviation σ in log gap, that of neighbours correlated, and
/// a floor: gaps below it are noise around it.
struct Trial {
  const char* name;
  double offset;       ///< c is uniform in [0, offset]
  double sigma;        ///< σ is log-uniform in [sigma/100, sigma]
  double correlation;  ///< of neighbouring checkpoints
  bool floor;
};

class KnownAnswer : public testing::TestWithParam<Trial> {};

TEST_P(KnownAnswer, LiesWithinTheStatedUncertaintyInNineteenOfTwentyTrials) {
  const Trial& trial = GetParam();
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::normal_distribution<double> normal;
  constexpr int trials = 1000;
  int within = 0;
  for (int k = 0; k < trials; ++k) {
    // Slow curves do not come down to rounding errors.
    const double p = (trial.floor ? 2.5 : 0.5) + (trial.floor ? 5 : 2.5) * uniform(random),
                 c = trial.offset * uniform(random);
    const double constant = std::pow(10, 4 * uniform(random) - 2);
    const double sigma = trial.sigma * std::pow(10, -2 * uniform(random));
    const auto iterations = static_cast<std::int64_t>(std::pow(10, 3 + uniform(random)));
    const double floor =
        trial.floor
            ? constant * std::pow(std::pow(static_cast<double>(iterations), 0.6 + 0.4 * uniform(random)) + c, -p)
            : 0;
    double noise = normal(random);
    const double kept = trial.correlation, fresh = std::sqrt(1 - kept * kept);
    const Curve curve = sample(iterations, [&](double t) {
      noise = kept * noise + fresh * normal(random);
      const double gap = constant * std::pow(t + c, -p) * std::exp(sigma * noise);
      return gap < floor ? floor * (0.5 + uniform(random)) : gap;
    });
    const RateEstimate found =
        estimate_rate(curve.t, curve.gap, std::max<std::int64_t>(1, iterations / 100), iterations, 2 * floor);
    within += std::abs(found.power - p) <= found.uncertainty;
  }
  EXPECT_GE(within, trials * 95 / 100) << trial.name;
  RecordProperty("within", within);
}

INSTANTIATE_TEST_SUITE_P(Curves, KnownAnswer,
                         testing::Values(Trial{"exact", 0, 0, 0, false}, Trial{"offset", 50, 0, 0, false},
                                         Trial{"noise", 0, 0.1, 0, false}, Trial{"offset_noise", 50, 0.1, 0, false},
                                         Trial{"ripples", 50, 0.1, 0.7, false}, Trial{"floor", 50, 0.03, 0, true},
                                         Trial{"exact_floor", 20, 0, 0, true}),
                         [](const auto& trial) { return trial.param.name; });

TEST(Uncertainty, IsNarrowWhereTheCurveIsClean) {
  const Curve curve = sample(3000, [](double t) { return 4 / (t * (t + 1)); });
  const RateEstimate found = estimate_rate(curve.t, curve.gap, 30, 3000);
  EXPECT_NEAR(found.power, 2, 1e-3);
  EXPECT_LT(found.uncertainty, 0.01);
  EXPECT_NEAR(found.offset, 0.5, 0.01);
  EXPECT_NEAR(found.constant, 4, 0.01);
}

TEST(Uncertainty, HasNoValueWithoutFivePoints) {
  const Curve curve = sample(4, [](double t) { return 1 / t; });
  EXPECT_TRUE(std::isnan(estimate_rate(curve.t, curve.gap, 1, 4).power));
  EXPECT_EQ(judge_rate(estimate_rate(curve.t, curve.gap, 1, 4), 1).verdict, RateVerdict::undecided);
}

TEST(Floor, IsNotSeenWhereGapsGoOnFalling) {
  const Curve curve = sample(3000, [](double t) { return std::pow(t, -5.0); });
  const RateEstimate found = estimate_rate(curve.t, curve.gap, 30, 3000);
  EXPECT_FALSE(found.meets_floor);
  EXPECT_EQ(found.to, 3000);
}

TEST(Floor, OfLargeGapsIsNoFloorButALostRate) {
  const Curve curve = sample(3000, [](double t) { return std::max(1e-3, 4 / (t * t)); });
  const RateEstimate found = estimate_rate(curve.t, curve.gap, 30, 3000);
  EXPECT_FALSE(found.meets_floor);
  EXPECT_EQ(judge_rate(found, 2).verdict, RateVerdict::refuted);
}

/// The methods of the paper on the functions that are worst for them.
class Verdict : public testing::Test {
 protected:
  static MethodSpec iterate(const std::string& name, const std::string& learner, const std::string& weights,
                            const std::string& meta_step, double rate) {
    MethodSpec method;
    method.name = name;
    method.rule = "iterate";
    method.learner = learner;
    if (learner == "optimistic_ftrl") method.hint = "last";
    method.weights = test::one(weights);
    method.parameters["meta_step"] = test::one(meta_step);
    method.claimed_rate = rate;
    return method;
  }
  static MethodSpec classical(const std::string& name, double rate) {
    MethodSpec method;
    method.name = method.classical = name;
    method.weights = test::one("1");
    method.claimed_rate = rate;
    return method;
  }

  static std::vector<RateJudgement> judge(std::vector<MethodSpec> methods, std::int64_t iterations) {
    Study study;
    study.iterations = iterations;
    ProblemSpec problem;
    problem.name = problem.family = "huber";
    problem.instances = 4096;
    Value thresholds;
    thresholds.kind = Value::Kind::log_grid;
    thresholds.low = 1e-8;
    thresholds.high = 1;
    problem.parameters["threshold"] = {{thresholds}, {}};
    study.problems = {problem};
    study.methods = std::move(methods);
    const Plan plan = make_plan(study);
    const auto cpu = make_cpu_backend();
    std::vector<RateJudgement> out;
    for (const CellResult& cell : run_study(plan, *cpu).cells) out.push_back(cell.judgement.value());
    return out;
  }

  static std::vector<MethodSpec> methods() {
    return {iterate("trap", "ftrl", "t", "1/(4*L)", 2),
            iterate("AO-FTRL", "optimistic_ftrl", "t", "1/(4*L)", 2),
            iterate("AO-FTRL, schedule of the paper", "optimistic_ftrl", "t", "(t-1)/(2*t*L)", 2),
            classical("nesterov", 2),
            classical("gradient_descent", 1),
            classical("gradient_descent", 2),
            iterate("ftrl", "ftrl", "1", "1/L", 1),
            iterate("AO-FTRL, weights 1", "optimistic_ftrl", "1", "1/(2*L)", 1)};
  }
};

TEST_F(Verdict, ExposesTheRateThatOnlyLooksAccelerated) {
  auto named = methods();
  named[5].name = "gradient descent, accelerated?";
  const std::vector<RateJudgement> found = judge(named, 3000);
  const RateVerdict yes = RateVerdict::confirmed, no = RateVerdict::refuted;
  const RateVerdict expected[] = {no, yes, yes, yes, yes, no, yes, yes};
  for (std::size_t k = 0; k < found.size(); ++k)
    EXPECT_EQ(found[k].verdict, expected[k]) << named[k].name << ": " << found[k].reason;
}

TEST_F(Verdict, IsUndecidedBelowAHundredIterations) {
  auto named = methods();
  named[5].name = "gradient descent, accelerated?";
  for (const std::int64_t iterations : {2, 30, 99})
    for (const RateJudgement& found : judge(named, iterations))
      EXPECT_EQ(found.verdict, RateVerdict::undecided) << iterations << found.reason;
}

/// At no horizon is the trap taken for a rate, and no true rate is ever refuted.
TEST_F(Verdict, IsNeverWrong) {
  for (const std::int64_t iterations : {100, 150, 200, 300, 500, 1000, 2000}) {
    const auto found = judge({methods()[0], methods()[1], methods()[3], methods()[4]}, iterations);
    EXPECT_NE(found[0].verdict, RateVerdict::confirmed) << iterations << ": " << found[0].reason;
    for (const std::size_t k : {1, 2, 3})
      EXPECT_NE(found[k].verdict, RateVerdict::refuted) << iterations << ": " << found[k].reason;
  }
}

}  // namespace
}  // namespace omg
