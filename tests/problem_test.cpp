#include "omg/problem.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "omg/error.hpp"
#include "omg/family.hpp"
#include "omg/study.hpp"

#include "paths.hpp"
#include "problem/haar.hpp"
#include "problem/kept_minimum.hpp"
#include "reference/registry.hpp"

namespace omg {
namespace {

using ::testing::HasSubstr;

const std::string data_directory = std::string(test::source_directory) + "/studies/data/";

Setting text(const std::string& formula) {
  Value value;
  value.text = formula;
  return {{value}, {}};
}

Setting vector(std::vector<double> numbers) {
  Value value;
  value.kind = Value::Kind::vector;
  value.numbers = std::move(numbers);
  value.text = "vector";
  return {{value}, {}};
}

Setting range(Value::Kind kind, double low, double high) {
  Value value;
  value.kind = kind;
  value.low = low;
  value.high = high;
  value.text = "range";
  return {{value}, {}};
}

Study study_of(const std::string& family, Parameters parameters, std::int64_t instances = 1) {
  Study study;
  study.seed = 11;
  ProblemSpec problem;
  problem.name = "test";
  problem.family = family;
  problem.instances = instances;
  problem.parameters = std::move(parameters);
  study.problems.push_back(problem);
  return study;
}

std::shared_ptr<const Problem> make(const Study& study) { return make_problem(study, 0); }

std::shared_ptr<const Problem> make(const std::string& family, Parameters parameters, std::int64_t instances = 1) {
  return make(study_of(family, std::move(parameters), instances));
}

std::string fault_of(const Study& study) {
  try {
    make(study);
  } catch (const Error& error) {
    return error.what();
  }
  return "no fault";
}

std::string fault_of(const std::string& family, Parameters parameters, std::int64_t instances = 1) {
  return fault_of(study_of(family, std::move(parameters), instances));
}

double number_of(const Problem& problem, std::string_view field, std::size_t i = 0) {
  return problem.array(field, i).at(0);
}

// Random numbers

/// Words w give the number (⌊(w₀ 2³² + w₁)/2¹²⌋ + ½) 2⁻⁵².
double uniform_of(std::uint32_t first, std::uint32_t second) {
  return static_cast<double>(((static_cast<std::uint64_t>(first) << 32 | second) >> 12) * 2 + 1) * 0x1p-53;
}

// The vectors that Random123 publishes for philox 4x32 10 (its file kat_vectors) fix the whole counter; the
// streams of Random have a hash of their name in it, so the generator is compared by itself, block by block.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> c, std::array<std::uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p = static_cast<std::uint64_t>(0xD2511F53) * c[0],
                        q = static_cast<std::uint64_t>(0xCD9E8D57) * c[2];
    c = {static_cast<std::uint32_t>(q >> 32) ^ c[1] ^ k[0], static_cast<std::uint32_t>(q),
         static_cast<std::uint32_t>(p >> 32) ^ c[3] ^ k[1], static_cast<std::uint32_t>(p)};
    k = {k[0] + 0x9E3779B9, k[1] + 0xBB67AE85};
  }
  return c;
}

TEST(Random, IsPhiloxOfSeedProblemInstanceAndStream) {
  using Words = std::array<std::uint32_t, 4>;
  ASSERT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  ASSERT_EQ(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  ASSERT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));

  // The FNV-1a hashes of "" and "a", 64 bits, as published.
  struct Stream {
    const char* name;
    std::uint32_t low, high;
  };
  for (const Stream& stream : {Stream{"", 0x84222325, 0xcbf29ce4}, Stream{"a", 0x8601ec8c, 0xaf63dc4c}}) {
    const std::uint64_t seed = 0x0123456789abcdef, problem = 3, key = seed + problem * 0x9E3779B97F4A7C15;
    Random random(seed, problem, 77, stream.name);
    for (std::uint32_t block = 0; block < 3; ++block) {
      const Words words = philox({block, 77, stream.low, stream.high},
                                 {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)});
      EXPECT_EQ(random.uniform(), uniform_of(words[0], words[1]));
      EXPECT_EQ(random.uniform(), uniform_of(words[2], words[3]));
    }
  }
}

TEST(Random, SeeksAnyNumber) {
  Random forward(5, 0, 9, "stream");
  std::vector<double> uniform(7);
  for (double& value : uniform) value = forward.uniform();
  Random again(5, 0, 9, "stream");
  for (const std::size_t k : {6U, 1U, 3U, 0U}) {
    again.seek(k);
    EXPECT_EQ(again.uniform(), uniform[k]);
  }
  Random normal(5, 0, 9, "stream");
  normal.seek(0);
  const double first = normal.normal(), second = normal.normal();
  normal.seek(1);
  EXPECT_EQ(normal.normal(), second);
  // Box–Muller: the squares of the two sum to −2 log u₁.
  EXPECT_NEAR(first * first + second * second, -2 * std::log(uniform[0]), 1e-14);
  EXPECT_THROW(Random(5, 0, std::uint64_t{1} << 32, "stream"), Error);
}

TEST(Random, HasTheMomentsOfItsDistributions) {
  Random random(1, 0, 0, "moments");
  const int count = 200000;
  double sum = 0, squares = 0, fourth = 0, uniform = 0;
  for (int k = 0; k < count; ++k) {
    const double z = random.normal();
    sum += z;
    squares += z * z;
    fourth += z * z * z * z;
    uniform += random.uniform();
  }
  // Five standard deviations of each mean: var z = 1, var z² = 2, var z⁴ = 105 − 9, var u = 1/12.
  const double five = 5 / std::sqrt(count);
  EXPECT_NEAR(sum / count, 0, five);
  EXPECT_NEAR(squares / count, 1, five * std::sqrt(2.0));
  EXPECT_NEAR(fourth / count, 3, five * std::sqrt(96.0));
  EXPECT_NEAR(uniform / count, 0.5, five * std::sqrt(1.0 / 12));
}

