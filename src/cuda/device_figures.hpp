#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <cuda.h>

#include "omg/plan.hpp"

#include "cuda/driver.hpp"
#include "statistics/lane_batch.hpp"

namespace omg::cuda {

/// Aggregates the figures of lanes where they lie, on the device.
template <class T>
class DeviceFigures {
 public:
  virtual ~DeviceFigures() = default;
  /// take_endings and take_figures of a batch in device memory, its endings there; to the bit what the host makes of
  /// it; figures of instances go to `of_instances`. Waits for what was launched on the stream before. Throws
  /// OutOfMemory, Error.
  virtual void take(const LaneBatch<T>& batch, std::vector<std::uint64_t>& diverged,
                    std::vector<std::uint64_t>& converged, CellStatistics& into, CellStatistics& of_instances) = 0;
};

/// Whether the library has this and the CUDA runtime starts on the driver and the context that is current.
bool runtime_starts();

/// For the lanes of a cell and what the stream runs, in memory of the pool; cell and pool must outlive it.
template <class T>
std::unique_ptr<DeviceFigures<T>> device_figures(const Cell& cell, CUstream stream, BufferPool& pool);

}  // namespace omg::cuda
