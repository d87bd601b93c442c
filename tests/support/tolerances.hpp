#pragma once

#include <cstdint>
#include <vector>

#include "omg/plan.hpp"

namespace omg::test {

/// How far a program in the given arithmetic may be from the exact trajectory at each t: what the
/// reference itself loses in float64 against extended precision, largest up to t. That is one sample of
/// how the method amplifies rounding, and the program's is another: hence the wide margin.
std::vector<double> tolerances(const Cell& cell, std::uint64_t lane, double epsilon, double least);

}  // namespace omg::test
