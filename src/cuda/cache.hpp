#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "cuda/compiler.hpp"

namespace omg::cuda {

/// Compiled kernels on disk, one file each, named by a hash of what they were made from. Several
/// processes may use the folder at once: a file appears whole or not at all.
class KernelCache {
 public:
  /// An empty path keeps nothing.
  explicit KernelCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// The stored machine code; nothing if there is none or if the file is damaged or of another key.
  [[nodiscard]] std::optional<std::string> find(const std::string& key) const;
  /// Keeps it. A folder that cannot be written is no error: the kernel is compiled again next time.
  void store(const std::string& key, const std::string& cubin) const;
  [[nodiscard]] std::filesystem::path file(const std::string& key) const;

 private:
  std::filesystem::path folder_;
};

/// $XDG_CACHE_HOME/omg, else $HOME/.cache/omg, else nothing.
std::filesystem::path default_cache_folder();

/// All that decides the machine code: sources, options, compiler and architecture.
std::string cache_key(const KernelSource& source, int architecture);

/// The machine code from the cache, compiled and stored where it is missing.
std::string cached_cubin(const KernelCache& cache, const KernelSource& source, int architecture);

}  // namespace omg::cuda
