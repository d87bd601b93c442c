#include <algorithm>
#include <cctype>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <Eigen/QR>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "omg/backend.hpp"
#include "omg/error.hpp"

#include "reference/families/logistic.hpp"
#include "reference/lane.hpp"
#include "reference/minimise.hpp"
#include "reference/registry.hpp"
#include "support/golden.hpp"

namespace omg::test {

namespace {

using reference::Lane;
using reference::Matrix;
using reference::Vector;
using Wide = long double;

/// f(x) = ½x² from x₀ = 1.
const std::string parabola = R"({"family": "quadratic", "Q": [[1]], "xstar": [0], "x0": [1]})";

const std::string quadratic3 =
    R"({"family": "quadratic", "Q": [[4, 1, 0], [1, 3, 1], [0, 1, 2]], "xstar": [1, 2, -1], "x0": [0, 0, 0],
        "L": 4.732050807568877, "mu": 1.2679491924311228})";

std::vector<double> gaps_of(const std::string& instance, const std::string& method, int iterations) {
  return reference::gaps<double>(golden_cell(instance, method, iterations), 0);
}

/// y₁ … y_T of a lane, one column each.
Matrix<double> trajectory(const Cell& cell) {
  Lane<double> lane(cell, 0);
  Matrix<double> out(cell.problem->shape.n, cell.iterations);
  for (Eigen::Index t = 0; t < out.cols(); ++t) {
    lane.step();
    out.col(t) = lane.output();
  }
  return out;
}

double largest_difference(const Matrix<double>& a, const Matrix<double>& b) { return (a - b).cwiseAbs().maxCoeff(); }

Vector<Wide> random_vector(std::mt19937_64& engine, Eigen::Index size) {
  std::normal_distribution<double> normal;
  Vector<Wide> out(size);
  for (Wide& value : out) value = normal(engine);
  return out;
}

std::string json(const Vector<double>& values) {
  std::string out;
  for (const double value : values) {
    char text[32];
    std::snprintf(text, sizeof(text), "%s%.17g", out.empty() ? "[" : ", ", value);
    out += text;
  }
  return out + "]";
}

/// A quadratic of dimension n with eigenvalues evenly spaced in [0.05, 1].
std::string random_quadratic(int n, unsigned seed) {
  std::mt19937_64 engine(seed);
  Matrix<double> gaussian(n, n);
  for (Eigen::Index j = 0; j < n; ++j) gaussian.col(j) = random_vector(engine, n).cast<double>();
  const Matrix<double> u = Eigen::HouseholderQR<Matrix<double>>(gaussian).householderQ();
  const Matrix<double> q = u.transpose() * Vector<double>::LinSpaced(n, 0.05, 1.0).asDiagonal() * u;
  return R"({"family": "quadratic", "Q": )" + json(q.reshaped()) + R"(, "xstar": )" +
         json(random_vector(engine, n).cast<double>()) + R"(, "x0": )" + json(random_vector(engine, n).cast<double>()) +
         "}";
}

// ---- golden cases

class Golden : public testing::TestWithParam<std::string> {
 protected:
  const GoldenCase golden_ = load_golden_case(golden_file(), GetParam());
};

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string out = info.param;
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return out;
}

/// What a gap computed in S demands of the golden one.
template <class S>
void expect_golden(const GoldenCase& golden) {
  const std::vector<S> gaps = reference::gaps<S>(golden.cell, 0);
  for (const GoldenGap& expected : golden.expected)
    EXPECT_NEAR(static_cast<double>(gaps[static_cast<std::size_t>(expected.t - 1)] / expected.gap), 1.0,
                expected.tolerance)
        << golden.id << " at t = " << expected.t << ": " << golden.words;
}

TEST_P(Golden, ReferenceMeetsTheGaps) {
  if (!golden_.skip.empty()) GTEST_SKIP() << golden_.id << ": " << golden_.skip;
  expect_golden<double>(golden_);
  expect_golden<Wide>(golden_);
}

