#include "report.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <sstream>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "text.hpp"

namespace omg::cli {

namespace {

/// Longest tables that are shown whole: with what else is printed they fit a screen.
constexpr std::size_t most_rows = 24, most_duels = 12;

/// A column of the table of cells and what it means; `-` stands where there is nothing to show.
struct CellColumn {
  const char* heading;
  bool to_the_right;
  std::string meaning;
  std::function<std::string(const Cell&, const CellResult&)> entry;
};

std::string figure(double value, const char* form) {
  return std::isfinite(value) ? fmt::format(fmt::runtime(form), value) : "-";
}

std::string envelope_entry(const Cell&, const CellResult& result) {
  const auto& envelope = result.statistics.envelope;
  return envelope.empty() || envelope.back().lane == no_lane ? "-" : fmt::format("{:.2e}", envelope.back().value);
}

std::string median_entry(const Cell&, const CellResult& result) {
  const auto& kept = result.statistics.distributions;
  return kept.empty() ? "-" : figure(gap_quantile(result.statistics, kept.back(), 0.5), "{:.2e}");
}

/// 1.996(12), as metrologists write 1.996 ± 0.012.
std::string power_entry(const Cell&, const CellResult& result) {
  const RateEstimate& rate = result.rate;
  if (!(rate.uncertainty < 1)) return "-";
  const int digits = std::min(1 - static_cast<int>(std::floor(std::log10(rate.uncertainty))), 4);
  const double last = std::pow(10, digits), shown = std::ceil(rate.uncertainty * last);
  return fmt::format("{:.{}f}({:.0f})", rate.power, digits, shown);
}

std::string claim_entry(const Cell&, const CellResult& result) {
  if (!result.judgement) return "-";
  const RateVerdict verdict = result.judgement->verdict;
  const char* mark = verdict == RateVerdict::confirmed ? "✓" : verdict == RateVerdict::refuted ? "✗" : "?";
  return fmt::format("{:g} {}", result.judgement->power, mark);
}

std::string ratio_entry(const Cell& cell, const CellResult& result) {
  const Certificate& worst = result.statistics.certificate;
  return cell.bound_table.empty() || worst.lane == no_lane ? "-" : fmt::format("{:.7f}", worst.ratio);
}

std::string fit_window_text(const Study& study) {
  if (study.fit_from <= 0 && study.fit_to <= 0) return "the last two decades of t";
  return fmt::format("t from {} to {}", std::max<std::int64_t>(study.fit_from, 1),
                     study.fit_to > 0 ? fmt::format("{}", study.fit_to) : "T");
}

const char* best_text(BestBy best) {
  return best == BestBy::cumulative_loss ? "cumulative loss"
         : best == BestBy::final_gap     ? "final gap"
                                         : "iterations to ε";
}

/// The columns that have something to show.
std::vector<CellColumn> cell_columns(const Plan& plan, const StudyResult& result) {
  const auto any = [&](auto&& has) {
    return std::any_of(plan.cells.begin(), plan.cells.end(),
                       [&](const Cell& cell) { return has(cell, result.cells[cell.index]); });
  };
  std::vector<CellColumn> out;
  out.push_back({"problem", false, "", [](const Cell& c, const CellResult&) { return c.problem->name; }});
  out.push_back({"method", false, "", [](const Cell& c, const CellResult&) { return c.method.name; }});
  out.push_back({"lanes", true, "independent runs: instances × settings",
                 [](const Cell&, const CellResult& r) { return grouped(r.statistics.lanes); }});
  if (any([](const Cell&, const CellResult& r) { return diverged_lanes(r.statistics) > 0; }))
    out.push_back({"diverged", true, "lanes whose gap did not stay finite; they count in no figure",
                   [](const Cell&, const CellResult& r) { return grouped(diverged_lanes(r.statistics)); }});
  if (any([](const Cell&, const CellResult& r) { return converged_lanes(r.statistics) > 0; }))
    out.push_back({"stopped", true, "lanes that met a tolerance; their last gap counts on",
                   [](const Cell&, const CellResult& r) { return grouped(converged_lanes(r.statistics)); }});
  if (any([&](const Cell& c, const CellResult&) { return c.iterations != plan.cells[0].iterations; }))
    out.push_back({"T", true, "iterations",
                   [](const Cell& c, const CellResult&) { return grouped(static_cast<std::uint64_t>(c.iterations)); }});
  const bool one_horizon = out.back().heading != std::string_view("T");
  const std::string at_end =
      one_horizon ? fmt::format("t = {}", grouped(static_cast<std::uint64_t>(plan.cells[0].iterations))) : "T";
  out.push_back({"envelope", true, "largest normalised gap at " + at_end, envelope_entry});
  if (any([](const Cell&, const CellResult& r) { return !r.statistics.distributions.empty(); }))
    out.push_back({"median", true, "median of the normalised gaps at " + at_end + ", to 1 %", median_entry});
  out.push_back({"exponent", true,
                 fmt::format("slope of log envelope on log t, {}, {}", fit_window_text(plan.study),
                             plan.study.envelope_every_iteration ? "every iteration" : "checkpoints"),
                 [](const Cell&, const CellResult& r) { return figure(r.fit.exponent, "{:.3f}"); }});
  if (any([](const Cell& c, const CellResult& r) { return power_entry(c, r) != "-"; }))
    out.push_back({"p", true,
                   "power of the envelope as C (t + c)^−p; in brackets half of its 95 % interval, in units of the last "
                   "digit; - where that exceeds 1",
                   power_entry});
  if (any([](const Cell&, const CellResult& r) { return r.judgement.has_value(); }))
    out.push_back({"O(t^−p)", true, "p that the method claims: ✓ confirmed, ✗ refuted, ? undecided", claim_entry});
  if (any([](const Cell& c, const CellResult&) { return !c.bound_table.empty(); }))
    out.push_back({"certificate", true, "largest gap ÷ bound over all lanes and iterations", ratio_entry});
  if (any([](const Cell& c, const CellResult&) { return c.track_best; }))
    out.push_back({"best", true,
                   fmt::format("mean over instances of the least {} of a sweep", best_text(plan.study.best)),
                   [](const Cell&, const CellResult& r) { return figure(mean_best_loss(r.statistics), "{:.4g}"); }});
  out.push_back(
      {"s", true, "seconds", [](const Cell&, const CellResult& r) { return fmt::format("{:.2f}", r.seconds); }});
  return out;
}

std::string rows_text(const Plan& plan, const StudyResult& result, const std::vector<CellColumn>& columns) {
  Table table;
  for (const CellColumn& column : columns) table.columns.push_back({column.heading, column.to_the_right});
  for (const Cell& cell : plan.cells) {
    if (table.rows.size() == most_rows) break;
    auto& row = table.rows.emplace_back();
    for (const CellColumn& column : columns) row.push_back(column.entry(cell, result.cells[cell.index]));
  }
  return table.text(line_width);
}

}  // namespace

std::string cell_table(const Plan& plan, const StudyResult& result) {
  std::vector<CellColumn> columns = cell_columns(plan, result);
  std::string out = rows_text(plan, result, columns);
  // What the line has no room for is in the files.
  for (const std::string_view optional : {"s", "median", "lanes"}) {
    if (characters(out.substr(0, out.find('\n'))) <= line_width) break;
    std::erase_if(columns, [&](const CellColumn& column) { return column.heading == optional; });
    out = rows_text(plan, result, columns);
  }
  if (plan.cells.size() > most_rows)
    out += fmt::format("… and {} more cells, which are in the files\n", plan.cells.size() - most_rows);
  out += "\n";
  for (const CellColumn& column : columns)
    if (!column.meaning.empty())
      out += "  " + fitted(column.heading, 13) + wrapped(column.meaning, line_width - 15, 15) + "\n";
  return out;
}

std::string comparisons(const Plan& plan, const StudyResult& result) {
  std::string out;
  for (const ComparisonResult& comparison : result.comparisons) {
    const ComparisonSpec& spec = plan.study.comparisons[comparison.spec];
    const auto name = [&](std::size_t m) { return plan.cells[comparison.cells[m]].method.name; };
    out +=
        (out.empty() ? "" : "\n") + fmt::format("{} on {}\n", spec.name, plan.cells[comparison.cells[0]].problem->name);
    Table table;
    table.columns = {
        {"measure"},     {"method"},  {"against"},     {"better", true},
        {"worse", true}, {"p", true}, {"ratio", true}, {fmt::format("{:g} % interval", 100 * spec.confidence)}};
    for (const Duel& duel : comparison.figures.duels) {
      if (table.rows.size() == most_duels) break;
      const bool exists = duel.ratio.pairs > 0;
      table.rows.push_back(
          {duel.measure == 0 ? "gap at T" : fmt::format("t to {:g}", plan.study.epsilon[duel.measure - 1]),
           name(duel.first), name(duel.second), grouped(duel.wins), grouped(duel.losses),
           duel.corrected > 0 ? fmt::format("{:.2g}", duel.corrected) : "<1e-300",
           exists ? fmt::format("{:.4g}", duel.ratio.estimate) : "-",
           exists ? fmt::format("{:.4g} to {:.4g}", duel.ratio.low, duel.ratio.high) : "-"});
    }
    out += table.text(line_width);
    if (comparison.figures.duels.size() > most_duels)
      out += fmt::format("… and {} more, which are in the files\n", comparison.figures.duels.size() - most_duels);
  }
  if (!out.empty())
    out +=
        "\n  better, worse  instances\n  p              sign test, corrected for the number of rows (Holm)\n"
        "  ratio          geometric mean of the other's figure ÷ the method's; above 1 the method is better\n";
  return out;
}

std::string best_settings(const Plan& plan, const StudyResult& result) {
  constexpr std::size_t shown = 3;
  std::string out;
  for (const Cell& cell : plan.cells) {
    if (cell.settings < 2) continue;
    const CellStatistics& statistics = result.cells[cell.index].statistics;
    const std::vector<Winner> order = winners(statistics);
    std::string line =
        fmt::format("{} on {}, best of {} settings", cell.method.name, cell.problem->name, grouped(cell.settings));
    if (const auto& mean = result.cells[cell.index].best_loss; mean && std::isfinite(mean->estimate))
      line += fmt::format(", mean loss {:.4g} [{:.4g}, {:.4g}]", mean->estimate, mean->low, mean->high);
    line += ":";
    for (std::size_t k = 0; k < std::min(shown, order.size()); ++k)
      line += fmt::format("{} {} ({} of {} instances)", k == 0 ? "" : ";", cell.setting_names[order[k].setting],
                          grouped(order[k].instances), grouped(statistics.best.size()));
    if (order.size() > shown) line += fmt::format("; {} others", grouped(order.size() - shown));
    if (order.empty()) line += " none stayed finite";
    if (!statistics.settings.empty()) {
      const SweepSummary sweep = summarise_sweep(cell, statistics);
      if (sweep.best_failed < cell.problem->instances)
        line +=
            fmt::format(". On the mean over instances: {} ({:.4g})", cell.setting_names[sweep.best], sweep.best_loss);
      if (sweep.failing > 0) line += fmt::format("; {} settings fail on some instance", grouped(sweep.failing));
    }
    out += wrapped(line, line_width, 2) + "\n";
  }
  return out;
}

std::string verdicts(const Plan& plan, const StudyResult& result) {
  std::string out;
  for (std::size_t k = 0; k < plan.study.claims.size(); ++k) {
    const Claim& claim = plan.study.claims[k];
    const ClaimVerdict& verdict = result.claims[k];
    const char* judgement = verdict.confirmed ? "confirmed" : "NOT confirmed";
    out += k > 0 ? "\n" : "";
    out += wrapped(fmt::format("{} {} — {}", claim.name, judgement, claim.statement), line_width, 4) + "\n";
    Table table;
    table.columns = {{""}, {""}, {""}, {""}, {"", true}, {""}};
    for (std::size_t i = 0; i < claim.checks.size(); ++i) {
      const Verdict& check = verdict.checks[i];
      table.rows.push_back({check.passed ? " ✓" : " ✗", claim.checks[i].method, claim.checks[i].problem, check.what,
                            check.value, "(" + check.allowed + ")"});
    }
    // One line for each check, and its note below.
    std::istringstream lines(table.text(line_width));
    std::string line;
    for (const Check& check : claim.checks) {
      std::getline(lines, line);
      out += line + "\n";
      if (!check.note.empty()) out += "    " + wrapped(check.note, line_width - 4, 4) + "\n";
    }
  }
  return out;
}

std::string failures(const Plan& plan, const StudyResult& result) {
  std::string out;
  for (const auto& fault : result.broken_certificates) out += fmt::format("certificate: {}\n", fault);
  for (std::size_t k = 0; k < plan.study.claims.size(); ++k)
    for (const Verdict& check : result.claims[k].checks)
      if (!check.passed) out += fmt::format("claim {}: {}\n", plan.study.claims[k].name, check.sentence);
  return out;
}

}  // namespace omg::cli
