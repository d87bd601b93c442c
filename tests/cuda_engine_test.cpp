// The host side of the CUDA engine: waves, launches, memory that runs out, the kernel cache, messages. A driver that
// stands in for a device counts lanes instead of running them; what the kernels compute is the matter of cuda_gpu_test.

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "omg/backend.hpp"
#include "omg/plan.hpp"
#include "omg/run.hpp"

#include "cuda/cache.hpp"
#include "cuda/compiler.hpp"
#include "cuda/engine.hpp"
#include "cuda/figures.hpp"
#include "cuda/wave.hpp"
#include "support/registry_studies.hpp"

namespace omg::cuda {
namespace {

// ---- waves ----

std::size_t bytes_of(const WaveCost& cost, std::uint64_t instances, std::uint64_t lanes) {
  return cost.fixed + std::min(instances, lanes) * cost.instance + lanes * cost.lane + cost.watcher + cost.row;
}

TEST(CudaWaves, FitTheMemoryAndNoLaneMoreWould) {
  for (const WaveCost& cost : {WaveCost{1000, 40, 0, 5000, 100}, WaveCost{1000, 40, 8, 5000, 0},
                               WaveCost{0, 0, 8, 100, 700}, WaveCost{100000, 8000, 16, 30000, 50}})
    for (const std::uint64_t instances : {1u, 33u, 4096u})
      for (const std::size_t memory : {10000u, 200000u, 3000000u, 100000000u}) {
        const std::uint64_t wanted = 16 * instances;
        const std::uint64_t lanes = fitting_lanes(cost, instances, wanted, memory);
        EXPECT_LE(lanes, wanted);
        if (lanes > 0) {
          EXPECT_LE(bytes_of(cost, instances, lanes), memory);
        }
        // At most a half stays free for more watchers and longer launches.
        if (lanes < wanted && cost.fixed + cost.watcher + cost.row <= memory / 8) {
          EXPECT_GT(bytes_of(cost, instances, lanes + 1), memory / 8 * 3);
        }
      }
}

TEST(CudaWaves, NothingFitsWhereOneWatcherDoesNot) {
  EXPECT_EQ(fitting_lanes({1000, 8, 0, 5000, 0}, 10, 10, 5999), 0u);
}

TEST(CudaWaves, WatchersMakeTheSameNumberOfPasses) {
  for (const int watched : {1, 4, 32})
    for (const std::uint64_t lanes : {1u, 31u, 32u, 33u, 4096u, 100000u, 1048576u})
      for (const std::uint64_t resident : {1u, 7u, 264u, 4224u}) {
        const std::uint64_t watchers = planned_watchers(lanes, resident, watched, 0, 0);
        ASSERT_GE(watchers, 1u);
        EXPECT_LE(watchers, resident);
        const auto passes = [&](std::uint64_t w) {
          return (lanes - 1) / (static_cast<std::uint64_t>(watched) * w) + 1;
        };
        EXPECT_EQ(passes(watchers), passes(resident));
        if (watchers > 1) {
          EXPECT_GT(passes(watchers - 1), passes(watchers));
        }
      }
}

TEST(CudaWaves, WatchersFitTheirMemory) {
  EXPECT_EQ(planned_watchers(1 << 20, 4224, 32, 1000, 64999), 64u);
  EXPECT_EQ(planned_watchers(1 << 20, 4224, 32, 1000, 10), 1u);
}

TEST(CudaWaves, FewWatchersSpreadOverTheMultiprocessors) {
  EXPECT_EQ(planned_block(8, 132, 4), 1u);
  EXPECT_EQ(planned_block(132, 132, 4), 1u);
  EXPECT_EQ(planned_block(264, 132, 4), 2u);
  EXPECT_EQ(planned_block(4224, 132, 4), 4u);
}

// ---- launch policy ----

Specialisation specialisation_of(const std::string& family, int n, Precision precision, bool rotated = false) {
  Specialisation out;
  out.precision = precision;
  out.family = family;
  out.classical = "nesterov";
  out.shape.n = out.shape.terms = out.shape.features = n;
  out.shape.rotated = rotated;
  out.record_size = 2 * static_cast<std::size_t>(n) + (rotated ? static_cast<std::size_t>(n * n) : 1);
  return out;
}

TEST(CudaPolicy, TiersFollowTheDimension) {
  const auto tier = [](const std::string& family, int n, bool rotated = false) {
    const LaunchPolicy policy = launch_policy(90, specialisation_of(family, n, Precision::float64, rotated));
    return std::pair(policy.tier, policy.vectors);
  };
  EXPECT_EQ(tier("huber", 1), std::pair(Tier::thread, Vectors::registers));
  EXPECT_EQ(tier("huber", 16), std::pair(Tier::thread, Vectors::registers));
  EXPECT_EQ(tier("huber", 17), std::pair(Tier::warp, Vectors::registers));
  EXPECT_EQ(tier("quadratic", 64, true), std::pair(Tier::block, Vectors::registers));
  EXPECT_EQ(tier("tridiagonal", 1001), std::pair(Tier::block, Vectors::registers));
  EXPECT_EQ(tier("tridiagonal", 4000), std::pair(Tier::block, Vectors::shared));
  EXPECT_EQ(tier("tridiagonal", 100000), std::pair(Tier::block, Vectors::global));
}

TEST(CudaPolicy, KeepsWhatItPromisesOfADevice) {
  for (const int architecture : {80, 89, 90, 100})
    for (const Precision precision : {Precision::float64, Precision::float32})
      for (const char* family : {"huber", "quadratic", "tridiagonal"})
        for (int n = 1; n < 20000; n = n * 5 / 4 + 1)
          for (const bool rotated : {false, true}) {
            if (rotated && n > 2000) continue;
            const Specialisation chosen = specialisation_of(family, n, precision, rotated);
            const LaunchPolicy policy = launch_policy(architecture, chosen);
            EXPECT_EQ(policy, launch_policy(architecture, chosen));
            EXPECT_LE(policy.block_threads, 1024);
            EXPECT_EQ(policy.block_threads % policy.watched_threads(), 0);
            const auto teams = static_cast<std::size_t>(policy.block_threads / policy.watched_threads());
            EXPECT_LE(policy.shared_entries() * teams * static_cast<std::size_t>(policy.pack) *
                          (precision == Precision::float64 ? 8 : 4),
                      shared_memory(architecture))
                << family << ", n = " << n;
            // Numbers that a thread holds of every vector, and of the matrix, fit its registers.
            if (policy.tier != Tier::thread && policy.vectors == Vectors::registers) {
              EXPECT_LE((n + policy.team - 1) / policy.team, 4);
              EXPECT_LE(policy.matrix_rows * n * (precision == Precision::float64 ? 2 : 1), 128);
            }
          }
}

// Packs of lanes stand behind the features of a data set, whatever its size, and are read 16 bytes at a time.
TEST(CudaPolicy, PacksAreAlignedBehindATile) {
  int tiles = 0;
  for (const Precision precision : {Precision::float64, Precision::float32})
    for (int rows = 20; rows < 200; ++rows)
      for (const int n : {17, 18, 30, 31}) {
        Specialisation chosen = specialisation_of("logistic", n, precision);
        chosen.shape.terms = rows;
        chosen.shape.shared = chosen.one_variant = true;
        const LaunchPolicy policy = launch_policy(90, chosen);
        ASSERT_GT(policy.pack, 1);
        EXPECT_EQ(policy.tile_entries * (precision == Precision::float64 ? 8 : 4) % 16, 0u) << rows << " × " << n;
        if (policy.tile_entries > 0) ++tiles;
      }
  EXPECT_GT(tiles, 100);
}

TEST(CudaPolicy, ATeamSeesNoDifferenceInWhatIsRecorded) {
  Specialisation chosen = specialisation_of("tridiagonal", 300, Precision::float64);
  const LaunchPolicy policy = launch_policy(90, chosen);
  chosen.every_iteration = chosen.observer.certificate = chosen.tracing = true;
  EXPECT_EQ(launch_policy(90, chosen).team, policy.team);
}

TEST(CudaWaves, LaunchesTakeAboutAQuarterOfASecond) {
  EXPECT_EQ(planned_passes(10), 1u);
  EXPECT_EQ(planned_passes(0.1), 2u);
  EXPECT_EQ(planned_passes(1e-3), 250u);
  EXPECT_GE(planned_passes(0), 1000u);
}

// ---- cache ----

class CudaCache : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              (std::string("omg-cache-") + testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
  const std::string key_ = "headers 12\nsource x\n", cubin_ = std::string("\177ELF\0\1\2\n\nmachine code", 22);
};

TEST_F(CudaCache, GivesBackWhatWasStored) {
  const KernelCache cache(folder_);
  EXPECT_FALSE(cache.find(key_).has_value());
  cache.store(key_, cubin_);
  EXPECT_EQ(cache.find(key_), cubin_);
  EXPECT_FALSE(cache.find(key_ + " ").has_value());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);  // no part of a file stays
}

TEST_F(CudaCache, NoticesEveryDamagedByteAndEveryCut) {
  const KernelCache cache(folder_);
  cache.store(key_, cubin_);
  std::string whole;
  {
    std::ifstream in(cache.file(key_), std::ios::binary);
    whole.assign(std::istreambuf_iterator<char>(in), {});
  }
  const auto write = [&](const std::string& text) { std::ofstream(cache.file(key_), std::ios::binary) << text; };
  for (std::size_t k = 0; k < whole.size(); ++k) {
    std::string damaged = whole;
    damaged[k] = static_cast<char>(damaged[k] ^ 4);
    write(damaged);
    EXPECT_FALSE(cache.find(key_).has_value()) << "byte " << k;
    write(whole.substr(0, k));
    EXPECT_FALSE(cache.find(key_).has_value()) << "cut at " << k;
  }
  write(whole + "x");
  EXPECT_FALSE(cache.find(key_).has_value());
  cache.store(key_, cubin_);
  EXPECT_EQ(cache.find(key_), cubin_);
}

TEST_F(CudaCache, TellsKeysApartThatShareAFile) {
  const KernelCache cache(folder_);
  cache.store(key_, cubin_);
  const std::string other = "headers 13\nsource x\n";
  std::filesystem::copy(cache.file(key_), cache.file(other));
  EXPECT_FALSE(cache.find(other).has_value());
}

TEST_F(CudaCache, ManyWritersAndReadersAtOnce) {
  const KernelCache cache(folder_);
  const std::string large(1 << 20, 'c');
  std::vector<std::jthread> threads;
  for (int k = 0; k < 4; ++k)
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        cache.store(key_, large);
        EXPECT_EQ(cache.find(key_), large);
      }
    });
}