/// A backend's own loop over the lane and its statistics meet the gaps too.
void expect_golden_from(Backend& backend, const GoldenCase& golden) {
  const CellStatistics statistics = backend.run(golden.cell, {0, 1}, {});
  for (const GoldenGap& expected : golden.expected) {
    const Extreme& envelope = statistics.envelope[static_cast<std::size_t>(expected.t - 1)];
    EXPECT_NEAR(envelope.value * golden.cell.problem->scale[0] / expected.gap, 1.0, expected.tolerance)
        << golden.id << " at t = " << expected.t << " on " << backend.name() << ": " << golden.words;
    EXPECT_EQ(envelope.lane, 0u);
  }
}

TEST_P(Golden, BackendsMeetTheGaps) {
  if (!golden_.skip.empty()) GTEST_SKIP() << golden_.id << ": " << golden_.skip;
  expect_golden_from(*make_reference_backend(), golden_);
  expect_golden_from(*make_cpu_backend(), golden_);
}

INSTANTIATE_TEST_SUITE_P(Case, Golden, testing::ValuesIn(golden_ids(golden_file())), test_name);

/// The minimisers of cases over a data set have no closed form.
TEST(GoldenMinimisers, AreFoundToTheLastDigits) {
  for (const std::string& id : golden_ids(golden_file())) {
    SCOPED_TRACE(id);
    const GoldenCase golden = load_golden_case(golden_file(), id);
    if (!golden.skip.empty() || !golden.cell.problem->shape.shared) continue;
    const Problem& problem = *golden.cell.problem;
    const reference::Minimum minimum = reference::minimise(problem, 0);
    EXPECT_NEAR(minimum.value / problem.minimum[0], 1.0, 1e-14);
    EXPECT_LE(minimum.gradient_norm, 1e-13 * problem.smoothness[0] * std::max(1.0, problem.distance[0]));
    const auto known = problem.array("minimiser", 0);
    for (std::size_t i = 0; i < known.size(); ++i) EXPECT_NEAR(minimum.x[i], known[i], 1e-13 * problem.distance[0]);
  }
}

// ---- by hand

TEST(ReferenceMethods, GradientDescentHalvesTheParabola) {
  const auto gaps = gaps_of(parabola, R"({"kind": "classical", "name": "gd", "step": 0.5})", 5);
  for (std::size_t t = 1; t <= gaps.size(); ++t) EXPECT_EQ(gaps[t - 1], 0.5 * std::pow(0.25, t));
}

TEST(ReferenceMethods, AnytimeFtrlOnTheParabola) {
  // y₁ = 1; w₂ = 1 − ½ = ½, y₂ = ½·1 + ½·½ = ¾; w₃ = 1 − ½(1 + ¾) = ⅛, y₃ = ⅔·¾ + ⅓·⅛ = 13/24.
  const auto cell = golden_cell(
      parabola, R"({"kind": "loop", "rule": "iterate", "learner": "ftrl", "beta": [0.5, "const"], "alpha": "1",
                    "averaged": true})",
      3);
  const Matrix<double> y = trajectory(cell);
  EXPECT_EQ(y(0, 0), 1.0);
  EXPECT_EQ(y(0, 1), 0.75);
  EXPECT_NEAR(y(0, 2), 13.0 / 24.0, 1e-16);
}

TEST(ReferenceMethods, NullStepKeepsThePointAndLearns) {
  // w₁ = 4: the trial point 1 − 4 = −3 is worse, g = −⟨1, −3⟩ = 3, w₂ = 4 − ½·3 = 5/2; then 1 − 5/2 = −3/2 is
  // worse, g = 3/2, w₃ = 7/4; 1 − 7/4 = −3/4 is taken.
  const std::string method =
      R"({"kind": "loop", "rule": "step", "learner": "hyper", "beta": [0.5, "const"], "w1": [4], "alpha": "1",
          "averaged": false, "guard": )";
  EXPECT_THAT(gaps_of(parabola, method + "true}", 3), testing::ElementsAre(0.5, 0.5, 0.28125));
  EXPECT_THAT(gaps_of(parabola, method + "false}", 1), testing::ElementsAre(4.5));
}

