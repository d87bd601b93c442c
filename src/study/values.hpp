#pragma once

#include "omg/study.hpp"

#include "section.hpp"

namespace omg {

/// The value of a problem's parameter: a number, a text, true or false, a vector, a grid or a distribution.
Setting read_problem_value(const Section& section, std::string_view key);

/// The value or the sweep of a method's parameter: numbers, formulas, vectors and grids with a count, which become one
/// entry for each point.
Setting read_method_value(const Section& section, std::string_view key);

}  // namespace omg
