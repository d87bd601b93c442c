#pragma once

#include <new>
#include <string>

#include <cuda_runtime_api.h>
#include <thrust/system_error.h>

#include "cuda/driver.hpp"

namespace omg::cuda {

/// The engine's own errors out of what Thrust throws while it does that work.
template <class Work>
auto translated(const char* what, Work&& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    cudaGetLastError();  // which would else come out of a later call
    throw OutOfMemory(std::string("the device's memory is too full to ") + what +
                      "; free some or run fewer lanes at a time");
  } catch (const thrust::system_error& error) {
    throw Error(std::string("Thrust cannot ") + what + ": " + error.what() + "; check nvidia-smi, then run again");
  }
}

}  // namespace omg::cuda
