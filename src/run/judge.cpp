#include "judge.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace omg {

namespace {

using Quantity = Check::Quantity;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// t^power · envelope at entry k; no value where no lane was left.
Figure scaled_envelope(const CellStatistics& statistics, std::size_t k, double power) {
  const Extreme& largest = statistics.envelope[k];
  if (largest.lane == no_lane) return {};
  const auto t = static_cast<double>(statistics.at[k]);
  return {power == 0 ? largest.value : std::pow(t, power) * largest.value, largest.lane, statistics.at[k]};
}

Figure envelope_at(const CellStatistics& statistics, std::int64_t at, double power) {
  if (statistics.at.empty()) return {};
  if (at == 0) at = statistics.at.back();
  const auto found = std::lower_bound(statistics.at.begin(), statistics.at.end(), at);
  if (found == statistics.at.end() || *found != at) return {};
  return scaled_envelope(statistics, static_cast<std::size_t>(found - statistics.at.begin()), power);
}

Figure largest_in(const CellStatistics& statistics, const Window& window, double power) {
  Figure out;
  for (std::size_t k = 0; k < statistics.at.size(); ++k) {
    if (statistics.at[k] < window.from || statistics.at[k] > window.to) continue;
    const Figure here = scaled_envelope(statistics, k, power);
    if (std::isnan(out.value) || here.value > out.value) out = here;
  }
  return out;
}

/// A lane whose gap is not finite exceeds every bound.
Figure certificate_of(const CellStatistics& statistics) {
  if (diverged_lanes(statistics) > 0) return {infinity, no_lane, 0};
  const Certificate& certificate = statistics.certificate;
  if (certificate.lane == no_lane) return {};
  return {certificate.ratio, certificate.lane, certificate.iteration};
}

double share_worse(const CellStatistics& ours, const CellStatistics& theirs) {
  if (ours.best.empty() || ours.best.size() != theirs.best.size()) return std::nan("");
  std::size_t worse = 0;
  for (std::size_t i = 0; i < ours.best.size(); ++i)
    if (ours.best[i].loss > theirs.best[i].loss) ++worse;
  return static_cast<double>(worse) / static_cast<double>(ours.best.size());
}

Figure measure(const Plan& plan, const std::vector<CellResult>& cells, const Check& check, const Figure& difference) {
  const std::size_t index = find_cell(plan, check.problem, check.method);
  const CellStatistics& statistics = cells[index].statistics;
  switch (check.quantity) {
    case Quantity::exponent:
      return {cells[index].fit.exponent, no_lane, 0};
    case Quantity::certificate:
      return certificate_of(statistics);
    case Quantity::sup:
      return largest_in(statistics, fit_window(plan.study, plan.cells[index].iterations), check.power);
    case Quantity::constant:
      return envelope_at(statistics, check.at, check.power);
    case Quantity::envelope:
      return envelope_at(statistics, check.at, 0);
    case Quantity::trajectory_difference:
      return difference;
    case Quantity::best_loss:
      return {mean_best_loss(statistics), no_lane, 0};
    case Quantity::share_worse:
      return {share_worse(statistics, cells[find_cell(plan, check.problem, check.other)].statistics), no_lane, 0};
    case Quantity::diverged:
      return {static_cast<double>(diverged_lanes(statistics)), no_lane, 0};
  }
  return {};
}

/// What the figure is, in words: "t^2 · envelope, largest over t in [100, 3000]".
std::string describe_quantity(const Plan& plan, const std::vector<CellResult>& cells, const Check& check) {
  const std::size_t index = find_cell(plan, check.problem, check.method);
  const std::string product = check.power == 0   ? "envelope"
                              : check.power == 1 ? "t * envelope"
                                                 : fmt::format("t^{} * envelope", check.power);
  const std::int64_t last = plan.cells[index].iterations;
  switch (check.quantity) {
    case Quantity::exponent: {
      const RateFit& fit = cells[index].fit;
      return fmt::format("exponent over t in [{}, {}]", fit.from, fit.to);
    }
    case Quantity::certificate:
      return "largest gap / bound";
    case Quantity::sup: {
      const Window window = fit_window(plan.study, last);
      return fmt::format("largest {} over t in [{}, {}]", product, window.from, window.to);
    }
    case Quantity::constant:
    case Quantity::envelope:
      return fmt::format("{} at t = {}", check.quantity == Quantity::envelope ? "envelope" : product,
                         check.at == 0 ? last : check.at);
    case Quantity::trajectory_difference:
      return fmt::format("largest difference of the trajectory from that of {}", check.other);
    case Quantity::best_loss:
      return fmt::format("mean of the best {} of an instance",
                         plan.cells[index].best_by_loss ? "cumulative loss" : "final gap");
    case Quantity::share_worse:
      return fmt::format("share of instances with a worse best loss than {}", check.other);
    case Quantity::diverged:
      return "diverged lanes";
  }
  return {};
}

std::string describe_limits(const Check& check) {
  if (check.at_least && check.at_most) {
    if (*check.at_least == *check.at_most) return fmt::format("allowed is {:.10g}", *check.at_least);
    return fmt::format("allowed is {:.10g} to {:.10g}", *check.at_least, *check.at_most);
  }
  if (check.at_least) return fmt::format("allowed is at least {:.10g}", *check.at_least);
  if (check.at_most) return fmt::format("allowed is at most {:.10g}", *check.at_most);
  return "no limit";
}

}  // namespace