TEST(Haar, IsOrthogonal) {
  for (const int n : {1, 2, 3, 17, 64}) {
    const std::vector<double> u = haar_matrix(Random(3, 0, 0, "haar"), n);
    for (int i = 0; i < n; ++i)
      for (int j = 0; j <= i; ++j) {
        double product = 0;
        for (int k = 0; k < n; ++k)
          product += u[static_cast<std::size_t>(i * n + k)] * u[static_cast<std::size_t>(j * n + k)];
        EXPECT_NEAR(product, i == j ? 1 : 0, 4e-16 * (n + 4)) << n;
      }
  }
}

TEST(Haar, HasTheMomentsOfTheDistribution) {
  const int n = 3, count = 20000;
  const double five = 5 / std::sqrt(count);
  std::vector<double> mean(9), square(9);
  double trace = 0, determinant = 0, mixed = 0;
  for (int i = 0; i < count; ++i) {
    const std::vector<double> u = haar_matrix(Random(4, 0, static_cast<std::uint64_t>(i), "haar"), n);
    for (std::size_t k = 0; k < 9; ++k) {
      mean[k] += u[k] / count;
      square[k] += u[k] * u[k] / count;
    }
    const double t = u[0] + u[4] + u[8];
    trace += t * t / count;
    determinant +=
        (u[0] * (u[4] * u[8] - u[5] * u[7]) - u[1] * (u[3] * u[8] - u[5] * u[6]) + u[2] * (u[3] * u[7] - u[4] * u[6])) /
        count;
    mixed += u[0] * u[4] * u[1] * u[3] / count;
  }
  for (std::size_t k = 0; k < 9; ++k) {
    EXPECT_NEAR(mean[k], 0, five * std::sqrt(1.0 / n));
    // E u⁴ = 3/(n(n + 2)), so var u² = 3/15 − 1/9
    EXPECT_NEAR(square[k], 1.0 / n, five * std::sqrt(1.0 / 5 - 1.0 / 9));
  }
  // E (tr U)² = 1 and E (tr U)⁴ = 3; without the sign fix of the QR decomposition they are not.
  EXPECT_NEAR(trace, 1, five * std::sqrt(2.0));
  EXPECT_NEAR(determinant, 0, five);
  // E u₁₁u₂₂u₁₂u₂₁ = −1/((n − 1) n (n + 2)); the factors are at most 1, so is the variance.
  EXPECT_NEAR(mixed, -1.0 / 30, five);
}

// Parameters

TEST(Problem, HoldsRecordsAcrossInstances) {
  const auto problem = make("huber",
                            {{"dimension", text("2")},
                             {"threshold", vector({0.1, 0.3})},
                             {"weight", vector({1, 0.5})},
                             {"directions", vector({0.6, 0.8, -0.8, 0.6})},
                             {"start", vector({1.5, 1})},
                             {"minimiser", vector({0.5, -0.25})}},
                            3);
  EXPECT_EQ(problem->shape.n, 2);
  EXPECT_EQ(problem->shape.terms, 2);
  EXPECT_TRUE(problem->shape.rotated);
  EXPECT_EQ(problem->record_size(), 2U + 2 + 2 + 2 + 1 + 4);
  EXPECT_EQ(problem->data_size, 0);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(problem->array("start", i), (std::vector<double>{1.5, 1}));
    EXPECT_EQ(problem->array("minimiser", i), (std::vector<double>{0.5, -0.25}));
    EXPECT_EQ(problem->array("threshold", i), (std::vector<double>{0.1, 0.3}));
    EXPECT_EQ(problem->array("directions", i), (std::vector<double>{0.6, 0.8, -0.8, 0.6}));
    EXPECT_EQ(problem->entry(1, i), 1);
    EXPECT_DOUBLE_EQ(problem->smoothness[i], 1);
    EXPECT_DOUBLE_EQ(problem->distance[i], 1.6007810593582121);
    EXPECT_DOUBLE_EQ(initial_gap(*problem, i), 0.155625);
    EXPECT_EQ(problem->minimum[i], 0);
    EXPECT_DOUBLE_EQ(problem->scale[i], 2.5625);
  }
  EXPECT_TRUE(problem->array("curvature", 0).empty());
}

TEST(Problem, GridsHaveExactEnds) {
  const auto problem =
      make("huber",
           {{"threshold", range(Value::Kind::log_grid, 1e-8, 1)}, {"weight", range(Value::Kind::grid, 0.1, 0.7)}}, 9);
  for (std::size_t i = 0; i < 9; ++i) {
    EXPECT_NEAR(number_of(*problem, "threshold", i), std::pow(10.0, static_cast<double>(i) - 8), 1e-15);
    EXPECT_NEAR(number_of(*problem, "weight", i), 0.1 + 0.075 * static_cast<double>(i), 1e-15);
  }
  EXPECT_EQ(number_of(*problem, "threshold", 0), 1e-8);
  EXPECT_EQ(number_of(*problem, "threshold", 8), 1);
  EXPECT_EQ(number_of(*problem, "weight", 0), 0.1);
  EXPECT_EQ(number_of(*problem, "weight", 8), 0.7);
}

