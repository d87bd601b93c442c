#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "omg/error.hpp"
#include "omg/run.hpp"

#include "commands.hpp"
#include "performance/workloads.hpp"
#include "text.hpp"

namespace omg::cli {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// The lane-iterations per second at which a backend runs the cell: the best of runs for a tenth of a second, at least
/// of one.
double round_of(Backend& backend, const Cell& cell, LaneRange lanes, unsigned threads) {
  RunControl control;
  control.threads = threads;
  const double work = static_cast<double>(lanes.size()) * static_cast<double>(cell.iterations);
  double rate = 0;
  const auto begin = Clock::now();
  do {
    const auto start = Clock::now();
    backend.run(cell, lanes, control);
    rate = std::max(rate, work / seconds_since(start));
  } while (seconds_since(begin) < 0.1);
  return rate;
}

/// The best of five rounds, of fewer where they take over five seconds. Each round's rate is passed to `watch`.
template <class Watch>
double rate_of(Backend& backend, const Cell& cell, LaneRange lanes, unsigned threads, Watch&& watch) {
  double best = 0, all = 0;
  for (int round = 0; round < 5 && all < 5; ++round) {
    const auto start = Clock::now();
    const double rate = round_of(backend, cell, lanes, threads);
    all += seconds_since(start);
    watch(rate);
    best = std::max(best, rate);
  }
  return best;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// What the methods of a workload take together.
struct Together {
  int methods = 0;
  double seconds = 0, of_statistics = 0;
};

std::string percent(double share) { return fmt::format("{:.0f} %", 100 * share); }

std::string rounded(double value) { return fmt::format("{:.3g}", value); }

}  // namespace

int bench(const BenchArguments& arguments) {
  const auto wanted = [&](const bench::Workload& workload) {
    return std::string_view(workload.name).find(arguments.filter) != std::string_view::npos;
  };
  const auto& known = bench::workloads();
  if (std::none_of(known.begin(), known.end(), wanted))
    throw Error(fmt::format("no workload's name holds \"{}\"; there are W1 to W5", arguments.filter));
  if (arguments.write) {
    for (const bench::Workload& workload : bench::workloads())
      if (wanted(workload)) bench::write_workload(workload, *arguments.write);
    return 0;
  }
  const bool changed = arguments.iterations != 0 || arguments.instances != 0 || arguments.dimension != 0;
  const Precision precision = arguments.narrow ? Precision::float32 : Precision::float64;
  const auto backends = make_backends();
  for (const auto& backend : backends)
    if (const Availability found = backend->availability(); arguments.backend == backend->name() && !found.available)
      throw Error(fmt::format("the backend {} cannot run here: {}", arguments.backend, found.reason));
  const bench::Limits limits = bench::measure_limits(precision, arguments.threads);
  nlohmann::ordered_json json{{"version", version()},
                              {"precision", arguments.narrow ? "float32" : "float64"},
                              {"limits",
                               {{"operations", limits.operations},
                                {"roots_and_divisions", limits.roots_and_divisions},
                                {"first_level_bytes", limits.first_level},
                                {"second_level_bytes", limits.second_level},
                                {"third_level_bytes", limits.third_level},
                                {"memory_bytes", limits.memory}}},
                              {"workloads", nlohmann::ordered_json::array()}};
  Table table{{{"workload"},
               {""},
               {"reference", true},
               {"cpu", true},
               {"of the floor", true},
               {"statistics", true},
               {"cuda", true}},
              {}};
  std::map<std::string, Together> together;
  std::string first_fault;
  bool measured = false;
  for (const bench::Workload& workload : bench::workloads()) {
    if (!wanted(workload)) continue;
    std::optional<Plan> plan;
    try {
      plan = bench::plan_of(workload, precision, arguments.iterations, arguments.instances, arguments.dimension);
    } catch (const Error& error) {  // a data set that is not where the program was built
      if (first_fault.empty()) first_fault = error.what();
      json["workloads"].push_back({{"workload", workload.name}, {"missing", error.what()}});
      table.rows.push_back({workload.name, error.what(), "", "", "", "", ""});
      continue;
    }
    measured = true;
    const Cell& cell = plan->cells[0];
    nlohmann::ordered_json entry{{"workload", workload.name}, {"lanes", cell.lanes()}, {"iterations", cell.iterations}};
    std::map<std::string, std::string> shown;
    for (const auto& backend : backends) {
      const std::string name(backend->name());
      if (arguments.backend != "all" && arguments.backend != name) continue;
      if (const Availability found = backend->availability(); !found.available) {
        entry[name] = {{"missing", found.reason}};
        continue;
      }
      if (!bench::agrees_with_reference(*backend, cell))
        throw Error(fmt::format("{} on {}: the answer is not that of the reference", workload.name, name));
      // The reference goes one lane at a time; a few tell its rate.
      const std::uint64_t lanes = name == "reference" ? std::max<std::uint64_t>(cell.lanes() / 256, 1) : cell.lanes();
      const Cell bare = bench::without_statistics(cell);
      std::vector<double> shares, costs;  // of the floor and of statistics, each measured in turn with the rounds
      const double rate = rate_of(*backend, cell, {0, lanes}, arguments.threads, [&](double one) {
        if (name != "cpu") return;
        const bench::Limits now = bench::measure_limits(precision, arguments.threads, true);
        shares.push_back(one / bench::attainable(workload.floor, now, precision));
        costs.push_back(1 - one / round_of(*backend, bare, {0, lanes}, arguments.threads));
      });
      entry[name] = {{"lane_iterations_per_second", rate}};
      shown[name] = rounded(rate);
      if (name == "cpu") {
        const double cost = median(std::move(costs));
        entry[name]["of_statistics"] = cost;
        shown["statistics"] = percent(cost);
        Together& all = together[std::string(workload.name).substr(0, std::string_view(workload.name).find('/'))];
        const double seconds = static_cast<double>(cell.lanes()) * static_cast<double>(cell.iterations) / rate;
        ++all.methods;
        all.seconds += seconds;
        all.of_statistics += cost * seconds;
      }
      if (name == "cpu" && arguments.dimension == 0) {  // floors are those of the workload's own n
        const double share = median(std::move(shares));
        entry[name]["of_floor"] = share;
        shown["floor"] = percent(share);
      }
    }
    const std::string what =
        changed ? fmt::format("n = {}, {} lanes, T = {}", cell.problem->shape.n, cell.lanes(), cell.iterations)
                : workload.what;
    table.rows.push_back(
        {workload.name, what, shown["reference"], shown["cpu"], shown["floor"], shown["statistics"], shown["cuda"]});
    json["workloads"].push_back(std::move(entry));
  }
  if (!measured) throw Error(first_fault);
  for (const auto& [name, all] : together) {
    const double cost = all.of_statistics / all.seconds;
    json["of_statistics"][name] = cost;
    if (all.methods > 1) table.rows.push_back({name, "all its methods", "", "", "", percent(cost), ""});
  }
  if (arguments.json) {
    fmt::print("{}\n", json.dump(2));
    return 0;
  }
  fmt::print("Lane-iterations per second, {}, statistics included; each answer checked against the reference.\n\n{}\n",
             arguments.narrow ? "float32" : "float64", table.text(140));
  fmt::print(
      "Limits: {} operations/s, {} pairs of square root and division/s; read {} GB/s from L1, {} from L2, {} from L3, "
      "{} from memory.\n",
      rounded(limits.operations), rounded(limits.roots_and_divisions), rounded(limits.first_level / 1e9),
      rounded(limits.second_level / 1e9), rounded(limits.third_level / 1e9), rounded(limits.memory / 1e9));
  for (const auto& backend : backends) fmt::print("{}: {}\n", backend->name(), backend->availability().reason);
  return 0;
}

}  // namespace omg::cli
