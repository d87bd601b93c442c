#include "report.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <vector>

#include <fmt/format.h>

#include "text.hpp"

namespace omg::cli {

namespace {

/// Longest table that is shown whole.
constexpr std::size_t most_rows = 100;

/// A row of the table; `-` stands where there is nothing to show.
std::vector<std::string> row_of(const Cell& cell, const CellResult& result, bool with_best) {
  const CellStatistics& statistics = result.statistics;
  const Extreme last = statistics.envelope.empty() ? Extreme{} : statistics.envelope.back();
  const Certificate& worst = statistics.certificate;
  std::vector<std::string> row{
      cell.problem->name,
      cell.method.name,
      grouped(statistics.lanes),
      grouped(diverged_lanes(statistics)),
      grouped(static_cast<std::uint64_t>(cell.iterations)),
      last.lane == no_lane ? "-" : fmt::format("{:.4g}", last.value),
      std::isfinite(result.fit.exponent) ? fmt::format("{:.3f}", result.fit.exponent) : "-",
      cell.bound_table.empty() || worst.lane == no_lane ? "-" : fmt::format("{:.7f}", worst.ratio)};
  if (with_best) row.push_back(statistics.best.empty() ? "-" : fmt::format("{:.4g}", mean_best_loss(statistics)));
  row.push_back(fmt::format("{:.2f}", result.seconds));
  return row;
}

}  // namespace

std::string cell_table(const Plan& plan, const StudyResult& result) {
  const bool with_best = std::any_of(plan.cells.begin(), plan.cells.end(), [](const Cell& c) { return c.track_best; });
  Table table;
  table.columns = {{"problem"}, {"method"},         {"lanes", true},    {"diverged", true},
                   {"T", true}, {"envelope", true}, {"exponent", true}, {"certificate", true}};
  if (with_best) table.columns.push_back({"best", true});
  table.columns.push_back({"s", true});
  for (const Cell& cell : plan.cells)
    if (table.rows.size() < most_rows) table.rows.push_back(row_of(cell, result.cells[cell.index], with_best));

  std::string out = table.text(line_width);
  if (plan.cells.size() > most_rows)
    out += fmt::format("… and {} more cells, which are in the files\n", plan.cells.size() - most_rows);
  std::string legend =
      "lanes: independent runs; diverged: lanes whose gap did not stay finite; T: iterations; envelope: largest "
      "normalised gap at T; exponent: least-squares slope of log envelope on log t, ";
  legend += plan.study.fit_from > 0 || plan.study.fit_to > 0
                ? fmt::format("t from {} to {}", std::max<std::int64_t>(plan.study.fit_from, 1),
                              plan.study.fit_to > 0 ? fmt::format("{}", plan.study.fit_to) : "T")
                : "the last two decades of t";
  legend += plan.study.envelope_every_iteration ? ", every iteration" : ", checkpoints";
  legend += "; certificate: largest gap ÷ bound over all lanes and iterations";
  if (with_best)
    legend += fmt::format("; best: mean over instances of the smallest {} of a sweep",
                          plan.study.best == "final_gap" ? "final gap" : "cumulative loss");
  legend += "; s: seconds";
  return out + wrapped(legend, line_width, 0) + "\n";
}

std::string best_settings(const Plan& plan, const StudyResult& result) {
  constexpr std::size_t shown = 3;
  std::string out;
  for (const Cell& cell : plan.cells) {
    if (cell.settings < 2) continue;
    const CellStatistics& statistics = result.cells[cell.index].statistics;
    const std::vector<Winner> order = winners(statistics);
    std::string line =
        fmt::format("{} on {}, best of {} settings:", cell.method.name, cell.problem->name, grouped(cell.settings));
    for (std::size_t k = 0; k < std::min(shown, order.size()); ++k)
      line += fmt::format("{} {} ({} of {} instances)", k == 0 ? "" : ";", cell.setting_names[order[k].setting],
                          grouped(order[k].instances), grouped(statistics.best.size()));
    if (order.size() > shown) line += fmt::format("; {} others", grouped(order.size() - shown));
    if (order.empty()) line += " none stayed finite";
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