Parameters drawn_asymmetric() {
  return {{"dimension", text("3")},
          {"directions", text("haar")},
          {"curvature", range(Value::Kind::log_uniform, 1e-5, 1)},
          {"right", range(Value::Kind::uniform, 0.25, 1)},
          {"left", range(Value::Kind::log_uniform, 1e-5, 1)},
          {"start", range(Value::Kind::normal, 0, 2)}};
}

TEST(Problem, DrawsDoNotDependOnTheNumberOfInstances) {
  const auto few = make("asymmetric_huber", drawn_asymmetric(), 4);
  const auto many = make("asymmetric_huber", drawn_asymmetric(), 11);
  for (const auto& field : few->fields)
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(few->array(field.name, i), many->array(field.name, i)) << field.name;
}

TEST(Problem, DrawsDifferBetweenInstancesTermsAndParameters) {
  const auto problem = make("asymmetric_huber", drawn_asymmetric(), 200);
  std::vector<double> all;
  double positive = 0;
  for (std::size_t i = 0; i < 200; ++i) {
    for (const char* field : {"curvature", "right", "left", "start"}) {
      const std::vector<double> values = problem->array(field, i);
      all.insert(all.end(), values.begin(), values.end());
    }
    for (const double m : problem->array("curvature", i)) EXPECT_TRUE(m >= 1e-5 && m <= 1);
    for (const double delta : problem->array("right", i)) EXPECT_TRUE(delta >= 0.25 && delta <= 1);
    for (const double sign : problem->array("sign", i)) positive += sign > 0 ? 1 : 0;
  }
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
  EXPECT_NEAR(positive, 300, 5 * std::sqrt(150));  // 600 fair coins
}

TEST(Problem, SeedsOfProblemAndStartAreSeparate) {
  Study study = study_of("asymmetric_huber", drawn_asymmetric(), 2);
  const auto first = make(study);
  study.problems[0].start_seed = 12;
  const auto other_start = make(study);
  EXPECT_EQ(first->array("curvature", 1), other_start->array("curvature", 1));
  EXPECT_EQ(first->array("directions", 1), other_start->array("directions", 1));
  EXPECT_NE(first->array("start", 1), other_start->array("start", 1));
  study.problems[0].seed = 13;
  const auto other_problem = make(study);
  EXPECT_NE(other_start->array("curvature", 1), other_problem->array("curvature", 1));
  EXPECT_EQ(other_start->array("start", 1), other_problem->array("start", 1));

  // Two problems of a study differ, unless they are given the same seed.
  study = study_of("asymmetric_huber", drawn_asymmetric(), 2);
  study.problems.push_back(study.problems[0]);
  EXPECT_NE(make_problem(study, 0)->records(), make_problem(study, 1)->records());
  study.problems[0].seed = study.problems[1].seed = 13;
  EXPECT_EQ(make_problem(study, 0)->records(), make_problem(study, 1)->records());
}

TEST(Problem, FormulasMayUseTheDimension) {
  const auto problem = make("quadratic", {{"dimension", text("2+2")}, {"start", text("1/sqrt(n)")}});
  EXPECT_EQ(problem->array("start", 0), std::vector<double>(4, 0.5));
  EXPECT_DOUBLE_EQ(problem->distance[0], 1);
  EXPECT_THAT(fault_of("quadratic", {{"dimension", text("n")}}), HasSubstr("test.dimension: the formula \"n\" uses n"));
  EXPECT_THAT(fault_of("quadratic", {{"condition", text("1/L")}}), HasSubstr("uses L"));
  EXPECT_THAT(fault_of("quadratic", {{"condition", text("1/0")}}), HasSubstr("finite"));
}

TEST(Problem, StartsOnASphereRoundTheMinimiser) {
  const auto problem =
      make("quadratic",
           {{"dimension", text("3")}, {"minimiser", text("2")}, {"start", range(Value::Kind::sphere, 0, 5)}}, 2000);
  std::vector<double> mean(3), square(3);
  for (std::size_t i = 0; i < 2000; ++i) {
    EXPECT_NEAR(problem->distance[i], 5, 1e-14);
    const std::vector<double> start = problem->array("start", i);
    for (std::size_t k = 0; k < 3; ++k) {
      mean[k] += (start[k] - 2) / 5 / 2000;
      square[k] += (start[k] - 2) * (start[k] - 2) / 25 / 2000;
    }
  }
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(mean[k], 0, 5 * std::sqrt(1.0 / 3 / 2000));
    EXPECT_NEAR(square[k], 1.0 / 3, 5 * std::sqrt((1.0 / 5 - 1.0 / 9) / 2000));
  }
}

// Families

TEST(Problem, QuadraticFollowsItsSpectrum) {
  const auto listed =
      make("quadratic", {{"rotation", text("identity")}, {"spectrum", text("list")}, {"eigenvalues", vector({8, 2})}});
  EXPECT_EQ(listed->array("diagonal", 0), (std::vector<double>{8, 2}));
  EXPECT_EQ(listed->smoothness[0], 8);
  EXPECT_EQ(listed->strong_convexity[0], 2);
  EXPECT_EQ(initial_gap(*listed, 0), 5);

  const auto squares =
      make("quadratic", {{"dimension", text("3")}, {"rotation", text("identity")}, {"spectrum", text("squares")}});
  EXPECT_EQ(squares->array("diagonal", 0), (std::vector<double>{1, 4, 9}));
  const auto power = make("quadratic", {{"dimension", text("4")},
                                        {"rotation", text("identity")},
                                        {"spectrum", text("power_law")},
                                        {"decay", text("2")}});
  EXPECT_EQ(power->array("diagonal", 0), (std::vector<double>{1, 0.25, 1.0 / 9, 0.0625}));
  const auto drawn =
      make("quadratic", {{"dimension", text("5")}, {"rotation", text("identity")}, {"condition", text("50")}}, 3);
  for (std::size_t i = 0; i < 3; ++i) {
    const std::vector<double> values = drawn->array("diagonal", i);
    EXPECT_EQ(*std::min_element(values.begin(), values.end()), 0.02);
    EXPECT_EQ(*std::max_element(values.begin(), values.end()), 1);
    EXPECT_EQ(drawn->smoothness[i], 1);
    EXPECT_EQ(drawn->strong_convexity[i], 0.02);
  }
}

