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

  /// No lane leaves anything behind, and the engine says now and then how far it is.
  [[nodiscard]] std::uint64_t wave_lanes(const Cell& cell) const override { return cell.lanes(); }

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
