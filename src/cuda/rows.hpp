#pragma once

#include <cstddef>

#include "omg/plan.hpp"

#include "kernels/arguments.hpp"
#include "statistics/lane_batch.hpp"

namespace omg::cuda {

/// Where the lanes of a launch leave their figures in one block of memory: the rows that the cell asks for, each
/// `stride` numbers long.
template <class T>
class RowLayout {
 public:
  RowLayout(const Cell& cell, std::size_t stride);

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// The rows of a block that starts at `base`.
  [[nodiscard]] LaneRows<T> rows(std::byte* base) const;
  /// The figures of lanes first … first + lanes − 1 in a block, wherever it lies.
  [[nodiscard]] LaneBatch<T> batch(std::byte* base, std::uint64_t first, std::size_t lanes) const;

 private:
  [[nodiscard]] T* row(std::byte* base, std::size_t at) const {
    return at == absent ? nullptr : reinterpret_cast<T*>(base + at);
  }
  std::size_t take(bool wanted, std::size_t rows = 1);

  static constexpr std::size_t absent = ~std::size_t{0};
  std::size_t stride_;
  std::size_t bytes_;
  std::size_t last_, ratio_, ratio_at_, loss_, sup_, regret_, reached_, samples_;
};

/// Bytes that one lane takes of a block.
std::size_t row_bytes(const Cell& cell);

}  // namespace omg::cuda
