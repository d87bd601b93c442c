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

/// As in study files.
const char* best_by_key(BestBy best) {
  switch (best) {
    case BestBy::cumulative_loss:
      return "cumulative_loss";
    case BestBy::final_gap:
      return "final_gap";
    case BestBy::iterations:
      return "iterations";
  }
  return "";
}

/// Lanes that run, are frozen and are diverged at each checkpoint.
Json counts_record(const CellStatistics& statistics, const std::vector<std::size_t>& positions) {
  Json alive = Json::array(), converged = Json::array(), diverged = Json::array();
  for (const std::size_t k : positions) {
    alive.push_back(statistics.lanes - statistics.converged[k] - statistics.diverged[k]);
    converged.push_back(statistics.converged[k]);
    diverged.push_back(statistics.diverged[k]);
  }
  return {{"alive", std::move(alive)}, {"converged", std::move(converged)}, {"diverged", std::move(diverged)}};
}

Json stopped_record(const CellStatistics& statistics) {
  const std::uint64_t converged = statistics.stopped_on_gap + statistics.stopped_on_gradient;
  return {{"gap", statistics.stopped_on_gap},
          {"gradient_norm", statistics.stopped_on_gradient},
          {"diverged", diverged_lanes(statistics)},
          {"ran", statistics.lanes - converged - diverged_lanes(statistics)}};
}

Json rate_record(const CellResult& result) {
  const RateEstimate& rate = result.rate;
  Json octaves = Json::array();
  for (auto octave = rate.octaves.rbegin(); octave != rate.octaves.rend(); ++octave)
    octaves.push_back({{"from", number(octave->from)}, {"to", number(octave->to)}, {"power", number(octave->power)}});
  Json out = {{"power", number(rate.power)},
              {"uncertainty", number(rate.uncertainty)},
              {"constant", number(rate.constant)},
              {"offset", number(rate.offset)},
              {"from", rate.from},
              {"to", rate.to},
              {"points", rate.points},
              {"meets_floor", rate.meets_floor},
              {"octaves", std::move(octaves)}};
  if (result.judgement)
    out["claim"] = {{"power", number(result.judgement->power)},
                    {"verdict", rate_verdict_name(result.judgement->verdict)},
                    {"reason", result.judgement->reason}};
  return out;
}

/// Count and quantiles, under the quantiles' own names: "0.5".
Json histogram_record(const Histogram& histogram, const std::vector<double>& quantiles) {
  Json values;
  for (const double q : quantiles) values[fmt::format("{}", q)] = number(histogram.quantile(q));
  return {{"lanes", histogram.count()}, {"quantiles", std::move(values)}};
}

Json distribution_record(const Study& study, const CellStatistics& statistics) {
  Json t = Json::array(), lanes = Json::array(), zeros = Json::array(), mean = Json::array(), quantiles;
  for (const double q : study.quantiles) quantiles[fmt::format("{}", q)] = Json::array();
  for (const Distribution& at : statistics.distributions) {
    t.push_back(at.t);
    lanes.push_back(at.gaps.count());
    zeros.push_back(at.gaps.zeros());
    mean.push_back(number(mean_log_gap(at)));
    for (const double q : study.quantiles)
      quantiles[fmt::format("{}", q)].push_back(number(gap_quantile(statistics, at, q)));
  }
  return {{"t", std::move(t)},
          {"lanes", std::move(lanes)},
          {"zeros", std::move(zeros)},
          {"mean_log", std::move(mean)},
          {"quantiles", std::move(quantiles)}};
}

Json lane_record(const Study& study, const Cell& cell, const LaneStatistics& lanes) {
  Json out;
  const LaneFigures& figures = cell.figures;
  const auto add = [&](bool wanted, const char* name, const Histogram& histogram) {
    if (wanted) out[name] = histogram_record(histogram, study.quantiles);
  };
  add(figures.exponent, "exponent", lanes.exponent);
  add(figures.sup, "sup", lanes.sup);
  if (figures.sup) out["sup"]["power"] = number(cell.sup_power);
  add(figures.loss, "loss", lanes.loss);
  add(figures.regret, "regret", lanes.regret);
  add(figures.ratio, "ratio", lanes.ratio);
  add(figures.evaluations, "evaluations", lanes.evaluations);
  if (figures.first) {
    Json& first = out["first"] = Json::array();
    for (std::size_t j = 0; j < lanes.first.size(); ++j) {
      first.push_back(histogram_record(lanes.first[j], study.quantiles));
      first.back()["epsilon"] = number(cell.targets[j]);
    }
  }
  return out;
}