TEST(ReferenceMethods, HypergradientHeavyBallByHand) {
  // p₁ = 0 stays at x₀ = 1 (z is not worse) and h_p = −1 is one AdaGrad step: p₂ = η. With η = ½: z = ½; h_p = −½,
  // G = 5/4, p₃ = ½ + ½ · ½ / √(5/4). Then d = −½ and z = ½ − p₃/2 − 0.95/2 is taken, as |z| < ½.
  const double p3 = 0.5 + 0.25 / std::sqrt(1.25), z = 0.5 - p3 / 2 - 0.475;
  const std::vector<double> gaps = gaps_of(parabola, R"({"kind": "classical", "name": "hdm_hb", "step_rate": 0.5})", 3);
  EXPECT_EQ(gaps[0], 0.5);
  EXPECT_EQ(gaps[1], 0.125);
  EXPECT_NEAR(gaps[2], z * z / 2, 1e-16);
  // With η = 1 it is at the minimum after two; the momentum's step beyond is a null step.
  EXPECT_THAT(gaps_of(parabola, R"({"kind": "classical", "name": "hdm_hb"})", 4), testing::ElementsAre(0.5, 0, 0, 0));
}

TEST(ReferenceMethods, ProjectionsByHand) {
  const auto first_point = [](const std::string& domain) -> Vector<double> {
    // From w₁ = x₀ = (0.5, 0.5, 0) one gradient step on ½‖x − (0.5, 0.8, −0.2)‖² reaches the minimiser.
    const std::string instance = R"({"family": "quadratic", "Q": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
                                     "xstar": [0.5, 0.8, -0.2], "x0": [0.5, 0.5, 0]})";
    const std::string method = R"({"kind": "loop", "rule": "iterate", "learner": "sgd", "beta": [1, "const"],
                                   "alpha": "1", "averaged": false, "domain": )" +
                               domain + "}";
    return trajectory(golden_cell(instance, method, 2)).col(1);
  };
  const auto expect = [](const Vector<double>& found, double a, double b, double c) {
    EXPECT_NEAR(found[0], a, 1e-15);
    EXPECT_NEAR(found[1], b, 1e-15);
    EXPECT_NEAR(found[2], c, 1e-15);
  };
  expect(first_point(R"(["box", 0, 0.6])"), 0.5, 0.6, 0);
  expect(first_point(R"(["box", [0, 0, -1], [0.1, 1, 1]])"), 0.1, 0.8, -0.2);
  // The simplex takes θ = (0.8 + 0.5 − 1)/2 off and drops the last coordinate.
  expect(first_point(R"(["simplex"])"), 0.35, 0.65, 0);
  // The ball of radius 0.1 round (0.5, 0.5, 0), in the direction (0, 3, −2).
  expect(first_point(R"(["ball", 0.1])"), 0.5, 0.5 + 0.3 / std::sqrt(13.0), -0.2 / std::sqrt(13.0));
}

TEST(ReferenceMethods, EvaluationsAreCounted) {
  const auto counts = [](const std::string& method) {
    const Cell cell = golden_cell(quadratic3, method, 10);
    Lane<double> lane(cell, 0);
    for (int t = 0; t < 10; ++t) lane.step();
    return std::pair{lane.gradient_evaluations(), lane.function_evaluations()};
  };
  const auto loop = [&](const std::string& rest) {
    return counts(R"({"kind": "loop", "alpha": "1", "beta": [0.001, "const"], )" + rest + "}");
  };
  EXPECT_EQ(counts(R"({"kind": "classical", "name": "gd", "step": 0.1})"), std::pair(10ul, 0ul));
  EXPECT_EQ(counts(R"({"kind": "classical", "name": "polyak"})"), std::pair(10ul, 10ul));
  EXPECT_EQ(loop(R"("rule": "iterate", "learner": "ftrl", "averaged": true)"), std::pair(10ul, 0ul));
  // A rule that reads ∇f(x) needs it at y₀ as well; a lookahead is one more per iteration.
  EXPECT_EQ(loop(R"("rule": "step", "learner": "sgd", "w1": [0.1], "averaged": false)"), std::pair(11ul, 0ul));
  EXPECT_EQ(loop(R"("rule": "step", "learner": "aoftrl", "hint": "lookahead", "w1": [0.1], "averaged": false)"),
            std::pair(21ul, 0ul));
  // The null step compares f at y₀ and at each trial point.
  EXPECT_EQ(loop(R"("rule": "step", "learner": "hyper", "w1": [0.1], "averaged": false)"), std::pair(11ul, 11ul));
  // bootstrap(K): ∇f(p_j) for j = 1 … K − 1; p₀ = y_t only without averaging.
  const std::string bootstrap = R"("rule": "step", "learner": "bmg", "w1": [0.1], "target": ["bootstrap", 5, 0.1])";
  EXPECT_EQ(loop(bootstrap + R"(, "averaged": false)"), std::pair(51ul, 0ul));
  EXPECT_EQ(loop(bootstrap + R"(, "averaged": true)"), std::pair(61ul, 0ul));
}

