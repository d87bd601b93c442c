#pragma once

#include "omg/lane/pack.hpp"
#include "omg/lane/team.hpp"

#include "kernels/warp.hpp"

// The teams of a GPU (see omg/lane/team.hpp for what a team must offer).
namespace omg::cuda {

__device__ __forceinline__ double exchanged(double value, int distance) {
  return __shfl_xor_sync(whole_warp, value, distance);
}
__device__ __forceinline__ float exchanged(float value, int distance) {
  return __shfl_xor_sync(whole_warp, value, distance);
}
template <class T, int B>
__device__ __forceinline__ LanePack<T, B> exchanged(const LanePack<T, B>& value, int distance) {
  LanePack<T, B> out;
#pragma unroll
  for (int b = 0; b < B; ++b) out.v[b] = __shfl_xor_sync(whole_warp, value.v[b], distance);
  return out;
}

/// Size threads of a block, 32 · 2^k: one warp of several, or the whole block.
template <int Size>
struct ThreadTeam {
  static constexpr int size = Size, warp = warp_size;

  __device__ __forceinline__ int rank() const { return static_cast<int>(threadIdx.x) & (Size - 1); }
  __device__ __forceinline__ void sync() const {
    if constexpr (Size == warp)
      __syncwarp();
    else
      __syncthreads();
  }
  template <class R>
  __device__ __forceinline__ R exchange(const R& value, int distance) const {
    return exchanged(value, distance);
  }
};

}  // namespace omg::cuda