TEST(Problem, RotatedQuadraticKeepsItsSpectrum) {
  const auto problem = make("quadratic", {{"dimension", text("3")}, {"spectrum", text("squares")}}, 20);
  for (std::size_t i = 0; i < 20; ++i) {
    const std::vector<double> q = problem->array("matrix", i);
    EXPECT_EQ(q[1], q[3]);
    EXPECT_EQ(q[2], q[6]);
    EXPECT_EQ(q[5], q[7]);
    // The invariants of the matrix: 1 + 4 + 9, the sum of squares 1 + 16 + 81, and the product 36.
    EXPECT_NEAR(q[0] + q[4] + q[8], 14, 1e-13);
    double squares = 0;
    for (const double entry : q) squares += entry * entry;
    EXPECT_NEAR(squares, 98, 1e-12);
    EXPECT_NEAR(
        q[0] * (q[4] * q[8] - q[5] * q[7]) - q[1] * (q[3] * q[8] - q[5] * q[6]) + q[2] * (q[3] * q[7] - q[4] * q[6]),
        36, 1e-12);
    EXPECT_EQ(problem->smoothness[i], 9);
    EXPECT_EQ(problem->strong_convexity[i], 1);
  }
  EXPECT_NE(problem->array("matrix", 0), problem->array("matrix", 1));
}

// Q = Uᵀ diag(1, 4) U with f = xᵀQx is half the quadratic form with the eigenvalues 2 and 8; x₀ = (4, 4).
TEST(Problem, HoldsThePapersToyStudy) {
  Study study =
      study_of("quadratic", {{"spectrum", text("list")}, {"eigenvalues", vector({2, 8})}, {"start", text("4")}}, 500);
  study.problems[0].normalisation = Normalisation::none;
  const auto problem = make(study);
  double mean = 0;
  for (std::size_t i = 0; i < 500; ++i) {
    const std::vector<double> q = problem->array("matrix", i);
    EXPECT_NEAR(q[0] + q[3], 10, 1e-14);
    EXPECT_NEAR(q[0] * q[3] - q[1] * q[2], 16, 1e-13);
    EXPECT_NEAR(initial_gap(*problem, i), 8 * (q[0] + 2 * q[1] + q[3]), 1e-12);
    EXPECT_EQ(problem->scale[i], 1);
    mean += initial_gap(*problem, i) / 500;
  }
  // f(x₀) = 80 + 48 sin 2φ for U a rotation by a uniform φ: variance 48²/2.
  EXPECT_NEAR(mean, 80, 5 * 48 / std::sqrt(2.0 * 500));
}

TEST(Problem, QuadraticTakesAMatrix) {
  const auto problem = make("quadratic", {{"dimension", text("3")},
                                          {"matrix", vector({4, 1, 0, 1, 3, 1, 0, 1, 2})},
                                          {"minimiser", vector({1, 2, -1})},
                                          {"start", text("0")}});
  EXPECT_NEAR(problem->smoothness[0], 4.732050807568877, 1e-14);
  EXPECT_NEAR(problem->strong_convexity[0], 1.2679491924311228, 1e-14);
  EXPECT_EQ(initial_gap(*problem, 0), 9);
  EXPECT_THAT(fault_of("quadratic", {{"matrix", vector({1, 2, 3, 4})}}), HasSubstr("symmetric"));
  EXPECT_THAT(fault_of("quadratic", {{"matrix", vector({1, 2, 2, 1})}}), HasSubstr("with the eigenvalue -"));
  EXPECT_THAT(fault_of("quadratic", {{"matrix", vector({1, 2, 2})}}),
              HasSubstr("vector of 3 numbers, more are needed"));
  EXPECT_THAT(fault_of("quadratic", {{"matrix", vector({1, 0, 0, 1, 5})}}),
              HasSubstr("vector of 5 numbers, needed are 4"));
}

TEST(Problem, WishartMatricesHaveMeanIdentity) {
  const auto problem = make("quadratic", {{"spectrum", text("wishart")}, {"samples", text("4")}}, 5000);
  std::vector<double> mean(4);
  for (std::size_t i = 0; i < 5000; ++i) {
    const std::vector<double> q = problem->array("matrix", i);
    for (std::size_t k = 0; k < 4; ++k) mean[k] += q[k] / 5000;
    EXPECT_NEAR(problem->smoothness[i] + problem->strong_convexity[i], q[0] + q[3], 1e-13);
    EXPECT_NEAR(problem->smoothness[i] * problem->strong_convexity[i], q[0] * q[3] - q[1] * q[2], 1e-13);
  }
  // Variance 2/samples on the diagonal, 1/samples beside it.
  EXPECT_NEAR(mean[0], 1, 5 * std::sqrt(0.5 / 5000));
  EXPECT_NEAR(mean[3], 1, 5 * std::sqrt(0.5 / 5000));
  EXPECT_NEAR(mean[1], 0, 5 * std::sqrt(0.25 / 5000));
}

