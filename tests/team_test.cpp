// A team that shares a lane computes what one thread computes, but for the order of sums: the code of the lanes that
// runs in the warps and blocks of a GPU, here on teams of threads.

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "omg/catalogue.hpp"
#include "omg/plan.hpp"
#include "omg/registry.hpp"

#include "reference/lane.hpp"
#include "support/registry_studies.hpp"
#include "support/team_lane.hpp"

namespace omg {
namespace {

using OneWarp = test::ThreadTeam<4, 4>;
using ThreeCoordinatesEach = test::ThreadTeam<2, 2>;
using TwoWarps = test::ThreadTeam<8, 4>;

constexpr int n = 6, iterations = 12;

std::optional<Plan> plan_of(const CatalogueEntry& family, MethodSpec method) {
  Study study;
  study.iterations = iterations;
  study.seed = 11;
  study.problems = {test::small_problem(family, n, 2)};
  if (family.name == "softmax_regression") study.problems[0].parameters["columns"] = test::one("2");
  study.methods = {std::move(method)};
  try {
    return make_plan(std::move(study));
  } catch (const Error&) {
    return std::nullopt;  // refused, which registry_test looks into
  }
}

/// How far another order of sums may take a lane: what float64 loses against extended precision, with a margin.
std::vector<double> tolerances(const Cell& cell, std::uint64_t lane) {
  const auto wide = reference::gaps<long double>(cell, lane);
  const auto narrow = reference::gaps<double>(cell, lane);
  std::vector<double> out;
  double worst = 0x1p-53;
  for (std::size_t t = 0; t < wide.size(); ++t) {
    const auto lost = static_cast<double>(std::abs(narrow[t] - wide[t]) / wide[t]);
    worst = std::max(worst, std::isfinite(lost) ? lost : 1.0);
    out.push_back(std::max(1e-11, 1000 * worst));
  }
  return out;
}

void expect_reference(const Cell& cell, const std::vector<double>& gaps, const char* team) {
  constexpr std::uint64_t lane = 1;
  const auto exact = reference::gaps<double>(cell, lane);
  const auto tolerance = tolerances(cell, lane);
  ASSERT_EQ(gaps.size(), exact.size());
  for (std::size_t t = 0; t < gaps.size(); ++t)
    ASSERT_NEAR(gaps[t], exact[t], tolerance[t] * exact[t] + 1e-25) << team << ", t = " << t + 1;
}

template <class Method, class Family>
void expect_teams(const Cell& cell) {
  expect_reference(cell, test::run_team_lane<Method, Family, 0, OneWarp>(cell, 1), "one warp, vectors in memory");
  expect_reference(cell, test::run_team_lane<Method, Family, n, OneWarp>(cell, 1), "one warp, vectors in registers");
  expect_reference(cell, test::run_team_lane<Method, Family, 0, TwoWarps>(cell, 1), "two warps, vectors in memory");
  expect_reference(cell, test::run_team_lane<Method, Family, n, TwoWarps>(cell, 1), "two warps, vectors in registers");
  expect_reference(cell, test::run_team_lane<Method, Family, n, ThreeCoordinatesEach>(cell, 1),
                   "three coordinates each");
}

/// The methods of the registry that are made of a rule and a learner, in a ball where they can be.
template <class Rule, class Learner, class Family>
int expect_teams_of(const char* domain) {
  int ran = 0;
  for (const MethodSpec& method : test::all_methods()) {
    if (method.rule != Rule::entry.name || method.learner != Learner::entry.name || method.domain != domain) continue;
    if (!method.hint.empty() && method.hint != "lookahead") continue;
    const auto plan = plan_of(*find_entry(catalogue().families, Family::entry.name), method);
    if (!plan) continue;
    SCOPED_TRACE(method.name);
    expect_teams<MetaGradient<Rule, Learner>, Family>(plan->cells[0]);
    ++ran;
  }
  return ran;
}

template <class Method, class Family>
void expect_classical_teams() {
  MethodSpec method;
  method.name = method.classical = Method::entry.name;
  method.weights = test::one("1");
  SCOPED_TRACE(std::string(Method::entry.name) + " on " + Family::entry.name);
  if (const auto plan = plan_of(*find_entry(catalogue().families, Family::entry.name), method))
    expect_teams<Classical<Method>, Family>(plan->cells[0]);
}

template <class... All, class F>
void for_types(TypeList<All...>, F&& f) {
  (f(static_cast<All*>(nullptr)), ...);
}

TEST(TeamTest, EveryFamily) {
  for_types(Families{}, []<class Family>(Family*) { expect_classical_teams<Nesterov, Family>(); });
}

TEST(TeamTest, EveryClassicalMethod) {
  for_types(ClassicalMethods{}, []<class Method>(Method*) { expect_classical_teams<Method, Quadratic>(); });
}

TEST(TeamTest, EveryRule) {
  for_types(Rules{}, []<class Rule>(Rule*) {
    EXPECT_GT((expect_teams_of<Rule, OptimisticSgd, Tridiagonal>("ball")), 0) << Rule::entry.name;
  });
}

TEST(TeamTest, EveryLearner) {
  for_types(Learners{}, []<class Learner>(Learner*) {
    EXPECT_GT((expect_teams_of<ElementwiseStep, Learner, Quadratic>("box")), 0) << Learner::entry.name;
  });
}

TEST(TeamTest, TheSimplex) { EXPECT_GT((expect_teams_of<Iterate, Bmg, Quadratic>("simplex")), 0); }

TEST(TeamTest, ReductionsAreTheSameOnEveryMember) {
  using Team = test::ThreadTeam<16, 4>;
  std::vector<double> room(1000), sums(16), maxima(16);
  test::run_team<Team>([&](const Team& team) {
    TeamArena<double> arena{room.data()};
    const TeamMemoryContext<double, Team> c(37, team, arena, nullptr);
    const auto i = static_cast<std::size_t>(team.rank());
    for (int round = 0; round < 20; ++round) {
      sums[i] = c.sum<PointDim>([&](int k) { return 1.0 / (k + 3 + round); });
      maxima[i] = c.maximum<PointDim>([&](int k) { return std::sin(k + round); });
    }
  });
  double sum = 0, maximum = -1;
  for (int k = 0; k < 37; ++k) {
    sum += 1.0 / (k + 22);
    maximum = std::max(maximum, std::sin(k + 19));
  }
  for (std::size_t i = 0; i < 16; ++i) {
    EXPECT_EQ(sums[i], sums[0]);
    EXPECT_NEAR(sums[i], sum, 1e-15);
    EXPECT_EQ(maxima[i], maximum);
  }
}

}  // namespace
}  // namespace omg
