#pragma once

#include <cstddef>
#include <vector>

#include "omg/problem.hpp"

namespace omg::reference {

struct Minimum {
  std::vector<double> x;     ///< x*
  double value = 0;          ///< f*
  double gradient_norm = 0;  ///< ‖∇f(x*)‖ at the returned x, evaluated in the wide type
};

/// Minimises instance i of a family without a closed form by a damped Newton method, refined in
/// extended precision to the last digits of double; where there are several minimisers it returns one
/// of them. The record needs everything but start and minimiser. Throws Error if there is no minimiser or the method
/// does not reach `allowed_gradient_norm`.
Minimum minimise(const Problem& problem, std::size_t i);

/// ‖∇f(x)‖ of instance i, evaluated in extended precision.
double gradient_norm(const Problem& problem, std::size_t i, const std::vector<double>& x);

/// What counts as zero at a minimiser: 1e-11 max(1, L).
double allowed_gradient_norm(const Problem& problem, std::size_t i);

}  // namespace omg::reference