TEST(Problem, TermsHaveTheSmoothnessOfTheirSum) {
  // Three unit vectors at 120°: Σ u uᵀ = 3/2 I.
  const double h = std::sqrt(0.75);
  const auto star = make("huber", {{"dimension", text("2")},
                                   {"terms", text("3")},
                                   {"threshold", text("1")},
                                   {"directions", vector({1, 0, -0.5, h, -0.5, -h})},
                                   {"strong_convexity", text("1/4")}});
  EXPECT_NEAR(star->smoothness[0], 1.75, 1e-15);
  EXPECT_EQ(star->strong_convexity[0], 0.25);
  const auto many =
      make("huber",
           {{"dimension", text("3")}, {"terms", text("7")}, {"threshold", text("1")}, {"directions", text("haar")}});
  const std::vector<double> u = many->array("directions", 0);
  ASSERT_EQ(u.size(), 21U);
  for (std::size_t k = 0; k < 7; ++k)
    EXPECT_NEAR(u[3 * k] * u[3 * k] + u[3 * k + 1] * u[3 * k + 1] + u[3 * k + 2] * u[3 * k + 2], 1, 1e-15);
  // Two whole orthogonal matrices and one row more.
  EXPECT_NEAR(many->smoothness[0], 3, 1e-14);
  EXPECT_THAT(fault_of("huber", {{"dimension", text("2")}, {"terms", text("3")}, {"threshold", text("1")}}),
              HasSubstr("as many terms as coordinates"));
}

TEST(Problem, TridiagonalKnowsItsMinimiser) {
  const auto problem = make("tridiagonal", {{"dimension", text("5")}, {"smoothness", text("4")}});
  EXPECT_NEAR(problem->strong_convexity[0], 0.26794919243112275, 1e-15);
  EXPECT_NEAR(problem->minimum[0], -0.4166666666666667, 1e-15);
  EXPECT_NEAR(problem->distance[0], 1.2360330811826106, 1e-15);
  EXPECT_NEAR(initial_gap(*problem, 0), 0.4166666666666667, 1e-15);
  EXPECT_EQ(problem->array("start", 0), std::vector<double>(5, 0.0));
  EXPECT_THAT(fault_of("tridiagonal", {{"minimiser", text("1")}}), HasSubstr("leave this key out"));
}

TEST(Problem, NormalisesAsAsked) {
  Study study =
      study_of("huber", {{"threshold", text("0.05")}, {"strong_convexity", text("0.5")}, {"start", text("2")}});
  const double gap = 0.05 * (2 - 0.025) + 0.25 * 4;
  const std::pair<Normalisation, double> cases[] = {{Normalisation::LR2, 6},
                                                    {Normalisation::R2, 4},
                                                    {Normalisation::initial_gap, gap},
                                                    {Normalisation::initial_gap_plus_mu, gap + 1},
                                                    {Normalisation::none, 1}};
  for (const auto& [normalisation, scale] : cases) {
    study.problems[0].normalisation = normalisation;
    EXPECT_DOUBLE_EQ(make(study)->scale[0], scale);
  }
}

TEST(Problem, RefusesWhatDoesNotMakeSense) {
  EXPECT_THAT(fault_of("huber", {}), HasSubstr("test.threshold: the key is missing"));
  EXPECT_THAT(fault_of("huber", {{"threshold", text("0")}}), HasSubstr("found 0, allowed is a number above 0"));
  EXPECT_THAT(fault_of("huber", {{"threshold", text("1")}, {"strong_convexity", text("-1")}}), HasSubstr("at least 0"));
  EXPECT_THAT(fault_of("huber", {{"threshold", text("1")}, {"start", text("0")}}),
              HasSubstr("choose a start elsewhere"));
  EXPECT_THAT(fault_of("huber", {{"threshold", text("1")}, {"dimension", text("1.5")}}),
              HasSubstr("whole number from 1"));
  EXPECT_THAT(fault_of("huber", {{"threshold", text("1")}, {"dimension", text("0")}}),
              HasSubstr("whole number from 1"));
  EXPECT_THAT(fault_of("huber", {{"threshold", text("1")}, {"directions", text("random")}}),
              HasSubstr("found \"random\", allowed is one of identity, haar"));
  EXPECT_THAT(fault_of("huber", {{"threshold", text("1")}, {"size", text("1")}}),
              HasSubstr("has no parameter \"size\""));
  EXPECT_THAT(fault_of("quadratic", {{"spectrum", text("squares")}, {"condition", text("9")}}), HasSubstr("no effect"));
  EXPECT_THAT(fault_of("quadratic", {{"spectrum", text("list")}, {"eigenvalues", text("0")}}), HasSubstr("L = 0"));
  EXPECT_THAT(fault_of("quadratic", {{"dimension", text("100000")}}), HasSubstr("2^31"));
  EXPECT_THAT(fault_of("parabola", {}), HasSubstr("unknown family"));
  Study study = study_of("huber", {{"threshold", text("-1")}});
  study.problems[0].parameters["threshold"].values[0].place = {"study.toml", 7, "problem.test.threshold"};
  EXPECT_THAT(fault_of(study), HasSubstr("study.toml:7: problem.test.threshold: found -1"));
}

// Data sets

