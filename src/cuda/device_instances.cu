#include <thrust/device_ptr.h>
#include <thrust/system/cuda/execution_policy.h>
#include <thrust/tabulate.h>

#include "cuda/device_instances.hpp"
#include "cuda/drawn_numbers.hpp"
#include "cuda/thrust_errors.hpp"

namespace omg::cuda {

namespace {

template <class T>
void draw(const Problem& problem, const InstanceSet& set, CUdeviceptr rules, CUdeviceptr to, CUstream stream) {
  const thrust::device_ptr<T> first(reinterpret_cast<T*>(to));
  thrust::tabulate(thrust::cuda::par_nosync.on(stream), first, first + static_cast<std::ptrdiff_t>(set.numbers()),
                   DrawnNumbers<T>(problem, set, reinterpret_cast<const DrawRule*>(rules)));
}

}  // namespace

void draw_instances(const Problem& problem, const InstanceSet& set, CUdeviceptr rules, CUdeviceptr to,
                    CUstream stream) {
  translated("draw instances", [&] {
    if (set.precision == Precision::float64)
      draw<double>(problem, set, rules, to, stream);
    else
      draw<float>(problem, set, rules, to, stream);
  });
}

}  // namespace omg::cuda
