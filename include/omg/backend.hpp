#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "omg/plan.hpp"
#include "omg/statistics.hpp"

namespace omg {

/// Lanes [begin, end) of a cell.
struct LaneRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  [[nodiscard]] std::uint64_t size() const { return end - begin; }
};

/// Outputs y_t of some lanes: value(lane, t, i) for t = 1 … T.
struct Trajectories {
  std::size_t lanes = 0, iterations = 0, dimension = 0;
  std::vector<double> gaps;    ///< [lane][t − 1], not normalised
  std::vector<double> points;  ///< [lane][t − 1][i]
};

/// Whether a backend can run on this machine, and why not.
struct Availability {
  bool available = false;
  std::string reason;  ///< what was found, or why it cannot run
};

struct RunControl {
  unsigned threads = 0;                         ///< 0: all cores, or OMP_NUM_THREADS
  std::function<void(std::uint64_t)> progress;  ///< called with lane-iterations done since the last call; may be empty
  std::function<bool()> cancelled;              ///< polled between slices; may be empty
  /// Polled between slices; may be empty. Where it is set, a backend may return early, with the statistics of the first
  /// `statistics.lanes` of the lanes, all of them whole: once it says true, or before an error in what comes after
  /// them.
  std::function<bool()> pause = {};
};

/// Runs lanes. Objects are cheap to make; availability() touches the device only when asked.
class Backend {
 public:
  virtual ~Backend() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual Availability availability() const = 0;
  /// Lanes of this cell that `run` takes at a time.
  [[nodiscard]] virtual std::uint64_t wave_lanes(const Cell& cell) const = 0;
  /// Runs the lanes and returns their statistics; when cancelled, those of the first `statistics.lanes` of them, all of
  /// them whole. Throws Error.
  virtual CellStatistics run(const Cell& cell, LaneRange lanes, const RunControl& control) = 0;
  /// Runs the lanes and returns their whole trajectories (for few, short lanes).
  virtual Trajectories trace(const Cell& cell, LaneRange lanes, const RunControl& control) = 0;
};

std::unique_ptr<Backend> make_reference_backend();
std::unique_ptr<Backend> make_cpu_backend();
std::unique_ptr<Backend> make_cuda_backend();

/// All backends, fastest first: cuda, cpu, reference.
std::vector<std::unique_ptr<Backend>> make_backends();

}  // namespace omg
