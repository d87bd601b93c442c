// Built where there is no CUDA compiler: figures of single lanes are aggregated by the host, which draws instances too.
#include "cuda/device_figures.hpp"
#include "cuda/device_instances.hpp"

namespace omg::cuda {

bool runtime_starts() { return false; }

template <class T>
std::unique_ptr<DeviceFigures<T>> device_figures(const Cell&, CUstream, BufferPool&) {
  return nullptr;
}

template std::unique_ptr<DeviceFigures<double>> device_figures(const Cell&, CUstream, BufferPool&);
template std::unique_ptr<DeviceFigures<float>> device_figures(const Cell&, CUstream, BufferPool&);

void draw_instances(const Problem&, const InstanceSet&, CUdeviceptr, CUdeviceptr, CUstream) {
  throw Error("this build of the library draws no instances on a device");
}

}  // namespace omg::cuda
