#pragma once

#include <filesystem>
#include <string>

#include "cache/disk_cache.hpp"
#include "cuda/compiler.hpp"

namespace omg::cuda {

/// Compiled kernels on disk.
class KernelCache : public DiskCache {
 public:
  /// An empty path keeps nothing.
  explicit KernelCache(std::filesystem::path folder) : DiskCache(std::move(folder), "kernel") {}
};

/// All that decides the machine code: sources, options, compiler and architecture.
std::string cache_key(const KernelSource& source, int architecture);

/// The machine code from the cache, compiled and stored where it is missing.
std::string cached_cubin(const KernelCache& cache, const KernelSource& source, int architecture);

}  // namespace omg::cuda