Json sweep_record(const Cell& cell, const CellStatistics& statistics) {
  const SweepSummary sweep = summarise_sweep(cell, statistics);
  Json curves = Json::array();
  for (const auto& curve : sweep.sensitivity) {
    Json loss = Json::array();
    for (const double value : curve.loss) loss.push_back(number(value));
    curves.push_back({{"parameter", curve.parameter}, {"values", curve.values}, {"loss", std::move(loss)}});
  }
  return {{"failing", sweep.failing},
          {"setting", sweep.best},
          {"name", cell.setting_names[sweep.best]},
          {"mean_loss", number(sweep.best_loss)},
          {"failed", sweep.best_failed},
          {"sensitivity", std::move(curves)}};
}

Json profile_record(const Profile& profile, const Plan& plan, const ComparisonResult& result) {
  Json shares = Json::array();
  for (std::size_t m = 0; m < result.cells.size(); ++m)
    shares.push_back({{"method", plan.cells[result.cells[m]].method.name}, {"share", profile.share[m]}});
  return {{"epsilon", number(profile.epsilon)}, {"budget", profile.budget}, {"methods", std::move(shares)}};
}

Json comparison_record(const Plan& plan, const ComparisonResult& result) {
  const auto name = [&](std::size_t m) { return plan.cells[result.cells[m]].method.name; };
  Json duels = Json::array(), performance = Json::array(), data = Json::array();
  for (const Duel& duel : result.figures.duels) {
    Json entry = {{"method", name(duel.first)}, {"other", name(duel.second)}};
    if (duel.measure == 0)
      entry["measure"] = "gap";
    else
      entry["measure"] = "iterations", entry["epsilon"] = number(plan.study.epsilon[duel.measure - 1]);
    entry["wins"] = duel.wins;
    entry["losses"] = duel.losses;
    entry["ties"] = duel.ties;
    entry["p"] = number(duel.p);
    entry["p_holm"] = number(duel.corrected);
    entry["ratio"] = number(duel.ratio.estimate);
    entry["low"] = number(duel.ratio.low);
    entry["high"] = number(duel.ratio.high);
    entry["pairs"] = duel.ratio.pairs;
    duels.push_back(std::move(entry));
  }
  for (const Profile& profile : result.figures.performance)
    performance.push_back(profile_record(profile, plan, result));
  for (const Profile& profile : result.figures.data) data.push_back(profile_record(profile, plan, result));
  return {{"name", plan.study.comparisons[result.spec].name},
          {"problem", plan.cells[result.cells.front()].problem->name},
          {"confidence", plan.study.comparisons[result.spec].confidence},
          {"duels", std::move(duels)},
          {"performance_profiles", std::move(performance)},
          {"data_profiles", std::move(data)}};
}

/// Instances whose best settings are listed one by one; of more nobody reads them.
constexpr std::size_t most_listed = 1'000'000;

