#pragma once

#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "omg/backend.hpp"
#include "omg/plan.hpp"
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

struct RunOptions {
  unsigned threads = 0;                           ///< 0: all cores
  std::uint64_t wave_lanes = 0;                   ///< at most so many lanes at a time; 0: what the backend holds
  std::function<void(const Progress&)> progress;  ///< may be empty
  std::function<bool()> cancelled;                ///< polled between slices of work; may be empty
};

/// The run was cancelled by RunOptions::cancelled.
class Interrupted : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "interrupted"; }
};

/// A measured figure and where it was attained.
struct Figure {
  double value = std::numeric_limits<double>::quiet_NaN();
  std::uint64_t lane = no_lane;  ///< of the cell of the check's `method`; no_lane: of no single lane
  std::int64_t iteration = 0;    ///< 0: of no single iteration
};

/// The judgement of one check: passed if the figure is finite and within its limits.
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
  RateFit fit;         ///< of the envelope, over the window of the study
  double seconds = 0;  ///< wall-clock time
};

struct StudyResult {
  std::string backend;
  std::vector<CellResult> cells;     ///< in the order of the plan
  std::vector<ClaimVerdict> claims;  ///< in the order of the study
  /// One sentence for each cell whose certificate is broken, naming cell, lane, iteration and ratio.
  std::vector<std::string> broken_certificates;
  double seconds = 0;  ///< wall-clock time
};

/// A certificate holds if no lane exceeds its bound by more than this share (spec, section 1).
inline constexpr double certificate_tolerance = 1e-9;

/// Runs every cell in waves, merges their statistics, fits the envelopes and judges the claims. The
/// result, timings apart, depends neither on the waves nor on the number of threads. Throws Error, or
/// Interrupted if the run was cancelled.
StudyResult run_study(const Plan& plan, Backend& backend, const RunOptions& options = {});

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

/// A text file of the results.
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
  /// Throws Error unless the folder can be written, or made. Leaves nothing behind.
  explicit OutputFolder(std::filesystem::path folder);
  /// Makes the folder if need be and puts all files into it, each by renaming a finished one, the first
  /// of them last. Throws Error; nothing half-written is left then.
  void write(const std::vector<OutputFile>& files) const;
  [[nodiscard]] const std::filesystem::path& path() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

}  // namespace omg