TEST_F(CudaCache, AFolderThatCannotBeWrittenIsNoError) {
  std::ofstream(folder_) << "a file where the folder should be";
  const KernelCache cache(folder_);
  cache.store(key_, cubin_);
  EXPECT_FALSE(cache.find(key_).has_value());
  const KernelCache none{std::filesystem::path()};
  none.store(key_, cubin_);
  EXPECT_FALSE(none.find(key_).has_value());
}

TEST(CudaCacheKey, ChangesWithAllThatDecidesTheMachineCode) {
  const KernelSource source = merge_source(Precision::float64);
  KernelSource other_file = source;
  other_file.file = "kernels/lane.cu";
  const std::string key = cache_key(source, 90);
  EXPECT_NE(key, cache_key(source, 80));
  EXPECT_NE(key, cache_key(merge_source(Precision::float32), 90));
  EXPECT_NE(key, cache_key(other_file, 90));
  EXPECT_NE(key.find(compiler_version()), std::string::npos);
  EXPECT_NE(key.find("--fmad=false"), std::string::npos);
}

TEST(CudaArchitecture, IsTheNearestThatTheDeviceRuns) {
  const std::vector<int> known{75, 80, 86, 90, 100, 120};
  EXPECT_EQ(architecture_for(90, known), 90);
  EXPECT_EQ(architecture_for(89, known), 86);
  EXPECT_EQ(architecture_for(103, known), 100);
  EXPECT_THROW(architecture_for(70, known), Error);
  EXPECT_THROW(architecture_for(110, known), Error);
  // Code for embedded devices runs on these alone.
  const std::vector<int> embedded{80, 87, 100, 101, 110};
  EXPECT_EQ(architecture_for(103, embedded), 100);
  EXPECT_EQ(architecture_for(101, embedded), 101);
  EXPECT_EQ(architecture_for(89, embedded), 80);
  EXPECT_THROW(architecture_for(87, known), Error);
}

