// Fused kernels are the general ones, compiled with everything constant: the same bits in every statistic.

#include "cpu/fused.hpp"

#include <string>

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

template <class Kernel>
void expect_same_bits(Kernel*) {
  for (const Precision precision : {Precision::float64, Precision::float32}) {
    const Plan plan = make_plan(study_of<Kernel>(precision));
    const Cell& cell = plan.cells[0];
    SCOPED_TRACE(cell.problem->family + ", " + plan.study.methods[0].classical + plan.study.methods[0].rule);
    EXPECT_TRUE(cpu::has_fused_kernel(cell));
    const LaneRange all{0, cell.lanes()};
    const auto fused = cpu::run(cell, all, {}, nullptr),
               general = cpu::run(cell, all, {}, nullptr, cpu::Kernels::general);
    EXPECT_TRUE(fused == general);
    EXPECT_LT(general.diverged.back(), cell.lanes());
  }
}

TEST(FusedKernels, HaveTheBitsOfTheGeneralOnes) {
  [&]<class... Kernel>(TypeList<Kernel...>) {
    (expect_same_bits(static_cast<Kernel*>(nullptr)), ...);
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
  study.stop.gap = 1e-3;
  EXPECT_FALSE(fused(study));
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

}  // namespace
}  // namespace omg
