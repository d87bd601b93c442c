#pragma once

#include <string>
#include <vector>

#include "omg/run.hpp"

namespace omg {

/// "exponent", "certificate", … as in study files.
std::string_view quantity_name(Check::Quantity quantity);

/// "confirmed", "refuted", "undecided"
std::string_view rate_verdict_name(RateVerdict verdict);

/// "cumulative loss", "final gap", "iterations"
std::string_view best_by_name(BestBy best);

/// The cell of that problem and method. Throws Error if the plan has none.
std::size_t find_cell(const Plan& plan, const std::string& problem, const std::string& method);

/// What comparisons read of a cell.
MethodRecord method_record(const Cell& cell, const CellStatistics& statistics);

/// `judge_rate`; where a lane diverged, the worst case has no rate.
RateJudgement judge_rate_of(const Cell& cell, const CellStatistics& statistics, const RateEstimate& rate,
                            double claimed);

/// The rate of the envelope over the checkpoints in the window.
RateEstimate estimate_envelope_rate(const Cell& cell, const CellStatistics& statistics, const Window& window);

/// The p of the O(t^−p) that the method claims, by its key `claimed_rate` or else by its bound; 0 if it claims none.
double claimed_rate(const Cell& cell);

/// Judges one check. `difference` is the figure of a trajectory_difference, which statistics do not hold.
Verdict judge(const Plan& plan, const std::vector<CellResult>& cells, const Check& check, const Figure& difference);

/// What is wrong with the certificate of a cell, or nothing.
std::string broken_certificate(const Cell& cell, const CellStatistics& statistics);

}  // namespace omg