TEST(ReferenceMethods, UnknownEntriesAreNamed) {
  Cell cell = golden_cell(parabola, R"({"kind": "classical", "name": "gd", "step": 0.5})", 3);
  auto problem = std::make_shared<Problem>(*cell.problem);
  problem->family = "unheard_of";
  cell.problem = problem;
  const auto message = [](auto&& call) -> std::string {
    try {
      call();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message([&] { Lane<double>(cell, 0); }), testing::HasSubstr("no reference for family unheard_of"));
  EXPECT_THAT(message([&] { make_reference_backend()->run(cell, {0, 1}, {}); }), testing::HasSubstr("unheard_of"));
}

// ---- identities of the spec, section 3

class ReferenceIdentities : public testing::Test {
 protected:
  static constexpr int iterations = 200;

  Cell loop(const std::string& rest) const {
    return golden_cell(instance_, R"({"kind": "loop", "rule": "iterate", "averaged": true, )" + rest + "}", iterations);
  }
  Cell classical(const std::string& name, const std::string& rest) const {
    return golden_cell(instance_, R"({"kind": "classical", "name": ")" + name + "\"" + rest + "}", iterations);
  }

  std::string instance_ = random_quadratic(20, 1);
};

TEST_F(ReferenceIdentities, FtrlIsHeavyBall) {
  Cell heavy_ball = classical("heavyball", R"(, "step": 1.0, "m": 1.0)");
  for (std::size_t t = 1; t <= iterations; ++t) {
    heavy_ball.variants[0].tables[0][t] = 1.0 / (double(t) + 1);
    heavy_ball.variants[0].tables[1][t] = (double(t) - 1) / (double(t) + 1);
  }
  const auto ftrl = trajectory(loop(R"("learner": "ftrl", "alpha": "1", "beta": [1.0, "const"])"));
  // y₁ = x₀ is heavy ball's start.
  EXPECT_LE(largest_difference(ftrl.rightCols(iterations - 1), trajectory(heavy_ball).leftCols(iterations - 1)), 1e-12);
}

TEST_F(ReferenceIdentities, OptimisticFtrlIsNesterov) {
  Cell nesterov = classical("nesterov_dual", R"(, "dual_step": 0.25, "step": 1.0)");
  for (std::size_t t = 1; t <= iterations; ++t)
    nesterov.variants[0].tables[0][t] = 2 * 0.25 * (double(t) + 1) / double(t);
  const auto optimistic =
      trajectory(loop(R"("learner": "aoftrl", "alpha": "t", "beta": [0.25, "const"], "hint": "last")"));
  EXPECT_LE(largest_difference(optimistic, trajectory(nesterov)), 1e-13);
}

TEST_F(ReferenceIdentities, BmgWithTheOptimisticTargetIsOptimisticFtrl) {
  for (const std::string hint : {"none", "last", "extrapolated", "average", "lookahead"}) {
    const std::string rest = R"("alpha": "t", "beta": [0.1, "const"], "hint": ")" + hint + "\"";
    const auto bmg = trajectory(loop(R"("learner": "bmg", "target": ["optimistic"], )" + rest));
    const auto ftrl = trajectory(loop(R"("learner": "aoftrl", )" + rest));
    EXPECT_LE(largest_difference(bmg, ftrl), 1e-11) << hint;
  }
}

TEST_F(ReferenceIdentities, ExactOnes) {
  const std::string rest = R"("alpha": "1", "beta": [0.25, "const"])";
  EXPECT_EQ(trajectory(loop(R"("learner": "aoftrl", "hint": "none", )" + rest)),
            trajectory(loop(R"("learner": "ftrl", )" + rest)));
  EXPECT_EQ(trajectory(loop(R"("learner": "bmg", "target": ["bootstrap", 1, 1], )" + rest)),
            trajectory(loop(R"("learner": "sgd", )" + rest)));
}

