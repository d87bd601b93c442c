#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "omg/backend.hpp"

#include "cuda/cache.hpp"
#include "cuda/driver.hpp"
#include "cuda/instance_upload.hpp"
#include "cuda/specialisation.hpp"
#include "cuda/wave.hpp"
#include "kernels/arguments.hpp"

namespace omg::cuda {

/// Limits of how lanes are spread over the device; 0: what suits it. But for `least.tier` they never change a bit of
/// the results.
struct Tuning {
  int block_threads = 0;           ///< a multiple of 32, at most what the launch policy says
  std::uint64_t warps = 0;         ///< warps that watch lanes, at most
  std::uint64_t launch_lanes = 0;  ///< at most so many in a launch
  std::size_t memory = 0;          ///< bytes of device memory at most
  /// Lanes of a wave from which on the figures of single lanes are aggregated on the device: for fewer the host is done
  /// before the device has begun.
  std::uint64_t device_figures_from = 1 << 16;
  bool host_instances = false;  ///< instances are drawn by the host in any case
  LeastTier least = {};
};

/// Limits as text, such as "block_threads=64,launch_lanes=1000". Throws Error for anything else.
Tuning tuning_of(std::string_view text);

/// One GPU that runs cells.
class Engine {
 public:
  Engine(int ordinal, std::filesystem::path cache_folder, const Tuning& tuning = {});
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] const Device& device() const { return device_; }
  /// Lanes of the cell that fit the device's memory; 0 if not even one does.
  [[nodiscard]] std::uint64_t wave_lanes(const Cell& cell, bool tracing = false);
  CellStatistics run(const Cell& cell, LaneRange lanes, const RunControl& control);
  Trajectories trace(const Cell& cell, LaneRange lanes, const RunControl& control);

 private:
  /// Instances on the device, or on their way there.
  struct Place {
    InstanceSet set;
    Buffer buffer;
  };
  /// A kernel and how it is spread over the device.
  struct Launch {
    LaunchPolicy policy;
    CUfunction function = nullptr;
    std::uint64_t watchers = 0;    ///< warps that watch lanes: all of them, or one of every team
    std::uint64_t most_lanes = 0;  ///< that a launch has room for
    Size3 grid, block;
    unsigned shared = 0;  ///< bytes for a block
  };

  const Module& module_of(const KernelSource& source);
  [[nodiscard]] std::size_t usable_memory();
  [[nodiscard]] std::array<Buffer*, 9> buffers() {
    return {&places_[0].buffer, &places_[1].buffer, &shared_, &tables_, &extremes_, &merged_, &rows_, &arena_, &trace_};
  }
  void release_buffers();
  [[nodiscard]] LaunchPolicy policy_of(const Specialisation& chosen) const;
  void copy_to_device(const Buffer& to, const void* from, std::size_t bytes);
  /// Waits for all that was launched before.
  void copy_to_host(void* to, const Buffer& from, std::size_t bytes);

  /// Host memory for what comes from the device, until the next call.
  [[nodiscard]] std::byte* host_room(std::size_t bytes);

  /// The instances of those lanes, as the policy lays them out.
  [[nodiscard]] static InstanceSet instances_of(const Cell& cell, LaneRange lanes, const LaunchPolicy& policy);
  /// Begins to upload the instances of lanes that run later, if they are others than those that run now and find room.
  void foresee(const Cell& cell, LaneRange lanes, const LaunchPolicy& policy);
  /// Waits for the kernels; uploads meanwhile.
  void wait_for_kernels();

  [[nodiscard]] bool aggregates_on_device(std::uint64_t lanes) const;
  /// Calls step(range, next range) for consecutive ranges that fit; halves them when memory runs out. The step says
  /// whether to go on.
  template <class Step>
  void in_waves(const Cell& cell, LaneRange lanes, bool tracing, Step&& step);
  /// Figures of instances go to those statistics, all others to what it returns.
  template <class T>
  CellStatistics run_wave(const Cell& cell, LaneRange lanes, LaneRange next, const RunControl& control,
                          CellStatistics& of_instances);
  template <class T>
  void trace_wave(const Cell& cell, LaneRange lanes, std::uint64_t first_lane, Trajectories& out);
  template <class T>
  Launch prepare(const Cell& cell, LaneRange lanes, LaneRange next, bool tracing, LaneArguments<T>& arguments);
  template <class T>
  void launch_lanes(const Launch& kernel, const LaneArguments<T>& arguments);
  template <class T>
  void upload_instances(const Cell& cell, LaneRange lanes, const LaunchPolicy& policy, LaneArguments<T>& arguments);
  template <class T>
  void upload_tables(const Cell& cell, LaneRange lanes, LaneArguments<T>& arguments);

  Device device_;
  KernelCache cache_;
  Tuning tuning_;
  int architecture_ = 0;
  bool runtime_ = false;  ///< CUDA's runtime, and with it Thrust, works on the device
  std::unique_ptr<Stream> stream_;
  std::map<std::string, Module> modules_;
  std::array<Place, 2> places_;  ///< of the wave that runs and of the one after it
  std::size_t running_ = 0;      ///< whose instances the kernels read
  std::unique_ptr<InstanceUpload> upload_;
  InstanceSet shared_set_;  ///< whose shared data are there
  // Kept from wave to wave, so that a short cell does not wait for allocations.
  Buffer shared_, tables_, extremes_, merged_, rows_, arena_, trace_;
  PinnedBuffer pinned_;  ///< for rows that come to the host
  std::vector<std::byte> pageable_;
  BufferPool aggregation_;  ///< of figures on the device
};

}  // namespace omg::cuda
