#pragma once

#include <cuda.h>

#include "cuda/instance_upload.hpp"

namespace omg::cuda {

/// Draws the instances of a set where they belong: on the device, by rules that lie there, in the order of the stream.
/// Needs the CUDA runtime (`runtime_starts`). Throws OutOfMemory, Error.
void draw_instances(const Problem& problem, const InstanceSet& set, CUdeviceptr rules, CUdeviceptr to, CUstream stream);

}  // namespace omg::cuda
