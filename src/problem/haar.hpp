#pragma once

#include <vector>

#include "omg/family.hpp"

namespace omg {

/// An orthogonal matrix of that order, row-major, drawn from the Haar distribution.
std::vector<double> haar_matrix(Random random, int order);

}  // namespace omg
