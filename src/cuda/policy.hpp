#pragma once

#include <cstddef>

#include "omg/plan.hpp"

namespace omg::cuda {

struct Specialisation;

/// What shares the work of one lane.
enum class Tier { thread, warp, block };

/// Where the points of a lane lie.
enum class Vectors { registers, shared, global };

/// How lanes are laid out on the device: a function of what is run and on which architecture, never of how many lanes
/// there are. Tier and team decide the order of the sums within a lane; nothing else here changes a bit of the results.
struct LaunchPolicy {
  Tier tier = Tier::thread;
  Vectors vectors = Vectors::global;
  int team = 1;          ///< threads that share a lane
  int pack = 1;          ///< lanes that a team takes side by side
  int held_entries = 0;  ///< entries of the record in a thread's registers; 0: none
  int matrix_rows = 0;   ///< rows of the symmetric matrix in a thread's registers; 0: none
  int block_threads = 128;
  /// Blocks that a multiprocessor must hold: 1 lets ptxas use all registers rather than spill a few for more blocks, 0
  /// leaves the choice to it.
  int least_blocks = 1;
  std::size_t local_entries = 0;   ///< numbers of shared memory that a team exchanges through
  std::size_t vector_entries = 0;  ///< numbers of memory that the vectors of a lane (of a pack) take, if any do
  bool memory_in_shared = false;   ///< they are in shared memory
  std::size_t tile_entries = 0;    ///< numbers of a block's shared memory that hold the features of a data set; 0: none

  /// Lanes that a warp which watches them sees at a time.
  [[nodiscard]] int watched_lanes() const { return tier == Tier::thread ? 32 : pack; }
  /// Threads for each such warp.
  [[nodiscard]] int watched_threads() const { return tier == Tier::thread ? 32 : team; }
  /// Numbers of shared memory that a team takes beside the tile, for each lane of its pack.
  [[nodiscard]] std::size_t shared_entries() const { return local_entries + (memory_in_shared ? vector_entries : 0); }

  /// Bytes of shared memory of a block of so many teams.
  [[nodiscard]] std::size_t shared_bytes(std::size_t teams, std::size_t number) const {
    return (tile_entries + teams * shared_entries() * static_cast<std::size_t>(pack)) * number;
  }

  friend bool operator==(const LaunchPolicy&, const LaunchPolicy&) = default;
};

/// What the policy must not go below, for tests of one tier against another.
struct LeastTier {
  Tier tier = Tier::thread;              ///< thread, or warp: lanes are shared
  Vectors vectors = Vectors::registers;  ///< of lanes that are shared
};

/// The policy for a device of that architecture (90 for sm_90).
LaunchPolicy launch_policy(int architecture, const Specialisation& chosen, const LeastTier& least = {});

/// Bytes of shared memory that a block may have.
std::size_t shared_memory(int architecture);

const char* name_of(Tier tier);
const char* name_of(Vectors vectors);

}  // namespace omg::cuda
