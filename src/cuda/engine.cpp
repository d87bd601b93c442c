#include "cuda/engine.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <span>
#include <vector>

#include <climits>

#include "statistics/recorder.hpp"

namespace omg::cuda {

namespace {

/// Arrays one behind the other, to reach the device in one copy. What comes of `append` is the array's offset.
class Staging {
 public:
  template <class T>
  std::size_t append(std::span<const T> values) {
    const std::size_t offset = grow(values.size() * sizeof(T));
    if (!values.empty()) std::memcpy(bytes_.data() + offset, values.data(), values.size() * sizeof(T));
    return offset;
  }
  template <class T, class From>
  std::size_t append_converted(const From& values) {
    const std::size_t offset = grow(std::size(values) * sizeof(T));
    T* out = reinterpret_cast<T*>(bytes_.data() + offset);
    for (const auto value : values) *out++ = static_cast<T>(value);
    return offset;
  }
  template <class T>
  T* at(std::size_t offset) {
    return reinterpret_cast<T*>(bytes_.data() + offset);
  }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] const void* data() const { return bytes_.data(); }

  /// Every array starts on a boundary that suits any type.
  std::size_t grow(std::size_t bytes) {
    const std::size_t offset = (bytes_.size() + 15) / 16 * 16;
    bytes_.resize(offset + bytes);
    return offset;
  }

 private:
  std::vector<std::byte> bytes_;
};

/// Instances `count` from `first` on, counted round.
template <class T, class F>
void append_round(std::uint64_t first, std::uint64_t count, std::uint64_t instances, F&& value, T* out) {
  for (std::uint64_t j = 0; j < count; ++j) out[j] = static_cast<T>(value((first + j) % instances));
}

/// Where the results of a wave lie in the output buffer.
struct OutputLayout {
  std::size_t counts = 0, peak, diverged, records, size;
  explicit OutputLayout(std::size_t record_count)
      : peak(sizeof(Counts)),
        diverged(peak + sizeof(MergedPeak)),
        records(diverged + (record_count + 1) * sizeof(Count)),
        size(records + record_count * sizeof(MergedRecord)) {}
};

}  // namespace

Engine::Engine(int ordinal, std::filesystem::path cache_folder, const Tuning& tuning)
    : device_(ordinal), cache_(std::move(cache_folder)), tuning_(tuning) {
  architecture_ = architecture_for(device_.capability(), compiler_architectures());
  device_.make_current();
  stream_ = std::make_unique<Stream>();
}