TEST_F(ReferenceIdentities, BmgOnAnotherRuleIsOptimisticSgd) {
  // With the rule `elementwise` D_wφ depends on y, so that ⟨D_wφ(y_t), ũ⟩ and ⟨D_wφ(y_{t−1}), ũ⟩ differ, except
  // without a hint, where both methods are sgd.
  const std::string ones = json(Vector<double>::Constant(20, 0.1));
  const std::string rest =
      R"("rule": "elementwise", "alpha": "1", "beta": [0.001, "const"], "averaged": false, "w1": )" + ones;
  const auto run = [&](const std::string& learner) {
    return trajectory(golden_cell(instance_, R"({"kind": "loop", )" + learner + rest + "}", iterations));
  };
  const auto sgd = run(R"("learner": "sgd", )");
  EXPECT_LE(largest_difference(run(R"("learner": "bmg", "target": ["optimistic"], )"), sgd), 1e-13);
  EXPECT_LE(largest_difference(run(R"("learner": "osgd", )"), sgd), 1e-13);
}

TEST(ReferenceDomains, BmgOnABoxIsOptimisticSgd) {
  const std::string rest =
      R"("rule": "iterate", "alpha": "t", "beta": [0.05, "(t-1)/t"], "averaged": true, "hint": "last",
         "domain": ["box", -0.5, 1.5]})";
  const auto bmg = trajectory(
      golden_cell(quadratic3, R"({"kind": "loop", "learner": "bmg", "target": ["optimistic"], )" + rest, 100));
  const auto sgd = trajectory(golden_cell(quadratic3, R"({"kind": "loop", "learner": "osgd", )" + rest, 100));
  EXPECT_LE(largest_difference(bmg, sgd), 1e-13);
  EXPECT_GE(bmg.minCoeff(), -0.5);
  EXPECT_LE(bmg.maxCoeff(), 1.5);
}

TEST(ReferenceDomains, KlTargetOnTheSimplex) {
  // From the uniform point z ∝ exp(−η u): log x − log z = η u + log(mean exp(−η u)), a step of β that stays
  // inside the simplex loses the mean of the difference to the projection.
  const std::string instance = R"({"family": "quadratic", "Q": [[1, 0], [0, 1]], "xstar": [1, 0], "x0": [0.5, 0.5]})";
  const std::string method = R"({"kind": "loop", "rule": "iterate", "learner": "bmg", "beta": [0.1, "const"],
                                 "alpha": "1", "averaged": false, "breg": "kl", "eta": 2, "domain": ["simplex"]})";
  // u = (−½, ½): the difference is (−1, 1) plus a constant, so w₂ = (0.6, 0.4).
  const Vector<double> w2 = trajectory(golden_cell(instance, method, 2)).col(1);
  EXPECT_NEAR(w2[0], 0.6, 1e-15);
  EXPECT_NEAR(w2[1], 0.4, 1e-15);
}

// ---- derivatives against finite differences, in the wide type

/// Instances of every family whose numbers are small enough to write down.
const std::vector<std::string> instances{
    quadratic3,
    R"({"family": "tridiagonal", "n": 4, "L": 4, "x0": [0, 0, 0, 0], "xstar": [0.8, 0.6, 0.4, 0.2]})",
    R"({"family": "huber", "c": [1, 0.5, 2], "delta": [0.7, 1, 0.4], "U": [[0.6, 0.8], [-0.8, 0.6], [0, 1]],
        "xstar": [0.5, -0.25], "x0": [1.5, 1], "mu": 0.1})",
    R"({"family": "huber", "c": [1, 0.5], "delta": [0.7, 1], "U": "identity", "xstar": [0.5, -0.25], "x0": [1.5, 1]})",
    R"({"family": "asymmetric", "m": 0.2, "delta1": 0.5, "delta2": 1, "sign": -1, "xstar": [0.25], "x0": [1]})",
    R"({"family": "ridge", "A": [[1, 0.5], [-0.5, 1.5], [2, -1], [0.25, 0.75]], "b": [1, -0.5, 2, 0.25], "lam": 0.1,
        "x0": [0, 0], "L": 1.8106543640489585})",
    R"({"family": "logistic", "A": [[1, 0.5], [-0.5, 1.5], [2, -1], [0.25, 0.75]], "b": [1, -1, 1, -1], "lam": 0.1,
        "x0": [0, 0], "L": 0.5276635910122396})",
};