Parameters data(const std::string& file, const std::string& lambda, bool standardised = true) {
  Parameters out{{"data", text(data_directory + file)}, {"regularisation", text(lambda)}};
  if (standardised) out["standardise"] = text("true");
  return out;
}

/// ‖∇f‖ at the minimiser that the problem reports, in extended precision.
double slope_at_minimiser(const Problem& problem) {
  const auto f = reference::make_family<long double>(problem, 0);
  return static_cast<double>(f->gradient(reference::to_vector<long double>(problem.array("minimiser", 0))).norm());
}

TEST(Problem, BreastCancerHasThePublishedFigures) {
  const auto problem = make("logistic", data("breast_cancer.libsvm", "0.01"), 2);
  EXPECT_EQ(problem->shape.n, 30);
  EXPECT_EQ(problem->shape.terms, 569);
  EXPECT_TRUE(problem->shape.shared);
  EXPECT_EQ(problem->data_size, 0);
  EXPECT_EQ(problem->record_size(), 61U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_NEAR(problem->smoothness[i], 3.33040192056, 5e-12);
    EXPECT_EQ(problem->strong_convexity[i], 0.01);
    EXPECT_NEAR(problem->minimum[i], 0.102416565756, 5e-13);
    EXPECT_NEAR(problem->distance[i], 2.420662632733613, 1e-12);
    EXPECT_NEAR(initial_gap(*problem, i), 0.590730614804241, 1e-13);
    EXPECT_NEAR(problem->array("minimiser", i)[0], -0.3728965693473922, 1e-13);
  }
  EXPECT_LE(slope_at_minimiser(*problem), 1e-11);
  // The scores are a_iᵀx*.
  const std::vector<double> features = problem->shared_array("features"), scores = problem->shared_array("scores");
  const std::vector<double> minimiser = problem->array("minimiser", 0);
  ASSERT_EQ(scores.size(), 569U);
  const auto last = features.end() - 30;
  EXPECT_NEAR(scores.back(), std::inner_product(minimiser.begin(), minimiser.end(), last, 0.0), 1e-13);
}

TEST(Problem, DiabetesHasThePublishedFigures) {
  const auto raw = make("ridge", data("diabetes.libsvm", "0.1"));
  EXPECT_NEAR(raw->smoothness[0], 4.12421075015, 5e-12);
  EXPECT_NEAR(raw->strong_convexity[0], 0.108560729827, 5e-13);
  EXPECT_NEAR(raw->minimum[0], 13089.8387079, 5e-8);
  EXPECT_NEAR(initial_gap(*raw, 0), 1447.4022423464535, 1e-8);
  EXPECT_LE(slope_at_minimiser(*raw), 1e-11);
  Parameters centred = data("diabetes.libsvm", "0");
  centred["centre_labels"] = text("true");
  const auto least_squares = make("ridge", centred);
  EXPECT_NEAR(least_squares->minimum[0], 1429.848173793375, 1e-8);
  EXPECT_NEAR(least_squares->distance[0], 65.53721489409688, 1e-8);
}

TEST(Problem, DigitsHasThePublishedFigures) {
  Parameters parameters = data("digits.libsvm", "0.01");
  parameters["classes"] = text("10");
  const auto problem = make("softmax_regression", parameters);
  EXPECT_EQ(problem->shape.n, 640);
  EXPECT_EQ(problem->shape.features, 64);
  EXPECT_EQ(problem->shape.classes, 10);
  EXPECT_NEAR(problem->smoothness[0], 3.68034440981, 5e-12);
  EXPECT_NEAR(problem->minimum[0], 0.273034215353, 5e-13);
  EXPECT_NEAR(problem->distance[0], 5.065126995046841, 1e-12);
  EXPECT_NEAR(initial_gap(*problem, 0), 2.029550877640682, 1e-12);
  EXPECT_LE(slope_at_minimiser(*problem), 1e-11);
}

TEST(Problem, SmoothedHingeHasThePublishedFigures) {
  const auto problem = make("smoothed_hinge", data("breast_cancer.libsvm", "0.01"));
  EXPECT_NEAR(problem->smoothness[0], 26.573215364515836, 1e-12);
  EXPECT_NEAR(problem->minimum[0], 0.04938268725455357, 1e-14);
  EXPECT_NEAR(problem->distance[0], 1.5309753435512647, 1e-12);
  EXPECT_NEAR(initial_gap(*problem, 0), 0.7006173127454465, 1e-13);
}

// A constant column −1 appended, no regularisation: L = σ_max².
TEST(Problem, SquaredHingeHasThePublishedFigures) {
  Parameters parameters = data("a1a.libsvm", "0", false);
  parameters["intercept"] = text("-1");
  const auto problem = make("squared_hinge", parameters);
  EXPECT_EQ(problem->shape.n, 120);
  EXPECT_NEAR(problem->smoothness[0], 11644.5615, 5e-5);
  EXPECT_NEAR(problem->minimum[0], 313.1286194602, 5e-11);
  EXPECT_NEAR(problem->minimum[0] + initial_gap(*problem, 0), 802.5, 1e-10);
  EXPECT_LE(slope_at_minimiser(*problem), 1e-11);

  parameters["reduction"] = text("mean");
  const auto mean = make("squared_hinge", parameters);
  EXPECT_NEAR(mean->minimum[0], problem->minimum[0] / 1605, 1e-13);
  EXPECT_NEAR(mean->smoothness[0], problem->smoothness[0] / 1605, 1e-12);
}

