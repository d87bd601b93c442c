#include "cuda/engine.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include <climits>

#include "cuda/device_figures.hpp"
#include "cuda/host_figures.hpp"
#include "cuda/rows.hpp"
#include "statistics/recorder.hpp"

namespace omg::cuda {

Engine::Engine(int ordinal, std::filesystem::path cache_folder, const Tuning& tuning)
    : device_(ordinal), cache_(std::move(cache_folder)), tuning_(tuning) {
  architecture_ = architecture_for(device_.capability(), compiler_architectures());
  device_.make_current();
  stream_ = std::make_unique<Stream>();
  runtime_ = !driver_is_overridden() && runtime_starts();
  upload_ = std::make_unique<InstanceUpload>(runtime_ && !tuning.host_instances);
}

Engine::~Engine() {
  // Memory and streams are given back to the context that is current, whatever thread this is.
  try {
    device_.make_current();
  } catch (const Error&) {
  }
}

void Engine::copy_to_device(const Buffer& to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  // On the stream of the kernels, which waits for no other; pageable memory may be read later than the call returns.
  check(driver().copy_to_device(to.address(), from, bytes, stream_->get()), "cuMemcpyHtoDAsync");
  stream_->synchronise();
}

void Engine::copy_to_host(void* to, const Buffer& from, std::size_t bytes) {
  if (bytes > 0) check(driver().copy_to_host(to, from.address(), bytes, stream_->get()), "cuMemcpyDtoHAsync");
  stream_->synchronise();
}

const Module& Engine::module_of(const KernelSource& source) {
  const std::string key = source.file + "\n" + source.header_text;
  auto found = modules_.find(key);
  if (found == modules_.end()) found = modules_.try_emplace(key, cached_cubin(cache_, source, architecture_)).first;
  return found->second;
}

std::size_t Engine::usable_memory() {
  std::size_t held = 0;
  for (const Buffer* buffer : buffers()) held += buffer->capacity();
  held += aggregation_.capacity();
  // A tenth is left for the driver and for what the kernels themselves need.
  const std::size_t usable = (device_.free_memory() + held) / 10 * 9;
  return tuning_.memory > 0 ? std::min(usable, tuning_.memory) : usable;
}

void Engine::release_buffers() {
  upload_->stop();
  for (Buffer* buffer : buffers()) buffer->release();
  aggregation_.release();
  for (Place& place : places_) place.set = {};
  shared_set_ = {};
}

LaunchPolicy Engine::policy_of(const Specialisation& chosen) const {
  LaunchPolicy policy = launch_policy(architecture_, chosen, tuning_.least);
  // A team that is a block cannot be smaller.
  if (tuning_.block_threads > 0)
    policy.block_threads = std::clamp(tuning_.block_threads, policy.watched_threads(), policy.block_threads);
  return policy;
}

std::uint64_t Engine::wave_lanes(const Cell& cell, bool tracing) {
  device_.make_current();
  const Specialisation chosen = specialise(cell, tracing);
  WaveCost cost = wave_cost(cell, chosen, policy_of(chosen));
  const auto fitting = [&] { return fitting_lanes(cost, cell.problem->instances, cell.lanes(), usable_memory()); };
  const std::uint64_t alone = fitting();
  if (alone >= std::min<std::uint64_t>(cell.lanes(), cell.problem->instances)) return alone;
  // The instances of the next wave are there while this one runs.
  cost.instance *= 2;
  return std::max<std::uint64_t>(fitting(), std::min<std::uint64_t>(alone, 1));
}

template <class Step>
void Engine::in_waves(const Cell& cell, LaneRange lanes, bool tracing, Step&& step) {
  if (cell.iterations > INT_MAX - 2)
    throw Error("the CUDA engine runs at most " + std::to_string(INT_MAX - 2) + " iterations, found " +
                std::to_string(cell.iterations));
  std::uint64_t wave = std::max<std::uint64_t>(wave_lanes(cell, tracing), 1);
  for (std::uint64_t begin = lanes.begin; begin < lanes.end;) {
    const LaneRange range{begin, std::min(lanes.end, begin + wave)};
    try {
      if (!step(range, LaneRange{range.end, std::min(lanes.end, range.end + wave)})) return;
      begin = range.end;
    } catch (const OutOfMemory&) {
      // Others may use the device too: with nothing of our own left in its memory, try half as much.
      release_buffers();
      if (range.size() == 1) throw;
      wave = range.size() / 2;
    }
  }
}

template <class T>
Engine::Launch Engine::prepare(const Cell& cell, LaneRange lanes, LaneRange next, bool tracing, LaneArguments<T>& a) {
  const Specialisation chosen = specialise(cell, tracing);
  Launch launch;
  const LaunchPolicy policy = launch.policy = policy_of(chosen);
  const WaveCost cost = wave_cost(cell, chosen, policy);
  launch.function = module_of(lane_source(chosen, policy)).function("run_lanes");
  upload_instances(cell, lanes, policy, a);
  upload_tables(cell, lanes, a);
  foresee(cell, next, policy);

  const auto there = places_[0].set.count + places_[1].set.count;
  const std::size_t taken = cost.fixed + there * cost.instance + lanes.size() * cost.lane;
  const std::size_t memory = usable_memory(), room = memory > taken ? memory - taken : 0;
  const int watchers_in_block = policy.block_threads / policy.watched_threads();
  const std::size_t most_shared = policy.shared_bytes(static_cast<std::size_t>(watchers_in_block), sizeof(T));
  if (most_shared > 0) allow_shared_memory(launch.function, most_shared);
  const auto resident =
      static_cast<std::uint64_t>(resident_blocks(launch.function, policy.block_threads, most_shared)) *
      static_cast<std::uint64_t>(device_.multiprocessors() * watchers_in_block);
  const std::uint64_t most = tuning_.warps > 0 ? std::min(tuning_.warps, resident) : resident;
  launch.watchers = planned_watchers(lanes.size(), most, policy.watched_lanes(), cost.watcher, room / 2);
  const auto in_block = planned_block(launch.watchers, device_.multiprocessors(), watchers_in_block);
  launch.block.x = static_cast<unsigned>(policy.watched_threads()) * in_block;
  launch.grid.x = static_cast<unsigned>((launch.watchers + in_block - 1) / in_block);
  launch.watchers = std::uint64_t{launch.grid.x} * in_block;
  launch.shared = static_cast<unsigned>(policy.shared_bytes(in_block, sizeof(T)));
  launch.most_lanes = lanes.size();
  if (cost.row > 0) {
    const std::size_t left = room - std::min(room, launch.watchers * cost.watcher);
    launch.most_lanes = std::clamp<std::uint64_t>(left / cost.row, 1, std::min<std::uint64_t>(lanes.size(), INT_MAX));
  }
  if (tuning_.launch_lanes > 0) launch.most_lanes = std::min(launch.most_lanes, tuning_.launch_lanes);

  if (const std::size_t entries = policy.memory_in_shared ? 0 : vector_entries(chosen, policy); entries > 0) {
    arena_.reserve(launch.watchers * watched_vectors(policy) * entries * sizeof(T));
    a.arena = arena_.at<T>();
    a.arena_size = static_cast<long long>(entries);
  }
  a.iterations = static_cast<int>(cell.iterations);
  return launch;
}

template <class T>
void Engine::launch_lanes(const Launch& kernel, const LaneArguments<T>& a) {
  launch(*stream_, kernel.function, kernel.grid, kernel.block, kernel.shared, a);
}

std::byte* Engine::host_room(std::size_t bytes) {
  // Pinned memory is read at the speed of the bus; a lot of it the host would miss.
  constexpr std::size_t most_pinned = std::size_t{64} << 20;
  if (bytes <= most_pinned) {
    pinned_.reserve(bytes);
    return pinned_.data();
  }
  pageable_.resize(bytes);
  return pageable_.data();
}

bool Engine::aggregates_on_device(std::uint64_t lanes) const {
  return lanes >= tuning_.device_figures_from && runtime_;
}

template <class T>
CellStatistics Engine::run_wave(const Cell& cell, LaneRange lanes, LaneRange next, const RunControl& control,
                                CellStatistics& of_instances) {
  LaneArguments<T> a{};
  const Launch kernel = prepare(cell, lanes, next, false, a);
  const auto records = cell.record_at.size();

  const std::size_t lanes_at = kernel.watchers * (records + 1) * sizeof(Extremes<T>);
  extremes_.reserve(lanes_at + kernel.watchers * records * sizeof(ExtremeLanes));
  a.extremes = extremes_.at<Extremes<T>>();
  a.extreme_lanes = extremes_.at<ExtremeLanes>(lanes_at);

  CellStatistics statistics = empty_statistics(cell, false);
  std::vector<std::uint64_t> diverged(records + 1), converged(records + 1);
  // What the lanes of a launch leave is aggregated where it lies, or else comes to the host.
  const auto figures =
      aggregates_on_device(lanes.size()) ? device_figures<T>(cell, stream_->get(), aggregation_) : nullptr;
  HostFigures<T> host(cell);
  std::byte* left = nullptr;

  // A launch takes whole passes of all watchers; the first one shows how long a pass is.
  const std::uint64_t pass = kernel.watchers * static_cast<std::uint64_t>(kernel.policy.watched_lanes());
  std::uint64_t slice = std::min(pass, kernel.most_lanes);
  for (std::uint64_t begin = lanes.begin; begin < lanes.end;) {
    if (control.cancelled && control.cancelled()) break;
    const auto start = std::chrono::steady_clock::now();
    const std::uint64_t count = std::min(slice, lanes.end - begin);
    const RowLayout<T> layout(cell, count);
    rows_.reserve(layout.bytes());
    a.rows = layout.rows(rows_.at<std::byte>());
    a.begin = begin;
    a.end = begin + count;
    a.first_launch = begin == lanes.begin;
    launch_lanes(kernel, a);
    wait_for_kernels();
    if (!figures) {
      left = host_room(layout.bytes() + HostFigures<T>::reads_beyond);
      copy_to_host(left, rows_, layout.bytes());
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const LaneBatch<T> batch = layout.batch(figures ? rows_.at<std::byte>() : left, begin, count);
    if (figures)
      figures->take(batch, diverged, converged, statistics, of_instances);
    else
      host.take(batch, diverged, converged, statistics, of_instances);

    const std::uint64_t passes = (count - 1) / pass + 1;
    slice = std::min(pass * planned_passes(seconds / static_cast<double>(passes)), kernel.most_lanes);
    if (control.progress) control.progress(count * static_cast<std::uint64_t>(cell.iterations));
    begin += count;
    if (control.pause && control.pause()) break;
  }
  if (statistics.lanes == 0 || records == 0) return statistics;

  merged_.reserve(records * sizeof(MergedRecord));
  const MergeArguments<T> merging{a.extremes, a.extreme_lanes, a.record_count, static_cast<int>(kernel.watchers),
                                  merged_.at<MergedRecord>()};
  const Module& merge = module_of(merge_source(cell.precision));
  launch(*stream_, merge.function("merge_extremes"), {static_cast<unsigned>((records + 31) / 32), 1, 1}, {32, 8, 1}, 0,
         merging);
  std::vector<MergedRecord> merged(records);
  copy_to_host(merged.data(), merged_, records * sizeof(MergedRecord));
  std::uint64_t lost = 0, met = 0;
  for (std::size_t k = 0; k < records; ++k) {
    statistics.envelope[k] = {merged[k].largest, merged[k].largest_lane};
    statistics.smallest[k] = {merged[k].smallest, merged[k].smallest_lane};
    statistics.diverged[k] = lost += diverged[k];
    statistics.converged[k] = met += converged[k];
  }
  return statistics;
}

CellStatistics Engine::run(const Cell& cell, LaneRange lanes, const RunControl& control) {
  device_.make_current();
  CellStatistics statistics = empty_statistics(cell);
  try {
    in_waves(cell, lanes, false, [&](LaneRange range, LaneRange next) {
      // Figures of instances go straight to the whole: lanes that run again, with half the wave or in the next call,
      // leave the same once more.
      const CellStatistics part = cell.precision == Precision::float64
                                      ? run_wave<double>(cell, range, next, control, statistics)
                                      : run_wave<float>(cell, range, next, control, statistics);
      statistics.merge(part);
      return part.lanes == range.size() && !(control.pause && control.pause());
    });
  } catch (const Error&) {
    // Finished waves are given back where that is expected; the next call meets the error again.
    if (!control.pause || statistics.lanes == 0) throw;
  }
  return statistics;
}

template <class T>
void Engine::trace_wave(const Cell& cell, LaneRange lanes, std::uint64_t first_lane, Trajectories& out) {
  LaneArguments<T> a{};
  const Launch kernel = prepare(cell, lanes, {}, true, a);
  const std::size_t n = out.dimension, iterations = out.iterations, count = lanes.size();
  const std::size_t gaps = iterations * count, points = gaps * n;
  trace_.reserve((gaps + points) * sizeof(T));
  a.trace_gap = trace_.at<T>();
  a.trace_point = trace_.at<T>(gaps * sizeof(T));
  a.begin = lanes.begin;
  a.end = lanes.end;
  launch_lanes(kernel, a);
  std::vector<T> traced(gaps + points);
  copy_to_host(traced.data(), trace_, traced.size() * sizeof(T));
  for (std::size_t l = 0; l < count; ++l) {
    const std::size_t lane = lanes.begin - first_lane + l;
    for (std::size_t t = 0; t < iterations; ++t) {
      out.gaps[lane * iterations + t] = static_cast<double>(traced[t * count + l]);
      for (std::size_t i = 0; i < n; ++i)
        out.points[(lane * iterations + t) * n + i] = static_cast<double>(traced[gaps + (t * n + i) * count + l]);
    }
  }
}

Trajectories Engine::trace(const Cell& cell, LaneRange lanes, const RunControl& control) {
  device_.make_current();
  Trajectories out;
  out.lanes = lanes.size();
  out.iterations = static_cast<std::size_t>(cell.iterations);
  out.dimension = static_cast<std::size_t>(cell.problem->shape.n);
  out.gaps.resize(out.lanes * out.iterations);
  out.points.resize(out.lanes * out.iterations * out.dimension);
  in_waves(cell, lanes, true, [&](LaneRange range, LaneRange) {
    if (control.cancelled && control.cancelled()) return false;
    if (cell.precision == Precision::float64)
      trace_wave<double>(cell, range, lanes.begin, out);
    else
      trace_wave<float>(cell, range, lanes.begin, out);
    if (control.progress) control.progress(range.size() * out.iterations);
    return true;
  });
  return out;
}

}  // namespace omg::cuda
