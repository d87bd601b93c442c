#pragma once

#include "kernels/arguments.hpp"

// Reductions over the 32 lanes of a warp. Maxima of floating-point numbers go through integers that
// sort like them: the hardware reduces those in one instruction (redux.sync, compute capability 8.0).
namespace omg::cuda {

inline constexpr unsigned whole_warp = 0xffffffffu;
inline constexpr int warp_size = 32;

/// An integer that sorts like the number it is made of.
template <class T>
struct KeyOf;
template <>
struct KeyOf<double> {
  using type = long long;
};
template <>
struct KeyOf<float> {
  using type = int;
};
template <class T>
using Key = typename KeyOf<T>::type;

// For negative numbers all bits but the sign are flipped. Zeros must be +0. The map is its own inverse.
__device__ __forceinline__ long long ordered(long long bits) { return bits ^ ((bits >> 63) & 0x7fffffffffffffffLL); }
__device__ __forceinline__ int ordered(int bits) { return bits ^ ((bits >> 31) & 0x7fffffff); }
__device__ __forceinline__ Key<double> key_of(double x) { return ordered(__double_as_longlong(x)); }
__device__ __forceinline__ Key<float> key_of(float x) { return ordered(__float_as_int(x)); }
__device__ __forceinline__ double value_of(Key<double> key) { return __longlong_as_double(ordered(key)); }
__device__ __forceinline__ float value_of(Key<float> key) { return __int_as_float(ordered(key)); }

__device__ __forceinline__ int warp_maximum(int key) { return __reduce_max_sync(whole_warp, key); }
__device__ __forceinline__ int warp_minimum(int key) { return __reduce_min_sync(whole_warp, key); }

/// 64 bits in two halves: first the high one, then the low one of those that share it.
__device__ __forceinline__ long long joined(int high, unsigned low) {
  return static_cast<long long>(static_cast<unsigned long long>(static_cast<unsigned>(high)) << 32 | low);
}
__device__ __forceinline__ long long warp_maximum(long long key) {
  const int mine = static_cast<int>(key >> 32), high = __reduce_max_sync(whole_warp, mine);
  return joined(high, __reduce_max_sync(whole_warp, mine == high ? static_cast<unsigned>(key) : 0u));
}
__device__ __forceinline__ long long warp_minimum(long long key) {
  const int mine = static_cast<int>(key >> 32), high = __reduce_min_sync(whole_warp, mine);
  return joined(high, __reduce_min_sync(whole_warp, mine == high ? static_cast<unsigned>(key) : whole_warp));
}

/// The lowest thread of the warp for which the statement holds; there must be one.
__device__ __forceinline__ int lowest_thread(bool statement) {
  return __ffs(static_cast<int>(__ballot_sync(whole_warp, statement))) - 1;
}

__device__ __forceinline__ Count warp_sum(Count value) {
  for (int distance = warp_size / 2; distance > 0; distance /= 2) value += __shfl_xor_sync(whole_warp, value, distance);
  return value;
}

}  // namespace omg::cuda
