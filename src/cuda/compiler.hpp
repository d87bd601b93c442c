#pragma once

#include <string>
#include <vector>

namespace omg::cuda {

/// One kernel source of the library and the header that specialises it.
struct KernelSource {
  std::string file;    ///< as embedded: "kernels/lane.cu"
  std::string header;  ///< the name under which `file` includes the specialisation
  std::string header_text;

  friend bool operator==(const KernelSource&, const KernelSource&) = default;
};

struct CompiledKernel {
  std::string cubin;
  std::string log;  ///< of the compiler: warnings, and ptxas' figures if asked for
};

/// Compiles to machine code of one architecture (90 for sm_90); needs no GPU. Throws Error with the
/// compiler's log. `figures` asks ptxas for registers and memory of each kernel.
CompiledKernel compile(const KernelSource& source, int architecture, bool figures = false);

/// "13.0". Throws Error if there is no run-time compiler.
std::string compiler_version();
/// Throws Error where a driver of that version (`driver_version`) cannot run what a compiler of that one makes.
void check_driver(int driver, const std::string& compiler);

/// Architectures that the compiler knows, ascending.
std::vector<int> compiler_architectures();

/// The architecture to compile for: machine code runs on devices of the same major and the same or a higher minor
/// capability. Throws Error where the compiler knows none for the device.
int architecture_for(int capability, const std::vector<int>& known);

/// The options of every compilation, the architecture left out.
const std::vector<std::string>& compiler_options();

}  // namespace omg::cuda
