#pragma once

#include <string>
#include <vector>

#include "cuda/specialisation.hpp"

namespace omg::cuda {

/// What a kernel takes of the device, as ptxas reports it.
struct KernelFigures {
  std::string kernel;
  int registers = 0;     ///< per thread
  int stack = 0;         ///< bytes per thread
  int spill_stores = 0;  ///< bytes per thread
  int spill_loads = 0;   ///< bytes per thread
  int shared = 0;        ///< bytes per block
};

/// The figures in the log of a compilation that asked for them. Throws Error where there are none.
std::vector<KernelFigures> read_figures(const std::string& log);

/// A lane kernel that some study can ask for.
struct KernelChoice {
  std::string family;  ///< with "rotated" where the terms have directions of their own
  std::string method;
  Specialisation chosen;
};

/// Rule × learner × hint or target × domain and the classical methods, as far as they make sense, each with options
/// that switch on all that the method can do.
std::vector<MethodSpec> registry_methods();

/// The methods on every family of the registry in dimension n, families with and without directions of their own.
std::vector<KernelChoice> registry_kernels(const std::vector<MethodSpec>& methods, int n, Precision precision);

}  // namespace omg::cuda