TEST(CudaArchitecture, DriversRunTheCodeOfTheirMajorVersion) {
  EXPECT_NO_THROW(check_driver(13000, "13.0"));
  EXPECT_NO_THROW(check_driver(13000, "12.9"));
  EXPECT_NO_THROW(check_driver(12020, "12.8"));
  try {
    check_driver(12040, "13.0");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("supports CUDA 12.4"), std::string::npos) << error.what();
  }
}

// ---- tuning ----

TEST(CudaTuning, IsReadFromText) {
  const Tuning tuning =
      tuning_of("block_threads=64,launch_lanes=1000,memory=5000000000,device_figures_from=5,host_instances=1");
  EXPECT_EQ(tuning.device_figures_from, 5u);
  EXPECT_TRUE(tuning.host_instances);
  EXPECT_EQ(tuning.block_threads, 64);
  EXPECT_EQ(tuning.launch_lanes, 1000u);
  EXPECT_EQ(tuning.memory, 5000000000u);
  EXPECT_EQ(tuning.warps, 0u);
  EXPECT_EQ(tuning_of("").block_threads, 0);
  for (const char* text : {"block_threads=33", "block_threads=2048", "warps", "warps=", "warps=0", "warps=7x", "=7",
                           "warps=7,,memory=9", "host_instances=2", "device_figures_from=0", "speed=9"})
    EXPECT_THROW(tuning_of(text), Error) << text;
}

