#include "omg/run.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "judge.hpp"
#include "run/checkpoint.hpp"
#include "statistics/recorder.hpp"

namespace omg {

namespace {

using Clock = std::chrono::steady_clock;
using Quantity = Check::Quantity;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Numbers that the trajectories of two cells may take at a time (64 MiB each).
constexpr std::uint64_t most_traced = std::uint64_t{1} << 23;

std::uint64_t lane_iterations(const Cell& cell) { return cell.lanes() * static_cast<std::uint64_t>(cell.iterations); }

class StudyRun {
 public:
  StudyRun(const Plan& plan, Backend& backend, const RunOptions& options)
      : plan_(plan), backend_(backend), options_(options) {
    for (const Cell& cell : plan.cells) total_ += lane_iterations(cell);
    for (const Claim& claim : plan.study.claims)
      for (const Check& check : claim.checks)
        if (check.quantity == Quantity::trajectory_difference)
          total_ += lane_iterations(cell(check.method, check)) + lane_iterations(cell(check.other, check));
  }

  StudyResult run() {
    const auto start = Clock::now();
    StudyResult out = begin();
    try {
      for (const Cell& cell : plan_.cells) run_cell(cell, out);
      judge_all(out);
    } catch (const Interrupted&) {
      throw Interrupted(keep_at_the_end(out));
    } catch (const std::bad_alloc&) {
      keep_at_the_end(out);
      throw;
    } catch (const std::exception& error) {
      const std::string kept = keep_at_the_end(out);
      if (kept.empty()) throw;
      throw Error(fmt::format("{}; {}", error.what(), kept));
    }
    out.seconds = seconds_since(start);
    return out;
  }

 private:
  void judge_all(StudyResult& out) {
    for (std::size_t k = 0; k < plan_.study.comparisons.size(); ++k) compare_methods(k, out);
    for (const Claim& claim : plan_.study.claims) out.claims.push_back(judge_claim(claim, out.cells));
    for (const Cell& cell : plan_.cells)
      if (auto fault = broken_certificate(cell, out.cells[cell.index].statistics); !fault.empty())
        out.broken_certificates.push_back(std::move(fault));
  }

  /// What a checkpoint holds, or nothing; counts its lanes as done.
  StudyResult begin() {
    StudyResult out;
    const auto file = options_.checkpoints ? options_.checkpoints->path() / checkpoint_file : std::filesystem::path();
    if (options_.resume && std::filesystem::exists(file)) out = read_checkpoint(plan_, file);
    for (std::size_t k = 0; k < out.cells.size(); ++k)
      done_ += out.cells[k].statistics.lanes * static_cast<std::uint64_t>(plan_.cells[k].iterations);
    const std::string_view name = backend_.name();
    if (out.backend.empty())
      out.backend = name;
    else if (out.backend.find(name) == std::string::npos)
      out.backend += fmt::format(", {}", name);
    return out;
  }

  /// Writes a checkpoint, if there is anything in it, and says so.
  std::string keep(const StudyResult& finished) {
    std::uint64_t lanes = 0;
    for (const CellResult& cell : finished.cells) lanes += cell.statistics.lanes;
    if (options_.checkpoints == nullptr || lanes == 0) return {};
    const auto start = Clock::now();
    options_.checkpoints->write({{std::string(checkpoint_file), write_checkpoint(plan_, finished)}});
    kept_at_ = Clock::now();
    // Those of hundreds of millions of instances are gigabytes; a twentieth of the time has to do.
    between_checkpoints_ = std::max(options_.checkpoint_seconds, 20 * seconds_since(start));
    return fmt::format("{} finished {} kept in {}, --resume goes on from there", lanes,
                       lanes == 1 ? "lane is" : "lanes are", (options_.checkpoints->path() / checkpoint_file).string());
  }
  /// The same where the run ends before its time: that is what must be told, even if nothing can be kept.
  std::string keep_at_the_end(const StudyResult& finished) {
    try {
      return keep(finished);
    } catch (const Error& error) {
      return fmt::format("finished lanes are lost ({})", error.what());
    }
  }
  /// The same while the run goes on: where it cannot be done now, it is tried again when the next one is due.
  void keep_on_the_way(const StudyResult& finished) {
    try {
      keep(finished);
    } catch (const Error&) {
      kept_at_ = Clock::now();
    }
  }
  void stop_if_cancelled() const {
    if (options_.cancelled && options_.cancelled()) throw Interrupted();
  }
  [[nodiscard]] bool is_due() const {
    return options_.checkpoints != nullptr && seconds_since(kept_at_) >= between_checkpoints_;
  }