Json best_record(const Cell& cell, const CellResult& result) {
  const CellStatistics& statistics = result.statistics;
  Json out;
  out["by"] = best_by_key(cell.best_by);
  out["mean_loss"] = number(mean_best_loss(statistics));
  if (const auto& interval = result.best_loss) {
    out["low"] = number(interval->low);
    out["high"] = number(interval->high);
  }
  Json settings = Json::array();
  for (const Winner& winner : winners(statistics))
    settings.push_back(
        {{"setting", winner.setting}, {"name", cell.setting_names[winner.setting]}, {"instances", winner.instances}});
  out["settings"] = std::move(settings);
  if (statistics.best.size() > most_listed) return out;
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
Json range(const InstanceNumbers& values) {
  if (values.empty()) return Json();
  const auto held = values.distinct();
  const auto [least, largest] = std::minmax_element(held.begin(), held.end());
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
  out["converged"] = converged_lanes(statistics);
  out["stopped"] = stopped_record(statistics);

  const std::vector<std::size_t> positions = checkpoint_positions(cell, statistics);
  Json t = Json::array(), gap = Json::array(), lane = Json::array(), low = Json::array(), low_lane = Json::array();
  for (const std::size_t k : positions) {
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
  envelope["rate"] = rate_record(result);
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
  out["counts"] = counts_record(statistics, positions);
  if (!statistics.distributions.empty()) out["distribution"] = distribution_record(plan.study, statistics);
  if (Json figures = lane_record(plan.study, cell, statistics.per_lane); !figures.empty())
    out["per_lane"] = std::move(figures);
  out["lane_iterations"] = statistics.lane_iterations;
  out["evaluations"] = {{"gradients", number(per(statistics.gradient_evaluations, statistics.lane_iterations))},
                        {"functions", number(per(statistics.function_evaluations, statistics.lane_iterations))}};
  if (!statistics.best.empty()) out["best"] = best_record(cell, result);
  if (!statistics.settings.empty()) out["sweep"] = sweep_record(cell, statistics);
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
  if (check.quantity == Quantity::rate) out["power"] = number(check.power), out["verdict"] = check.verdict;
  if (check.epsilon != 0) out["epsilon"] = number(check.epsilon);
  if (check.quantity == Quantity::speedup) out["confidence"] = number(check.confidence);
  if (check.at != 0) out["at"] = check.at;
  if (check.shift != 0) out["shift"] = check.shift;
  if (check.at_least) out["at_least"] = number(*check.at_least);
  if (check.at_most) out["at_most"] = number(*check.at_most);
  out["value"] = number(verdict.figure.value);
  if (std::isfinite(verdict.figure.low)) {
    out["low"] = number(verdict.figure.low);
    out["high"] = number(verdict.figure.high);
  }
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

/// The bytes of a file's name need not be text.
std::string text_of(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// Pretty to the depth of the records, which take a line each.
std::string lines(const Json& object) {
  std::string out = "{\n";
  for (auto entry = object.begin(); entry != object.end(); ++entry) {
    out += fmt::format("  {}: ", text_of(Json(entry.key())));
    const bool records = entry->is_array() && !entry->empty() && entry->front().is_object();
    if (records) {
      out += "[\n";
      for (auto record = entry->begin(); record != entry->end(); ++record)
        out += fmt::format("    {}{}\n", text_of(*record), std::next(record) == entry->end() ? "" : ",");
      out += "  ]";
    } else {
      out += text_of(*entry);
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
  if (!result.comparisons.empty()) {
    Json comparisons = Json::array();
    for (const ComparisonResult& comparison : result.comparisons)
      comparisons.push_back(comparison_record(plan, comparison));
    out["comparisons"] = std::move(comparisons);
  }
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

/// Median of the gaps at T.
std::string last_median(const CellStatistics& statistics) {
  if (statistics.distributions.empty()) return "";
  return field(gap_quantile(statistics, statistics.distributions.back(), 0.5));
}

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
      {"converged", fmt::format("{}", converged_lanes(statistics))},
      {"envelope.t", statistics.at.empty() ? "" : fmt::format("{}", statistics.at.back())},
      {"envelope.gap", gap(largest)},
      {"envelope.lane", lane_field(largest.lane)},
      {"envelope.exponent", field(result.fit.exponent)},
      {"envelope.constant", field(result.fit.constant)},
      {"envelope.fit.from", fmt::format("{}", result.fit.from)},
      {"envelope.fit.to", fmt::format("{}", result.fit.to)},
      {"envelope.fit.points", fmt::format("{}", result.fit.points)},
      {"envelope.fit.basis", plan.study.envelope_every_iteration ? "every iteration" : "checkpoints"},
      {"envelope.rate.power", field(result.rate.power)},
      {"envelope.rate.uncertainty", field(result.rate.uncertainty)},
      {"envelope.rate.claim", result.judgement ? field(result.judgement->power) : ""},
      {"envelope.rate.verdict", result.judgement ? std::string(rate_verdict_name(result.judgement->verdict)) : ""},
      {"certificate.bound", field(cell.method.bound)},
      {"certificate.at", cell.bound_table.empty()    ? ""
                         : cell.method.bound_at_last ? "last"
                                                     : "every"},
      {"certificate.max_ratio", met ? field(worst.ratio) : ""},
      {"certificate.lane", met ? lane_field(worst.lane) : ""},
      {"certificate.iteration", met ? fmt::format("{}", worst.iteration) : ""},
      {"smallest.gap", gap(smallest)},
      {"smallest.lane", lane_field(smallest.lane)},
      {"distribution.median", last_median(statistics)},
      {"lane_iterations", fmt::format("{}", statistics.lane_iterations)},
      {"evaluations.gradients", field(per(statistics.gradient_evaluations, statistics.lane_iterations))},
      {"evaluations.functions", field(per(statistics.function_evaluations, statistics.lane_iterations))},
      {"best.by", statistics.best.empty() ? "" : best_by_key(cell.best_by)},
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
