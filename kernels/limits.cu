// What the device does at most of one thing: the denominators of the fractions in docs/performance.md.
#include "omg/lane/math.hpp"

#include "precision.hpp"

namespace omg::cuda {

using Real = chosen::Real;

// LimitArguments of src/cuda/limits.cpp
struct LimitArguments {
  uint4* from;
  uint4* to;
  long long count;  ///< of 16 bytes each
  int rounds;
};

constexpr int chains = 8;  ///< independent, so that latency is hidden

/// rounds × chains fused multiply-adds a thread.
extern "C" __global__ void limit_fma(const LimitArguments a) {
  const Real factor = Real(1) - Real(threadIdx.x + 1) * Real(1e-6);
  Real x[chains];
#pragma unroll
  for (int k = 0; k < chains; ++k) x[k] = Real(k);
  for (int round = 0; round < a.rounds; ++round)
#pragma unroll
    for (int k = 0; k < chains; ++k) x[k] = fma(x[k], factor, factor);
  Real sum = Real(0);
#pragma unroll
  for (int k = 0; k < chains; ++k) sum += x[k];
  if (sum < Real(0)) a.to->x = 1;  // never: keeps the work
}

/// Copies `count` times 16 bytes.
extern "C" __global__ void limit_memory(const LimitArguments a) {
  const long long step = static_cast<long long>(gridDim.x) * blockDim.x;
  for (long long k = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; k < a.count; k += step)
    a.to[k] = a.from[k];
}

/// rounds × 16 bytes a thread, read from shared memory by neighbours side by side.
extern "C" __global__ void limit_shared(const LimitArguments a) {
  constexpr unsigned size = 1024;
  __shared__ uint4 held[size];
  for (unsigned k = threadIdx.x; k < size; k += blockDim.x) held[k] = a.from[k];
  __syncthreads();
  uint4 sum{0, 0, 0, 0};
#pragma unroll 8
  for (unsigned round = 0; round < static_cast<unsigned>(a.rounds); ++round) {
    const uint4 x = held[(threadIdx.x + round * warpSize) % size];
    sum = {sum.x ^ x.x, sum.y ^ x.y, sum.z ^ x.z, sum.w ^ x.w};
  }
  if ((sum.x | sum.y | sum.z | sum.w) == 1u) a.to->x = 1;  // never, as all of `from` is 0
}

}  // namespace omg::cuda
