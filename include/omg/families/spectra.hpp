#pragma once

#include "omg/family.hpp"

namespace omg {

// The host part of the family quadratic.

void shape_of_quadratic(const FamilyInput& in, Shape& s);
/// Draws the spectrum and the rotation; writes Q (or its diagonal), L = λ_max and μ = λ_min.
void draw_quadratic(const FamilyInput& in, InstanceWriter& out);

}  // namespace omg
