#include <new>
#include <string>

#include <cuda_runtime_api.h>
#include <thrust/device_vector.h>
#include <thrust/system/cuda/execution_policy.h>
#include <thrust/system_error.h>

#include "cuda/device_figures.hpp"
#include "cuda/driver.hpp"
#include "cuda/lane_aggregator.hpp"

namespace omg::cuda {

namespace {

/// The engine's own errors out of what Thrust throws.
template <class Work>
auto translated(Work&& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    cudaGetLastError();  // which would else come out of a later call
    throw OutOfMemory("the device's memory is too full to aggregate figures; free some or run fewer lanes at a time");
  } catch (const thrust::system_error& error) {
    throw Error(std::string("Thrust cannot aggregate figures: ") + error.what() + "; check nvidia-smi, then run again");
  }
}

/// The runtime joins the context that is current, which is the device's primary one, and so the streams and the memory
/// of the driver's interface.
template <class T>
class ThrustFigures final : public DeviceFigures<T> {
 public:
  ThrustFigures(const Cell& cell, CUstream stream) : aggregator_(thrust::cuda::par.on(stream), cell) {}

  void take(const LaneBatch<T>& batch, std::vector<std::uint64_t>& diverged, std::vector<std::uint64_t>& converged,
            CellStatistics& into) override {
    translated([&] { aggregator_.take(batch, diverged, converged, into); });
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
  return translated([&] { return std::make_unique<ThrustFigures<T>>(cell, stream); });
}

template std::unique_ptr<DeviceFigures<double>> device_figures(const Cell&, CUstream);
template std::unique_ptr<DeviceFigures<float>> device_figures(const Cell&, CUstream);

}  // namespace omg::cuda