std::string_view quantity_name(Quantity quantity) {
  switch (quantity) {
    case Quantity::exponent:
      return "exponent";
    case Quantity::certificate:
      return "certificate";
    case Quantity::sup:
      return "sup";
    case Quantity::constant:
      return "constant";
    case Quantity::envelope:
      return "envelope";
    case Quantity::trajectory_difference:
      return "trajectory_difference";
    case Quantity::best_loss:
      return "best_loss";
    case Quantity::share_worse:
      return "share_worse";
    case Quantity::diverged:
      return "diverged";
  }
  return {};
}

std::size_t find_cell(const Plan& plan, const std::string& problem, const std::string& method) {
  for (const Cell& cell : plan.cells)
    if (cell.problem->name == problem && cell.method.name == method) return cell.index;
  throw Error(fmt::format("the study does not run \"{}\" on \"{}\"", method, problem));
}

Verdict judge(const Plan& plan, const std::vector<CellResult>& cells, const Check& check, const Figure& difference) {
  Verdict out;
  out.figure = measure(plan, cells, check, difference);
  const double value = out.figure.value;
  out.passed = std::isfinite(value) && !(check.at_least && value < *check.at_least) &&
               !(check.at_most && value > *check.at_most);
  const Cell& cell = plan.cells[find_cell(plan, check.problem, check.method)];
  const auto& statistics = cells[cell.index].statistics;
  // A ratio may miss its limit in the ninth digit.
  const int digits = check.quantity == Quantity::certificate ? 10 : 6;
  const std::string figure = std::isnan(value) ? "no value" : fmt::format("{:.{}g}", value, digits);
  out.sentence = fmt::format("{} on {}: {} {}, {}", check.method, check.problem, describe_quantity(plan, cells, check),
                             figure, describe_limits(check));
  if (out.figure.lane != no_lane)
    out.sentence += fmt::format("; {} at t = {}", describe_lane(cell, out.figure.lane), out.figure.iteration);
  if (!out.passed && check.quantity != Quantity::diverged && diverged_lanes(statistics) > 0)
    out.sentence += fmt::format("; {} of {} lanes diverged", diverged_lanes(statistics), statistics.lanes);
  if (!check.note.empty()) out.sentence += fmt::format(" ({})", check.note);
  return out;
}

std::string broken_certificate(const Cell& cell, const CellStatistics& statistics) {
  if (cell.bound_table.empty()) return {};
  const std::string subject =
      fmt::format("{} on {}: the bound {}", cell.method.name, cell.problem->name, cell.method.bound);
  const Certificate& worst = statistics.certificate;
  const std::uint64_t diverged = diverged_lanes(statistics);
  std::string out;
  if (worst.lane == no_lane) {
    out = fmt::format("{} was met by no lane", subject);
  } else if (!(worst.ratio <= 1 + certificate_tolerance)) {
    out = fmt::format("{} is exceeded by {} at t = {}: gap / bound = {:.10g}", subject, describe_lane(cell, worst.lane),
                      worst.iteration, worst.ratio);
  } else if (diverged > 0) {
    out = fmt::format("{} holds while gaps are finite", subject);
  }
  if (diverged > 0) out += fmt::format("; {} of {} lanes diverged", diverged, statistics.lanes);
  return out;
}

}  // namespace omg
