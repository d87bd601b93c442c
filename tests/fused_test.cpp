// Fused kernels are the general ones, compiled with everything constant: the same bits in every statistic.

#include "cpu/fused.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "omg/plan.hpp"

#include "cpu/along.hpp"
#include "cpu/engine.hpp"
#include "support/registry_studies.hpp"

namespace omg {
namespace {

using test::one;

template <class Rule, class Learner>
void name_method(MetaGradient<Rule, Learner>*, MethodSpec& method) {
  method.rule = Rule::entry.name;
  method.learner = Learner::entry.name;
  // Half of the settings diverge.
  method.parameters["meta_step"] = one("0.1/L");
  method.parameters["meta_step"].values.push_back(test::formula("1e6/L"));
  if (!Rule::starts_at_point) method.parameters["initial"] = one("0.3/L");
}
template <class Method>
void name_method(Classical<Method>*, MethodSpec& method) {
  method.classical = Method::entry.name;
  if constexpr (parameter_count<Method>() > 0) {
    if (std::string(Method::parameters[0].name) != "step") return;
    method.parameters["step"] = one("1/L");
    method.parameters["step"].values.push_back(test::formula("30/L"));
  }
}

/// A study whose only cell the kernel is for.
template <class Kernel>
Study study_of(Precision precision) {
  Study study;
  study.iterations = 200;
  study.seed = 5;
  study.precision = precision;
  const CatalogueEntry& family = *find_entry(catalogue().families, Kernel::Family::entry.name);
  study.problems = {test::small_problem(family, Kernel::shape.n, 77)};
  if (!Kernel::shape.rotated) study.problems[0].parameters.erase("directions");
  MethodSpec method;
  method.name = "fused";
  method.weights = one("1");
  name_method(static_cast<typename Kernel::Method*>(nullptr), method);
  if (method.classical.empty()) {
    const Catalogue& names = catalogue();
    const auto& o = Kernel::options;
    if (o.averaged) method.weights = one("t");
    if (o.hint != Hint::none) method.hint = names.hints[static_cast<std::size_t>(o.hint)].name;
    if (method.learner == "bmg") method.target = names.targets[static_cast<std::size_t>(o.target)].name;
    method.domain = names.domains[static_cast<std::size_t>(o.domain)].name;
    if (o.domain == Domain::box) method.parameters["upper"] = one("2/L");
    if (method.learner == "hypergradient") method.null_step = o.null_step;
  }
  if (!Kernel::steady && method.classical != "ogm") method.bound = "4*L*R^2/t";
  study.methods = {method};
  return study;
}

/// Groups are cut where a range of lanes begins, so that other lanes share one with those that diverge.
template <class Kernel>
void expect_one_answer(Kernel*) {
  for (const Precision precision : {Precision::float64, Precision::float32}) {
    const Plan plan = make_plan(study_of<Kernel>(precision));
    const Cell& cell = plan.cells[0];
    SCOPED_TRACE(cell.problem->family + ", " + plan.study.methods[0].classical + plan.study.methods[0].rule);
    EXPECT_TRUE(cpu::has_fused_kernel(cell));
    const LaneRange all{0, cell.lanes()}, tame{0, cell.problem->instances};  // a step of 30/L amplifies any rounding
    const auto fused = cpu::run(cell, all, {}, nullptr), close = cpu::run(cell, tame, {}, nullptr),
               general = cpu::run(cell, tame, {}, nullptr, cpu::Kernels::general);
    EXPECT_LT(fused.diverged.back(), cell.lanes());
    EXPECT_EQ(close.diverged, general.diverged);
    EXPECT_EQ(close.lane_iterations, general.lane_iterations);
    EXPECT_EQ(close.gradient_evaluations, general.gradient_evaluations);
    EXPECT_EQ(close.function_evaluations, general.function_evaluations);
    const bool narrow = precision == Precision::float32;
    const double tolerance = narrow ? 1e-3 : 1e-9, least = narrow ? 1e-5 : 1e-12;
    for (std::size_t k = 0; k < close.at.size(); ++k)
      EXPECT_NEAR(close.envelope[k].value, general.envelope[k].value,
                  tolerance * std::max(general.envelope[k].value, least))
          << close.at[k];
    for (std::size_t s = 0; s < close.settings.size(); ++s)
      EXPECT_NEAR(close.settings[s].loss.value(), general.settings[s].loss.value(),
                  tolerance * general.settings[s].loss.value());
    EXPECT_NEAR(close.certificate.ratio, general.certificate.ratio, tolerance * std::abs(general.certificate.ratio));

    for (const std::uint64_t cut : {std::uint64_t{5}, std::uint64_t{50}, cell.lanes() / 2 + 9}) {
      auto merged = cpu::run(cell, {cut, cell.lanes()}, {}, nullptr);
      merged.merge(cpu::run(cell, {0, cut}, {}, nullptr));
      EXPECT_TRUE(merged == fused) << cut;
    }
    // What is asked besides has every iteration of every group looked at.
    Cell more = cell;
    more.figures.sup = true;
    more.sup_table.assign(static_cast<std::size_t>(cell.iterations) + 1, 1.0);
    auto watched = cpu::run(more, all, {}, nullptr);
    EXPECT_GT(watched.per_lane.sup.count(), 0U);
    watched.per_lane = fused.per_lane;
    EXPECT_TRUE(watched == fused);
  }
}

TEST(FusedKernels, GiveOneAnswerHoweverLanesAreCut) {
  [&]<class... Kernel>(TypeList<Kernel...>) {
    (expect_one_answer(static_cast<Kernel*>(nullptr)), ...);
  }(cpu::FusedKernels{});
}

TEST(FusedKernels, AreForTheirCellsOnly) {
  using Kernel = cpu::OnALine<Huber>::Plain<GradientDescent>;
  const auto fused = [](const Study& study) { return cpu::has_fused_kernel(make_plan(study).cells[0]); };
  Study study = study_of<Kernel>(Precision::float64);
  EXPECT_TRUE(fused(study));
  study.problems[0].parameters["dimension"] = one("2");
  EXPECT_FALSE(fused(study));
  study = study_of<Kernel>(Precision::float64);
  study.stop.gradient_norm = 1e-3;
  EXPECT_FALSE(fused(study));
}

void give_matrix(ProblemSpec& problem, const std::vector<double>& matrix) {
  for (const char* used : {"spectrum", "condition", "eigenvalues"}) problem.parameters.erase(used);
  Value numbers;
  numbers.kind = Value::Kind::vector;
  numbers.numbers = matrix;
  problem.parameters["matrix"] = {{numbers}, {}};
}

void expect_close_to_general(const Cell& cell) {
  ASSERT_TRUE(cpu::has_fused_kernel(cell));
  const LaneRange all{0, cell.lanes()};
  const auto close = cpu::run(cell, all, {}, nullptr),
             general = cpu::run(cell, all, {}, nullptr, cpu::Kernels::general);
  EXPECT_EQ(close.diverged, general.diverged);
  for (std::size_t k = 0; k < close.at.size(); ++k)
    EXPECT_NEAR(close.envelope[k].value, general.envelope[k].value, 1e-9 * std::max(general.envelope[k].value, 1e-12))
        << close.at[k];
  for (std::size_t s = 0; s < close.settings.size(); ++s)
    EXPECT_NEAR(close.settings[s].loss.value(), general.settings[s].loss.value(),
                1e-9 * std::max(general.settings[s].loss.value(), 1e-12));
  EXPECT_NEAR(close.certificate.ratio, general.certificate.ratio, 1e-9 * std::abs(general.certificate.ratio));
}

using Learned = cpu::Fused<cpu::ScaledElementwiseStep, Quadratic, cpu::plane, cpu::online, true>;

/// With a diagonal of ones: matrices that have it, diagonal ones, coordinates of very different curvature, nearly
/// singular ones; meta-steps and rates far apart, first steps for each coordinate, settings that share instances and a
/// single one.
TEST(FusedKernels, ScaleAnyPositiveDefiniteMatrixToUnitDiagonal) {
  Study study = study_of<Learned>(Precision::float64);
  study.iterations = 60;
  const std::vector<std::vector<double>> matrices = {{2, 0, 0, 2},    {1, 0.5, 0.5, 1}, {3, -1, -1, 1},
                                                     {1, 0, 0, 1e-6}, {1e-4, 0, 0, 7},  {2, 2 - 1e-5, 2 - 1e-5, 2}};
  auto& method = study.methods[0].parameters;
  for (const auto& matrix : matrices)
    for (const bool many : {false, true})
      for (const char* meta_step : {"1e-12/L", "1e-3/L", "0.3/L"})
        for (const char* rate : {"1e-3", "1", "20"}) {
          SCOPED_TRACE(fmt::format("matrix {}, meta-step {}, rate {}, {} settings", fmt::join(matrix, " "), meta_step,
                                   rate, many ? 3 : 1));
          give_matrix(study.problems[0], matrix);
          method["meta_step"] = one(meta_step);
          method["rate"] = one(rate);
          method["initial"] = {{test::formula("0.02/L")}, {}};
          if (many) method["initial"].values = {test::formula("0.02/L"), test::formula("0"), test::formula("0.09/L")};
          expect_close_to_general(make_plan(study).cells[0]);
        }
  Value each;
  each.kind = Value::Kind::vector;
  each.numbers = {0.3, -0.01};
  method["meta_step"] = one("1e-3");
  method["rate"] = one("1");
  method["initial"] = {{each}, {}};
  give_matrix(study.problems[0], {1, 0.5, 0.5, 1});
  expect_close_to_general(make_plan(study).cells[0]);
}

/// AdaGrad likewise: steps far apart, ε that counts for nothing and for much, what the squares start from.
TEST(FusedKernels, ScaleAdagradToUnitDiagonal) {
  Study study = study_of<cpu::Fused<cpu::ScaledAdagrad, Quadratic, cpu::plane, Options{}, true>>(Precision::float64);
  study.iterations = 60;
  const std::vector<std::vector<double>> matrices = {{2, 0, 0, 2},    {1, 0.5, 0.5, 1}, {3, -1, -1, 1},
                                                     {1, 0, 0, 1e-6}, {1e-4, 0, 0, 7},  {2, 2 - 1e-5, 2 - 1e-5, 2}};
  auto& method = study.methods[0].parameters;
  for (const auto& matrix : matrices)
    for (const bool many : {false, true})
      for (const char* epsilon : {"0", "1e-8", "0.3", "1e5"})
        for (const char* step : {"1e-3", "1", "20"}) {
          SCOPED_TRACE(fmt::format("matrix {}, epsilon {}, step {}, {} settings", fmt::join(matrix, " "), epsilon, step,
                                   many ? 3 : 1));
          give_matrix(study.problems[0], matrix);
          method["epsilon"] = one(epsilon);
          method["step"] = one(step);
          method["initial"] = one("0");
          if (many) method["initial"].values = {test::formula("0"), test::formula("1e-3"), test::formula("40")};
          expect_close_to_general(make_plan(study).cells[0]);
        }
  const auto fused = [&] { return cpu::has_fused_kernel(make_plan(study).cells[0]); };
  const auto expect_without = [&](const char* step) {
    method["step"] = one(step);
    EXPECT_FALSE(fused()) << "step = " << step;
    method["step"] = one("1");
    EXPECT_TRUE(fused());
  };
  for (const char* step : {"0", "-0.1", "1e-200", "1e200"}) expect_without(step);
  study.precision = Precision::float32;
  expect_without("1e-9");
  study.precision = Precision::float64;
  give_matrix(study.problems[0], {1, 1, 1, 1});
  EXPECT_FALSE(fused()) << "singular";
}

TEST(FusedKernels, ScaleOnlyWhereNumbersAllow) {
  Study study = study_of<Learned>(Precision::float64);
  const auto fused = [&] { return cpu::has_fused_kernel(make_plan(study).cells[0]); };
  auto& method = study.methods[0].parameters;
  method["rate"] = one("1");
  EXPECT_TRUE(fused());
  const auto expect_without = [&](const char* parameter, const char* value) {
    const auto before = method[parameter];
    method[parameter] = one(value);
    EXPECT_FALSE(fused()) << parameter << " = " << value;
    method[parameter] = before;
  };
  for (const char* rate : {"0", "-0.1", "1e-200"}) expect_without("rate", rate);
  for (const char* meta_step : {"0", "-1e-3", "1e300"}) expect_without("meta_step", meta_step);
  EXPECT_TRUE(fused());
  study.precision = Precision::float32;
  EXPECT_TRUE(fused());
  expect_without("rate", "1e-9");
  study.precision = Precision::float64;
  give_matrix(study.problems[0], {1, 1, 1, 1});
  EXPECT_FALSE(fused()) << "singular";
}

/// On principal axes: any step and momentum, matrices with equal or vanishing eigenvalues, coordinates that the axes
/// already are, settings that share instances and a single one.
TEST(FusedKernels, RunOnPrincipalAxesOfAnyMatrix) {
  Study study =
      study_of<cpu::Fused<cpu::Recurrent<HeavyBall>, Quadratic, cpu::plane, Options{}, true>>(Precision::float64);
  study.iterations = 60;
  const std::vector<std::vector<double>> matrices = {
      {2, 0, 0, 2}, {1, 0, 0, 3}, {3, 0, 0, 1},       {1, 1, 1, 1},      {2, -1, -1, 2},
      {0, 0, 0, 5}, {5, 0, 0, 0}, {1, 1e-9, 1e-9, 1}, {1e5, 3, 3, 1e-4}, {2, 2 - 1e-5, 2 - 1e-5, 2}};
  for (const auto& matrix : matrices)
    for (const bool many : {false, true})
      for (const char* step : {"0", "-0.1/L", "1e-9/L", "1/L", "1.9/L"}) {
        SCOPED_TRACE(fmt::format("matrix {}, step {}, {} settings", fmt::join(matrix, " "), step, many ? 3 : 1));
        give_matrix(study.problems[0], matrix);
        auto& method = study.methods[0].parameters;
        method["step"] = one(step);
        method["velocity"] = one("0.3");
        method["momentum"] = one("0.5");
        if (many)
          method["momentum"].values.insert(method["momentum"].values.end(), {one("0").values[0], one("0.9").values[0]});
        expect_close_to_general(make_plan(study).cells[0]);
      }
  give_matrix(study.problems[0], {1e-180, 0, 0, 1e-180});
  EXPECT_FALSE(cpu::has_fused_kernel(make_plan(study).cells[0])) << "squares would vanish";
}

/// Quadratics of a dimension that fills no register, and some lanes of which diverge.
template <class Kernel>
Study study_along() {
  Study study;
  study.iterations = 20;
  study.seed = 5;
  ProblemSpec problem;
  problem.name = problem.family = Kernel::Family::entry.name;
  problem.instances = 9;
  problem.parameters["dimension"] = one("61");
  study.problems = {problem};
  MethodSpec method;
  method.name = "along";
  method.weights = one("1");
  name_method(static_cast<typename Kernel::Method*>(nullptr), method);
  if (method.learner == "bmg") method.target = "bootstrap";
  if (method.learner == "optimistic_ftrl") method.hint = "last";
  study.methods = {method};
  return study;
}

template <class Kernel>
void expect_close(Kernel*) {
  const Plan plan = make_plan(study_along<Kernel>());
  const Cell& cell = plan.cells[0];
  SCOPED_TRACE(plan.study.methods[0].classical + plan.study.methods[0].rule + plan.study.methods[0].learner);
  const LaneRange all{0, cell.lanes()};
  const auto along = cpu::run(cell, all, {}, nullptr), across = cpu::run(cell, all, {}, nullptr, cpu::Kernels::general);
  EXPECT_EQ(along.diverged, across.diverged);
  EXPECT_EQ(along.lane_iterations, across.lane_iterations);
  EXPECT_EQ(along.gradient_evaluations, across.gradient_evaluations);
  for (std::size_t k = 0; k < along.at.size(); ++k)
    EXPECT_NEAR(along.envelope[k].value, across.envelope[k].value, 1e-9 * across.envelope[k].value) << along.at[k];
  const auto first = cpu::run(cell, {0, 5}, {}, nullptr);
  auto merged = cpu::run(cell, {5, cell.lanes()}, {}, nullptr);
  merged.merge(first);
  EXPECT_TRUE(merged == along);

  // What is observed beside the usual keeps vectors in memory instead of registers, and changes no bit of the rest.
  Study more = study_along<Kernel>();
  more.epsilon = {1e-300};
  const auto observed = cpu::run(make_plan(more).cells[0], all, {}, nullptr);
  for (std::size_t k = 0; k < along.at.size(); ++k) {
    EXPECT_EQ(along.envelope[k].value, observed.envelope[k].value);
    EXPECT_EQ(along.smallest[k].value, observed.smallest[k].value);
  }
}

TEST(AlongKernels, AgreeWithThoseAcrossLanes) {
  [&]<class... Kernel>(TypeList<Kernel...>) {
    (expect_close(static_cast<Kernel*>(nullptr)), ...);
  }(cpu::AlongKernels{});
}

// The fewer threads, the more lanes has a group; nobody sees that.
TEST(AlongKernels, GroupsOfAnySizeGiveTheSame) {
  Study study = study_along<cpu::Along<Classical<Nesterov>, Quadratic>>();
  study.problems[0].instances = 300;
  study.methods[0].parameters["step"] = {{test::formula("1/L"), test::formula("0.3/L"), test::formula("1000/L")}, {}};
  for (const Precision precision : {Precision::float64, Precision::float32}) {
    study.precision = precision;
    const Plan plan = make_plan(study);
    const Cell& cell = plan.cells[0];
    const auto run_with = [&](unsigned threads) {
      RunControl control;
      control.threads = threads;
      return cpu::run(cell, {0, cell.lanes()}, control, nullptr);
    };
    const auto alone = run_with(1);
    EXPECT_GT(alone.diverged.back(), 0u);
    for (const unsigned threads : {2, 5, 40}) EXPECT_TRUE(run_with(threads) == alone) << threads;

    const auto across = cpu::run(cell, {0, cell.lanes()}, {}, nullptr, cpu::Kernels::general);
    const double rounding = precision == Precision::float64 ? 1e-12 : 1e-4;
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_NEAR(alone.envelope[k].value, across.envelope[k].value, rounding * across.envelope[k].value);
      EXPECT_NEAR(alone.smallest[k].value, across.smallest[k].value, rounding * across.smallest[k].value);
    }
  }
}

}  // namespace
}  // namespace omg