void Engine::copy_to_device(const Buffer& to, const void* from, std::size_t bytes) {
  // On the stream of the kernels, which waits for no other; what is not pinned is staged before the call returns.
  if (bytes > 0) check(driver().copy_to_device(to.address(), from, bytes, stream_->get()), "cuMemcpyHtoDAsync");
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

std::size_t Engine::usable_memory() const {
  std::size_t held = 0;
  for (const Buffer* buffer : {&instances_, &shared_, &tables_, &partials_, &output_, &best_, &loss_, &arena_, &trace_})
    held += buffer->capacity();
  // A tenth is left for the driver and for what the kernels themselves need.
  const std::size_t usable = (device_.free_memory() + held) / 10 * 9;
  return tuning_.memory > 0 ? std::min(usable, tuning_.memory) : usable;
}

void Engine::release_buffers() {
  for (Buffer* buffer : {&instances_, &shared_, &tables_, &partials_, &output_, &best_, &loss_, &arena_, &trace_})
    buffer->release();
  placed_ = {};
}

std::uint64_t Engine::wave_lanes(const Cell& cell, bool tracing) {
  device_.make_current();
  const Specialisation chosen = specialise(cell, tracing);
  return fitting_lanes(wave_cost(cell, chosen, launch_policy(chosen)), cell.problem->instances, cell.lanes(),
                       usable_memory());
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
      if (!step(range)) return;
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
void Engine::upload_instances(const Cell& cell, LaneRange lanes, LaneArguments<T>& a) {
  const Problem& problem = *cell.problem;
  const std::uint64_t instances = problem.instances;
  const std::uint64_t count = std::min<std::uint64_t>(lanes.size(), instances);
  const std::uint64_t first = count == instances ? 0 : lanes.begin % instances;
  const std::size_t entries = problem.record_size(), padded = (count + tile - 1) / tile * tile;

  const bool there = placed_.problem.lock() == cell.problem && placed_.first == first && placed_.count == count &&
                     placed_.precision == cell.precision;
  if (!there) {
    placed_ = {};
    instances_.reserve((entries * padded + count) * sizeof(T));
    shared_.reserve(problem.shared.size() * sizeof(T));
    std::vector<T> staged(entries * padded + count);
    for (std::uint64_t j = 0; j < count; ++j) {
      const std::uint64_t i = (first + j) % instances;
      T* const record = staged.data() + j / tile * (tile * entries) + j % tile;
      for (std::size_t k = 0; k < entries; ++k) record[k * tile] = static_cast<T>(problem.records[k * instances + i]);
      staged[entries * padded + j] = static_cast<T>(1.0 / problem.scale[i]);
    }
    copy_to_device(instances_, staged.data(), staged.size() * sizeof(T));
    staged.assign(problem.shared.begin(), problem.shared.end());
    copy_to_device(shared_, staged.data(), staged.size() * sizeof(T));
    placed_ = {cell.problem, first, count, cell.precision};
  }
  a.records = instances_.at<const T>();
  a.inverse_scale = instances_.at<const T>(entries * padded * sizeof(T));
  a.shared = problem.shape.shared ? shared_.at<const T>() : nullptr;
  a.record_size = static_cast<long long>(entries);
  a.local_instances = static_cast<long long>(count);
  a.first_instance = static_cast<long long>(first);
  a.instances = static_cast<long long>(instances);
  a.data_size = problem.data_size;
  a.shape = problem.shape;
}

template <class T>
void Engine::upload_tables(const Cell& cell, LaneRange lanes, LaneArguments<T>& a) {
  const std::uint64_t instances = cell.problem->instances;
  const auto first = static_cast<std::uint64_t>(a.first_instance),
             count = static_cast<std::uint64_t>(a.local_instances);
  Staging staging;

  // Constants, and where the values of each parameter's list stand among them.
  std::vector<ConstantPlace> places;
  std::vector<unsigned> first_place;
  std::vector<T> constants;
  for (const auto& values : cell.constants) {
    first_place.push_back(static_cast<unsigned>(places.size()));
    for (const auto& value : values) {
      const bool single = value.values.size() == 1;
      places.push_back({static_cast<long long>(constants.size()), single ? 0 : 1});
      const std::size_t at = constants.size();
      constants.resize(at + (single ? 1 : count));
      append_round(
          first, single ? 1 : count, instances, [&](std::uint64_t i) { return value.at(i); }, constants.data() + at);
    }
  }
  const std::size_t constants_at = staging.append(std::span<const T>(constants));
  const std::size_t places_at = staging.append(std::span<const ConstantPlace>(places));

  const std::uint64_t first_setting = lanes.begin / instances, end_setting = (lanes.end - 1) / instances + 1;
  std::vector<unsigned> choice, variant_of;
  for (std::uint64_t s = first_setting; s < end_setting; ++s) {
    for (std::size_t p = 0; p < cell.constants.size(); ++p) choice.push_back(first_place[p] + cell.choice[s][p]);
    variant_of.push_back(cell.variant_of[s]);
  }
  const std::size_t choice_at = staging.append(std::span<const unsigned>(choice));
  const std::size_t variant_of_at = staging.append(std::span<const unsigned>(variant_of));

  // Schedules: their offsets first, their addresses when the buffer has its place.
  struct Offsets {
    std::size_t alpha, rho, tables, initial, lower, upper;
  };
  std::vector<Offsets> offsets;
  for (const auto& variant : cell.variants) {
    std::vector<double> tables;
    for (const auto& table : variant.tables) tables.insert(tables.end(), table.begin(), table.end());
    offsets.push_back({staging.append_converted<T>(variant.alpha), staging.append_converted<T>(variant.rho),
                       staging.append_converted<T>(tables), staging.append_converted<T>(variant.initial),
                       staging.append_converted<T>(variant.lower), staging.append_converted<T>(variant.upper)});
  }
  const std::size_t variants_at = staging.grow(offsets.size() * sizeof(Schedule<T>));

  std::vector<int> record_at(cell.record_at.begin(), cell.record_at.end());
  record_at.push_back(0);
  const std::size_t record_at_at = staging.append(std::span<const int>(record_at));
  const bool bound_per_instance = !cell.bound_constant.empty() && cell.bound_constant[0].values.size() > 1;
  const std::uint64_t bounds = bound_per_instance ? count : 1;
  const std::size_t bound_at = staging.grow(bounds * sizeof(T));
  append_round(
      first, bounds, instances,
      [&](std::uint64_t i) { return cell.bound_constant.empty() ? 0.0 : 1.0 / cell.bound_constant[0].at(i); },
      staging.at<T>(bound_at));
  std::vector<double> inverse_bound_table;
  for (const double bound : cell.bound_table) inverse_bound_table.push_back(1.0 / bound);
  const std::size_t bound_table_at = staging.append_converted<T>(inverse_bound_table);

  tables_.reserve(staging.size());
  for (std::size_t v = 0; v < offsets.size(); ++v) {
    const Variant& variant = cell.variants[v];
    const Offsets& at = offsets[v];
    const auto given = [&](const std::vector<double>& vector, std::size_t offset) {
      return vector.empty() ? nullptr : tables_.at<const T>(offset);
    };
    staging.at<Schedule<T>>(variants_at)[v] = {tables_.at<const T>(at.alpha),  tables_.at<const T>(at.rho),
                                               tables_.at<const T>(at.tables), given(variant.initial, at.initial),
                                               given(variant.lower, at.lower), given(variant.upper, at.upper)};
  }
  copy_to_device(tables_, staging.data(), staging.size());

  a.constants = tables_.at<const T>(constants_at);
  a.places = tables_.at<const ConstantPlace>(places_at);
  a.choice = tables_.at<const unsigned>(choice_at);
  a.variant_of = tables_.at<const unsigned>(variant_of_at);
  a.first_setting = static_cast<long long>(first_setting);
  a.variants = tables_.at<const Schedule<T>>(variants_at);
  a.only = *staging.at<Schedule<T>>(variants_at);
  a.inverse_bound = tables_.at<const T>(bound_at);
  a.inverse_bound_step = bound_per_instance ? 1 : 0;
  a.inverse_bound_table = tables_.at<const T>(bound_table_at);
  a.record_at = tables_.at<const int>(record_at_at);
  a.record_count = static_cast<int>(cell.record_at.size());
}

template <class T>
Engine::Launch Engine::prepare(const Cell& cell, LaneRange lanes, bool tracing, LaneArguments<T>& a) {
  const Specialisation chosen = specialise(cell, tracing);
  LaunchPolicy policy = launch_policy(chosen);
  if (tuning_.block_threads > 0) policy.block_threads = std::min(tuning_.block_threads, policy.block_threads);
  const WaveCost cost = wave_cost(cell, chosen, policy);
  Launch launch;
  launch.function = module_of(lane_source(chosen, policy)).function("run_lanes");
  upload_instances(cell, lanes, a);
  upload_tables(cell, lanes, a);

  const std::size_t taken =
      cost.fixed + static_cast<std::size_t>(a.local_instances) * cost.instance + lanes.size() * cost.lane;
  const std::size_t memory = usable_memory();
  const auto resident = static_cast<std::uint64_t>(resident_blocks(launch.function, policy.block_threads)) *
                        static_cast<std::uint64_t>(device_.multiprocessors() * (policy.block_threads / 32));
  const std::uint64_t most = tuning_.warps > 0 ? std::min(tuning_.warps, resident) : resident;
  launch.warps = planned_warps(lanes.size(), most, cost.warp, memory > taken ? memory - taken : 0);
  const unsigned block_warps = planned_block_warps(launch.warps, device_.multiprocessors(), policy);
  launch.block.x = 32 * block_warps;
  launch.grid.x = static_cast<unsigned>((launch.warps + block_warps - 1) / block_warps);
  launch.warps = std::uint64_t{launch.grid.x} * block_warps;

  if (!policy.in_registers) {
    const std::size_t entries = lane_entries(chosen);
    arena_.reserve(launch.warps * tile * entries * sizeof(T));
    a.arena = arena_.at<T>();
    a.arena_size = static_cast<long long>(entries);
  }
  a.iterations = static_cast<int>(cell.iterations);
  return launch;
}

template <class T>
CellStatistics Engine::run_wave(const Cell& cell, LaneRange lanes, const RunControl& control) {
  LaneArguments<T> a{};
  const Launch kernel = prepare(cell, lanes, false, a);
  const auto records = cell.record_at.size();

  const std::size_t lanes_at = kernel.warps * (records + 1) * sizeof(Extremes<T>);
  const std::size_t peaks_at = lanes_at + kernel.warps * records * sizeof(ExtremeLanes);
  partials_.reserve(peaks_at + kernel.warps * sizeof(Peak<T>));
  a.extremes = partials_.at<Extremes<T>>();
  a.extreme_lanes = partials_.at<ExtremeLanes>(lanes_at);
  a.peaks = partials_.at<Peak<T>>(peaks_at);

  const OutputLayout layout(records);
  output_.reserve(layout.size);
  a.counts = output_.at<Counts>(layout.counts);
  a.diverged = output_.at<Count>(layout.diverged);
  check(driver().memory_set(output_.address(), 0, layout.size, stream_->get()), "cuMemsetD8Async");

  const Module& merge = module_of(merge_source(cell.precision));
  BestArguments best{};
  if (cell.track_best) {
    loss_.reserve(lanes.size() * sizeof(double));
    best_.reserve(static_cast<std::size_t>(a.local_instances) * sizeof(MergedBest));
    a.loss = loss_.at<double>();
    a.best_by_loss = cell.best_by_loss;
    best = {a.loss, 0, 0, a.first_instance, a.local_instances, a.instances, best_.at<MergedBest>(), 0};
  }

  // A launch takes whole passes of all warps; the first one shows how long a pass is.
  const std::uint64_t most = tuning_.launch_lanes > 0 ? tuning_.launch_lanes : lanes.size();
  std::uint64_t slice = std::min(kernel.warps * 32, most), begin = lanes.begin;
  while (begin < lanes.end) {
    if (control.cancelled && control.cancelled()) break;
    const auto start = std::chrono::steady_clock::now();
    const std::uint64_t end = begin + std::min(slice, lanes.end - begin);
    a.begin = begin;
    a.end = end;
    a.first_launch = begin == lanes.begin;
    launch(*stream_, kernel.function, kernel.grid, kernel.block, a);
    if (cell.track_best) {
      best.begin = begin;
      best.end = end;
      best.first_launch = a.first_launch;
      const auto blocks = std::min<long long>((a.local_instances + 127) / 128, 4096);
      launch(*stream_, merge.function("merge_best"), {static_cast<unsigned>(blocks), 1, 1}, {128, 1, 1}, best);
    }
    stream_->synchronise();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const std::uint64_t passes = (slice - 1) / (kernel.warps * 32) + 1;
    slice = std::min(kernel.warps * 32 * planned_passes(seconds / static_cast<double>(passes)), most);
    if (control.progress) control.progress((end - begin) * static_cast<std::uint64_t>(cell.iterations));
    begin = end;
  }

  CellStatistics statistics = empty_statistics(cell);
  if (begin == lanes.begin) return statistics;
  const MergeArguments<T> merging{a.extremes,
                                  a.extreme_lanes,
                                  a.peaks,
                                  a.record_count,
                                  static_cast<int>(kernel.warps),
                                  output_.at<MergedRecord>(layout.records),
                                  output_.at<MergedPeak>(layout.peak)};
  if (records > 0)
    launch(*stream_, merge.function("merge_extremes"), {static_cast<unsigned>((records + 31) / 32), 1, 1}, {32, 8, 1},
           merging);
  launch(*stream_, merge.function("merge_peaks"), {}, {256, 1, 1}, merging);
  std::vector<std::byte> output(layout.size);
  copy_to_host(output.data(), output_, layout.size);

  const auto* merged = reinterpret_cast<const MergedRecord*>(output.data() + layout.records);
  const auto* diverged = reinterpret_cast<const Count*>(output.data() + layout.diverged);
  Count lost = 0;
  for (std::size_t k = 0; k < records; ++k) {
    statistics.envelope[k] = {merged[k].largest, merged[k].largest_lane};
    statistics.smallest[k] = {merged[k].smallest, merged[k].smallest_lane};
    lost += diverged[k];
    statistics.diverged[k] = lost;
  }
  if (!cell.bound_table.empty()) {
    const auto* peak = reinterpret_cast<const MergedPeak*>(output.data() + layout.peak);
    statistics.certificate = {peak->ratio, peak->lane, peak->iteration};
  }
  const auto* counts = reinterpret_cast<const Counts*>(output.data() + layout.counts);
  statistics.lanes = begin - lanes.begin;
  statistics.gradient_evaluations = counts->gradients;
  statistics.function_evaluations = counts->functions;
  statistics.lane_iterations = counts->lane_iterations;
  if (cell.track_best) {
    std::vector<MergedBest> found(static_cast<std::size_t>(a.local_instances));
    copy_to_host(found.data(), best_, found.size() * sizeof(MergedBest));
    for (std::size_t j = 0; j < found.size(); ++j)
      statistics.best[(static_cast<std::size_t>(a.first_instance) + j) % cell.problem->instances] = {found[j].loss,
                                                                                                     found[j].setting};
  }
  return statistics;
}

CellStatistics Engine::run(const Cell& cell, LaneRange lanes, const RunControl& control) {
  const ObserverOptions wanted = cell.observer();
  if (wanted.stop_gap || wanted.stop_gradient || wanted.sup || wanted.regret || wanted.targets > 0 ||
      cell.figures.exponent || cell.figures.loss || cell.figures.ratio || cell.figures.evaluations)
    throw Error(cell.method.place,
                "the CUDA engine neither stops lanes nor counts figures of single lanes; take another backend");
  device_.make_current();
  CellStatistics statistics = empty_statistics(cell);
  in_waves(cell, lanes, false, [&](LaneRange range) {
    const CellStatistics part = cell.precision == Precision::float64 ? run_wave<double>(cell, range, control)
                                                                     : run_wave<float>(cell, range, control);
    statistics.merge(part);
    return part.lanes == range.size();
  });
  return statistics;
}

template <class T>
void Engine::trace_wave(const Cell& cell, LaneRange lanes, std::uint64_t first_lane, Trajectories& out) {
  LaneArguments<T> a{};
  const Launch kernel = prepare(cell, lanes, true, a);
  const std::size_t n = out.dimension, iterations = out.iterations, count = lanes.size();
  const std::size_t gaps = iterations * count, points = gaps * n;
  trace_.reserve((gaps + points) * sizeof(T));
  a.trace_gap = trace_.at<T>();
  a.trace_point = trace_.at<T>(gaps * sizeof(T));
  a.begin = lanes.begin;
  a.end = lanes.end;
  launch(*stream_, kernel.function, kernel.grid, kernel.block, a);
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
  in_waves(cell, lanes, true, [&](LaneRange range) {
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
