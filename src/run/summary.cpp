#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "omg/run.hpp"

#include "judge.hpp"

namespace omg {

namespace {

using Json = nlohmann::ordered_json;

/// JSON has no NaN and no infinity.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }
Json lane_number(std::uint64_t lane) { return lane == no_lane ? Json() : Json(lane); }

const char* precision_name(Precision precision) { return precision == Precision::float64 ? "float64" : "float32"; }

double per(std::uint64_t count, std::uint64_t total) {
  return total == 0 ? std::nan("") : static_cast<double>(count) / static_cast<double>(total);
}

/// Positions of the checkpoints in the iterations that are kept, which may be all of them.
std::vector<std::size_t> checkpoint_positions(const Cell& cell, const CellStatistics& statistics) {
  std::vector<std::size_t> out;
  for (const std::int64_t t : checkpoints(cell.iterations)) {
    const auto found = std::lower_bound(statistics.at.begin(), statistics.at.end(), t);
    if (found != statistics.at.end() && *found == t)
      out.push_back(static_cast<std::size_t>(found - statistics.at.begin()));
  }
  return out;
}

Json best_record(const Cell& cell, const CellStatistics& statistics) {
  Json out;
  out["by"] = cell.best_by_loss ? "cumulative_loss" : "final_gap";
  out["mean_loss"] = number(mean_best_loss(statistics));
  Json settings = Json::array();
  for (const Winner& winner : winners(statistics))
    settings.push_back(
        {{"setting", winner.setting}, {"name", cell.setting_names[winner.setting]}, {"instances", winner.instances}});
  out["settings"] = std::move(settings);
  Json losses = Json::array(), chosen = Json::array();
  for (const Best& best : statistics.best) {
    losses.push_back(number(best.loss));
    chosen.push_back(std::isfinite(best.loss) ? Json(best.setting) : Json());
  }
  out["loss"] = std::move(losses);
  out["setting"] = std::move(chosen);
  return out;
}

/// Least and largest value over the instances.
Json range(const std::vector<double>& values) {
  if (values.empty()) return Json();
  const auto [least, largest] = std::minmax_element(values.begin(), values.end());
  return {number(*least), number(*largest)};
}

Json problem_record(const Problem& problem) {
  Json out;
  out["name"] = problem.name;
  out["family"] = problem.family;
  out["instances"] = problem.instances;
  out["dimension"] = problem.shape.n;
  out["L"] = range(problem.smoothness);
  out["mu"] = range(problem.strong_convexity);
  out["minimum"] = range(problem.minimum);
  out["R"] = range(problem.distance);
  return out;
}

Json cell_record(const Plan& plan, const Cell& cell, const CellResult& result) {
  const CellStatistics& statistics = result.statistics;
  Json out;
  out["problem"] = cell.problem->name;
  out["family"] = cell.problem->family;
  out["method"] = cell.method.name;
  out["iterations"] = cell.iterations;
  out["lanes"] = statistics.lanes;
  out["instances"] = cell.problem->instances;
  out["settings"] = cell.settings;
  out["diverged"] = diverged_lanes(statistics);

  Json t = Json::array(), gap = Json::array(), lane = Json::array(), low = Json::array(), low_lane = Json::array();
  for (const std::size_t k : checkpoint_positions(cell, statistics)) {
    const auto value = [](const Extreme& extreme) { return extreme.lane == no_lane ? Json() : number(extreme.value); };
    t.push_back(statistics.at[k]);
    gap.push_back(value(statistics.envelope[k]));
    lane.push_back(lane_number(statistics.envelope[k].lane));
    low.push_back(value(statistics.smallest[k]));
    low_lane.push_back(lane_number(statistics.smallest[k].lane));
  }
  Json& envelope = out["envelope"];
  envelope["t"] = std::move(t);
  envelope["gap"] = std::move(gap);
  envelope["lane"] = std::move(lane);
  envelope["exponent"] = number(result.fit.exponent);
  envelope["constant"] = number(result.fit.constant);
  envelope["fit"] = {{"from", result.fit.from},
                     {"to", result.fit.to},
                     {"points", result.fit.points},
                     {"basis", plan.study.envelope_every_iteration ? "every iteration" : "checkpoints"}};
  if (!cell.bound_table.empty()) {
    const Certificate& worst = statistics.certificate;
    const bool met = worst.lane != no_lane;
    out["certificate"] = {{"bound", cell.method.bound},
                          {"at", cell.method.bound_at_last ? "last" : "every"},
                          {"max_ratio", met ? number(worst.ratio) : Json()},
                          {"lane", lane_number(worst.lane)},
                          {"iteration", met ? Json(worst.iteration) : Json()}};
  }
  out["smallest"] = {{"gap", std::move(low)}, {"lane", std::move(low_lane)}};
  out["lane_iterations"] = statistics.lane_iterations;
  out["evaluations"] = {{"gradients", number(per(statistics.gradient_evaluations, statistics.lane_iterations))},
                        {"functions", number(per(statistics.function_evaluations, statistics.lane_iterations))}};
  if (!statistics.best.empty()) out["best"] = best_record(cell, statistics);
  return out;
}

Json check_record(const Plan& plan, const Check& check, const Verdict& verdict) {
  using Quantity = Check::Quantity;
  Json out;
  out["quantity"] = quantity_name(check.quantity);
  out["problem"] = check.problem;
  out["method"] = check.method;
  if (!check.other.empty()) out["other"] = check.other;
  if (check.quantity == Quantity::sup || check.quantity == Quantity::constant) out["power"] = number(check.power);
  if (check.at != 0) out["at"] = check.at;
  if (check.shift != 0) out["shift"] = check.shift;
  if (check.at_least) out["at_least"] = number(*check.at_least);
  if (check.at_most) out["at_most"] = number(*check.at_most);
  out["value"] = number(verdict.figure.value);
  if (verdict.figure.lane != no_lane) {
    const Cell& cell = plan.cells[find_cell(plan, check.problem, check.method)];
    const std::size_t instances = cell.problem->instances;
    out["lane"] = verdict.figure.lane;
    out["instance"] = verdict.figure.lane % instances;
    out["setting"] = cell.setting_names[verdict.figure.lane / instances];
    out["iteration"] = verdict.figure.iteration;
  }
  out["passed"] = verdict.passed;
  if (!check.note.empty()) out["note"] = check.note;
  out["sentence"] = verdict.sentence;
  return out;
}

Json claim_record(const Plan& plan, const Claim& claim, const ClaimVerdict& verdict) {
  Json checks = Json::array();
  for (std::size_t k = 0; k < claim.checks.size(); ++k)
    checks.push_back(check_record(plan, claim.checks[k], verdict.checks[k]));
  return {{"name", claim.name},
          {"statement", claim.statement},
          {"confirmed", verdict.confirmed},
          {"checks", std::move(checks)}};
}

/// Pretty to the depth of the records, which take a line each.
std::string lines(const Json& object) {
  std::string out = "{\n";
  for (auto entry = object.begin(); entry != object.end(); ++entry) {
    out += fmt::format("  {}: ", Json(entry.key()).dump());
    const bool records = entry->is_array() && !entry->empty() && entry->front().is_object();
    if (records) {
      out += "[\n";
      for (auto record = entry->begin(); record != entry->end(); ++record)
        out += fmt::format("    {}{}\n", record->dump(), std::next(record) == entry->end() ? "" : ",");
      out += "  ]";
    } else {
      out += entry->dump();
    }
    out += std::next(entry) == object.end() ? "\n" : ",\n";
  }
  return out + "}\n";
}

Json heading(const Plan& plan, const StudyResult& result, const RunRecord& record) {
  Json out;
  out["title"] = plan.study.title;
  // The name alone: where the file lies has nothing to do with what was measured.
  out["study"] = plan.study.file.filename().string();
  out["set"] = record.overrides;
  out["seed"] = plan.study.seed;
  out["precision"] = precision_name(plan.study.precision);
  out["version"] = version();
  out["backend"] = result.backend;
  return out;
}

std::string summary_json(const Plan& plan, const StudyResult& result, const RunRecord& record) {
  Json out = heading(plan, result, record);
  Json problems = Json::array();
  for (const Cell& cell : plan.cells)
    if (cell.index == 0 || cell.problem != plan.cells[cell.index - 1].problem)
      problems.push_back(problem_record(*cell.problem));
  out["problems"] = std::move(problems);
  Json cells = Json::array();
  for (const Cell& cell : plan.cells) cells.push_back(cell_record(plan, cell, result.cells[cell.index]));
  out["cells"] = std::move(cells);
  Json claims = Json::array();
  for (std::size_t k = 0; k < plan.study.claims.size(); ++k)
    claims.push_back(claim_record(plan, plan.study.claims[k], result.claims[k]));
  out["claims"] = std::move(claims);
  return lines(out);
}

std::string run_json(const Plan& plan, const StudyResult& result, const RunRecord& record) {
  Json out = heading(plan, result, record);
  out["backend_reason"] = record.backend_reason;
  out["threads"] = record.threads;
  out["wave_lanes"] = record.wave_lanes;
  out["seconds"] = number(result.seconds);
  Json cells = Json::array();
  for (const Cell& cell : plan.cells) {
    const CellResult& run = result.cells[cell.index];
    cells.push_back({{"problem", cell.problem->name},
                     {"method", cell.method.name},
                     {"lane_iterations", run.statistics.lane_iterations},
                     {"seconds", number(run.seconds)}});
  }
  out["cells"] = std::move(cells);
  return lines(out);
}

/// One field of a CSV file (RFC 4180).
std::string field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}
/// The shortest digits that read as the same number; empty where there is no value.
std::string field(double value) { return std::isfinite(value) ? fmt::format("{}", value) : ""; }
std::string lane_field(std::uint64_t lane) { return lane == no_lane ? "" : fmt::format("{}", lane); }

struct Column {
  const char* name;
  std::string value;
};

/// The record of a cell with what it reaches at the last iteration instead of the arrays.
std::vector<Column> csv_record(const Plan& plan, const Cell& cell, const CellResult& result) {
  const CellStatistics& statistics = result.statistics;
  const Extreme none;
  const Extreme& largest = statistics.envelope.empty() ? none : statistics.envelope.back();
  const Extreme& smallest = statistics.smallest.empty() ? none : statistics.smallest.back();
  const auto gap = [](const Extreme& extreme) { return extreme.lane == no_lane ? "" : field(extreme.value); };
  const Certificate& worst = statistics.certificate;
  const bool met = !cell.bound_table.empty() && worst.lane != no_lane;
  const auto winner = winners(statistics);
  return {
      {"problem", field(cell.problem->name)},
      {"family", field(cell.problem->family)},
      {"method", field(cell.method.name)},
      {"iterations", fmt::format("{}", cell.iterations)},
      {"lanes", fmt::format("{}", statistics.lanes)},
      {"instances", fmt::format("{}", cell.problem->instances)},
      {"settings", fmt::format("{}", cell.settings)},
      {"diverged", fmt::format("{}", diverged_lanes(statistics))},
      {"envelope.t", statistics.at.empty() ? "" : fmt::format("{}", statistics.at.back())},
      {"envelope.gap", gap(largest)},
      {"envelope.lane", lane_field(largest.lane)},
      {"envelope.exponent", field(result.fit.exponent)},
      {"envelope.constant", field(result.fit.constant)},
      {"envelope.fit.from", fmt::format("{}", result.fit.from)},
      {"envelope.fit.to", fmt::format("{}", result.fit.to)},
      {"envelope.fit.points", fmt::format("{}", result.fit.points)},
      {"envelope.fit.basis", plan.study.envelope_every_iteration ? "every iteration" : "checkpoints"},
      {"certificate.bound", field(cell.method.bound)},
      {"certificate.at", cell.bound_table.empty()    ? ""
                         : cell.method.bound_at_last ? "last"
                                                     : "every"},
      {"certificate.max_ratio", met ? field(worst.ratio) : ""},
      {"certificate.lane", met ? lane_field(worst.lane) : ""},
      {"certificate.iteration", met ? fmt::format("{}", worst.iteration) : ""},
      {"smallest.gap", gap(smallest)},
      {"smallest.lane", lane_field(smallest.lane)},
      {"lane_iterations", fmt::format("{}", statistics.lane_iterations)},
      {"evaluations.gradients", field(per(statistics.gradient_evaluations, statistics.lane_iterations))},
      {"evaluations.functions", field(per(statistics.function_evaluations, statistics.lane_iterations))},
      {"best.by", statistics.best.empty() ? ""
                  : cell.best_by_loss     ? "cumulative_loss"
                                          : "final_gap"},
      {"best.mean_loss", statistics.best.empty() ? "" : field(mean_best_loss(statistics))},
      {"best.setting", winner.empty() ? "" : field(cell.setting_names[winner.front().setting])},
      {"best.setting.instances", winner.empty() ? "" : fmt::format("{}", winner.front().instances)},
  };
}

std::string summary_csv(const Plan& plan, const StudyResult& result) {
  std::string out;
  for (const Cell& cell : plan.cells) {
    const auto record = csv_record(plan, cell, result.cells[cell.index]);
    std::string names, values;
    for (const Column& column : record) {
      names += fmt::format("{}{}", names.empty() ? "" : ",", column.name);
      values += fmt::format("{}{}", &column == &record.front() ? "" : ",", column.value);
    }
    if (out.empty()) out = names + "\n";
    out += values + "\n";
  }
  return out;
}

}  // namespace

std::vector<OutputFile> output_files(const Plan& plan, const StudyResult& result, const RunRecord& record) {
  return {{"summary.json", summary_json(plan, result, record)},
          {"summary.csv", summary_csv(plan, result)},
          {"run.json", run_json(plan, result, record)}};
}

}  // namespace omg