// ---- figures ----

TEST(CudaFigures, AreReadFromTheLog) {
  const auto figures = read_figures(
      "ptxas info    : 1466 bytes gmem\n"
      "ptxas info    : Compiling entry function 'run_lanes' for 'sm_90'\n"
      "ptxas info    : Function properties for run_lanes\n"
      "ptxas         .     160 bytes stack frame, 156 bytes spill stores, 168 bytes spill loads\n"
      "ptxas info    : Used 255 registers, used 1 barriers, 160 bytes cumulative stack size, 6144 bytes smem, 4 bytes "
      "x\n");
  ASSERT_EQ(figures.size(), 1u);
  EXPECT_EQ(figures[0].kernel, "run_lanes");
  EXPECT_EQ(figures[0].registers, 255);
  EXPECT_EQ(figures[0].stack, 160);
  EXPECT_EQ(figures[0].spill_stores, 156);
  EXPECT_EQ(figures[0].spill_loads, 168);
  EXPECT_EQ(figures[0].shared, 6144);
  EXPECT_THROW(read_figures("no figures here"), Error);
}

// ---- engine on a device that is none ----

/// A device in host memory whose kernels only count: every lane of a launch once, T iterations and one gradient each.
class CountingDevice {
 public:
  CountingDevice() : override_(table()) { state() = {}; }

  struct State {
    std::size_t memory = std::size_t{1} << 30, taken = 0, largest_allocation = std::size_t{1} << 40;
    std::map<CUdeviceptr, std::size_t> allocations;
    std::vector<LaneRange> launches;
    std::size_t launches_left = 1000;  ///< before the device is lost
    int resident_blocks = 2;
    std::size_t polls = 0;             ///< of a stream that find it busy after each launch
    std::size_t busy = 0;              ///< of them that are left
    const Problem* problem = nullptr;  ///< of the lanes to come, whose threads run a lane each
    std::size_t strangers = 0;         ///< lanes that found other numbers than their instance's
    std::uintptr_t streams = 0;        ///< created
    std::vector<std::string> calls;    ///< launches of lanes, copies to the device, waits, each with its stream
  };
  static State& state() {
    static State it;
    return it;
  }

