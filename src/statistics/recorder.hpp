#pragma once

#include <cstddef>
#include <cstdint>

#include "omg/plan.hpp"
#include "omg/statistics.hpp"

namespace omg {

/// Turns the gaps of one lane after another into the statistics of a cell: the plain form of what the
/// engines do for many lanes at once. Lanes must come in increasing order.
class Recorder {
 public:
  explicit Recorder(const Cell& cell);

  void begin(std::uint64_t lane);
  /// f(y_t) − f* of the current lane, t = 1 … T in order, not normalised. False: the lane has diverged
  /// and its further iterations are of no use.
  bool observe(std::int64_t t, double gap);
  /// Closes the lane; the evaluations are those it made.
  void end(std::uint64_t gradients, std::uint64_t functions);

  [[nodiscard]] const CellStatistics& statistics() const { return statistics_; }

 private:
  const Cell& cell_;
  CellStatistics statistics_;
  std::uint64_t lane_ = 0;
  double inverse_scale_ = 1;
  double inverse_bound_ = 0;
  double loss_ = 0;
  double last_ = 0;
  std::int64_t iterations_ = 0;
  std::size_t next_ = 0;  ///< position in record_at
  bool alive_ = true;
};

/// Empty statistics of a cell, ready to be filled or merged into.
CellStatistics empty_statistics(const Cell& cell);

/// A normalised gap above this, or one that is not finite, makes its lane diverged (spec, section 7).
inline constexpr double divergence_limit = 1e30;

}  // namespace omg
