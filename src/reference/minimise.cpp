#include "reference/minimise.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>

#include <Eigen/Cholesky>
#include <fmt/format.h>

#include "problem/physical_memory.hpp"
#include "reference/registry.hpp"

namespace omg::reference {

namespace {

using Wide = long double;

[[noreturn]] void fail(const Problem& problem, std::size_t i, const std::string& what) {
  throw Error(Place{"", 0, "problem." + problem.name}, "instance " + std::to_string(i) + ": " + what);
}

[[noreturn]] void fail_without_minimiser(const Problem& problem, std::size_t i) {
  fail(problem, i,
       "found no minimiser in a reasonable number of Newton's steps, as where the function keeps falling while the "
       "point runs away (separable data?); set regularisation > 0");
}

/// The Hessian, factorised. A shift by its last digits keeps directions in which f is flat at rest; where
/// f is curved it costs Newton's method nothing.
Eigen::LDLT<Matrix<double>> factorise(const Family<double>& f, const Vector<double>& x) {
  Matrix<double> h = f.hessian(x);
  const double shift = 1e-13 * h.diagonal().maxCoeff();
  h.diagonal().array() += shift > 0 ? shift : 1.0;
  return Eigen::LDLT<Matrix<double>>(h);
}

/// Damped Newton until the decrement is lost in rounding.
///
/// Where a minimiser exists the decrement ends in quadratic convergence. Where the infimum is approached
/// at infinity only, as on separable data without regularisation, every full step takes the same factor
/// (about e for the logistic loss) off the decrement: to arrive at a tiny decrement that way is no arrival.
Vector<double> newton(const Problem& problem, std::size_t i, const Family<double>& f) {
  constexpr int most_iterations = 200;
  constexpr int most_slow_steps = 40;  // e^{−40} is below the last digits of every term
  constexpr double linear_factor = 0.05;
  Vector<double> x = Vector<double>::Zero(problem.shape.n);
  double value = f.value(x), decrement_before = std::numeric_limits<double>::infinity();
  const double first_value = value;
  int slow_steps = 0;
  for (int iteration = 0; iteration < most_iterations; ++iteration) {
    const Vector<double> gradient = f.gradient(x);
    if (!gradient.allFinite()) fail(problem, i, "the gradient is not finite on the way to the minimiser");
    const Vector<double> step = -factorise(f, x).solve(gradient);
    // Half the decrement, ½ ⟨∇f, H⁻¹∇f⟩, is what the quadratic model promises to gain.
    const double decrement = -gradient.dot(step) / 2;
    const bool arrived = decrement <= 1e-16 * std::abs(value) || decrement <= 1e-24 * std::abs(first_value);
    slow_steps = decrement > linear_factor * decrement_before ? slow_steps + 1 : 0;
    if (slow_steps > (arrived ? 0 : most_slow_steps)) fail_without_minimiser(problem, i);
    decrement_before = decrement;

    double length = 1, next_value = f.value(x + step);
    while (!(next_value <= value - 0.1 * length * decrement) && length > 1e-10) {
      // Where the promised gain is below the last digits of f, the comparison means nothing.
      if (decrement <= 1e-13 * std::abs(value) && next_value <= value + 1e-12 * std::abs(value)) break;
      length /= 2;
      next_value = f.value(x + length * step);
    }
    const Vector<double> next = x + length * step;
    // In directions in which f is flat the last step is rounding alone, and may cross a kink.
    if (arrived) return f.gradient(next).norm() < gradient.norm() ? next : x;
    x = next;
    value = next_value;
  }
  fail_without_minimiser(problem, i);
}

}  // namespace

Minimum minimise(const Problem& problem, std::size_t i) {
  const auto n = static_cast<double>(problem.shape.n);
  if (!fits_physical_memory(2 * sizeof(double) * n * n))  // as it is and factorised
    fail(problem, i,
         fmt::format("the minimiser takes a Hessian of n = {} rows and columns, for which this machine's "
                     "memory of {:.3g} GB does not suffice",
                     problem.shape.n, 1e-9 * physical_memory()));
  const std::unique_ptr<Family<double>> f = make_family<double>(problem, i);
  const std::unique_ptr<Family<Wide>> wide = make_family<Wide>(problem, i);
  const Vector<double> rough = newton(problem, i, *f);

  // Steps with the double Hessian and the wide gradient take off a fixed factor each, down to the
  // rounding of the wide type.
  const Eigen::LDLT<Matrix<double>> hessian = factorise(*f, rough);
  Vector<Wide> x = rough.cast<Wide>();
  Vector<Wide> gradient = wide->gradient(x);
  for (Wide norm = gradient.norm(); norm > 0;) {
    const Vector<Wide> next = x - hessian.solve(gradient.cast<double>()).cast<Wide>();
    const Vector<Wide> next_gradient = wide->gradient(next);
    const Wide next_norm = next_gradient.norm();
    if (!(next_norm < norm / 2)) break;
    x = next;
    gradient = next_gradient;
    norm = next_norm;
  }

  const Vector<double> rounded = x.cast<double>();
  Minimum out;
  out.x.assign(rounded.begin(), rounded.end());
  out.value = static_cast<double>(wide->value(x));
  out.gradient_norm = static_cast<double>(wide->gradient(rounded.cast<Wide>()).norm());
  const double allowed = allowed_gradient_norm(problem, i);
  if (!(out.gradient_norm <= allowed))
    fail(problem, i,
         fmt::format(
             "the gradient norm at the minimiser is {:.3g}, allowed is {:.3g}; rounding leaves no more of data of "
             "such size: standardise or scale them",
             out.gradient_norm, allowed));
  return out;
}

double gradient_norm(const Problem& problem, std::size_t i, const std::vector<double>& x) {
  const Vector<Wide> point = to_vector<Wide>(x);
  return static_cast<double>(make_family<Wide>(problem, i)->gradient(point).norm());
}

double allowed_gradient_norm(const Problem& problem, std::size_t i) {
  return 1e-11 * std::max(1.0, problem.smoothness[i]);
}

}  // namespace omg::reference
