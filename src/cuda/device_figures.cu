#include <cstdint>

#include <cuda_runtime_api.h>
#include <thrust/copy.h>
#include <thrust/device_ptr.h>
#include <thrust/system/cuda/execution_policy.h>

#include "cuda/device_figures.hpp"
#include "cuda/lane_aggregator.hpp"
#include "cuda/thrust_errors.hpp"

namespace omg::cuda {

namespace {

/// Numbers in memory of a pool, whatever was there before. Giving it back cannot fail: after a kernel that did,
/// Thrust's own containers throw out of their destructors.
template <class N>
class PoolVector {
 public:
  explicit PoolVector(BufferPool* pool) : pool_(pool) {}
  PoolVector(const PoolVector&) = delete;
  PoolVector& operator=(const PoolVector&) = delete;
  ~PoolVector() { give_back(); }

  void resize(std::size_t size) {
    if (size > capacity_) {
      give_back();
      address_ = pool_->take(size * sizeof(N));
      capacity_ = size;
    }
    size_ = size;
  }
  template <class From>
  void assign(From first, From last) {
    resize(static_cast<std::size_t>(last - first));
    thrust::copy(first, last, begin());
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] thrust::device_ptr<N> data() const {
    return thrust::device_pointer_cast(reinterpret_cast<N*>(static_cast<std::uintptr_t>(address_)));
  }
  [[nodiscard]] thrust::device_ptr<N> begin() const { return data(); }
  [[nodiscard]] thrust::device_ptr<N> end() const { return data() + static_cast<std::ptrdiff_t>(size_); }

 private:
  void give_back() noexcept {
    if (capacity_ > 0) pool_->give_back(address_);
    capacity_ = size_ = 0;
  }

  BufferPool* pool_;
  CUdeviceptr address_ = 0;
  std::size_t size_ = 0, capacity_ = 0;
};

struct PoolMemory {
  template <class N>
  using Vector = PoolVector<N>;
  BufferPool* pool;

  template <class N>
  [[nodiscard]] Vector<N> vector() const {
    return Vector<N>(pool);
  }
};

/// Where Thrust's algorithms take their temporary memory.
struct PoolAllocator {
  using value_type = char;
  BufferPool* pool;

  char* allocate(std::ptrdiff_t bytes) const {
    return reinterpret_cast<char*>(static_cast<std::uintptr_t>(pool->take(static_cast<std::size_t>(bytes))));
  }
  void deallocate(char* at, std::size_t) const noexcept {
    pool->give_back(static_cast<CUdeviceptr>(reinterpret_cast<std::uintptr_t>(at)));
  }
};

/// The runtime joins the context that is current, which is the device's primary one, and so the streams and the memory
/// of the driver's interface.
template <class T>
class ThrustFigures final : public DeviceFigures<T> {
 public:
  ThrustFigures(const Cell& cell, CUstream stream, BufferPool& pool)
      : allocator_{&pool}, aggregator_(thrust::cuda::par(allocator_).on(stream), PoolMemory{&pool}, cell) {}

  void take(const LaneBatch<T>& batch, std::vector<std::uint64_t>& diverged, std::vector<std::uint64_t>& converged,
            CellStatistics& into, CellStatistics& of_instances) override {
    translated("aggregate figures", [&] { aggregator_.take(batch, diverged, converged, into, of_instances); });
  }

 private:
  using Policy = decltype(thrust::cuda::par(std::declval<PoolAllocator&>()).on(cudaStream_t{}));
  PoolAllocator allocator_;  ///< the policy refers to it
  LaneAggregator<T, Policy, PoolMemory> aggregator_;
};

}  // namespace

bool runtime_starts() {
  const bool starts = cudaFree(nullptr) == cudaSuccess;
  cudaGetLastError();
  return starts;
}

template <class T>
std::unique_ptr<DeviceFigures<T>> device_figures(const Cell& cell, CUstream stream, BufferPool& pool) {
  return translated("aggregate figures", [&] { return std::make_unique<ThrustFigures<T>>(cell, stream, pool); });
}

template std::unique_ptr<DeviceFigures<double>> device_figures(const Cell&, CUstream, BufferPool&);
template std::unique_ptr<DeviceFigures<float>> device_figures(const Cell&, CUstream, BufferPool&);

}  // namespace omg::cuda
