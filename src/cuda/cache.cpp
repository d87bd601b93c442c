#include "cuda/cache.hpp"

#include "user/embedded.hpp"

namespace omg::cuda {

std::string cache_key(const KernelSource& source, int architecture) {
  std::string key = "headers " + std::string(embedded_digest()) + "\nnvrtc " + compiler_version() + "\noptions";
  for (const auto& option : compiler_options()) key += " " + option;
  key += "\narchitecture sm_" + std::to_string(architecture) + "\nsource " + source.file + "\n" + source.header_text;
  return key;
}

std::string cached_cubin(const KernelCache& cache, const KernelSource& source, int architecture) {
  const std::string key = cache_key(source, architecture);
  if (auto found = cache.find(key)) return *std::move(found);
  std::string cubin = compile(source, architecture).cubin;
  cache.store(key, cubin);
  return cubin;
}

}  // namespace omg::cuda