  [[nodiscard]] const Cell& cell(const std::string& method, const Check& check) const {
    return plan_.cells[find_cell(plan_, check.problem, method)];
  }

  /// Runs work(control) for some lanes of a cell, then counts those as done that lanes_done(what came of it) names.
  template <class Work, class LanesDone>
  auto advance(const Cell& cell, LaneRange lanes, Work&& work, LanesDone&& lanes_done) {
    const auto share = lanes.size() * static_cast<std::uint64_t>(cell.iterations);
    std::uint64_t reported = 0;
    RunControl control;
    control.threads = options_.threads;
    control.cancelled = options_.cancelled;
    control.pause = [&] { return is_due(); };
    if (options_.progress)
      control.progress = [&](std::uint64_t more) {
        reported = std::min(reported + more, share);
        options_.progress({done_ + reported, total_, cell});
      };
    auto out = work(control);
    done_ += lanes_done(out) * static_cast<std::uint64_t>(cell.iterations);
    if (options_.progress) options_.progress({done_, total_, cell});
    return out;
  }

  /// Runs what is missing of the cell; whatever happens, `into` holds what is finished.
  void run_cell(const Cell& cell, StudyResult& into) {
    auto start = Clock::now();
    if (into.cells.size() == cell.index) into.cells.emplace_back().statistics = empty_statistics(cell, false);
    CellResult& out = into.cells[cell.index];
    std::uint64_t wave = std::max<std::uint64_t>(backend_.wave_lanes(cell), 1);
    if (options_.wave_lanes > 0) wave = std::min(wave, options_.wave_lanes);
    while (out.statistics.lanes < cell.lanes()) {
      const std::uint64_t begin = out.statistics.lanes;
      const LaneRange lanes{begin, begin + std::min(wave, cell.lanes() - begin)};
      auto part = advance(
          cell, lanes, [&](const RunControl& control) { return backend_.run(cell, lanes, control); },
          [](const CellStatistics& some) { return some.lanes; });
      if (begin == 0)
        out.statistics = std::move(part);
      else
        out.statistics.merge(part);
      stop_if_cancelled();
      const auto now = Clock::now();
      out.seconds += std::chrono::duration<double>(now - start).count();
      start = now;
      if (is_due()) keep_on_the_way(into);
    }
    const Window window = fit_window(plan_.study, cell.iterations);
    out.fit = fit_rate(out.statistics, window.from, window.to);
    out.rate = estimate_envelope_rate(cell, out.statistics, window);
    if (const double power = claimed_rate(cell); power > 0)
      out.judgement = judge_rate_of(cell, out.statistics, out.rate, power);
    if (const auto& best = out.statistics.best; cell.settings > 1 && !best.empty())
      out.best_loss =
          bootstrap_mean(best.size(), [&](std::size_t i) { return best[i].loss; }, {.seed = plan_.study.seed});
    out.seconds += seconds_since(start);
  }