 private:
  static CUresult allocate(CUdeviceptr* address, std::size_t bytes) {
    State& s = state();
    if (bytes > s.largest_allocation || s.taken + bytes > s.memory) return CUDA_ERROR_OUT_OF_MEMORY;
    *address = reinterpret_cast<CUdeviceptr>(std::calloc(bytes, 1));
    s.allocations[*address] = bytes;
    s.taken += bytes;
    return CUDA_SUCCESS;
  }
  static CUresult free(CUdeviceptr address) {
    state().taken -= state().allocations.at(address);
    state().allocations.erase(address);
    std::free(reinterpret_cast<void*>(address));
    return CUDA_SUCCESS;
  }
  static CUresult launch(CUfunction function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                         CUstream stream, void** parameters, void**) {
    if (state().launches_left == 0) return CUDA_ERROR_ECC_UNCORRECTABLE;
    --state().launches_left;
    if (std::strcmp(reinterpret_cast<const char*>(function), "run_lanes") != 0) return CUDA_SUCCESS;
    const auto& a = *static_cast<const LaneArguments<double>*>(parameters[0]);
    state().launches.push_back({a.begin, a.end});
    if (state().problem != nullptr) state().strangers += strangers(a, *state().problem);
    state().busy = state().polls;
    note("launch", stream);
    for (Count l = 0; l < a.end - a.begin; ++l) a.rows.endings[l] = {End::ran, a.record_count, a.iterations, 1, 0};
    return CUDA_SUCCESS;
  }

  /// Lanes of a launch that would read other numbers than those of their instance.
  static std::size_t strangers(const LaneArguments<double>& a, const Problem& problem) {
    std::size_t count = 0;
    for (Count lane = a.begin; lane < a.end; ++lane) {
      const std::size_t i = lane % problem.instances;
      const auto j = (i + problem.instances - static_cast<std::size_t>(a.first_instance)) % problem.instances;
      const double* record = a.records + j / tile * (tile * problem.record_size()) + j % tile;
      bool same = j < static_cast<std::size_t>(a.local_instances) && a.inverse_scale[j] == 1 / problem.scale[i];
      for (std::size_t k = 0; same && k < problem.record_size(); ++k) same = record[k * tile] == problem.entry(k, i);
      count += same ? 0 : 1;
    }
    return count;
  }
  static void note(const char* call, CUstream stream) {
    state().calls.push_back(std::string(call) + " " + std::to_string(reinterpret_cast<std::uintptr_t>(stream)));
  }

