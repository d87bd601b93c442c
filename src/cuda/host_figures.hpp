#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "omg/plan.hpp"

#include "statistics/lane_batch.hpp"

namespace omg::cuda {

/// Counts what lanes have made and how they ended. `diverged` and `converged` have one count more than the cell has
/// records: lanes that ended after the record before.
template <class T>
void take_endings(const LaneBatch<T>& batch, std::vector<std::uint64_t>& diverged,
                  std::vector<std::uint64_t>& converged, CellStatistics& into);

/// Aggregates the figures of lanes that have come to the host, many at a time in its registers where all of them ran
/// to T.
template <class T>
class HostFigures {
 public:
  /// The cell must outlive it.
  explicit HostFigures(const Cell& cell);
  /// take_endings and take_figures of a batch with endings, behind whose rows `reads_beyond` bytes may be read. What is
  /// given for `of_instances` is always the same.
  void take(LaneBatch<T> batch, std::vector<std::uint64_t>& diverged, std::vector<std::uint64_t>& converged,
            CellStatistics& into, CellStatistics& of_instances);

  static constexpr std::size_t reads_beyond = 64;  ///< the rest of a register

 private:
  const Cell& cell_;
  BatchArithmetic<T> arithmetic_;
  std::vector<T> bounds_;
  std::vector<std::uint32_t> keys_;
};

}  // namespace omg::cuda
