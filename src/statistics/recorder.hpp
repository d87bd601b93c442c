#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "omg/plan.hpp"
#include "omg/statistics.hpp"

namespace omg {

/// One iteration of a lane as statistics see it.
struct Observation {
  double gap = 0;            ///< f(y_t) − f*, not normalised
  double gradient_norm = 0;  ///< ‖∇f(y_t)‖; looked at if the cell stops on it
  double regret = 0;         ///< α_t ⟨g_t, w_t − w*⟩; looked at if the cell counts it
};

/// Turns the gaps of one lane after another into the statistics of a cell: the plain form of what the
/// engines do for many lanes at once. Lanes must come in increasing order.
class Recorder {
 public:
  explicit Recorder(const Cell& cell);

  void begin(std::uint64_t lane);
  /// Iteration t = 1 … T in order. False: the lane has converged or diverged and its further iterations are
  /// of no use.
  bool observe(std::int64_t t, const Observation& seen);
  bool observe(std::int64_t t, double gap) { return observe(t, Observation{gap, 0, 0}); }
  /// Closes the lane; the evaluations are those it made.
  void end(std::uint64_t gradients, std::uint64_t functions);

  [[nodiscard]] const CellStatistics& statistics() const { return statistics_; }

 private:
  void record(double normalised);

  const Cell& cell_;
  CellStatistics statistics_;
  std::uint64_t lane_ = 0;
  double inverse_scale_ = 1;
  double inverse_bound_ = 0;
  double last_ = 0;
  double ratio_ = -1;
  double ratio_at_ = 0;
  double loss_ = 0;
  double sup_ = 0;
  double regret_ = 0;
  std::vector<double> reached_, samples_;
  std::size_t next_ = 0;         ///< position in record_at
  std::size_t next_sample_ = 0;  ///< position in the cell's samples
  std::int64_t iterations_ = 0;
  Ending ending_;
};

/// Problems of so many instances have their figures kept once: parts of a run leave them where the whole has them,
/// instead of merging arrays of that length.
inline constexpr std::size_t instances_kept_once = std::size_t{1} << 17;

/// Empty statistics of a cell, ready to be filled or merged into; of a part without the figures of instances.
CellStatistics empty_statistics(const Cell& cell, bool with_instances = true);

/// A normalised gap above this, or one that is not finite, makes its lane diverged (spec, section 7).
inline constexpr double divergence_limit = 1e30;

}  // namespace omg
