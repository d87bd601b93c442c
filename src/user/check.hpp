#pragma once

#include "omg/error.hpp"
#include "omg/problem.hpp"
#include "omg/user_family.hpp"

namespace omg {

/// Compares a family's value, gradient, minimiser and L with each other on some of a problem's instances: differences
/// of f with ∇f, f and ∇f at x*, f(x) − f* ≤ ⟨∇f(x), x − x*⟩ and ≤ L/2 ‖x − x*‖². Throws Error at `place`, with the
/// figures.
void check_user_family(const UserFamily& family, const Problem& problem, const Place& place);

}  // namespace omg
