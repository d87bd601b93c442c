#pragma once

/// Marks a function of the lane template: it is compiled for the host and for the device.
#if defined(__CUDACC__)
#define OMG_HD __host__ __device__ __forceinline__
#elif defined(__GNUC__)
#define OMG_HD inline __attribute__((always_inline))
#else
#define OMG_HD inline
#endif

/// Before a loop of few iterations that unrolls, so that what it indexes can stay in registers. Clang knows the pragmas
/// of CUDA and of GCC, and takes one of them.
#if defined(__CUDACC__)
#define OMG_UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define OMG_UNROLL _Pragma("GCC unroll 64")
#else
#define OMG_UNROLL
#endif
