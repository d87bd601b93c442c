#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <new>
#include <string>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "omg/error.hpp"
#include "omg/run.hpp"

#include "commands.hpp"
#include "text.hpp"

namespace omg::cli {

namespace {

// Far more than any machine takes.
constexpr int most_threads = 4096;
constexpr std::int64_t most_lanes = 1'000'000'000'000;

int execute(int argc, char** argv) {
  CLI::App app("Optimistic meta-gradients, measured over millions of independent runs", "omg");
  app.set_version_flag("--version", std::string(version()));
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);

  RunArguments arguments;
  CLI::App* run_command = app.add_subcommand("run", "Run a study, print its table and write its results");
  run_command->add_option("study", arguments.study, "Study file (TOML)")->required()->type_name("STUDY.toml");
  run_command->add_option("--backend", arguments.backend, "auto, reference, cpu or cuda; auto takes the fastest here")
      ->type_name("NAME");
  run_command->add_option("--threads", arguments.threads, "Threads on the CPU; 0: all cores, or OMP_NUM_THREADS")
      ->check(CLI::Range(0, most_threads))
      ->type_name("N");
  run_command->add_option("--out", arguments.out, "Folder of the results; by default out/STUDY")->type_name("DIR");
  run_command->add_flag("--resume", arguments.resume, "Go on from what an unfinished run has left in that folder")
      ->disable_flag_override();
  run_command->add_flag("--check", arguments.check, "Exit with 1 if a claim or a certificate fails")
      ->disable_flag_override();
  run_command->add_option("--set", arguments.overrides, "Another value for a key, e.g. problem.huber.instances=64")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  run_command->add_flag("--quiet", arguments.quiet, "Print faults only")->disable_flag_override();
  run_command->add_option("--wave-lanes", arguments.wave_lanes, "At most so many lanes at a time; 0: what fits")
      ->check(CLI::Range(std::int64_t{0}, most_lanes))
      ->type_name("N");

  std::string kind;
  bool markdown = false;
  CLI::App* list_command = app.add_subcommand("list", "Show what studies can be made of");
  list_command->add_option("kind", kind, "What to show; by default everything")
      ->check(CLI::IsMember({"families", "rules", "learners", "methods", "hints", "targets", "domains"}))
      ->type_name("KIND");
  list_command->add_flag("--markdown", markdown, "As tables in Markdown")->disable_flag_override();

  CLI::App* info_command = app.add_subcommand("info", "Show version, backends, and why one is missing");

  BenchArguments measured;
  CLI::App* bench_command =
      app.add_subcommand("bench", "Measure the workloads on every backend, and the limits of this machine");
  bench_command->add_option("filter", measured.filter, "Only workloads whose name holds this, e.g. W1")
      ->type_name("TEXT");
  bench_command->add_option("--backend", measured.backend, "Only this one: reference, cpu or cuda")
      ->check(CLI::IsMember({"all", "reference", "cpu", "cuda"}))
      ->type_name("NAME");
  bench_command->add_option("--threads", measured.threads, "Threads on the CPU; 0: all cores, or OMP_NUM_THREADS")
      ->check(CLI::Range(0, most_threads))
      ->type_name("N");
  bench_command->add_flag("--float32", measured.narrow, "In float32 instead of float64")->disable_flag_override();
  bench_command->add_option("--iterations", measured.iterations, "Another T; 0: the workload's")
      ->check(CLI::Range(std::int64_t{0}, most_lanes))
      ->type_name("T");
  bench_command->add_option("--instances", measured.instances, "Another number of instances; 0: the workload's")
      ->check(CLI::Range(std::int64_t{0}, most_lanes))
      ->type_name("N");
  bench_command->add_option("--dimension", measured.dimension, "Another n of W2 and W3; 0: the workload's")
      ->check(CLI::Range(std::int64_t{0}, most_lanes))
      ->type_name("N");
  bench_command->add_option("--write", measured.write, "Measure nothing: write the workloads here for other programs")
      ->excludes("--iterations", "--instances", "--dimension")
      ->type_name("DIR");
  bench_command->add_flag("--json", measured.json, "As JSON")->disable_flag_override();

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    complain(fmt::format("{}; see omg --help", error.what()));
    return exit_bad_input;
  }
  if (run_command->parsed()) return run(arguments);
  if (list_command->parsed()) return list(kind, markdown);
  if (info_command->parsed()) return info();
  if (bench_command->parsed()) return bench(measured);
  return exit_bad_input;
}

}  // namespace

}  // namespace omg::cli

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of writing it
  std::signal(SIGPIPE, SIG_IGN);  // who reads along may go away; what cannot be written is an error where it matters
#if defined(__GLIBC__)
  // What a cell frees is kept for the next one: small cells run for less time than it takes to give memory back to the
  // system and to have it cleared again.
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
#endif
  try {
    const int code = omg::cli::execute(argc, argv);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      throw omg::Error("what was to be printed could not be written to standard output");
    return code;
  } catch (const omg::Error& error) {
    omg::cli::complain(error.what());
  } catch (const std::bad_alloc&) {
    omg::cli::complain("the study does not fit the memory");
  } catch (const std::exception& error) {
    omg::cli::complain(error.what());
  }
  return omg::cli::exit_bad_input;
}
