#pragma once

#include <string>
#include <vector>

#include "omg/run.hpp"

namespace omg {

/// "exponent", "certificate", … as in study files.
std::string_view quantity_name(Check::Quantity quantity);

/// The cell of that problem and method. Throws Error if the plan has none.
std::size_t find_cell(const Plan& plan, const std::string& problem, const std::string& method);

/// Judges one check. `difference` is the figure of a trajectory_difference, which statistics do not hold.
Verdict judge(const Plan& plan, const std::vector<CellResult>& cells, const Check& check, const Figure& difference);

/// What is wrong with the certificate of a cell, or nothing.
std::string broken_certificate(const Cell& cell, const CellStatistics& statistics);

}  // namespace omg
