#pragma once

#include <string>

#include "omg/run.hpp"

namespace omg::cli {

/// The table with one line for each cell, and a line on each column.
std::string cell_table(const Plan& plan, const StudyResult& result);

/// The duels of each comparison, with a line on each column; empty without one.
std::string comparisons(const Plan& plan, const StudyResult& result);

/// The settings that win most often, for each cell with a sweep; empty without one.
std::string best_settings(const Plan& plan, const StudyResult& result);

/// A verdict and its figures for each claim.
std::string verdicts(const Plan& plan, const StudyResult& result);

/// What is against the result: broken certificates and checks that failed; empty if nothing is.
std::string failures(const Plan& plan, const StudyResult& result);

}  // namespace omg::cli
