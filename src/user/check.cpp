#include "user/check.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "user/function.hpp"

namespace omg {

namespace {

using Vector = std::vector<double>;

constexpr std::size_t most_instances = 16;
constexpr std::size_t most_coordinates = 8;  ///< more are checked along random directions only
constexpr int random_directions = 2;
constexpr double epsilon = std::numeric_limits<double>::epsilon();

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a[k] * b[k];
  return sum;
}

Vector plus(const Vector& a, double factor, const Vector& b) {
  Vector out = a;
  for (std::size_t k = 0; k < a.size(); ++k) out[k] += factor * b[k];
  return out;
}

Vector random_direction(Random& random, std::size_t n) {
  Vector out(n);
  for (double& entry : out) entry = random.normal();
  const double norm = std::sqrt(dot(out, out));
  for (double& entry : out) entry /= norm;
  return out;
}

/// One instance, of which several points are looked at.
class InstanceCheck {
 public:
  InstanceCheck(const UserFamily& family, const Problem& problem, const Place& place, std::size_t i)
      : family_(family),
        place_(place),
        i_(i),
        f_(family.module->host, problem),
        minimiser_(problem.array("minimiser", i)),
        start_(problem.array("start", i)),
        smoothness_(problem.smoothness[i]),
        strong_convexity_(problem.strong_convexity[i]),
        distance_(problem.distance[i]),
        random_(0, 0, i, "check of a family") {
    f_.select(i);
  }

  void run() {
    if (!(strong_convexity_ >= 0 && strong_convexity_ <= smoothness_))
      refuse(fmt::format("mu = {}, and should lie between 0 and L = {}", strong_convexity_, smoothness_));
    at_minimiser();
    at_point("its start", start_);
    for (const double share : {1.0, 0.1, 0.01})
      at_point(fmt::format("the distance {} R from x*", share),
               plus(minimiser_, share * distance_, random_direction(random_, start_.size())));
  }

 private:
  [[noreturn]] void refuse(const std::string& fault) const {
    throw Error(place_, fmt::format("the family {} ({}) contradicts itself: instance {}, {}", family_.name,
                                    family_.file.string(), i_, fault));
  }

  void at_minimiser() {
    Vector g(minimiser_.size());
    const double gap = f_.gap_and_gradient(minimiser_, g), norm = std::sqrt(dot(g, g));
    const double scale = smoothness_ * distance_;
    if (!(std::abs(gap) <= 1e-12 * scale * distance_))
      refuse(fmt::format("at x* f - f* is {}, and should be 0 (L R^2 = {})", gap, scale * distance_));
    if (!(norm <= 1e-8 * scale)) refuse(fmt::format("at x* the norm of the gradient is {}, and should be 0", norm));
  }

  void at_point(const std::string& where, const Vector& x) {
    Vector g(x.size()), alone(x.size());
    const double gap = f_.gap_and_gradient(x, g);
    f_.gradient(x, alone);
    if (gap != f_.gap(x) || g != alone)
      refuse(
          fmt::format("at {} the evaluation of the gap alone or the gradient alone differs from that of both", where));

    for (std::size_t k = 0; k < std::min(x.size(), most_coordinates); ++k) {
      Vector unit(x.size());
      unit[k] = 1;
      along(where, fmt::format("coordinate {}", k + 1), x, gap, g, unit);
    }
    for (int k = 0; k < random_directions; ++k)
      along(where, "a random direction", x, gap, g, random_direction(random_, x.size()));

    const Vector from_minimiser = plus(x, -1, minimiser_);
    const double square = dot(from_minimiser, from_minimiser), slope = dot(g, from_minimiser);
    const double slack = 1e-9 * std::abs(gap);
    if (!(gap <= slope + slack))
      refuse(fmt::format("at {} f - f* is {} and <grad f, x - x*> is {}: of a convex function it is at least as large",
                         where, gap, slope));
    if (!(gap <= smoothness_ / 2 * square + slack))
      refuse(fmt::format("at {} f - f* is {} and L/2 |x - x*|^2 is {}: L = {} is too small", where, gap,
                         smoothness_ / 2 * square, smoothness_));
    if (!(gap >= strong_convexity_ / 2 * square - slack))
      refuse(fmt::format("at {} f - f* is {} and mu/2 |x - x*|^2 is {}: mu = {} is too large", where, gap,
                         strong_convexity_ / 2 * square, strong_convexity_));
  }

  /// ⟨∇f(x), d⟩ against (f(x + h d) − f(x − h d))/(2h). What two widths h differ by bounds what a kink or a third
  /// derivative does.
  void along(const std::string& where, const std::string& direction, const Vector& x, double gap, const Vector& g,
             const Vector& d) {
    const auto difference = [&](double h) { return (f_.gap(plus(x, h, d)) - f_.gap(plus(x, -h, d))) / (2 * h); };
    const double h = 1e-4 * distance_, wide = difference(h), narrow = difference(h / 2), slope = dot(g, d);
    const double rounding = 100 * epsilon * (std::abs(gap) / h + std::sqrt(dot(g, g)) * (1 + std::sqrt(dot(x, x)) / h));
    const double allowed = 1e-6 * std::sqrt(dot(g, g)) + 10 * std::abs(wide - narrow) + rounding;
    if (!(std::abs(narrow - slope) <= allowed))
      refuse(
          fmt::format("at {} the derivative of f along {} is {} by differences of f and {} by the gradient "
                      "(allowed difference {:.1g})",
                      where, direction, narrow, slope, allowed));
  }

  const UserFamily& family_;
  const Place& place_;
  std::size_t i_;
  InstanceFunction f_;
  Vector minimiser_, start_;
  double smoothness_, strong_convexity_, distance_;
  Random random_;
};

}  // namespace

void check_user_family(const UserFamily& family, const Problem& problem, const Place& place) {
  const std::size_t count = std::min(problem.instances, most_instances);
  for (std::size_t k = 0; k < count; ++k) InstanceCheck(family, problem, place, k * problem.instances / count).run();
}

}  // namespace omg