TEST(Problem, FamiliesOfTermsHaveTheSmoothnessOfTheCase) {
  const Parameters common{
      {"dimension", text("2")}, {"directions", vector({0.6, 0.8, -0.8, 0.6})}, {"minimiser", vector({0.5, -0.25})}};
  Parameters parameters = common;
  parameters["weight"] = vector({1, 0.25});
  parameters["threshold"] = vector({0.2, 0.5});
  parameters["start"] = vector({1.5, 1});
  const auto log_cosh = make("log_cosh", parameters);
  EXPECT_NEAR(log_cosh->smoothness[0], 1, 1e-15);
  EXPECT_NEAR(initial_gap(*log_cosh, 0), 0.2925860978303619, 1e-15);

  parameters = common;
  parameters["weight"] = vector({1, 0.5});
  parameters["start"] = vector({1.25, 0.5});
  const auto power = make("power", parameters);
  EXPECT_NEAR(power->smoothness[0], 3.375, 1e-14);
  EXPECT_NEAR(initial_gap(*power, 0), 0.30393984375, 1e-15);
  parameters["exponent"] = text("2");
  EXPECT_THAT(fault_of("power", parameters), HasSubstr("above 2"));
}

TEST(Problem, InstancesWithTheirOwnRegularisationHaveTheirOwnMinimiser) {
  Parameters parameters = data("breast_cancer.libsvm", "0.01");
  parameters["regularisation"] = range(Value::Kind::log_grid, 0.001, 0.01);
  const auto problem = make("logistic", parameters, 2);
  EXPECT_FALSE(problem->shape.shared);
  EXPECT_EQ(problem->data_size, 569 * 32);
  EXPECT_NEAR(problem->minimum[0], 0.05983977454242227, 1e-13);
  EXPECT_NEAR(problem->minimum[1], 0.10241656575570426, 1e-13);
  EXPECT_EQ(problem->array("features", 0), problem->array("features", 1));
  EXPECT_NE(problem->array("scores", 0), problem->array("scores", 1));
}

TEST(Problem, InterceptIsAColumnOfItsOwn) {
  Parameters parameters = data("breast_cancer.libsvm", "0.01");
  parameters["intercept"] = text("true");
  const auto problem = make("logistic", parameters);
  ASSERT_EQ(problem->shape.n, 31);
  const std::vector<double> features = problem->shared_array("features");
  for (std::size_t i = 0; i < 569; ++i) EXPECT_EQ(features[i * 31 + 30], 1);
  EXPECT_LT(problem->minimum[0], 0.102416565756);
}

TEST(Problem, SyntheticDataIsDrawnPerInstance) {
  const auto problem =
      make("ridge",
           {{"data", text("synthetic")}, {"rows", text("2000")}, {"columns", text("3")}, {"noise", text("0.5")}}, 2);
  EXPECT_FALSE(problem->shape.shared);
  const std::vector<double> features = problem->array("features", 0), labels = problem->array("labels", 0);
  EXPECT_NE(features, problem->array("features", 1));
  double mean = 0, square = 0;
  for (const double entry : features) {
    mean += entry / 6000;
    square += entry * entry / 6000;
  }
  EXPECT_NEAR(mean, 0, 5 / std::sqrt(6000));
  EXPECT_NEAR(square, 1, 5 * std::sqrt(2.0 / 6000));
  // What is left at the minimiser is half the variance of the noise; (σ²/2) χ²(m − 3)/m has the standard deviation
  // σ²/2 · √(2/m).
  EXPECT_NEAR(problem->minimum[0], 0.125, 0.125 * 5 * std::sqrt(2.0 / 2000) + 0.001);

  const auto signs = make("logistic", {{"data", text("synthetic")}, {"regularisation", text("0.1")}});
  EXPECT_TRUE(signs->shape.shared);  // of one instance
  for (const double label : signs->shared_array("labels")) EXPECT_EQ(std::abs(label), 1);
}

TEST(Problem, NamesAMissingOrUnfitDataFile) {
  Study study = study_of("logistic", {{"data", text("no-such-file.libsvm")}});
  study.file = "/some/folder/study.toml";
  EXPECT_THAT(fault_of(study), HasSubstr("test.data: there is no file /some/folder/no-such-file.libsvm"));
  EXPECT_THAT(fault_of("logistic", data("digits.libsvm", "1")),
              HasSubstr("digits.libsvm:1: found the label 0; the family logistic allows -1 and 1"));
}

// What is no more than a draw is not held, however many instances there are.
TEST(Problem, InstancesThatFollowRulesTakeNoMemory) {
  const std::int64_t most = std::int64_t{1} << 32;
  const auto problem = make("huber", {{"threshold", range(Value::Kind::log_grid, 1e-8, 1)}}, most);
  EXPECT_EQ(problem->rules.size(), problem->record_size());
  EXPECT_EQ(problem->smoothness.distinct().size(), 1U);
  EXPECT_EQ(problem->distance[1], 1);
  EXPECT_EQ(problem->scale[static_cast<std::size_t>(most) - 1], 1);
  EXPECT_EQ(number_of(*problem, "threshold", 0), 1e-8);
  EXPECT_NEAR(number_of(*problem, "threshold", std::size_t{1} << 31), 1e-4, 1e-12);
  EXPECT_EQ(number_of(*problem, "threshold", static_cast<std::size_t>(most) - 1), 1);
  EXPECT_THAT(fault_of("huber", {{"threshold", range(Value::Kind::uniform, 0.1, 1)}}, most + 1),
              HasSubstr("a problem has at most 2^32 instances"));
}

