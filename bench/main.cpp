// The performance workloads on every tier: reference, CPU engine with each instruction set, GPU where there is one; and
// the limits of the machine in the same run. Rates are lane-iterations per second, statistics included as a study runs
// them; instances are drawn and formulas evaluated beforehand. A wrong answer is not timed.

#include <cstdlib>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "cpu/engine.hpp"
#include "performance/workloads.hpp"

namespace omg::bench {
namespace {

/// One way to run a workload.
struct Tier {
  std::string name;
  std::unique_ptr<Backend> (*make)();
  std::string instruction_set;  ///< of the CPU engine
  std::uint64_t share;          ///< of the lanes: slow tiers run one in so many
};

void run(benchmark::State& state, const Workload& workload, const Tier& tier, Precision precision, unsigned threads) {
  if (!tier.instruction_set.empty()) setenv("OMG_CPU_INSTRUCTION_SET", tier.instruction_set.c_str(), 1);
  const auto backend = tier.make();
  const Plan plan = plan_of(workload, precision);
  const Cell& cell = plan.cells[0];
  if (!agrees_with_reference(*backend, cell)) {
    state.SkipWithError("the answer is not that of the reference");
    return;
  }
  const LaneRange lanes{0, std::max<std::uint64_t>(cell.lanes() / tier.share, 1)};
  RunControl control;
  control.threads = threads;
  const bool of_floor = !tier.instruction_set.empty();
  const auto attainable_now = [&] {
    return of_floor ? attainable(workload.floor, measure_limits(precision, threads, true), precision) : 0;
  };
  const double before = attainable_now();
  for (auto _ : state) benchmark::DoNotOptimize(backend->run(cell, lanes, control));
  const double limit = (before + attainable_now()) / 2;
  const double done = static_cast<double>(state.iterations()) * static_cast<double>(lanes.size()) *
                      static_cast<double>(cell.iterations);
  const auto per_second = [&](double amount) { return benchmark::Counter(amount, benchmark::Counter::kIsRate); };
  const Floor& floor = workload.floor;
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(lanes.size()) * cell.iterations);
  state.counters["FLOP"] = per_second(done * floor.operations);
  if (floor.numbers > 0)
    state.counters["bytes"] = per_second(done * floor.numbers * static_cast<double>(bytes_of(precision)));
  if (of_floor) state.counters["of_floor"] = per_second(done / limit);
}

/// The same lanes run whole and with early stops. `work`: the share of the iterations that are made in the end, which
/// the times should have for their ratio.
void run_early_stops(benchmark::State& state, bool stops, unsigned threads) {
  const auto backend = make_cpu_backend();
  const Plan plan = plan_of_early_stops(stops);
  const Cell& cell = plan.cells[0];
  if (!agrees_with_reference(*backend, cell)) {
    state.SkipWithError("the answer is not that of the reference");
    return;
  }
  RunControl control;
  control.threads = threads;
  const LaneRange all{0, cell.lanes()};
  CellStatistics last;
  for (auto _ : state) last = backend->run(cell, all, control);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(last.lane_iterations));
  state.counters["work"] = static_cast<double>(last.lane_iterations) / static_cast<double>(all.size()) /
                           static_cast<double>(cell.iterations);
}

/// The CPU engine appears as `cpu` with the instruction set that is chosen here, and as `cpu_SET` with the others.
std::vector<Tier> tiers() {
  std::vector<Tier> out;
  const std::string chosen = cpu::chosen_instruction_set();
  for (const auto& set : cpu::usable_instruction_sets())
    out.push_back({set == chosen ? "cpu" : "cpu_" + set, make_cpu_backend, set, 1});
  if (make_cuda_backend()->availability().available) out.push_back({"cuda", make_cuda_backend, "", 1});
  out.push_back({"reference", make_reference_backend, "", 64});
  return out;
}

void limit(benchmark::State& state, const std::string& set, Precision precision, unsigned threads) {
  setenv("OMG_CPU_INSTRUCTION_SET", set.c_str(), 1);
  Limits found;
  for (auto _ : state) found = measure_limits(precision, threads);
  state.counters["FLOP/s"] = found.operations;
  state.counters["roots_and_divisions/s"] = found.roots_and_divisions;
  state.counters["L1_bytes/s"] = found.first_level;
  state.counters["L2_bytes/s"] = found.second_level;
  state.counters["L3_bytes/s"] = found.third_level;
  state.counters["memory_bytes/s"] = found.memory;
}

void register_all() {
  static const std::vector<Tier> all = tiers();
  for (const unsigned threads : {1U, 0U})
    for (const bool stops : {false, true})
      benchmark::RegisterBenchmark((std::string("early_stops/") + (stops ? "stopped" : "whole") + "/cpu" +
                                    (threads == 1 ? "/one_thread" : "/all_cores"))
                                       .c_str(),
                                   [=](benchmark::State& state) { run_early_stops(state, stops, threads); })
          ->UseRealTime()
          ->Unit(benchmark::kMillisecond);
  for (const Precision precision : {Precision::float64, Precision::float32}) {
    const std::string number = precision == Precision::float32 ? "/float32" : "";
    for (const Tier& tier : all) {
      for (const unsigned threads : {1U, 0U}) {
        if (tier.name == "cuda" && threads == 1) continue;
        if (tier.name == "reference" && precision == Precision::float32) continue;
        const std::string place = number + "/" + tier.name +
                                  (tier.name == "cuda" ? ""
                                   : threads == 1      ? "/one_thread"
                                                       : "/all_cores");
        if (!tier.instruction_set.empty())
          benchmark::RegisterBenchmark(("limits" + place).c_str(), [=](benchmark::State& state) {
            limit(state, tier.instruction_set, precision, threads);
          })->Iterations(1);
        for (const Workload& workload : workloads())
          benchmark::RegisterBenchmark((workload.name + place).c_str(),
                                       [&workload, &tier, precision, threads](benchmark::State& state) {
                                         run(state, workload, tier, precision, threads);
                                       })
              ->UseRealTime()
              ->Unit(benchmark::kMillisecond);
      }
    }
  }
}

}  // namespace
}  // namespace omg::bench

int main(int argc, char** argv) {
  omg::bench::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
