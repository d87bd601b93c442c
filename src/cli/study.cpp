#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string_view>
#include <unistd.h>

#include <fmt/format.h>

#include "omg/run.hpp"

#include "commands.hpp"
#include "progress.hpp"
#include "report.hpp"
#include "text.hpp"

namespace omg::cli {

namespace {

std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "the flag is set by a signal handler");

/// As long as the object lives, SIGINT, SIGTERM and SIGHUP go to its handler. Who started the program with a signal
/// ignored, as nohup does, has that kept.
class OnInterrupt {
 public:
  explicit OnInterrupt(void (*handler)(int)) {
    for (std::size_t k = 0; k < signals.size(); ++k) {
      before_[k] = std::signal(signals[k], handler);
      if (before_[k] == SIG_IGN) std::signal(signals[k], SIG_IGN);
    }
  }
  ~OnInterrupt() {
    for (std::size_t k = 0; k < signals.size(); ++k) std::signal(signals[k], before_[k]);
  }
  OnInterrupt(const OnInterrupt&) = delete;
  OnInterrupt& operator=(const OnInterrupt&) = delete;

 private:
  static constexpr std::array signals{SIGINT, SIGTERM, SIGHUP};
  std::array<void (*)(int), signals.size()> before_{};
};

/// The first signal raises the flag; a second one ends the program.
void raise_flag(int caught) {
  interrupted = true;
  std::signal(caught, SIG_DFL);
}
/// Before there are lanes there is nothing to keep.
void end_at_once(int) {
  constexpr std::string_view line = "omg: interrupted; nothing was written\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
  ::_exit(exit_interrupted);
}

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }

void print_opening(const Plan& plan, const ChosenBackend& chosen) {
  std::uint64_t lanes = 0;
  double lane_iterations = 0;
  for (const Cell& cell : plan.cells) {
    lanes += cell.lanes();
    lane_iterations += static_cast<double>(cell.lanes()) * static_cast<double>(cell.iterations);
  }
  const std::size_t cells = plan.cells.size();
  print(wrapped(fmt::format("{} ({}, {} {}, {} lanes, {:.3g} lane-iterations)", plan.study.title,
                            plan.study.file.filename().string(), cells, cells == 1 ? "cell" : "cells", grouped(lanes),
                            lane_iterations),
                line_width, 2) +
        "\n");
  print(wrapped(fmt::format("Backend {}", chosen.why), line_width, 2) + "\n\n");
  std::fflush(stdout);
}

void print_result(const Plan& plan, const StudyResult& result) {
  print(cell_table(plan, result));
  for (const std::string& part : {best_settings(plan, result), comparisons(plan, result), verdicts(plan, result)})
    if (!part.empty()) print("\n" + part);
  for (const std::string& fault : result.broken_certificates)
    print("\n" + wrapped("Broken certificate: " + fault, line_width, 2) + "\n");
}

}  // namespace

int run(const RunArguments& arguments) {
  const Plan plan = [&] {
    const OnInterrupt ending(end_at_once);
    return make_plan(load_study(arguments.study, arguments.overrides));
  }();
  const ChosenBackend chosen = choose_backend(arguments.backend);
  const OutputFolder folder(arguments.out.value_or(std::filesystem::path("out") / arguments.study.stem()));
  if (!arguments.quiet) print_opening(plan, chosen);

  StudyResult result;
  {
    const OnInterrupt catching(raise_flag);
    std::optional<ProgressDisplay> display;
    RunOptions options;
    options.threads = arguments.threads;
    options.wave_lanes = arguments.wave_lanes;
    options.checkpoints = &folder;
    options.resume = arguments.resume;
    options.cancelled = [] { return interrupted.load(); };
    if (!arguments.quiet) {
      display.emplace();
      options.progress = [&](const Progress& progress) { display->show(progress); };
    }
    try {
      result = run_study(plan, *chosen.backend, options);
    } catch (const Interrupted& interruption) {
      if (display) display->clear();
      const std::string& kept = interruption.kept();
      complain(fmt::format("interrupted; {}", kept.empty() ? "nothing was written" : kept));
      return exit_interrupted;
    }
    const RunRecord record{arguments.overrides, chosen.why, arguments.threads, arguments.wave_lanes};
    folder.write(output_files(plan, result, record));
    folder.discard(checkpoint_file);
  }

  if (!arguments.quiet) {
    print_result(plan, result);
    print(fmt::format("\n{:.1f} s; results in {}\n", result.seconds, folder.path().string()));
    std::fflush(stdout);
  }

  if (!arguments.check) return 0;
  const std::string failed = failures(plan, result);
  if (failed.empty()) {
    const bool bounded =
        std::any_of(plan.cells.begin(), plan.cells.end(), [](const Cell& cell) { return !cell.bound_table.empty(); });
    if (!arguments.quiet)
      print(plan.study.claims.empty() && !bounded
                ? "Nothing to check: the study has neither a claim nor a bound\n"
                : "Check passed: every claim is confirmed and every certificate holds\n");
    return 0;
  }
  complain("the check failed\n" + failed.substr(0, failed.find_last_not_of('\n') + 1));
  return exit_failed_check;
}

}  // namespace omg::cli
