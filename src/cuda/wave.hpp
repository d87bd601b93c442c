#pragma once

#include <cstddef>
#include <cstdint>

#include "omg/plan.hpp"

#include "cuda/specialisation.hpp"

namespace omg::cuda {

/// Device bytes of a wave: so much in any case, for every instance, for every lane and for every warp.
struct WaveCost {
  std::size_t fixed = 0;
  std::size_t instance = 0;
  std::size_t lane = 0;
  std::size_t warp = 0;
};

WaveCost wave_cost(const Cell& cell, const Specialisation& chosen, const LaunchPolicy& policy);

/// Lanes of a cell with that many instances that fit so much memory, at most `wanted`; 0 if not even one does.
std::uint64_t fitting_lanes(const WaveCost& cost, std::uint64_t instances, std::uint64_t wanted, std::size_t memory);

/// Warps to launch: every warp makes the same number of passes over the lanes, as few as a device allows that
/// holds `resident` warps at once and has `memory` bytes for what a warp needs. At least 1.
std::uint64_t planned_warps(std::uint64_t lanes, std::uint64_t resident, std::size_t warp_bytes, std::size_t memory);

/// Warps in a block: few, where there are fewer warps than the multiprocessors could share.
unsigned planned_block_warps(std::uint64_t warps, int multiprocessors, const LaunchPolicy& policy);

/// Passes over the lanes in the next launch, so that it takes about a quarter of a second: progress shows
/// and an interrupt is honoured.
std::uint64_t planned_passes(double seconds_per_pass);

}  // namespace omg::cuda