const std::string any_method = R"({"kind": "classical", "name": "gd", "step": 0.1})";

TEST(ReferenceFamilies, GradientsAndHessiansAreDerivatives) {
  std::mt19937_64 engine(5);
  for (const std::string& instance : instances) {
    const Cell cell = golden_cell(instance, any_method, 1);
    const auto f = reference::make_family<Wide>(*cell.problem, 0);
    const Eigen::Index n = cell.problem->shape.n;
    for (int trial = 0; trial < 20; ++trial) {
      const Vector<Wide> x = 2 * random_vector(engine, n), direction = random_vector(engine, n);
      const Wide h = 1e-6L;
      const Wide slope = (f->value(x + h * direction) - f->value(x - h * direction)) / (2 * h);
      const Wide exact = f->gradient(x).dot(direction);
      EXPECT_NEAR(static_cast<double>(slope), static_cast<double>(exact), 1e-9 * (1 + std::abs(double(exact))))
          << cell.problem->family;
      if (!cell.problem->shape.shared) continue;
      const Vector<Wide> change = (f->gradient(x + h * direction) - f->gradient(x - h * direction)) / (2 * h);
      EXPECT_LE((change - f->hessian(x) * direction).norm(), 1e-9L) << cell.problem->family;
    }
  }
}

TEST(ReferenceFamilies, GapIsTheValueAboveTheMinimum) {
  std::mt19937_64 engine(6);
  for (const std::string& instance : instances) {
    const Cell cell = golden_cell(instance, any_method, 1);
    const auto wide = reference::make_family<Wide>(*cell.problem, 0);
    const auto narrow = reference::make_family<double>(*cell.problem, 0);
    const Eigen::Index n = cell.problem->shape.n;
    const Vector<Wide> minimiser = reference::to_vector<Wide>(cell.problem->array("minimiser", 0));
    EXPECT_EQ(wide->gap(minimiser), 0);
    const Wide minimum = wide->value(minimiser);
    for (const Wide distance : {1e3L, 10.0L, 1.0L, 1e-1L, 1e-3L}) {
      const Vector<Wide> x = minimiser + distance * random_vector(engine, n);
      const Wide difference = wide->value(x) - minimum;
      EXPECT_NEAR(static_cast<double>(wide->gap(x) / difference), 1.0, 1e-10) << cell.problem->family << distance;
    }
    // Where the difference of two values has lost every digit, the form of the gap has not.
    for (const Wide distance : {1e-2L, 1e-4L, 1e-6L}) {
      const Vector<double> x = (minimiser + distance * random_vector(engine, n)).cast<double>();
      EXPECT_NEAR(static_cast<double>(Wide(narrow->gap(x)) / wide->gap(x.cast<Wide>())), 1.0, 1e-12)
          << cell.problem->family << distance;
    }
  }
}

TEST(ReferenceFamilies, LogisticLossIsStableEverywhere) {
  using Loss = reference::LogisticLoss<double>;
  using WideLoss = reference::LogisticLoss<Wide>;
  EXPECT_EQ(Loss::value(-1e6), 1e6);
  EXPECT_EQ(Loss::value(1e6), 0);
  EXPECT_EQ(Loss::remainder(1e6, -2e6), 1e6);
  EXPECT_EQ(Loss::remainder(0, 1e6), 1e6 / 2 - std::log(2.0));
  for (const double s : {-50.0, -3.0, -0.5, 0.0, 0.2, 4.0, 40.0})
    for (const double size : {1e-9, 1e-4, 0.01562, 0.01563, 0.5, 3.0, 29.0, 31.0, 90.0})
      for (const double delta : {-size, size}) {
        const double narrow = Loss::remainder(s, delta);
        EXPECT_NEAR(static_cast<double>(narrow / WideLoss::remainder(s, delta)), 1.0, 1e-13) << s << " " << delta;
        // Against ½ ℓ″ Δ² (1 − tanh(s/2)/3 Δ), the Taylor series, where that is all there is.
        if (size <= 1e-4) {
          EXPECT_NEAR(narrow / (Loss::curvature(s) * delta * delta / 2 * (1 - std::tanh(s / 2) * delta / 3)), 1.0,
                      1e-8);
        }
      }
}

