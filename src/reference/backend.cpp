#include "omg/backend.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include "reference/lane.hpp"
#include "reference/registry.hpp"
#include "statistics/recorder.hpp"
#include "threads/team.hpp"

namespace omg {

namespace {

using reference::Family;
using reference::Lane;

/// Splits lanes into contiguous chunks over threads. The first of them reports progress and asks
/// whether the run is cancelled, so that the callbacks are never called at the same time.
class Crew {
 public:
  Crew(LaneRange lanes, std::int64_t iterations, const RunControl& control)
      : lanes_(lanes), iterations_(static_cast<std::uint64_t>(iterations)), control_(control) {
    threads_ = static_cast<unsigned>(std::clamp<std::uint64_t>(lanes.size(), 1, team_threads(control.threads)));
  }

  [[nodiscard]] unsigned threads() const { return threads_; }
  /// Whether lanes were left out, as the run is cancelled.
  [[nodiscard]] bool stopped() const { return stop_; }

  /// work(chunk, lane) for every lane, in increasing order within a chunk. Throws on what the lowest chunk throws.
  template <class Work>
  void run(Work&& work) {
    in_team(threads_, [&](unsigned chunk) { go(chunk, work); });
    report();
  }

 private:
  template <class Work>
  void go(std::size_t chunk, Work& work) {
    try {
      const std::uint64_t begin = lanes_.begin + lanes_.size() * chunk / threads_;
      const std::uint64_t end = lanes_.begin + lanes_.size() * (chunk + 1) / threads_;
      for (std::uint64_t lane = begin; lane < end && !stop_; ++lane) {
        work(chunk, lane);
        done_ += iterations_;
        if (chunk == 0) {
          report();
          if (control_.cancelled && control_.cancelled()) stop_ = true;
        }
      }
    } catch (...) {
      stop_ = true;
      throw;
    }
  }

  void report() {
    const std::uint64_t done = done_;
    if (control_.progress && done > reported_) control_.progress(done - reported_);
    reported_ = done;
  }

  LaneRange lanes_;
  std::uint64_t iterations_;
  const RunControl& control_;
  unsigned threads_ = 1;
  std::atomic<std::uint64_t> done_ = 0;
  std::atomic<bool> stop_ = false;
  std::uint64_t reported_ = 0;
};

/// Keeps the function of the last instance: a sweep over one data set reads it once per thread.
class LastFamily {
 public:
  std::shared_ptr<const Family<double>> of(const Problem& problem, std::size_t instance) {
    if (!family_ || instance != instance_) family_ = reference::make_family<double>(problem, instance);
    instance_ = instance;
    return family_;
  }

 private:
  std::shared_ptr<const Family<double>> family_;
  std::size_t instance_ = 0;
};

/// One lane at a time in double, whatever the precision of the cell: it says what the numbers should be.
class ReferenceBackend final : public Backend {
 public:
  [[nodiscard]] std::string_view name() const override { return "reference"; }

  [[nodiscard]] Availability availability() const override {
    return {true, "plain loops in float64, one lane at a time"};
  }

  /// No lane leaves anything behind; this is how often statistics are merged and kept.
  [[nodiscard]] std::uint64_t wave_lanes(const Cell&) const override { return std::uint64_t{1} << 12; }

  CellStatistics run(const Cell& cell, LaneRange lanes, const RunControl& control) override {
    Crew crew(lanes, cell.iterations, control);
    std::vector<Recorder> recorders(crew.threads(), Recorder(cell));
    std::vector<LastFamily> families(crew.threads());
    crew.run([&](std::size_t chunk, std::uint64_t number) {
      Recorder& recorder = recorders[chunk];
      Lane<double> lane(cell, number, families[chunk].of(*cell.problem, number % cell.problem->instances));
      recorder.begin(number);
      for (std::int64_t t = 1; t <= cell.iterations; ++t) {
        lane.step();
        Observation seen{lane.gap(), 0, 0};
        if (cell.stop_gradient) seen.gradient_norm = lane.gradient_norm();
        if (cell.figures.regret) seen.regret = lane.regret();
        if (!recorder.observe(t, seen)) break;
      }
      recorder.end(lane.gradient_evaluations(), lane.function_evaluations());
    });
    CellStatistics out = empty_statistics(cell);
    for (const Recorder& recorder : recorders) {
      out.merge(recorder.statistics());
      if (crew.stopped()) break;  // the first lanes are those of the first chunk
    }
    return out;
  }

  Trajectories trace(const Cell& cell, LaneRange lanes, const RunControl& control) override {
    Trajectories out;
    out.lanes = lanes.size();
    out.iterations = static_cast<std::size_t>(cell.iterations);
    out.dimension = static_cast<std::size_t>(cell.problem->shape.n);
    out.gaps.resize(out.lanes * out.iterations);
    out.points.resize(out.lanes * out.iterations * out.dimension);
    Crew crew(lanes, cell.iterations, control);
    std::vector<LastFamily> families(crew.threads());
    crew.run([&](std::size_t chunk, std::uint64_t number) {
      Lane<double> lane(cell, number, families[chunk].of(*cell.problem, number % cell.problem->instances));
      std::size_t row = (number - lanes.begin) * out.iterations;
      for (std::size_t t = 1; t <= out.iterations; ++t, ++row) {
        lane.step();
        out.gaps[row] = lane.gap();
        const auto& y = lane.output();
        std::copy(y.begin(), y.end(), out.points.begin() + static_cast<std::ptrdiff_t>(row * out.dimension));
      }
    });
    return out;
  }
};

}  // namespace

std::unique_ptr<Backend> make_reference_backend() { return std::make_unique<ReferenceBackend>(); }

}  // namespace omg
