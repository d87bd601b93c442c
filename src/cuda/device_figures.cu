#include <cuda_runtime_api.h>
#include <thrust/device_vector.h>
#include <thrust/system/cuda/execution_policy.h>

#include "cuda/device_figures.hpp"
#include "cuda/lane_aggregator.hpp"
#include "cuda/thrust_errors.hpp"

namespace omg::cuda {

namespace {

/// The runtime joins the context that is current, which is the device's primary one, and so the streams and the memory
/// of the driver's interface.
template <class T>
class ThrustFigures final : public DeviceFigures<T> {
 public:
  ThrustFigures(const Cell& cell, CUstream stream) : aggregator_(thrust::cuda::par.on(stream), cell) {}

  void take(const LaneBatch<T>& batch, std::vector<std::uint64_t>& diverged, std::vector<std::uint64_t>& converged,
            CellStatistics& into) override {
    translated("aggregate figures", [&] { aggregator_.take(batch, diverged, converged, into); });
  }

 private:
  using Policy = decltype(thrust::cuda::par.on(cudaStream_t{}));
  LaneAggregator<T, Policy, thrust::device_vector> aggregator_;
};

}  // namespace

bool runtime_starts() {
  const bool starts = cudaFree(nullptr) == cudaSuccess;
  cudaGetLastError();
  return starts;
}

template <class T>
std::unique_ptr<DeviceFigures<T>> device_figures(const Cell& cell, CUstream stream) {
  return translated("aggregate figures", [&] { return std::make_unique<ThrustFigures<T>>(cell, stream); });
}

template std::unique_ptr<DeviceFigures<double>> device_figures(const Cell&, CUstream);
template std::unique_ptr<DeviceFigures<float>> device_figures(const Cell&, CUstream);

}  // namespace omg::cuda