TEST(ReferenceRules, PullbacksAreDerivatives) {
  std::mt19937_64 engine(7);
  const Eigen::Index n = 4;
  Cell cell = golden_cell(quadratic3, R"({"kind": "loop", "rule": "adagrad", "learner": "sgd", "beta": [1, "const"],
                                          "alpha": "1", "averaged": false})",
                          1);
  const reference::Coefficients<Wide> k(cell, 0);
  for (const CatalogueEntry& entry : catalogue().rules) {
    const auto rule = reference::make_rule<Wide>(entry.name, k);
    const Vector<Wide> x = random_vector(engine, n), previous = random_vector(engine, n);
    const Vector<Wide> gradient = random_vector(engine, n), u = random_vector(engine, n);
    const Eigen::Index size = rule->meta_dimension(n);
    // Positive, as the rule `adagrad` demands.
    const Vector<Wide> w = random_vector(engine, size).cwiseAbs().array() + 0.5L;
    const Vector<Wide> exact = rule->pullback({x, previous, gradient}, w, u);
    ASSERT_EQ(exact.size(), size) << entry.name;
    for (Eigen::Index i = 0; i < size; ++i) {
      const Vector<Wide> h = 1e-6L * Vector<Wide>::Unit(size, i);
      const Wide slope =
          (rule->propose({x, previous, gradient}, w + h) - rule->propose({x, previous, gradient}, w - h)).dot(u) /
          2e-6L;
      EXPECT_NEAR(static_cast<double>(slope), static_cast<double>(exact[i]), 1e-9) << entry.name << " " << i;
    }
  }
}

TEST(ReferenceRegistry, HasEveryEntryOfTheCatalogue) {
  const Cell cell = golden_cell(quadratic3, R"({"kind": "loop", "rule": "adagrad", "learner": "bmg",
                                                "beta": [1, "const"], "alpha": "1", "averaged": false})",
                                1);
  const reference::Coefficients<double> k(cell, 0);
  const auto family = reference::make_family<double>(*cell.problem, 0);
  reference::Oracle<double> oracle(*family);
  for (const CatalogueEntry& entry : catalogue().rules) EXPECT_NO_THROW(reference::make_rule<double>(entry.name, k));
  for (const CatalogueEntry& entry : catalogue().learners)
    EXPECT_NO_THROW(reference::make_learner<double>(entry.name, k));
  for (const CatalogueEntry& entry : catalogue().classical)
    EXPECT_NO_THROW(reference::make_classical<double>(entry.name, oracle, k));
}

// ---- the minimiser

std::string logistic(const std::string& rows, const std::string& labels, const std::string& lambda) {
  return R"({"family": "logistic", "x0": [0, 0], "xstar": [0, 0], "A": )" + rows + R"(, "b": )" + labels +
         R"(, "lam": )" + lambda + "}";
}

TEST(ReferenceMinimise, SaysWhenThereIsNoMinimiser) {
  const std::vector<std::pair<std::string, std::string>> separable{
      {"[[1, 0], [-1, 0.5]]", "[1, -1]"},                       // by a margin
      {"[[1, 0], [-1, 0], [1, 0], [0, 1]]", "[1, -1, -1, 1]"},  // in the second coordinate only
  };
  for (const auto& [rows, labels] : separable) {
    const Cell free = golden_cell(logistic(rows, labels, "0"), any_method, 1);
    try {
      reference::minimise(*free.problem, 0);
      ADD_FAILURE() << "found a minimiser on separable data";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("set regularisation > 0"));
    }
    for (const std::string lambda : {"1e-8", "1e-4", "1"}) {
      const Cell cell = golden_cell(logistic(rows, labels, lambda), any_method, 1);
      EXPECT_LE(reference::minimise(*cell.problem, 0).gradient_norm, 1e-14) << lambda;
    }
  }
}

TEST(ReferenceMinimise, FlatDirectionsDoNoHarm) {
  // The columns are the same: any split of the weight between them is a minimiser.
  const Cell cell = golden_cell(logistic("[[1, 1], [-1, -1], [2, 2]]", "[1, 1, 1]", "0"), any_method, 1);
  const reference::Minimum minimum = reference::minimise(*cell.problem, 0);
  EXPECT_LE(minimum.gradient_norm, 1e-15);
  EXPECT_NEAR(minimum.x[0], minimum.x[1], 1e-3);
}

