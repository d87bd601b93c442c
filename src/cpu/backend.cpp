#include "engine.hpp"
#include "threads/team.hpp"

namespace omg {

namespace {

/// The lane template on SIMD packs, over all cores.
class CpuBackend final : public Backend {
 public:
  [[nodiscard]] std::string_view name() const override { return "cpu"; }

  [[nodiscard]] Availability availability() const override {
    std::string sets;
    for (const auto& set : cpu::usable_instruction_sets()) sets += (sets.empty() ? "" : ", ") + set;
    return {true, cpu::chosen_instruction_set() + " (of " + sets + "), " + std::to_string(team_threads()) + " cores"};
  }

  /// No lane leaves anything behind, so a wave may be large; this is how often statistics are merged.
  [[nodiscard]] std::uint64_t wave_lanes(const Cell&) const override { return std::uint64_t{1} << 22; }

  CellStatistics run(const Cell& cell, LaneRange lanes, const RunControl& control) override {
    return cpu::run(cell, lanes, control, nullptr);
  }

  Trajectories trace(const Cell& cell, LaneRange lanes, const RunControl& control) override {
    Trajectories out;
    cpu::run(cell, lanes, control, &out);
    return out;
  }
};

}  // namespace

std::unique_ptr<Backend> make_cpu_backend() { return std::make_unique<CpuBackend>(); }

}  // namespace omg