  static const Driver& table() {
    static const Driver it = [] {
      Driver d{};
      d.error_name = [](CUresult result, const char** text) {
        *text = result == CUDA_ERROR_OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR_ECC_UNCORRECTABLE";
        return CUDA_SUCCESS;
      };
      d.error_string = [](CUresult, const char** text) {
        *text = "in words";
        return CUDA_SUCCESS;
      };
      d.device_get = [](CUdevice* device, int ordinal) {
        *device = ordinal;
        return CUDA_SUCCESS;
      };
      d.device_name = [](char* name, int size, CUdevice) {
        std::strncpy(name, "Counting device", static_cast<std::size_t>(size));
        return CUDA_SUCCESS;
      };
      d.device_attribute = [](int* value, CUdevice_attribute attribute, CUdevice) {
        *value = attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR ? 9
                 : attribute == CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT   ? 3
                                                                           : 0;
        return CUDA_SUCCESS;
      };
      d.context_retain = [](CUcontext*, CUdevice) { return CUDA_SUCCESS; };
      d.context_release = [](CUdevice) { return CUDA_SUCCESS; };
      d.context_set_current = [](CUcontext) { return CUDA_SUCCESS; };
      d.memory_info = [](std::size_t* free, std::size_t* total) {
        *total = state().memory;
        *free = state().memory - state().taken;
        return CUDA_SUCCESS;
      };
      d.memory_allocate = allocate;
      d.memory_free = free;
      d.host_allocate = [](void** address, std::size_t bytes, unsigned) {
        *address = std::malloc(bytes);
        return CUDA_SUCCESS;
      };
      d.host_free = [](void* address) {
        std::free(address);
        return CUDA_SUCCESS;
      };
      d.copy_to_device = [](CUdeviceptr to, const void* from, std::size_t bytes, CUstream stream) {
        note("copy", stream);
        std::memcpy(reinterpret_cast<void*>(to), from, bytes);
        return CUDA_SUCCESS;
      };
      d.copy_to_host = [](void* to, CUdeviceptr from, std::size_t bytes, CUstream) {
        std::memcpy(to, reinterpret_cast<const void*>(from), bytes);
        return CUDA_SUCCESS;
      };
      d.memory_set = [](CUdeviceptr at, unsigned char value, std::size_t bytes, CUstream) {
        std::memset(reinterpret_cast<void*>(at), value, bytes);
        return CUDA_SUCCESS;
      };
      d.module_load = [](CUmodule*, const void*) { return CUDA_SUCCESS; };
      d.module_unload = [](CUmodule) { return CUDA_SUCCESS; };
      d.module_function = [](CUfunction* function, CUmodule, const char* name) {
        *function = reinterpret_cast<CUfunction>(const_cast<char*>(name));
        return CUDA_SUCCESS;
      };
      d.function_attribute = [](CUfunction, CUfunction_attribute, int) { return CUDA_SUCCESS; };
      d.occupancy = [](int* blocks, CUfunction, int, std::size_t) {
        *blocks = state().resident_blocks;
        return CUDA_SUCCESS;
      };
      d.stream_create = [](CUstream* stream, unsigned) {
        *stream = reinterpret_cast<CUstream>(++state().streams);
        return CUDA_SUCCESS;
      };
      d.stream_query = [](CUstream) {
        if (state().busy == 0) return CUDA_SUCCESS;
        --state().busy;
        return CUDA_ERROR_NOT_READY;
      };
      d.stream_wait = [](CUstream stream, CUevent, unsigned) {
        note("wait", stream);
        return CUDA_SUCCESS;
      };
      d.event_create = [](CUevent*, unsigned) { return CUDA_SUCCESS; };
      d.event_destroy = [](CUevent) { return CUDA_SUCCESS; };
      d.event_record = [](CUevent, CUstream) { return CUDA_SUCCESS; };
      d.event_synchronise = [](CUevent) { return CUDA_SUCCESS; };
      d.stream_destroy = [](CUstream) { return CUDA_SUCCESS; };
      d.stream_synchronise = [](CUstream stream) {
        note("synchronise", stream);
        return CUDA_SUCCESS;
      };
      d.launch = launch;
      return d;
    }();
    return it;
  }

  DriverOverride override_;
};

Plan small_plan(int instances) {
  Study study;
  study.iterations = 50;
  study.seed = 3;
  study.problems = {test::small_problem(*find_entry(catalogue().families, "huber"), 2, instances)};
  MethodSpec method;
  method.name = method.classical = "gradient_descent";
  method.weights = test::one("1");
  method.parameters["step"] = {{test::formula("1/L"), test::formula("0.5/L"), test::formula("0.1/L")}, {}};
  study.methods = {method};
  return make_plan(study);
}

/// The launches follow each other without gap or overlap.
void expect_covered(LaneRange lanes) {
  std::uint64_t at = lanes.begin;
  for (const auto& launch : CountingDevice::state().launches) {
    EXPECT_EQ(launch.begin, at);
    EXPECT_GT(launch.end, launch.begin);
    at = launch.end;
  }
  EXPECT_EQ(at, lanes.end);
}

class CudaEngine : public testing::Test {
 protected:
  CudaEngine() { device_.state().problem = cell_.problem.get(); }
  void TearDown() override { EXPECT_EQ(device_.state().strangers, 0u); }

  CountingDevice device_;
  const Plan plan_ = small_plan(500);
  const Cell& cell_ = plan_.cells[0];
  RunControl control_;
};

TEST_F(CudaEngine, RunsEveryLaneOnce) {
  Engine engine(0, {});
  std::uint64_t done = 0;
  control_.progress = [&](std::uint64_t more) { done += more; };
  for (const LaneRange lanes : {LaneRange{0, 1500}, LaneRange{7, 8}, LaneRange{490, 1100}}) {
    device_.state().launches.clear();
    done = 0;
    const auto statistics = engine.run(cell_, lanes, control_);
    expect_covered(lanes);
    EXPECT_EQ(statistics.lanes, lanes.size());
    EXPECT_EQ(statistics.gradient_evaluations, lanes.size());
    EXPECT_EQ(statistics.lane_iterations, lanes.size() * 50);
    EXPECT_EQ(done, lanes.size() * 50);
  }
}