  /// On every problem that two or more of its methods run on.
  void compare_methods(std::size_t index, StudyResult& out) {
    const ComparisonSpec& spec = plan_.study.comparisons[index];
    for (const ProblemSpec& problem : plan_.study.problems) {
      ComparisonResult result;
      result.spec = index;
      std::vector<MethodRecord> records;
      for (const Cell& cell : plan_.cells) {
        if (cell.problem->name != problem.name || !compares(spec, problem.name, cell.method.name)) continue;
        result.cells.push_back(cell.index);
        records.push_back(method_record(cell, out.cells[cell.index].statistics));
      }
      if (records.size() < 2) continue;
      const Resampling how{plan_.study.seed, static_cast<std::size_t>(spec.resamples), spec.confidence};
      result.figures = omg::compare(records, plan_.study.epsilon, how);
      out.comparisons.push_back(std::move(result));
    }
  }

  ClaimVerdict judge_claim(const Claim& claim, const std::vector<CellResult>& cells) {
    ClaimVerdict out;
    for (const Check& check : claim.checks) {
      Figure difference;
      if (check.quantity == Quantity::trajectory_difference) difference = trajectory_difference(check);
      out.checks.push_back(judge(plan_, cells, check, difference));
    }
    out.confirmed =
        std::all_of(out.checks.begin(), out.checks.end(), [](const Verdict& verdict) { return verdict.passed; });
    return out;
  }

  /// The largest |y_{t+shift} − y'_t| over lanes, t and coordinates; NaN if one of them is.
  Figure trajectory_difference(const Check& check) {
    const Cell &ours = cell(check.method, check), &theirs = cell(check.other, check);
    const auto n = static_cast<std::uint64_t>(ours.problem->shape.n);
    const auto longest = static_cast<std::uint64_t>(std::max(ours.iterations, theirs.iterations));
    const std::uint64_t block = std::max<std::uint64_t>(1, most_traced / (longest * (n + 1)));
    Figure out{-1, no_lane, 0};
    for (std::uint64_t begin = 0; begin < ours.lanes() && !std::isnan(out.value); begin += block) {
      const LaneRange lanes{begin, std::min(begin + block, ours.lanes())};
      const auto trace = [&](const Cell& cell) {
        return advance(
            cell, lanes, [&](const RunControl& control) { return backend_.trace(cell, lanes, control); },
            [&](const Trajectories&) { return lanes.size(); });
      };
      const Trajectories first = trace(ours);
      stop_if_cancelled();
      const Trajectories second = trace(theirs);
      stop_if_cancelled();
      compare(first, second, lanes, check.shift, out);
    }
    return out;
  }

  static void compare(const Trajectories& ours, const Trajectories& theirs, LaneRange lanes, std::int64_t shift,
                      Figure& largest) {
    const std::size_t n = ours.dimension;
    const auto last =
        std::min(static_cast<std::int64_t>(theirs.iterations), static_cast<std::int64_t>(ours.iterations) - shift);
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
      for (std::int64_t t = std::max<std::int64_t>(1, 1 - shift); t <= last; ++t) {
        const double* y = &ours.points[(lane * ours.iterations + static_cast<std::size_t>(t + shift - 1)) * n];
        const double* other = &theirs.points[(lane * theirs.iterations + static_cast<std::size_t>(t - 1)) * n];
        for (std::size_t i = 0; i < n; ++i) {
          const double difference = std::abs(y[i] - other[i]);
          if (difference <= largest.value) continue;
          largest = {difference, lanes.begin + lane, t + shift};
          if (std::isnan(difference)) return;
        }
      }
    }
  }

  const Plan& plan_;
  Backend& backend_;
  const RunOptions& options_;
  std::uint64_t total_ = 0;  ///< lane-iterations
  std::uint64_t done_ = 0;
  Clock::time_point kept_at_ = Clock::now();  ///< when the last checkpoint was written
  double between_checkpoints_ = options_.checkpoint_seconds;
};

}  // namespace

StudyResult run_study(const Plan& plan, Backend& backend, const RunOptions& options) {
  return StudyRun(plan, backend, options).run();
}

}  // namespace omg
