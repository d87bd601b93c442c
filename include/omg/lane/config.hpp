#pragma once

/// Marks a function of the lane template: it is compiled for the host and for the device.
#if defined(__CUDACC__)
#define OMG_HD __host__ __device__ __forceinline__
#elif defined(__GNUC__)
#define OMG_HD inline __attribute__((always_inline))
#else
#define OMG_HD inline
#endif
