// What a wave needs on the device: instances and tables.
#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "cuda/engine.hpp"

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

}  // namespace

InstanceSet Engine::instances_of(const Cell& cell, LaneRange lanes, const LaunchPolicy& policy) {
  const std::uint64_t instances = cell.problem->instances;
  InstanceSet out;
  out.problem = cell.problem;
  out.record = cell.problem->record_size();
  out.count = std::min<std::uint64_t>(lanes.size(), instances);
  out.first = out.count == instances ? 0 : lanes.begin % instances;
  // Side by side for threads that run a lane each, one behind the other for teams.
  out.width = policy.tier == Tier::thread ? tile : 1;
  out.precision = cell.precision;
  return out;
}

void Engine::foresee(const Cell& cell, LaneRange lanes, const LaunchPolicy& policy) {
  if (lanes.size() == 0) return;
  const InstanceSet set = instances_of(cell, lanes, policy);
  Place& other = places_[1 - running_];
  if (set == places_[running_].set || set == other.set) return;
  other.set = {};
  try {
    upload_->begin(set, other.buffer);
    other.set = set;
  } catch (const OutOfMemory&) {
    // They are uploaded in the place of the others, when these are done with.
  }
}

void Engine::wait_for_kernels() {
  while (!upload_->done() && !stream_->idle()) upload_->send_piece();
  stream_->synchronise();
}

template <class T>
void Engine::upload_instances(const Cell& cell, LaneRange lanes, const LaunchPolicy& policy, LaneArguments<T>& a) {
  const Problem& problem = *cell.problem;
  const InstanceSet set = instances_of(cell, lanes, policy);
  if (places_[running_].set != set) {
    if (places_[1 - running_].set == set) {
      running_ = 1 - running_;
    } else {
      if (!upload_->done()) places_[1 - running_].set = {};  // it was on its way there
      places_[running_].set = {};
      upload_->begin(set, places_[running_].buffer);
      places_[running_].set = set;
    }
    upload_->finish(*stream_);
  }
  InstanceSet data;
  data.problem = cell.problem;
  data.precision = cell.precision;
  if (problem.shape.shared && shared_set_ != data) {
    shared_set_ = {};
    const std::vector<T> staged(problem.shared.begin(), problem.shared.end());
    shared_.reserve(staged.size() * sizeof(T));
    copy_to_device(shared_, staged.data(), staged.size() * sizeof(T));
    shared_set_ = std::move(data);
  }
  const Buffer& placed = places_[running_].buffer;
  a.records = placed.at<const T>();
  a.inverse_scale = placed.at<const T>(set.entries() * sizeof(T));
  a.shared = problem.shape.shared ? shared_.at<const T>() : nullptr;
  a.record_size = static_cast<long long>(problem.record_size());
  a.local_instances = static_cast<long long>(set.count);
  a.first_instance = static_cast<long long>(set.first);
  a.instances = static_cast<long long>(problem.instances);
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

  const std::size_t power_at = staging.append_converted<T>(cell.sup_table),
                    targets_at = staging.append_converted<T>(cell.targets);
  std::vector<int> sample_records;
  for (const Sample& sample : cell.samples) sample_records.push_back(static_cast<int>(sample.record));
  sample_records.push_back(-1);
  const std::size_t sample_records_at = staging.append(std::span<const int>(sample_records));

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
  a.observed = {tables_.at<const T>(bound_table_at),
                tables_.at<const T>(power_at),
                tables_.at<const T>(targets_at),
                static_cast<T>(cell.stop_gap.value_or(0)),
                static_cast<T>(cell.stop_gradient.value_or(0)),
                static_cast<T>(cell.problem->safe_distance)};
  a.sample_records = tables_.at<const int>(sample_records_at);
  a.record_at = tables_.at<const int>(record_at_at);
  a.record_count = static_cast<int>(cell.record_at.size());
}

template void Engine::upload_instances(const Cell&, LaneRange, const LaunchPolicy&, LaneArguments<double>&);
template void Engine::upload_instances(const Cell&, LaneRange, const LaunchPolicy&, LaneArguments<float>&);
template void Engine::upload_tables(const Cell&, LaneRange, LaneArguments<double>&);
template void Engine::upload_tables(const Cell&, LaneRange, LaneArguments<float>&);

}  // namespace omg::cuda
