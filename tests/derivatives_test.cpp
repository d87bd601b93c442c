// Gradients of the families and pullbacks of the update rules of the lane template against finite
// differences, over the registry's type lists and random points.

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "omg/problem.hpp"
#include "omg/registry.hpp"

#include "support/registry_studies.hpp"

namespace omg {
namespace {

using Context = ArenaContext<double>;
using Vector = MemoryVector<double, Contiguous>;

Vector view(std::vector<double>& v) { return {v.data(), {}}; }

template <class E>
class FamilyDerivatives : public testing::Test {};

template <class... E>
testing::Types<E...> as_types(TypeList<E...>);

TYPED_TEST_SUITE(FamilyDerivatives, decltype(as_types(Families{})));

TYPED_TEST(FamilyDerivatives, GradientIsTheDerivativeOfTheGap) {
  using Family = TypeParam;
  const CatalogueEntry& entry = *find_entry(catalogue().families, Family::entry.name);
  Study study;
  study.seed = 4;
  study.problems = {test::small_problem(entry, 4, 30)};
  const auto problem = make_problem(study, 0);
  const int n = problem->shape.n;
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  std::vector<double> arena(10000);
  for (std::size_t i = 0; i < problem->instances; ++i) {
    const LaneInstance<double> instance{problem->records().data() + i, static_cast<long long>(problem->instances),
                                        problem->shape.shared ? problem->shared.data() : nullptr, n,
                                        problem->data_size};
    const Context c{n, arena.data()};
    FamilyOracle<Family, Context, Shape, LaneInstance<double>> f(c, problem->shape, instance);
    std::vector<double> x(static_cast<std::size_t>(n)), g(x), moved(x), unused(x);
    for (double& value : x) value = normal(random);
    Vector gradient = view(g);
    const double gap = f.gap_and_gradient(view(x), gradient);
    EXPECT_GE(gap, 0);
    EXPECT_DOUBLE_EQ(gap, f.gap(view(x)));
    const double L = problem->smoothness[i], h = 1e-6;
    for (int j = 0; j < n; ++j) {
      const auto at = [&](double step) {
        moved = x;
        moved[static_cast<std::size_t>(j)] += step;
        return f.gap(view(moved));
      };
      // Central differences: the second derivative is at most L and may jump at a kink, hence the L h term;
      // the rest is the rounding of f divided by h.
      EXPECT_NEAR((at(h) - at(-h)) / (2 * h), g[static_cast<std::size_t>(j)], L * h + 1e-9 * (1 + gap))
          << "instance " << i;
    }
    // f(x*) − f* = 0 and the gradient vanishes there.
    for (int j = 0; j < n; ++j) x[static_cast<std::size_t>(j)] = instance.minimiser(j);
    EXPECT_NEAR(f.gap_and_gradient(view(x), gradient), 0, 1e-25);
    for (double value : g) EXPECT_NEAR(value, 0, 1e-10 * std::max(1.0, L));
    // L-smooth and convex: 0 ≤ f(x) − f* ≤ L/2 ‖x − x*‖² at the start.
    EXPECT_LE(initial_gap(*problem, i), 0.5 * L * problem->distance[i] * problem->distance[i] * (1 + 1e-12));
  }
}

/// What a rule asks of its lane.
struct RuleLane {
  using Real = double;
  using Point = Vector;
  Context c;
  struct {
  } f;  // a family whose gradient is plain
  double parameters[2] = {0.7, 1e-12};
  [[nodiscard]] double rule_parameter(int j) const { return parameters[j]; }
};

template <class E>
class RuleDerivatives : public testing::Test {};
TYPED_TEST_SUITE(RuleDerivatives, decltype(as_types(Rules{})));

TYPED_TEST(RuleDerivatives, PullbackIsTheTransposedJacobian) {
  using Rule = TypeParam;
  using Dim = typename Rule::Meta;
  std::mt19937 random(2);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> positive(0.2, 2);
  for (int n : {1, 2, 5}) {
    std::vector<double> arena(1000);
    const RuleLane lane{{n, arena.data()}, {}};
    const auto size = static_cast<std::size_t>(n), meta = static_cast<std::size_t>(Dim::at(n));
    for (int trial = 0; trial < 50; ++trial) {
      std::vector<double> x(size), previous(size), gradient(size), u(size), w(meta), out(meta), high(size), low(size);
      for (auto* v : {&x, &previous, &gradient, &u})
        for (double& value : *v) value = normal(random);
      for (double& value : w) value = positive(random);
      const Vector vx = view(x), vp = view(previous), vg = view(gradient);
      const Base<Vector> base{vx, vp, vg};
      Vector result = view(out), vh = view(high), vl = view(low);
      Rule::pullback(lane, base, view(w), view(u), result);
      for (std::size_t k = 0; k < meta; ++k) {
        const double h = 1e-5;
        std::vector<double> up = w, down = w;
        up[k] += h;
        down[k] -= h;
        Rule::propose(lane, base, view(up), vh);
        Rule::propose(lane, base, view(down), vl);
        double derivative = 0;  // Σ_i ∂φ_i/∂w_k u_i
        for (std::size_t i = 0; i < size; ++i) derivative += (high[i] - low[i]) / (2 * h) * u[i];
        // Error of the central difference: h²/6 times a third derivative of order 100 at w ≥ 0.2.
        EXPECT_NEAR(out[k], derivative, 1e-7 * (1 + std::abs(derivative))) << Rule::entry.name << ", n = " << n;
      }
    }
  }
}

}  // namespace
}  // namespace omg