TEST(Problem, RulesDrawWhatIsDrawnInstanceAfterInstance) {
  const Parameters thresholds = {{"dimension", text("3")}, {"threshold", range(Value::Kind::log_uniform, 1e-6, 2)}};
  Parameters computed = thresholds;
  computed["weight"] = range(Value::Kind::uniform, 0.5, 1);  // L depends on it
  const auto ruled = make("huber", thresholds, 100), each = make("huber", computed, 100);
  ASSERT_FALSE(ruled->rules.empty());
  ASSERT_TRUE(each->rules.empty());
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(ruled->array("threshold", i), each->array("threshold", i));
    EXPECT_NE(each->smoothness[i], each->smoothness[(i + 1) % 100]);
  }
  const std::vector<double>& records = ruled->records();
  ASSERT_EQ(records.size(), 100 * ruled->record_size());
  for (std::size_t k = 0; k < ruled->record_size(); ++k)
    for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(records[k * 100 + i], ruled->entry(k, i));
}

TEST(Problem, IsDrawnInstanceAfterInstanceWhereMoreIsComputed) {
  const Setting drawn = range(Value::Kind::uniform, 0.5, 1);
  const auto ruled = [](const std::string& family, const Parameters& parameters, std::int64_t instances = 50) {
    return !make(family, parameters, instances)->rules.empty();
  };
  EXPECT_TRUE(ruled("huber", {{"threshold", drawn}}));
  EXPECT_TRUE(ruled("log_cosh", {{"threshold", drawn}, {"dimension", text("4")}}));
  EXPECT_TRUE(ruled("tridiagonal", {{"dimension", text("5")}}));
  EXPECT_FALSE(ruled("huber", {{"threshold", drawn}}, 5)) << "records are smaller";
  EXPECT_FALSE(ruled("huber", {{"threshold", drawn}, {"start", drawn}})) << "R";
  EXPECT_FALSE(ruled("huber", {{"threshold", drawn}, {"minimiser", range(Value::Kind::uniform, 2, 3)}})) << "R";
  EXPECT_FALSE(ruled("huber", {{"threshold", drawn}, {"dimension", text("2")}, {"directions", text("haar")}}));
  EXPECT_FALSE(ruled("huber", {{"threshold", drawn}, {"strong_convexity", drawn}})) << "L and mu";
  EXPECT_FALSE(ruled("quadratic", {{"spectrum", text("list")}, {"eigenvalues", drawn}})) << "L";

  Study study = study_of("huber", {{"threshold", drawn}}, 50);
  study.problems[0].normalisation = Normalisation::initial_gap;
  const auto problem = make(study);
  EXPECT_TRUE(problem->rules.empty());
  for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(problem->scale[i], initial_gap(*problem, i));
}

// The last instance that is drawn may have a number that is not allowed.
TEST(Problem, EveryNumberOfADistributionIsChecked) {
  EXPECT_THAT(fault_of("huber", {{"threshold", range(Value::Kind::uniform, -0.01, 1)}}, 10000),
              HasSubstr("test.threshold: found -0.0"));
  EXPECT_NE(make("huber", {{"threshold", range(Value::Kind::uniform, -1e-9, 1)}}, 100), nullptr);
}

// low (high/low)^u, where the powers do without a mathematical library.
TEST(Problem, LogarithmicDrawsAreAccurate) {
  for (const auto& [low, high] : {std::pair{1e-8, 1.0}, {1e-300, 1e300}, {3.0, 3.5}, {1e-320, 1e-310}, {2.0, 2.0}}) {
    const auto problem = make("huber", {{"threshold", range(Value::Kind::log_uniform, low, high)}}, 2000);
    for (std::size_t i = 0; i < 2000; ++i) {
      const long double u = Random(11, 0, i, "threshold").uniform(), ratio = static_cast<long double>(high) / low;
      const auto exact = static_cast<double>(low * std::exp2(u * std::log2(ratio)));
      const double least = std::max(exact * 0x1p-51, std::numeric_limits<double>::denorm_min());
      EXPECT_NEAR(number_of(*problem, "threshold", i), exact, least) << low << " to " << high;
    }
  }
}

TEST(KeptMinimum, IsSolvedOnceAndCheckedWhenRead) {
  const auto problem = make("logistic", data("breast_cancer.libsvm", "0.01"));
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "omg-kept-minimum";
  std::filesystem::remove_all(folder);
  const DiskCache cache(folder, "minimum");
  const reference::Minimum solved = kept_minimum(*problem, 0, cache);
  ASSERT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);

  const reference::Minimum read = kept_minimum(*problem, 0, cache);
  EXPECT_EQ(read.x, solved.x);
  EXPECT_EQ(read.value, solved.value);
  EXPECT_EQ(read.gradient_norm, solved.gradient_norm);

  // A kept point that is no minimiser: what is stored first, after the line and the key, is x*.
  const std::filesystem::path file = std::filesystem::directory_iterator(folder)->path();
  std::string text;
  {
    std::ifstream in(file, std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(in), {});
  }
  const std::size_t line = text.find('\n') + 1, made = (solved.x.size() + 1) * sizeof(double);
  const std::string key = text.substr(line, text.size() - line - made);
  ASSERT_TRUE(cache.find(key).has_value());
  cache.store(key, std::string(made, '\0'));
  EXPECT_EQ(kept_minimum(*problem, 0, cache).x, solved.x);

  // Another regularisation is another problem.
  kept_minimum(*make("logistic", data("breast_cancer.libsvm", "0.02")), 0, cache);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 2);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace omg