TEST_F(CudaEngine, LaunchesAreCutAsAsked) {
  Engine engine(0, {}, {.launch_lanes = 100});
  engine.run(cell_, {0, 1500}, control_);
  expect_covered({0, 1500});
  EXPECT_EQ(device_.state().launches.size(), 15u);
}

TEST_F(CudaEngine, WavesFitASmallMemory) {
  device_.state().memory = 60000;
  Engine engine(0, {});
  const std::uint64_t wave = engine.wave_lanes(cell_);
  EXPECT_GT(wave, 0u);
  EXPECT_LT(wave, 1500u);
  const auto statistics = engine.run(cell_, {0, 1500}, control_);
  expect_covered({0, 1500});
  EXPECT_EQ(statistics.lanes, 1500u);
}

TEST_F(CudaEngine, HalvesTheWaveWhereMemoryRunsOut) {
  // Others hold memory that cuMemGetInfo does not tell of: only small allocations succeed.
  device_.state().largest_allocation = 8000;
  Engine engine(0, {});
  const auto statistics = engine.run(cell_, {0, 1500}, control_);
  EXPECT_EQ(statistics.lanes, 1500u);
  EXPECT_EQ(statistics.gradient_evaluations, 1500u);
  expect_covered({0, 1500});
  EXPECT_GT(device_.state().launches.size(), 3u);
}

TEST_F(CudaEngine, SaysSoWhereNotEvenOneLaneFits) {
  device_.state().largest_allocation = 100;
  Engine engine(0, {});
  try {
    engine.run(cell_, {0, 1500}, control_);
    FAIL() << "ran";
  } catch (const OutOfMemory& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("cuMemAlloc"), std::string::npos) << text;
    EXPECT_NE(text.find("device 0 (Counting device)"), std::string::npos) << text;
    EXPECT_NE(text.find("CUDA_ERROR_OUT_OF_MEMORY"), std::string::npos) << text;
    EXPECT_NE(text.find("free some"), std::string::npos) << text;
  }
}

TEST_F(CudaEngine, StopsBetweenLaunchesWhenCancelled) {
  Engine engine(0, {}, {.launch_lanes = 100});
  int polled = 0;
  control_.cancelled = [&] { return ++polled > 4; };
  const auto statistics = engine.run(cell_, {0, 1500}, control_);
  EXPECT_EQ(statistics.lanes, 400u);
  EXPECT_EQ(statistics.lane_iterations, 400u * 50);
  expect_covered({0, 400});
}

TEST_F(CudaEngine, NamesALostDevice) {
  Engine engine(0, {});
  device_.state().launches_left = 0;
  try {
    engine.run(cell_, {0, 1500}, control_);
    FAIL() << "ran";
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("cuLaunchKernel on device 0 (Counting device)"), std::string::npos) << text;
    EXPECT_NE(text.find("the device is lost"), std::string::npos) << text;
  }
}

TEST_F(CudaEngine, KeepsFinishedWavesOfALostDevice) {
  const std::filesystem::path place = std::filesystem::path(testing::TempDir()) / "omg-lost-device";
  std::filesystem::remove_all(place);
  const OutputFolder folder(place);
  const RunOptions options{.wave_lanes = 200, .checkpoints = &folder, .resume = true};
  const auto go = [&] { return run_study(plan_, *make_cuda_backend(), options).cells.at(0).statistics; };
  const auto whole = go();
  device_.state().launches_left = 7;  // a wave takes two: of lanes, and to merge
  try {
    go();
    FAIL() << "ran";
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("the device is lost"), std::string::npos) << text;
    EXPECT_NE(text.find("600 finished lanes are kept"), std::string::npos) << text;
  }
  device_.state().launches_left = 1000;
  device_.state().launches.clear();
  EXPECT_EQ(go(), whole);
  expect_covered({600, 1500});
  std::filesystem::remove_all(place);
}

