#pragma once

#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "omg/backend.hpp"
#include "omg/comparison.hpp"
#include "omg/plan.hpp"
#include "omg/rate.hpp"
#include "omg/statistics.hpp"

namespace omg {

/// Version of the library, "0.1.0".
std::string_view version();

/// A backend and one sentence on why it was taken and faster ones were not.
struct ChosenBackend {
  std::unique_ptr<Backend> backend;
  std::string why;
};

/// Takes the backend of that name, or with "auto" the first of `candidates` that can run here. The
/// environment variable OMG_BACKEND stands in for "auto". Throws Error with the reason and the list if
/// there is no such backend or it cannot run.
ChosenBackend choose_backend(std::string_view name, std::vector<std::unique_ptr<Backend>> candidates = make_backends());

/// How far a run is.
struct Progress {
  std::uint64_t done = 0;   ///< lane-iterations
  std::uint64_t total = 0;  ///< lane-iterations
  const Cell& cell;         ///< the cell that runs
};

class OutputFolder;

struct RunOptions {
  unsigned threads = 0;                             ///< 0: all cores, or OMP_NUM_THREADS
  std::uint64_t wave_lanes = 0;                     ///< at most so many lanes at a time; 0: what the backend holds
  std::function<void(const Progress&)> progress{};  ///< may be empty
  std::function<bool()> cancelled{};                ///< polled between slices of work; may be empty
  /// Keeps what is finished in this folder, in the file `checkpoint_file`: now and then, and when the run ends before
  /// its time. Null: nowhere.
  const OutputFolder* checkpoints = nullptr;
  double checkpoint_seconds = 60;  ///< between two of them, about
  bool resume = false;             ///< goes on from the checkpoint in that folder, if there is one
};

/// The run was cancelled by RunOptions::cancelled.
class Interrupted : public std::exception {
 public:
  /// `kept`: where finished lanes are kept, in words; empty: nowhere.
  explicit Interrupted(std::string kept = {}) : kept_(std::move(kept)) {}
  [[nodiscard]] const char* what() const noexcept override { return "interrupted"; }
  [[nodiscard]] const std::string& kept() const { return kept_; }

