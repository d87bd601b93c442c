#include "study/formula.hpp"

#include <cmath>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace omg {
namespace {

using ::testing::HasSubstr;

double value(std::string_view text, FormulaInputs at = {}) { return Formula(text)(at); }

TEST(Formula, NumbersAreReadToTheBit) {
  EXPECT_EQ(value("0.1"), 0.1);
  EXPECT_EQ(value("-1e-300"), -1e-300);
  EXPECT_EQ(value("3.330401920564479"), 3.330401920564479);
  EXPECT_EQ(value("inf"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(value("-inf"), -std::numeric_limits<double>::infinity());
}

TEST(Formula, KnowsTheVariablesOfAStudy) {
  const FormulaInputs at{.t = 7, .T = 100, .L = 3, .mu = 0.5, .R = 2, .n = 4};
  EXPECT_EQ(value("(t-1)/(2*t*L)", at), 6.0 / (2.0 * 7.0 * 3.0));
  EXPECT_EQ(value("4*L*R^2/(t*(t+1))", at), 4.0 * 3.0 * 4.0 / (7.0 * 8.0));
  EXPECT_EQ(value("mu/T + n", at), 0.5 / 100 + 4);
  EXPECT_DOUBLE_EQ(value("1/sqrt(t) + log(exp(2)) + pi", at), 1 / std::sqrt(7.0) + 2 + M_PI);
}

TEST(Formula, EvaluatesAgainAndAgain) {
  const Formula square("t^2");
  for (int t = 1; t < 100; ++t) EXPECT_EQ(square({.t = static_cast<double>(t)}), t * t);
}

TEST(Formula, SaysWhatItDependsOn) {
  const Formula formula("(t-1)/(2*t*L)");
  EXPECT_TRUE(formula.uses("t"));
  EXPECT_TRUE(formula.uses("L"));
  EXPECT_FALSE(formula.uses("R"));
  EXPECT_TRUE(formula.uses_instance());
  EXPECT_FALSE(Formula("theta(t)/T").uses_instance());
  EXPECT_FALSE(Formula("0.25").uses("t"));
}

TEST(Formula, ThetaFollowsItsRecursion) {
  const Formula theta("theta(t)");
  double expected = 1;
  for (int t = 1; t <= 200; ++t) {
    EXPECT_EQ(theta({.t = static_cast<double>(t)}), expected) << t;
    expected = (1 + std::sqrt(1 + 4 * expected * expected)) / 2;
  }
}

// f(x_T) − f* ≤ L R²/(2 θ_T²): the published worst cases of OGM.
TEST(Formula, OgmThetaEndsAtTheHorizonWithTheFactorEight) {
  const std::vector<std::pair<double, double>> published{
      {1, 0.125}, {2, 0.0618942}, {4, 0.0255839}, {10, 0.00628648}, {50, 3.514751e-4}};
  for (const auto& [T, worst] : published)
    EXPECT_NEAR(value("1/(2*ogm_theta(T)^2)", {.T = T}), worst, 3e-6 * worst) << T;
  EXPECT_EQ(value("ogm_theta(0)", {.T = 10}), 1);
  EXPECT_EQ(value("ogm_theta(3)", {.T = 10}), value("theta(4)"));
}

TEST(Formula, SilverStepsFollowThePowerOfTwoInT) {
  const double root = std::sqrt(2.0), rho = 1 + root;
  const std::vector<double> expected{root, 2, root, 1 + rho, root, 2, root, 1 + rho * rho};
  for (std::size_t k = 0; k < expected.size(); ++k)
    EXPECT_NEAR(value("silver(t)", {.t = static_cast<double>(k + 1)}), expected[k], 1e-15 * expected[k]) << k + 1;
}

TEST(Formula, SequencesAreDefinedOnIntegersOnly) {
  EXPECT_TRUE(std::isnan(value("theta(0)")));
  EXPECT_TRUE(std::isnan(value("theta(1.5)")));
  EXPECT_TRUE(std::isnan(value("ogm_theta(-1)")));
  EXPECT_TRUE(std::isnan(value("silver(0)")));
  EXPECT_TRUE(std::isnan(value("theta(1e15)")));
}

struct Slip {
  std::string text;
  std::string reason;
};

void PrintTo(const Slip& slip, std::ostream* out) { *out << slip.text; }

class BadFormula : public ::testing::TestWithParam<Slip> {};

TEST_P(BadFormula, IsRefusedWithPlaceAndReason) {
  try {
    Formula formula(GetParam().text, {"study.toml", 12, "method.a.meta_step"});
    FAIL() << "accepted: " << GetParam().text;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::StartsWith("study.toml:12: method.a.meta_step: "));
    EXPECT_THAT(error.what(), HasSubstr("\"" + GetParam().text + "\""));
    EXPECT_THAT(error.what(), HasSubstr(GetParam().reason));
    EXPECT_THAT(error.what(), HasSubstr("allowed are the variables t, T, L, mu, R, n"));
  }
}

INSTANTIATE_TEST_SUITE_P(Formulas, BadFormula,
                         ::testing::Values(Slip{"1/(4*LL)", "unexpected \"LL\" at position 6"},
                                           Slip{"2 t", "unexpected variable \"t\" at position 3"},
                                           Slip{"sqrt(t", "position 6"},
                                           Slip{"foo(t)", "unexpected \"foo\" at position 1"}, Slip{"", "empty"},
                                           Slip{"t = 3", "unexpected \"=\" at position 3"},
                                           Slip{"1, 2", "it gives 2 values"}, Slip{"nan", "unexpected \"nan\""},
                                           Slip{"sqrt(t, t)", "too many parameters"}, Slip{"\"t\"", "strings"}));

TEST(Formula, ComparisonsAreNoAssignments) {
  EXPECT_EQ(value("t <= 2 ? 5 : 6", {.t = 2}), 5);
  EXPECT_EQ(value("t == 2 ? 5 : 6", {.t = 3}), 6);
  EXPECT_EQ(value("t != 2 ? 5 : 6", {.t = 3}), 5);
}

}  // namespace
}  // namespace omg
