// The registry as a whole: every family with every method that can be formed from rules, learners,
// hints, targets and domains. The engine must agree with the independent reference; a new entry is
// covered without being named here.

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "omg/backend.hpp"
#include "omg/catalogue.hpp"
#include "omg/plan.hpp"

#include "reference/lane.hpp"
#include "support/registry_studies.hpp"
#include "support/tolerances.hpp"

namespace omg {
namespace {

// Neither number of instances fills a SIMD group. Sanitizers look at the combinations more than at their lanes.
#ifdef __SANITIZE_ADDRESS__
constexpr int iterations = 40, instances = 3;
#else
constexpr int iterations = 100, instances = 11;
#endif

Study study_of(const CatalogueEntry& family, Precision precision) {
  Study study;
  study.title = "registry";
  study.iterations = iterations;
  study.seed = 11;
  study.precision = precision;
  study.problems = {test::small_problem(family, 3, instances)};
  return study;
}

/// The plan of one method, or nothing if the combination is refused; then `reason` says why.
std::optional<Plan> plan_of(Study study, const MethodSpec& method, std::string& reason) {
  study.methods = {method};
  try {
    return make_plan(std::move(study));
  } catch (const Error& error) {
    reason = error.what();
    return std::nullopt;
  }
}

struct Comparison {
  int sharp = 0;        ///< iterations compared to better than 1e-3
  int lanes_apart = 0;  ///< lanes that left the tolerance
  std::string first;    ///< where the first of them did
};

Comparison compare(const Cell& cell, double epsilon, double least) {
  Comparison out;
  const auto trajectories = make_cpu_backend()->trace(cell, {0, cell.lanes()}, {});
  for (std::uint64_t lane = 0; lane < cell.lanes(); ++lane) {
    const auto exact = reference::gaps<double>(cell, lane);
    const auto tolerance = test::tolerances(cell, lane, epsilon, least);
    const std::size_t i = lane % cell.problem->instances;
    const double R = cell.problem->distance[i], far = 1e6 * initial_gap(*cell.problem, i);
    const double floor = 1e-12 * cell.problem->smoothness[i] * R * R * (epsilon / 0x1p-53);
    for (std::size_t t = 0; t < iterations; ++t) {
      const double gap = trajectories.gaps[lane * iterations + t];
      // A lane on its way to infinity is not followed.
      if (!std::isfinite(exact[t]) || std::abs(exact[t]) > far) break;
      if (exact[t] < floor || tolerance[t] > 0.1) continue;
      out.sharp += tolerance[t] <= 1e-3;
      if (std::abs(gap - exact[t]) <= tolerance[t] * exact[t]) continue;
      if (++out.lanes_apart == 1) {
        std::ostringstream where;
        where << "lane " << lane << ", t = " << t + 1 << ": gap " << gap << ", reference " << exact[t]
              << ", relative tolerance " << tolerance[t];
        out.first = where.str();
      }
      break;
    }
  }
  return out;
}

/// The reference counts at its oracle; what the engine's methods count must be the same.
void expect_same_evaluations(const Cell& cell) {
  const CellStatistics engine = make_cpu_backend()->run(cell, {0, 1}, {});
  const CellStatistics reference = make_reference_backend()->run(cell, {0, 1}, {});
  if (engine.diverged.back() + reference.diverged.back() > 0) return;  // counted up to an iteration that rounding moves
  EXPECT_EQ(engine.gradient_evaluations, reference.gradient_evaluations);
  EXPECT_EQ(engine.function_evaluations, reference.function_evaluations);
}

class RegistryTest : public testing::TestWithParam<std::string> {
 protected:
  const CatalogueEntry& family() const { return *find_entry(catalogue().families, GetParam()); }
};

TEST_P(RegistryTest, EngineAgreesWithTheReference) {
  std::set<std::string> seen;
  int refused = 0;
  bool strongly_convex = false, on_simplex = false;
  for (const MethodSpec& method : test::all_methods()) {
    SCOPED_TRACE(method.name);
    std::string reason;
    const auto plan = plan_of(study_of(family(), Precision::float64), method, reason);
    if (!plan) {
      ++refused;
      EXPECT_THAT(reason, testing::Not(testing::IsEmpty()));
      continue;
    }
    strongly_convex |= plan->cells[0].problem->strong_convexity[0] > 0;
    on_simplex |= method.rule == "iterate" && method.domain == "simplex";
    const Comparison result = compare(plan->cells[0], 0x1p-53, 1e-9);
    expect_same_evaluations(plan->cells[0]);
    EXPECT_EQ(result.lanes_apart, 0) << result.first;
    EXPECT_GE(100 * result.sharp, instances * iterations) << "hardly anything could be compared";
    for (const auto& part : {method.rule, method.learner, method.classical, method.domain, method.target, method.hint})
      seen.insert(part);
  }
  const Catalogue& c = catalogue();
  for (const auto* list : {&c.rules, &c.learners, &c.classical, &c.targets, &c.domains})
    for (const auto& entry : *list) {
      // Methods for μ > 0 are refused where μ = 0, points of the simplex where x* is none.
      const bool needs_mu = entry.needs.find("mu") != std::string::npos;
      const bool needs_simplex = entry.needs.find("simplex") != std::string::npos;
      if ((needs_mu && !strongly_convex) || (needs_simplex && !on_simplex)) continue;
      EXPECT_TRUE(seen.contains(entry.name)) << entry.name << " was never accepted";
    }
  EXPECT_GT(refused, 0);
}

TEST_P(RegistryTest, EngineInFloat32AgreesWithTheReference) {
  for (const MethodSpec& method : test::all_methods()) {
    // The instruction mix is that of float64; one hint and one domain each are enough.
    if (!method.classical.empty() || (method.domain == "all" && (method.hint.empty() || method.hint == "last"))) {
      SCOPED_TRACE(method.name);
      std::string reason;
      const auto plan = plan_of(study_of(family(), Precision::float32), method, reason);
      if (!plan) continue;
      const Comparison result = compare(plan->cells[0], 0x1p-24, 1e-4);
      // A rounding of this size may take a lane to another piece of a piecewise function, which the sample
      // in float64 cannot foresee: a minority of lanes may part.
      EXPECT_LE(result.lanes_apart, instances / 2) << result.first;
    }
  }
}

std::vector<std::string> family_names() {
  std::vector<std::string> names;
  for (const auto& family : catalogue().families) names.push_back(family.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Families, RegistryTest, testing::ValuesIn(family_names()),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace omg
