#pragma once

#include <cstddef>
#include <cstdint>

#include "omg/plan.hpp"

#include "cuda/specialisation.hpp"

namespace omg::cuda {

/// Device bytes of a wave: so much in any case, for every instance, for every lane, for every watching warp and for
/// every lane of a launch, of which a wave takes several.
struct WaveCost {
  std::size_t fixed = 0;
  std::size_t instance = 0;
  std::size_t lane = 0;
  std::size_t watcher = 0;
  std::size_t row = 0;
};

WaveCost wave_cost(const Cell& cell, const Specialisation& chosen, const LaunchPolicy& policy);

/// Lanes of a cell with that many instances that fit so much memory, at most `wanted`; 0 if not even one does.
std::uint64_t fitting_lanes(const WaveCost& cost, std::uint64_t instances, std::uint64_t wanted, std::size_t memory);

/// Watching warps to launch, each of which sees `watched` lanes at a time: all make the same number of passes over the
/// lanes, as few as a device allows that holds `resident` at once and has `memory` bytes for what they need. At
/// least 1.
std::uint64_t planned_watchers(std::uint64_t lanes, std::uint64_t resident, int watched, std::size_t watcher_bytes,
                               std::size_t memory);

/// Watchers in a block, at most `most`: few, where there are fewer of them than the multiprocessors could share.
unsigned planned_block(std::uint64_t watchers, int multiprocessors, int most);

/// The numbers of memory for the vectors of a lane.
std::size_t vector_entries(const Specialisation& chosen, const LaunchPolicy& policy);

/// Lanes at a time whose vectors a watcher keeps in memory.
std::size_t watched_vectors(const LaunchPolicy& policy);

/// Passes over the lanes in the next launch, so that it takes about a quarter of a second: progress shows
/// and an interrupt is honoured.
std::uint64_t planned_passes(double seconds_per_pass);

}  // namespace omg::cuda
