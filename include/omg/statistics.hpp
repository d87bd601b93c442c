#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "omg/histogram.hpp"

namespace omg {

inline constexpr std::uint64_t no_lane = std::numeric_limits<std::uint64_t>::max();

/// A value and the lane of the cell that attains it; ties go to the lower lane.
struct Extreme {
  double value = 0;
  std::uint64_t lane = no_lane;

  friend bool operator==(const Extreme&, const Extreme&) = default;
};

/// The largest gap ÷ bound, with the lane and the iteration that attain it.
struct Certificate {
  double ratio = -1;
  std::uint64_t lane = no_lane;
  std::int64_t iteration = 0;

  friend bool operator==(const Certificate&, const Certificate&) = default;
};

/// The best setting of one instance: the smallest loss, ties to the lower setting.
struct Best {
  double loss = std::numeric_limits<double>::infinity();
  std::uint32_t setting = std::numeric_limits<std::uint32_t>::max();

  friend bool operator==(const Best&, const Best&) = default;
};

/// The normalised gaps of the lanes that are not diverged, at one iteration; converged ones with their frozen gap.
struct Distribution {
  std::int64_t t = 0;
  Histogram gaps;
  std::int64_t sum_log2 = 0;  ///< Σ log₂ gap in units of 2⁻²⁰ (`fixed_log2`), over the gaps above 1e-300

  friend bool operator==(const Distribution&, const Distribution&) = default;
};

/// Figures of single lanes, one count for each lane that is not diverged. Empty if the study does not ask.
struct LaneStatistics {
  Histogram exponent;            ///< least squares of log gap on log t over the window, up to where the lane stopped
  Histogram sup;                 ///< largest t^p · normalised gap over the window
  Histogram loss;                ///< Σ_t f(y_t) − f*
  Histogram regret;              ///< Σ_t α_t ⟨g_t, w_t − w*⟩
  Histogram ratio;               ///< largest gap ÷ bound
  Histogram evaluations;         ///< of functions and gradients
  std::vector<Histogram> first;  ///< for each ε: first t with normalised gap ≤ ε, over the lanes that come so far

  void merge(const LaneStatistics& other);

  friend bool operator==(const LaneStatistics&, const LaneStatistics&) = default;
};

/// What is known of a cell after some of its lanes have run. `merge` is associative and commutative
/// to the bit, so that waves, threads and shards cannot change a result (spec, section 7).
struct CellStatistics {
  std::vector<std::int64_t> at;          ///< iterations at which the arrays below are kept
  std::vector<Extreme> envelope;         ///< largest normalised gap over the lanes that are not diverged
  std::vector<Extreme> smallest;         ///< smallest normalised gap over them
  std::vector<std::uint64_t> diverged;   ///< lanes diverged at or before that iteration
  std::vector<std::uint64_t> converged;  ///< lanes stopped on a tolerance at or before that iteration
  std::vector<Distribution> distributions;
  LaneStatistics per_lane;
  Certificate certificate;
  std::vector<Best> best;  ///< one per instance, if the cell tracks it
  std::uint64_t lanes = 0;
  std::uint64_t stopped_on_gap = 0;
  std::uint64_t stopped_on_gradient = 0;
  std::uint64_t gradient_evaluations = 0;  ///< summed over lanes
  std::uint64_t function_evaluations = 0;
  std::uint64_t lane_iterations = 0;

  void merge(const CellStatistics& other);

  friend bool operator==(const CellStatistics&, const CellStatistics&) = default;
};

/// Exponent and constant of an envelope: least squares of log envelope on log t.
struct RateFit {
  double exponent = 0;
  double constant = 0;  ///< exp(intercept)
  std::int64_t from = 0;
  std::int64_t to = 0;
  std::size_t points = 0;
};

/// Fits over the kept iterations in [from, to] with a positive finite envelope; exponent NaN if
/// there are fewer than two.
RateFit fit_rate(const CellStatistics& statistics, std::int64_t from, std::int64_t to);

}  // namespace omg
