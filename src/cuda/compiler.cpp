#include "cuda/compiler.hpp"

#include <algorithm>
#include <iterator>
#include <memory>

#include <nvrtc.h>

#include "omg/error.hpp"

#include "cuda/library.hpp"
#include "toolkit.hpp"
#include "user/embedded.hpp"

namespace omg::cuda {

namespace {

/// The functions of the run-time compiler.
struct Compiler {
  decltype(&nvrtcVersion) version;
  decltype(&nvrtcGetErrorString) error_string;
  decltype(&nvrtcGetNumSupportedArchs) architecture_count;
  decltype(&nvrtcGetSupportedArchs) architectures;
  decltype(&nvrtcCreateProgram) create;
  decltype(&nvrtcDestroyProgram) destroy;
  decltype(&nvrtcCompileProgram) compile;
  decltype(&nvrtcGetProgramLogSize) log_size;
  decltype(&nvrtcGetProgramLog) log;
  decltype(&nvrtcGetCUBINSize) cubin_size;
  decltype(&nvrtcGetCUBIN) cubin;
};

const Compiler& compiler() {
  static const Compiler loaded = [] {
    const std::string name = "libnvrtc.so." + std::to_string(toolkit_major);
    const Library library({name, std::string(toolkit_libraries) + "/" + name, "libnvrtc.so"},
                          "no run-time compiler: install NVRTC of CUDA " + std::to_string(toolkit_major) +
                              " or put its folder on LD_LIBRARY_PATH");
    Compiler c{};
    library.load(c.version, "nvrtcVersion");
    library.load(c.error_string, "nvrtcGetErrorString");
    library.load(c.architecture_count, "nvrtcGetNumSupportedArchs");
    library.load(c.architectures, "nvrtcGetSupportedArchs");
    library.load(c.create, "nvrtcCreateProgram");
    library.load(c.destroy, "nvrtcDestroyProgram");
    library.load(c.compile, "nvrtcCompileProgram");
    library.load(c.log_size, "nvrtcGetProgramLogSize");
    library.load(c.log, "nvrtcGetProgramLog");
    library.load(c.cubin_size, "nvrtcGetCUBINSize");
    library.load(c.cubin, "nvrtcGetCUBIN");
    return c;
  }();
  return loaded;
}

void check_compiler(nvrtcResult result, const std::string& call) {
  if (result != NVRTC_SUCCESS) throw Error(call + ": " + compiler().error_string(result));
}

struct DestroyProgram {
  void operator()(nvrtcProgram program) const { compiler().destroy(&program); }
};
using Program = std::unique_ptr<std::remove_pointer_t<nvrtcProgram>, DestroyProgram>;

}  // namespace

const std::vector<std::string>& compiler_options() {
  static const std::vector<std::string> options = {
      "--std=c++20",
      "--fmad=false",  // the source says where a product and a sum are fused
      "--device-as-default-execution-space",
      "--diag-suppress=161",  // loops carry the unroll pragmas of the host compilers too
  };
  return options;
}

CompiledKernel compile(const KernelSource& source, int architecture, bool figures) {
  const Compiler& c = compiler();
  const char* text = nullptr;
  std::vector<const char*> texts, names;
  for (const auto& file : embedded_files()) {
    if (source.file == file.name) text = file.text;
    names.push_back(file.name);
    texts.push_back(file.text);
  }
  if (text == nullptr) throw Error("the library has no kernel " + source.file);
  names.push_back(source.header.c_str());
  texts.push_back(source.header_text.c_str());

  nvrtcProgram raw = nullptr;
  check_compiler(c.create(&raw, text, source.file.c_str(), static_cast<int>(names.size()), texts.data(), names.data()),
                 "nvrtcCreateProgram");
  const Program program(raw);
  std::vector<std::string> options = compiler_options();
  options.push_back("--gpu-architecture=sm_" + std::to_string(architecture));
  if (figures) options.push_back("--ptxas-options=-v");
  std::vector<const char*> pointers;
  for (const auto& option : options) pointers.push_back(option.c_str());
  const nvrtcResult result = c.compile(raw, static_cast<int>(pointers.size()), pointers.data());

  CompiledKernel out;
  std::size_t size = 0;
  check_compiler(c.log_size(raw, &size), "nvrtcGetProgramLogSize");
  out.log.resize(size);
  check_compiler(c.log(raw, out.log.data()), "nvrtcGetProgramLog");
  while (!out.log.empty() && (out.log.back() == '\0' || out.log.back() == '\n')) out.log.pop_back();
  if (result != NVRTC_SUCCESS)
    throw Error(
        Place{},
        source.file + " does not compile for sm_" + std::to_string(architecture) + " (" + c.error_string(result) + ")",
        out.log);
  check_compiler(c.cubin_size(raw, &size), "nvrtcGetCUBINSize");
  out.cubin.resize(size);
  check_compiler(c.cubin(raw, out.cubin.data()), "nvrtcGetCUBIN");
  return out;
}

std::string compiler_version() {
  int major = 0, minor = 0;
  check_compiler(compiler().version(&major, &minor), "nvrtcVersion");
  return std::to_string(major) + "." + std::to_string(minor);
}

void check_driver(int driver, const std::string& compiler) {
  // Drivers run the machine code of all toolkits with their major version, and of older ones.
  const int major = driver / 1000;
  if (major >= std::stoi(compiler)) return;
  throw Error("the driver supports CUDA " + std::to_string(major) + "." + std::to_string(driver % 1000 / 10) +
              ", the run-time compiler is that of CUDA " + compiler +
              ": install a newer driver, or a compiler of CUDA " + std::to_string(major) + " at the latest");
}

std::vector<int> compiler_architectures() {
  int count = 0;
  check_compiler(compiler().architecture_count(&count), "nvrtcGetNumSupportedArchs");
  std::vector<int> out(static_cast<std::size_t>(count));
  check_compiler(compiler().architectures(out.data()), "nvrtcGetSupportedArchs");
  return out;
}

int architecture_for(int capability, const std::vector<int>& known) {
  int best = 0;
  std::string list;
  for (const int architecture : known) {
    // Code for Jetson and Drive runs nowhere else, and they run no other.
    constexpr int embedded[] = {62, 72, 87, 101, 110};
    const auto is_embedded = [&](int a) {
      return std::find(std::begin(embedded), std::end(embedded), a) != std::end(embedded);
    };
    const bool runs =
        architecture == capability || (architecture / 10 == capability / 10 && architecture < capability &&
                                       !is_embedded(architecture) && !is_embedded(capability));
    if (runs) best = std::max(best, architecture);
    list += (list.empty() ? "sm_" : ", sm_") + std::to_string(architecture);
  }
  if (best == 0)
    throw Error("the run-time compiler " + compiler_version() + " cannot compile for sm_" + std::to_string(capability) +
                "; it knows " + list);
  return best;
}

}  // namespace omg::cuda
