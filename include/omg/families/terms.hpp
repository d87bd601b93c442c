#pragma once

#include <vector>

#include "omg/family.hpp"

namespace omg {

// What the families that are sums of one-dimensional terms, Σ_k ψ_k(u_kᵀ(x − x*)), share on the host.

/// Reads dimension, terms and directions.
void shape_of_terms(const FamilyInput& in, Shape& s);
/// The given fields, then "directions" if the terms are rotated.
Layout layout_of_terms(const Shape& s, std::vector<Field> fields);
/// Draws the directions (if rotated) and returns the spectrum of Σ_k weight_k u_k u_kᵀ.
Spectrum draw_directions(const FamilyInput& in, InstanceWriter& out, const std::vector<double>& weights);

}  // namespace omg