TEST_F(CudaEngine, GivesBackFinishedWavesBeforeTheError) {
  device_.state().memory = 60000;
  Engine engine(0, {});
  const std::uint64_t wave = engine.wave_lanes(cell_);
  ASSERT_LT(2 * wave, 1500u);
  device_.state().launches_left = 4;  // two waves: lanes, and to merge
  EXPECT_THROW(engine.run(cell_, {0, 1500}, control_), Error);
  device_.state().launches_left = 4;
  control_.pause = [] { return false; };  // whoever may pause takes what is finished
  EXPECT_EQ(engine.run(cell_, {0, 1500}, control_).lanes, 2 * wave);
  EXPECT_THROW(engine.run(cell_, {2 * wave, 1500}, control_), Error);
}

TEST_F(CudaEngine, UploadsTheNextWaveWhileThisOneRuns) {
  device_.state().memory = 60000;
  device_.state().polls = 100;
  Engine engine(0, {});
  const std::uint64_t wave = engine.wave_lanes(cell_);
  ASSERT_LT(wave, 500u);
  EXPECT_EQ(engine.run(cell_, {0, 1500}, control_).lanes, 1500u);
  expect_covered({0, 1500});
  // Kernels run on stream 1, instances come on stream 2, in two copies: records and scales.
  std::size_t launches = 0, early = 0, late = 0;
  bool runs = false;
  for (const std::string& call : device_.state().calls) {
    if (call == "launch 1") ++launches, runs = true;
    if (call == "synchronise 1") runs = false;
    if (call == "copy 2" && launches > 0) ++(runs ? early : late);
  }
  EXPECT_EQ(early, 2 * ((1500 - 1) / wave));
  EXPECT_EQ(late, 0u);
  EXPECT_LE(device_.state().taken, device_.state().memory);
}

TEST_F(CudaEngine, ForgetsAnUploadThatIsOfNoUse) {
  device_.state().memory = 60000;
  Engine engine(0, {});
  const std::uint64_t wave = engine.wave_lanes(cell_);
  control_.cancelled = [&] { return !device_.state().launches.empty(); };
  engine.run(cell_, {0, 1500}, control_);  // is cut off with the instances of the next wave on their way
  control_.cancelled = nullptr;
  for (const std::uint64_t begin : {wave + 7, wave, std::uint64_t{0}}) {
    device_.state().launches.clear();
    engine.run(cell_, {begin, begin + wave}, control_);
    expect_covered({begin, begin + wave});
  }
}

TEST_F(CudaEngine, PausesBetweenLaunches) {
  Engine engine(0, {}, {.launch_lanes = 100});
  control_.pause = [&] { return device_.state().launches.size() == 3; };
  EXPECT_EQ(engine.run(cell_, {0, 1500}, control_).lanes, 300u);
  EXPECT_EQ(engine.run(cell_, {300, 1500}, control_).lanes, 1200u);
  expect_covered({0, 1500});
}

TEST_F(CudaEngine, MemoryForShortUseIsTakenAgain) {
  {
    BufferPool pool;
    const CUdeviceptr small = pool.take(100), large = pool.take(1000);
    EXPECT_NE(small, large);
    pool.give_back(small);
    EXPECT_EQ(pool.take(50), small);
    pool.give_back(small);
    pool.give_back(large);
    EXPECT_EQ(pool.take(90), small) << "the smallest that suffices";
    EXPECT_EQ(pool.take(500), large);
    EXPECT_EQ(pool.capacity(), 1100u);
    pool.give_back(large);
    const CUdeviceptr grown = pool.take(3000);
    EXPECT_EQ(pool.capacity(), 3100u) << "in the place of another";
    pool.give_back(grown);
    pool.release();
    EXPECT_EQ(pool.capacity(), 100u) << "what is taken stays";
  }
  EXPECT_EQ(device_.state().taken, 0u);
}

TEST_F(CudaEngine, GivesBackAllMemory) {
  {
    Engine engine(0, {});
    engine.run(cell_, {0, 1500}, control_);
    EXPECT_GT(device_.state().taken, 0u);
  }
  EXPECT_EQ(device_.state().taken, 0u);
}

TEST_F(CudaEngine, RefusesMoreIterationsThanItCounts) {
  Cell cell = cell_;
  cell.iterations = std::int64_t{1} << 31;
  Engine engine(0, {});
  EXPECT_THROW(engine.run(cell, {0, 1}, control_), Error);
}

}  // namespace
}  // namespace omg::cuda