 private:
  std::string kept_;
};

/// A measured figure and where it was attained.
struct Figure {
  double value = std::numeric_limits<double>::quiet_NaN();
  std::uint64_t lane = no_lane;  ///< of the cell of the check's `method`; no_lane: of no single lane
  std::int64_t iteration = 0;    ///< 0: of no single iteration
  /// Limits of an estimate's interval; NaN: the figure is exact.
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
};

/// The judgement of one check: passed if the figure, with its whole interval if it has one, is finite and within its
/// limits.
struct Verdict {
  bool passed = false;
  Figure figure;
  std::string what;      ///< what was measured: "exponent, t in [100, 3000]"
  std::string value;     ///< the figure in digits
  std::string allowed;   ///< "-1.01 to -0.99"
  std::string sentence;  ///< all of it, and where the figure was attained
};

/// The judgement of a claim: confirmed if every check passed. `checks` in the order of the study.
struct ClaimVerdict {
  bool confirmed = false;
  std::vector<Verdict> checks;
};

struct CellResult {
  CellStatistics statistics;
  RateFit fit;                             ///< of the envelope, over the window of the study
  RateEstimate rate;                       ///< of the envelope, over the checkpoints in that window
  std::optional<RateJudgement> judgement;  ///< of the rate that the method claims
  std::optional<Interval> best_loss;       ///< in a sweep the mean over instances of the loss of their best settings
  double seconds = 0;                      ///< wall-clock time
};

/// One comparison on one problem.
struct ComparisonResult {
  std::size_t spec = 0;            ///< position among the study's comparisons
  std::vector<std::size_t> cells;  ///< of the methods, in the order of the study
  Comparison figures;
};

/// What a sweep shows.
struct SweepSummary {
  std::uint64_t failing = 0;      ///< settings that diverge, or do not reach ε, on some instance
  std::uint32_t best = 0;         ///< setting with the fewest failures, among these with the least mean loss
  double best_loss = 0;           ///< its mean loss over the instances on which it does not fail
  std::uint64_t best_failed = 0;  ///< number of the others
  /// The least mean loss over the other parameters for each value of a parameter that is swept, over the settings that
  /// never fail; NaN if there is none.
  struct Curve {
    std::string parameter;
    std::vector<std::string> values;
    std::vector<double> loss;
  };
  std::vector<Curve> sensitivity;
};
SweepSummary summarise_sweep(const Cell& cell, const CellStatistics& statistics);

struct StudyResult {
  std::string backend;            ///< "cuda"; "cuda, cpu" if the second went on from a checkpoint of the first
  std::vector<CellResult> cells;  ///< in the order of the plan
  std::vector<ComparisonResult> comparisons;
  std::vector<ClaimVerdict> claims;  ///< in the order of the study
  /// One sentence for each cell whose certificate is broken, naming cell, lane, iteration and ratio.
  std::vector<std::string> broken_certificates;
  double seconds = 0;  ///< wall-clock time
};

/// A certificate holds if no lane exceeds its bound by more than this share (spec, section 1). In float32 it is not
/// judged: rounding alone, some 1e-7 L R² an iteration, passes many bounds.
inline constexpr double certificate_tolerance = 1e-9;

/// Runs every cell in waves, merges their statistics, fits the envelopes and judges the claims. The
/// result, timings apart, depends neither on the waves nor on the number of threads, nor on whether the run went on
/// from a checkpoint. Throws Error, or Interrupted if the run was cancelled.
StudyResult run_study(const Plan& plan, Backend& backend, const RunOptions& options = {});

/// Lanes stopped on a tolerance.
std::uint64_t converged_lanes(const CellStatistics& statistics);

/// Quantile of the gaps at an iteration, between the smallest and the largest of them, which are exact; NaN without
/// lanes.
double gap_quantile(const CellStatistics& statistics, const Distribution& at, double q);

/// Mean of the natural logarithm of the gaps above 1e-300; NaN if there is none.
double mean_log_gap(const Distribution& at);

/// Lanes diverged by the last iteration.
std::uint64_t diverged_lanes(const CellStatistics& statistics);

/// Mean over instances of the best setting's loss; infinite if an instance has none, NaN without a sweep.
double mean_best_loss(const CellStatistics& statistics);

/// A setting of a sweep and the number of instances whose best one it is.
struct Winner {
  std::uint32_t setting = 0;
  std::uint64_t instances = 0;
};
/// The settings that are the best of some instance, the most frequent first.
std::vector<Winner> winners(const CellStatistics& statistics);

/// "lane 4113 (instance 17, meta_step = 0.1)"
std::string describe_lane(const Cell& cell, std::uint64_t lane);

/// Where a run keeps what it has finished until its results are written.
inline constexpr std::string_view checkpoint_file = "checkpoint";

/// What a run may write into its folder: the results as `output_files` orders them, and the checkpoint.
inline constexpr std::string_view result_files[] = {"summary.json", "summary.csv", "run.json", checkpoint_file};

/// A file of the results.
struct OutputFile {
  std::string name;
  std::string text;
};

/// What else is worth keeping of a run, beside plan and result.
struct RunRecord {
  std::vector<std::string> overrides;  ///< as given by --set
  std::string backend_reason;
  unsigned threads = 0;
  std::uint64_t wave_lanes = 0;
};

/// The results as files: `summary.json` and `summary.csv`, which are the same to the bit for any number
/// of threads and any waves, and `run.json` with the timings. Records are in the order of the plan's
/// cells; what has no value is null or an empty field.
std::vector<OutputFile> output_files(const Plan& plan, const StudyResult& result, const RunRecord& record);

/// A folder that results go to.
class OutputFolder {
 public:
  /// Throws Error unless the folder can be written, or made, and none of `result_files` is a folder in it. Leaves
  /// nothing behind.
  explicit OutputFolder(std::filesystem::path folder);
  /// Makes the folder if need be and puts all files into it, each by renaming a finished one, the first
  /// of them last. Throws Error; nothing half-written is left then.
  void write(const std::vector<OutputFile>& files) const;
  /// Takes the file of that name out of the folder, if it is there.
  void discard(std::string_view name) const;
  [[nodiscard]] const std::filesystem::path& path() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

}  // namespace omg
