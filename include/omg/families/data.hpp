#pragma once

#include "omg/family.hpp"

namespace omg {

// What the families over the rows of a data set share on the host. Their data block is: features
// (rows × columns, row-major), labels (rows), then what the family knows of x* for each row.

/// Reads the data set; terms = rows, features = columns, n = columns · classes.
void shape_of_data(const FamilyInput& in, Shape& s);
/// Writes features and labels and the regularisation λ; returns λ.
double draw_data(const FamilyInput& in, InstanceWriter& out);
/// The spectrum of AᵀA (A the rows of the data set).
Spectrum data_spectrum(const FamilyInput& in);

}  // namespace omg
