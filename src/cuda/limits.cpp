// What a GPU does at most, measured: fused multiply-adds, global and shared memory. The benchmarks state their rates as
// fractions of these.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>

#include "cache/cache_folder.hpp"
#include "cuda/cache.hpp"
#include "cuda/driver.hpp"
#include "cuda/specialisation.hpp"

namespace {

using namespace omg;
using namespace omg::cuda;

/// As in kernels/limits.cu.
struct LimitArguments {
  void* from;
  void* to;
  long long count;
  int rounds;
};

constexpr unsigned threads = 256, blocks_per_multiprocessor = 8;
constexpr double chains = 8;

/// Seconds of one launch, the shortest of five.
double seconds_of(const Stream& stream, CUfunction kernel, unsigned blocks, const LimitArguments& arguments) {
  double best = 1e300;
  for (int k = 0; k < 6; ++k) {
    const auto begin = std::chrono::steady_clock::now();
    launch(stream, kernel, {blocks, 1, 1}, {threads, 1, 1}, 0, arguments);
    stream.synchronise();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    if (k > 0) best = std::min(best, taken.count());  // the first one loads the kernel and wakes the clock
  }
  return best;
}

void print_limits() {
  const Device device(0);
  device.make_current();
  const Stream stream;
  const int architecture = architecture_for(device.capability(), compiler_architectures());
  const KernelCache cache(cache_folder());
  const unsigned blocks = static_cast<unsigned>(device.multiprocessors()) * blocks_per_multiprocessor;
  const double all_threads = static_cast<double>(blocks) * threads;

  Buffer from, to;
  const std::size_t bytes = std::min<std::size_t>(device.free_memory() / 4, std::size_t{1} << 30);
  from.reserve(bytes);
  to.reserve(bytes);
  check(driver().memory_set(from.address(), 0, bytes, stream.get()), "cuMemsetD8Async");
  const LimitArguments arguments{from.at<void>(), to.at<void>(), static_cast<long long>(bytes / 16), 1 << 16};

  std::printf("{\"device\": \"%s\", \"multiprocessors\": %d", device.name().c_str(), device.multiprocessors());
  for (const Precision precision : {Precision::float64, Precision::float32}) {
    KernelSource source = merge_source(precision);  // for its header, which names the precision
    source.file = "kernels/limits.cu";
    const Module kernels(cached_cubin(cache, source, architecture));
    const double fma = 2 * chains * arguments.rounds * all_threads /
                       seconds_of(stream, kernels.function("limit_fma"), blocks, arguments);
    std::printf(", \"fma_%s\": %.6g", precision == Precision::float64 ? "float64" : "float32", fma);
    if (precision == Precision::float32) continue;
    const double copied =
        2.0 * static_cast<double>(bytes) / seconds_of(stream, kernels.function("limit_memory"), blocks, arguments);
    const double shared =
        16.0 * arguments.rounds * all_threads / seconds_of(stream, kernels.function("limit_shared"), blocks, arguments);
    std::printf(", \"memory\": %.6g, \"shared\": %.6g", copied, shared);
  }
  std::printf("}\n");
}

}  // namespace

/// Prints one JSON object: FLOP/s (fma_float64, fma_float32) and bytes/s (memory, shared).
int main() {
  try {
    print_limits();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "omg_cuda_limits: %s\n", error.what());
    return 2;
  }
  return 0;
}
