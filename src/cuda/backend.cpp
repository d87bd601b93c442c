#include "omg/backend.hpp"

#include <cstdlib>
#include <memory>
#include <string>

#include "cache/cache_folder.hpp"
#include "cuda/compiler.hpp"
#include "cuda/engine.hpp"

namespace omg {

namespace {

/// The lane template in CUDA kernels compiled at run time, on the first device that the driver shows.
class CudaBackend final : public Backend {
 public:
  [[nodiscard]] std::string_view name() const override { return "cuda"; }

  [[nodiscard]] Availability availability() const override {
    try {
      int count = 0;
      cuda::check(cuda::driver().device_count(&count), "cuDeviceGetCount");
      if (count == 0) return {false, "the driver sees no GPU"};
      cuda::check_driver(cuda::driver_version(), cuda::compiler_version());
      cuda::Engine& e = engine();
      // redux.sync, which the statistics are reduced with
      if (e.device().capability() < 80)
        return {false, e.device().name() + " has compute capability " + capability(e) + ", at least 8.0 is needed"};
      return {true, e.device().name() + ", compute capability " + capability(e) + ", " +
                        std::to_string(e.device().total_memory() >> 30) + " GiB, NVRTC " + cuda::compiler_version()};
    } catch (const Error& error) {
      return {false, error.what()};
    }
  }

  [[nodiscard]] std::uint64_t wave_lanes(const Cell& cell) const override {
    return cell.lanes();  // the engine cuts them itself, so that it sees which come next
  }

  CellStatistics run(const Cell& cell, LaneRange lanes, const RunControl& control) override {
    return engine().run(cell, lanes, control);
  }

  Trajectories trace(const Cell& cell, LaneRange lanes, const RunControl& control) override {
    return engine().trace(cell, lanes, control);
  }

 private:
  /// Made when first asked for.
  cuda::Engine& engine() const {
    if (engine_ == nullptr) {
      const char* const tuning = std::getenv("OMG_CUDA_TUNING");
      engine_ = std::make_unique<cuda::Engine>(0, cache_folder(), cuda::tuning_of(tuning != nullptr ? tuning : ""));
    }
    return *engine_;
  }
  static std::string capability(const cuda::Engine& engine) {
    const int value = engine.device().capability();
    return std::to_string(value / 10) + "." + std::to_string(value % 10);
  }

  mutable std::unique_ptr<cuda::Engine> engine_;
};

}  // namespace

std::unique_ptr<Backend> make_cuda_backend() { return std::make_unique<CudaBackend>(); }

}  // namespace omg