TEST(ReferenceMinimise, ConsistentLeastSquares) {
  const Cell cell = golden_cell(R"({"family": "ridge", "A": [[1, 2], [3, 4], [5, 7]], "b": [5, 11, 19], "lam": 0,
                                    "x0": [0, 0]})",
                                any_method, 1);
  const reference::Minimum minimum = reference::minimise(*cell.problem, 0);
  EXPECT_NEAR(minimum.x[0], 1, 1e-14);
  EXPECT_NEAR(minimum.x[1], 2, 1e-14);
  EXPECT_NEAR(minimum.value, 0, 1e-28);
}

// ---- the backend

/// Gradient descent on the parabola with steps 0.1, 0.2, …, 2.5: the last ones diverge.
Cell sweep() {
  Cell cell = golden_cell(parabola, R"({"kind": "classical", "name": "gd", "step": 0.1})", 400);
  cell.settings = 25;
  cell.constants[0].clear();
  cell.choice.clear();
  for (std::uint32_t s = 0; s < cell.settings; ++s) {
    cell.constants[0].push_back({{0.1 * (s + 1)}});
    cell.choice.push_back({s});
  }
  cell.variant_of.assign(cell.settings, 0);
  cell.setting_names.assign(cell.settings, "");
  cell.track_best = true;
  return cell;
}

TEST(ReferenceBackend, ThreadsDoNotChangeTheStatistics) {
  const Cell cell = sweep();
  const auto backend = make_reference_backend();
  std::uint64_t reported = 0;
  const CellStatistics one = backend->run(cell, {0, 25}, {1, [&](std::uint64_t done) { reported += done; }, {}});
  EXPECT_EQ(reported, 25u * 400u);
  CellStatistics parts = backend->run(cell, {0, 7}, {2, {}, {}});
  parts.merge(backend->run(cell, {7, 25}, {3, {}, {}}));
  EXPECT_EQ(one.lanes, 25u);
  for (const CellStatistics& other : {backend->run(cell, {0, 25}, {3, {}, {}}), parts}) {
    EXPECT_EQ(one.lanes, other.lanes);
    EXPECT_EQ(one.diverged, other.diverged);
    EXPECT_EQ(one.gradient_evaluations, other.gradient_evaluations);
    EXPECT_EQ(one.lane_iterations, other.lane_iterations);
    EXPECT_EQ(one.best[0].loss, other.best[0].loss);
    EXPECT_EQ(one.best[0].setting, other.best[0].setting);
    for (std::size_t k = 0; k < one.at.size(); ++k) {
      EXPECT_EQ(one.envelope[k].value, other.envelope[k].value);
      EXPECT_EQ(one.envelope[k].lane, other.envelope[k].lane);
    }
  }
  // Steps 2.1 … 2.5 multiply x by −1.1 … −1.5; by t = 400 all but the first have passed 1e30.
  EXPECT_EQ(one.diverged.back(), 5u);
  EXPECT_EQ(one.best[0].setting, 9u);  // step 1 is at the minimum at once
}

TEST(ReferenceBackend, CancelledRunsStop) {
  const Cell cell = sweep();
  const CellStatistics statistics = make_reference_backend()->run(cell, {0, 25}, {1, {}, [] { return true; }});
  EXPECT_EQ(statistics.lanes, 1u);
}

TEST(ReferenceBackend, TraceIsTheTrajectory) {
  const Cell cell = golden_cell(quadratic3, R"({"kind": "classical", "name": "nesterov", "step": "1/L"})", 30);
  const Trajectories trace = make_reference_backend()->trace(cell, {0, 1}, {});
  const Matrix<double> expected = trajectory(cell);
  const auto gaps = reference::gaps<double>(cell, 0);
  ASSERT_EQ(trace.gaps.size(), 30u);
  ASSERT_EQ(trace.points.size(), 90u);
  EXPECT_EQ(trace.gaps, gaps);
  for (Eigen::Index t = 0; t < 30; ++t)
    for (Eigen::Index i = 0; i < 3; ++i) EXPECT_EQ(trace.points[std::size_t(3 * t + i)], expected(i, t));
}

}  // namespace

/// How a failing case is shown.
void PrintTo(const GoldenCase& golden, std::ostream* out) { *out << golden.id; }

}  // namespace omg::test
