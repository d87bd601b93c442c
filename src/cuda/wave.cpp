#include "cuda/wave.hpp"

#include <algorithm>

#include "cuda/rows.hpp"
#include "kernels/arguments.hpp"

namespace omg::cuda {

namespace {

std::uint64_t quotient_up(std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; }

/// Bytes of device memory that aggregating figures there takes for every lane of a launch, at most about
/// (lane_aggregator.hpp).
std::size_t figure_bytes(const Cell& cell) {
  constexpr std::size_t piece = 64, fold = 2;
  std::size_t bytes = 24;  // keys, sorted keys, runs and lengths of runs
  if (!cell.track_best && !cell.keep_instances) return bytes;
  bytes += 16 + sizeof(double);  // best settings and gaps of instances, where each has one lane
  const std::size_t instances = cell.problem->instances;
  if (cell.track_best && cell.settings > 1)
    bytes += fold * quotient_up(sizeof(SettingTotal) * quotient_up(instances, piece), instances);
  if (cell.keep_instances) bytes += 2 * sizeof(double);  // scales, and what was reached first
  return bytes;
}

}  // namespace

WaveCost wave_cost(const Cell& cell, const Specialisation& chosen, const LaunchPolicy& policy) {
  const std::size_t number = bytes_of(cell.precision);
  const std::size_t records = cell.record_at.size();
  const auto times = static_cast<std::size_t>(cell.iterations) + 2;

  WaveCost cost;
  for (const auto& variant : cell.variants) cost.fixed += (2 + variant.tables.size()) * times * number;
  cost.fixed += 2 * times * number + records * (2 * sizeof(int) + sizeof(MergedRecord));
  cost.fixed += cell.choice.size() * (cell.parameter_names.size() + 1) * sizeof(unsigned);
  cost.fixed += cell.problem->shared.size() * number + cell.problem->rules.size() * sizeof(DrawRule);
  cost.fixed += (tile - 1) * chosen.record_size * number;  // the last tile of instances is filled up

  cost.instance = (chosen.record_size + 2) * number;
  for (const auto& parameter : cell.constants)
    for (const auto& value : parameter)
      if (value.values.size() > 1) cost.instance += number;

  if (chosen.tracing) {
    cost.lane = static_cast<std::size_t>(cell.iterations) * (1 + static_cast<std::size_t>(chosen.shape.n)) * number;
  } else {
    cost.watcher = (records + 1) * 2 * number + records * sizeof(ExtremeLanes);
    cost.row = row_bytes(cell) + figure_bytes(cell);
  }
  if (!policy.memory_in_shared) cost.watcher += watched_vectors(policy) * vector_entries(chosen, policy) * number;
  return cost;
}

std::uint64_t fitting_lanes(const WaveCost& cost, std::uint64_t instances, std::uint64_t wanted, std::size_t memory) {
  if (memory < cost.fixed + cost.watcher + cost.row) return 0;
  // A quarter each is kept for the watchers and for what the lanes of a launch leave; one of either in any case.
  const std::size_t room = memory - cost.fixed;
  const std::size_t watchers = cost.watcher > 0 ? std::max(room / 4, cost.watcher) : 0,
                    rows = cost.row > 0 ? std::max(room / 4, cost.row) : 0;
  const std::size_t share = room - std::min(room, watchers + rows);
  const std::uint64_t first_round = share / std::max<std::size_t>(cost.instance + cost.lane, 1);
  if (first_round <= instances) return std::min(wanted, first_round);
  if (cost.lane == 0) return wanted;
  return std::min(wanted, (share - instances * cost.instance) / cost.lane);
}

std::uint64_t planned_watchers(std::uint64_t lanes, std::uint64_t resident, int watched, std::size_t watcher_bytes,
                               std::size_t memory) {
  std::uint64_t most = std::max<std::uint64_t>(resident, 1);
  if (watcher_bytes > 0) most = std::clamp<std::uint64_t>(memory / watcher_bytes, 1, most);
  const std::uint64_t groups = quotient_up(std::max<std::uint64_t>(lanes, 1), static_cast<std::uint64_t>(watched));
  return quotient_up(groups, quotient_up(groups, most));
}

unsigned planned_block(std::uint64_t watchers, int multiprocessors, int most) {
  return static_cast<unsigned>(std::clamp<std::uint64_t>(
      quotient_up(watchers, static_cast<std::uint64_t>(multiprocessors)), 1, static_cast<std::uint64_t>(most)));
}

std::size_t vector_entries(const Specialisation& chosen, const LaunchPolicy& policy) {
  if (policy.tier != Tier::thread) return policy.vector_entries;
  return policy.vectors == Vectors::registers ? 0 : lane_entries(chosen);
}

std::size_t watched_vectors(const LaunchPolicy& policy) {
  return static_cast<std::size_t>(policy.tier == Tier::thread ? tile : policy.pack);
}

std::uint64_t planned_passes(double seconds_per_pass) {
  constexpr double wanted = 0.25;
  if (!(seconds_per_pass > wanted / 1e6)) return 1000000;
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(wanted / seconds_per_pass));
}

}  // namespace omg::cuda
