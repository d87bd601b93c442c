#include "cuda/policy.hpp"

#include <algorithm>
#include <bit>

#include "omg/lane/team.hpp"

#include "cuda/specialisation.hpp"
#include "kernels/arguments.hpp"
#include "study/traits.hpp"

namespace omg::cuda {

namespace {

constexpr int warp = 32, most_threads = 1024;

/// Registers of a thread that vectors may take: the rest of its 255 is for what a lane does with them.
constexpr int held_coordinates = 4;

int power_of_two_from(int least) {
  return static_cast<int>(std::bit_ceil(static_cast<unsigned>(std::clamp(least, warp, most_threads))));
}

LaunchPolicy thread_policy(const Specialisation& chosen) {
  LaunchPolicy policy;
  policy.vectors = Vectors::registers;
  // So few numbers never spill, and more warps hide more latency.
  if (chosen.shape.n <= 4) policy.least_blocks = 0;
  // 256 bytes are 64 registers; a longer record is loaded again in every iteration.
  const std::size_t entries = chosen.record_size - static_cast<std::size_t>(chosen.shape.n);
  if (entries * bytes_of(chosen.precision) <= 256) policy.held_entries = static_cast<int>(entries);
  return policy;
}

/// Whether the vectors of a lane of 9 to 16 coordinates are more than the registers of a thread.
bool many_vectors(const Specialisation& chosen) {
  const Options& o = chosen.options;
  if (chosen.precision == Precision::float32) return false;
  if (chosen.shape.rotated || o.domain != Domain::all || o.bootstrap_steps > 1) return true;
  if (o.hint != Hint::none && o.hint != Hint::last) return true;
  // Meta-parameters for each coordinate that are not points themselves.
  if (chosen.rule.empty()) return false;
  const RuleTraits rule = rule_traits(chosen.rule);
  return rule.per_coordinate() && !rule.starts_at_point;
}

/// Threads for a lane.
int team_of(const Specialisation& chosen) {
  const int n = chosen.shape.n;
  // A row of a matrix each: what a row takes of the registers is spread as far as it can be.
  if (has_symmetric_matrix(chosen)) return power_of_two_from(n);
  // Two rows of a data set each, while there are that many.
  if (chosen.shape.shared) return std::min(256, power_of_two_from(std::max(n / 2, chosen.shape.terms / 4 + 1)));
  return power_of_two_from((n + held_coordinates - 1) / held_coordinates);
}

/// Where the vectors of a team lie, for lanes in packs of that size; and the tile, if there is room beside them.
void place_vectors(int architecture, const Specialisation& chosen, Vectors nearest, int pack, LaunchPolicy& policy) {
  const int n = chosen.shape.n;
  const std::size_t number = bytes_of(chosen.precision);
  policy.pack = pack;
  // Of 65,536 registers a block of 1,024 threads leaves 64 to each: too few for more than one coordinate. Packs leave
  // theirs to the products with the data.
  const int held = (n + policy.team - 1) / policy.team;
  const bool registers =
      nearest == Vectors::registers && pack == 1 && (held == 1 || (held <= held_coordinates && policy.team <= 512));
  policy.vectors = registers ? Vectors::registers : Vectors::shared;
  policy.local_entries = static_cast<std::size_t>(team_entries(policy.team, warp, registers ? n : 0));
  policy.vector_entries = team_vector_entries(chosen, policy.team, registers);
  if (registers && has_symmetric_matrix(chosen) && static_cast<std::size_t>(held * n) * number <= 512)
    policy.matrix_rows = held;

  const auto teams = static_cast<std::size_t>(policy.block_threads / policy.team);
  const auto fits = [&] { return policy.shared_bytes(teams, number) <= shared_memory(architecture); };
  policy.memory_in_shared = nearest != Vectors::global;
  if (!fits()) policy.memory_in_shared = false;
  if (!policy.memory_in_shared && !registers) policy.vectors = Vectors::global;
  if (!chosen.shape.shared) return;
  policy.tile_entries = static_cast<std::size_t>(chosen.shape.terms) * tile_stride(chosen.shape.features);
  // What follows are packs, read 16 bytes at a time.
  const std::size_t together = 16 / number;
  policy.tile_entries = (policy.tile_entries + together - 1) / together * together;
  if (!fits()) policy.tile_entries = 0;
}

LaunchPolicy team_policy(int architecture, const Specialisation& chosen, Vectors nearest) {
  LaunchPolicy policy;
  policy.team = team_of(chosen);
  policy.tier = policy.team == warp ? Tier::warp : Tier::block;
  policy.block_threads = std::max(policy.team, policy.tier == Tier::warp ? 4 * warp : 0);
  // Lanes that share their data and their schedules read it once for all of them: as many as fit shared memory.
  const bool packs = chosen.shape.shared && chosen.one_variant && nearest != Vectors::global;
  for (int pack = packs ? 8 : 1;; pack /= 2) {
    place_vectors(architecture, chosen, nearest, pack, policy);
    if (policy.memory_in_shared || pack == 1) return policy;
  }
}

}  // namespace

std::size_t shared_memory(int architecture) {
  // CUDA C++ Programming Guide, table of compute capabilities: most shared memory per thread block.
  constexpr std::size_t kib = 1024;
  switch (architecture) {
    case 80:
    case 87:
      return 163 * kib;
    case 90:
    case 100:
    case 103:
      return 227 * kib;
    default:
      return 99 * kib;
  }
}

LaunchPolicy launch_policy(int architecture, const Specialisation& chosen, const LeastTier& least) {
  const int n = chosen.shape.n;
  const int longest = chosen.rule.empty() ? n : std::max(n, rule_traits(chosen.rule).meta_dimension(n));
  // Up to 16 coordinates (32 in a vector of pairs) the live vectors of a lane fit the 255 registers of a thread.
  const int most = many_vectors(chosen) ? 8 : 16;
  if (least.tier == Tier::thread && n <= most && longest <= 2 * most) return thread_policy(chosen);
  return team_policy(architecture, chosen, least.vectors);
}

const char* name_of(Tier tier) { return tier == Tier::thread ? "thread" : tier == Tier::warp ? "warp" : "block"; }

const char* name_of(Vectors vectors) {
  return vectors == Vectors::registers ? "registers" : vectors == Vectors::shared ? "shared" : "global";
}

}  // namespace omg::cuda
