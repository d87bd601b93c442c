// The families of the lane template against the independent ones of the reference, over the registry: values and
// gradients next to the minimiser, where a difference of function values would be nothing but rounding, and so far
// away that an exponential would overflow.

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "omg/problem.hpp"
#include "omg/registry.hpp"

#include "paths.hpp"
#include "reference/registry.hpp"
#include "support/registry_studies.hpp"

namespace omg {
namespace {

using Context = ArenaContext<double>;
using Instance = LaneInstance<double>;
using Point = MemoryVector<double, Contiguous>;

template <class E>
class Families : public testing::Test {};

template <class... E>
testing::Types<E...> as_types(TypeList<E...>);

TYPED_TEST_SUITE(Families, decltype(as_types(omg::Families{})));

std::shared_ptr<const Problem> small_problem(const char* family, int dimension, int instances) {
  Study study;
  study.seed = 21;
  study.problems = {test::small_problem(*find_entry(catalogue().families, family), dimension, instances)};
  return make_problem(study, 0);
}

TYPED_TEST(Families, AgreeWithTheReferenceAtEveryDistance) {
  using Family = TypeParam;
  const auto problem = small_problem(Family::entry.name, 3, 6);
  const int n = problem->shape.n;
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  std::vector<double> arena(10000);
  for (std::size_t i = 0; i < problem->instances; ++i) {
    const Instance instance{problem->records().data() + i, static_cast<long long>(problem->instances),
                            problem->shape.shared ? problem->shared.data() : nullptr, n, problem->data_size};
    const Context c{n, arena.data()};
    FamilyOracle<Family, Context, Shape, Instance> f(c, problem->shape, instance);
    const auto reference = reference::make_family<long double>(*problem, i);
    for (const double distance : {1e-9, 1e-6, 1e-3, 0.03, 1.0, 30.0, 1e3, 1e6}) {
      for (int trial = 0; trial < 20; ++trial) {
        auto x = c.template vector<PointDim>(), g = c.template vector<PointDim>();
        c.used -= 2 * n;
        reference::Vector<long double> point(n), minimiser(n);
        for (int j = 0; j < n; ++j) {
          point[j] = x[j] = instance.minimiser(j) + distance * normal(random);
          minimiser[j] = instance.minimiser(j);
        }
        const double gap = f.gap_and_gradient(x, g);
        const long double expected = reference->gap(point);
        // Rounding of the scores, ε times the number of terms, is amplified by the power where there is one.
        EXPECT_NEAR(gap, static_cast<double>(expected), static_cast<double>(1e-12 * expected)) << distance;
        EXPECT_TRUE(std::isfinite(gap) && gap >= 0) << distance;
        EXPECT_EQ(f.gap(x), gap);
        const reference::Vector<long double> slope = reference->gradient(point);
        const long double size = slope.norm() + 1e-3L * problem->smoothness[i] * (1 + minimiser.norm());
        for (int j = 0; j < n; ++j)
          EXPECT_NEAR(g[j], static_cast<double>(slope[j]), static_cast<double>(1e-12 * size)) << distance;
      }
    }
  }
}

/// What is too far away for float64 to be in danger is not for float32: e^89 is infinite there.
TYPED_TEST(Families, NothingOverflowsInFloat32) {
  using Family = TypeParam;
  using Narrow = ArenaContext<float>;
  const auto problem = small_problem(Family::entry.name, 3, 6);
  const int n = problem->shape.n;
  const std::vector<float> records(problem->records().begin(), problem->records().end());
  const std::vector<float> shared(problem->shared.begin(), problem->shared.end());
  std::mt19937 random(6);
  std::normal_distribution<double> normal;
  std::vector<float> arena(10000);
  for (std::size_t i = 0; i < problem->instances; ++i) {
    const LaneInstance<float> instance{records.data() + i, static_cast<long long>(problem->instances),
                                       problem->shape.shared ? shared.data() : nullptr, n, problem->data_size};
    const Narrow c{n, arena.data()};
    FamilyOracle<Family, Narrow, Shape, LaneInstance<float>> f(c, problem->shape, instance);
    const auto reference = reference::make_family<long double>(*problem, i);
    auto x = c.template vector<PointDim>(), g = c.template vector<PointDim>();
    for (const double distance : {1.0, 100.0, 1e4, 1e6}) {
      reference::Vector<long double> point(n);
      for (int j = 0; j < n; ++j)
        point[j] = x[j] =
            static_cast<float>(problem->array("minimiser", i)[static_cast<std::size_t>(j)] + distance * normal(random));
      const float gap = f.gap_and_gradient(x, g);
      const auto expected = static_cast<double>(reference->gap(point));
      EXPECT_NEAR(gap, expected, 1e-4 * expected + 1e-6) << distance;
      const reference::Vector<long double> slope = reference->gradient(point);
      for (int j = 0; j < n; ++j)
        EXPECT_NEAR(g[j], static_cast<double>(slope[j]), 1e-4 * static_cast<double>(slope.norm()) + 1e-5) << distance;
    }
  }
}

}  // namespace
}  // namespace omg
