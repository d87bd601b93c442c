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

/// Whether it is a figure of the worst case: with a lane that has diverged there is none.
bool is_of_envelope(Quantity quantity) {
  return quantity == Quantity::exponent || quantity == Quantity::sup || quantity == Quantity::constant ||
         quantity == Quantity::envelope;
}

double share_worse(const CellStatistics& ours, const CellStatistics& theirs) {
  if (ours.best.empty() || ours.best.size() != theirs.best.size()) return std::nan("");
  std::size_t worse = 0;
  for (std::size_t i = 0; i < ours.best.size(); ++i)
    if (ours.best[i].loss > theirs.best[i].loss) ++worse;
  return static_cast<double>(worse) / static_cast<double>(ours.best.size());
}

/// Geometric mean of `other` ÷ `method` over the instances, with its interval.
Figure speedup(const Plan& plan, const std::vector<CellResult>& cells, const Check& check, std::size_t index) {
  const std::size_t other = find_cell(plan, check.problem, check.other);
  const auto& epsilon = plan.study.epsilon;
  const auto measure = check.epsilon == 0
                           ? std::ptrdiff_t{0}
                           : std::find(epsilon.begin(), epsilon.end(), check.epsilon) - epsilon.begin() + 1;
  const Duel duel = compare_two(method_record(plan.cells[index], cells[index].statistics),
                                method_record(plan.cells[other], cells[other].statistics),
                                static_cast<std::size_t>(measure), {plan.study.seed, 2000, check.confidence});
  // A mean over the instances that are left would hide those on which the method has failed.
  if (duel.failures > 0) return {};
  return {duel.ratio.estimate, no_lane, 0, duel.ratio.low, duel.ratio.high};
}

Figure measure(const Plan& plan, const std::vector<CellResult>& cells, const Check& check, const Figure& difference) {
  const std::size_t index = find_cell(plan, check.problem, check.method);
  const CellStatistics& statistics = cells[index].statistics;
  if (is_of_envelope(check.quantity) && diverged_lanes(statistics) > 0) return {infinity, no_lane, 0};
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
    case Quantity::rate: {
      const RateEstimate& rate = cells[index].rate;
      return {rate.power, no_lane, 0, rate.power - rate.uncertainty, rate.power + rate.uncertainty};
    }
    case Quantity::speedup:
      return speedup(plan, cells, check, index);
  }
  return {};
}

/// What was measured, in words.
std::string describe_quantity(const Plan& plan, const std::vector<CellResult>& cells, const Check& check) {
  const std::size_t index = find_cell(plan, check.problem, check.method);
  const Cell& cell = plan.cells[index];
  const std::string product = check.power == 0   ? "envelope"
                              : check.power == 1 ? "t * envelope"
                                                 : fmt::format("t^{} * envelope", check.power);
  const std::int64_t at = check.at == 0 ? cell.iterations : check.at;
  const Window window = fit_window(plan.study, cell.iterations);
  switch (check.quantity) {
    case Quantity::exponent:
      return fmt::format("exponent, t in [{}, {}]", cells[index].fit.from, cells[index].fit.to);
    case Quantity::certificate:
      return "largest gap / bound";
    case Quantity::sup:
      return fmt::format("sup {}, t in [{}, {}]", product, window.from, window.to);
    case Quantity::constant:
      return fmt::format("{} at t = {}", product, at);
    case Quantity::envelope:
      return fmt::format("envelope at t = {}", at);
    case Quantity::trajectory_difference:
      return fmt::format("difference from {}", check.other);
    case Quantity::best_loss:
      return fmt::format("mean best {}", best_by_name(cell.best_by));
    case Quantity::share_worse:
      return fmt::format("share worse than {}", check.other);
    case Quantity::diverged:
      return "diverged lanes";
    case Quantity::rate:
      return fmt::format("rate O(t^-{})", check.power);
    case Quantity::speedup:
      return check.epsilon == 0 ? fmt::format("gap at T of {} ÷ own", check.other)
                                : fmt::format("t to {:g} of {} ÷ own", check.epsilon, check.other);
  }
  return {};
}

/// Digits enough to tell the figure from its limits: a ratio may miss them in the ninth.
std::string digits_of(Quantity quantity, double value) {
  if (std::isnan(value)) return "no value";
  if (quantity == Quantity::certificate) return fmt::format("{:.9f}", value);
  if (quantity == Quantity::exponent) return fmt::format("{:.4f}", value);
  return fmt::format("{:.6g}", value);
}

std::string describe_limits(const Check& check) {
  if (check.at_least && check.at_most) {
    if (*check.at_least == *check.at_most) return fmt::format("{:.10g}", *check.at_least);
    return fmt::format("{:.10g} to {:.10g}", *check.at_least, *check.at_most);
  }
  if (check.at_least) return fmt::format("at least {:.10g}", *check.at_least);
  if (check.at_most) return fmt::format("at most {:.10g}", *check.at_most);
  return "anything finite";
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
    case Quantity::rate:
      return "rate";
    case Quantity::speedup:
      return "speedup";
  }
  return {};
}

std::string_view rate_verdict_name(RateVerdict verdict) {
  switch (verdict) {
    case RateVerdict::confirmed:
      return "confirmed";
    case RateVerdict::refuted:
      return "refuted";
    case RateVerdict::undecided:
      return "undecided";
  }
  return {};
}

std::string_view best_by_name(BestBy best) {
  switch (best) {
    case BestBy::cumulative_loss:
      return "cumulative loss";
    case BestBy::final_gap:
      return "final gap";
    case BestBy::iterations:
      return "iterations";
  }
  return {};
}

MethodRecord method_record(const Cell& cell, const CellStatistics& statistics) {
  const auto evaluations = static_cast<double>(statistics.gradient_evaluations + statistics.function_evaluations);
  // Spec, section 7: below 1e-12 L R² a gap is rounding, which must not decide who wins.
  const Problem& problem = *cell.problem;
  const double rounding = cell.precision == Precision::float64 ? 1e-12 : 1e-5;
  std::vector<double> gaps = statistics.instances.gap;
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    const double R = problem.distance[i];
    const double floor = rounding * problem.smoothness[i] * R * R / problem.scale[i];
    if (std::isfinite(floor)) gaps[i] = std::max(gaps[i], floor);
  }
  return {cell.method.name, std::move(gaps), statistics.instances.reached,
          evaluations / static_cast<double>(std::max<std::uint64_t>(statistics.lane_iterations, 1))};
}

RateEstimate estimate_envelope_rate(const Cell& cell, const CellStatistics& statistics, const Window& window) {
  std::vector<std::int64_t> t = checkpoints(cell.iterations);
  std::vector<double> gap;
  std::erase_if(t, [&](std::int64_t at) {
    const auto found = std::lower_bound(statistics.at.begin(), statistics.at.end(), at);
    if (found == statistics.at.end() || *found != at) return true;
    const auto k = static_cast<std::size_t>(found - statistics.at.begin());
    // At or below the tolerance every lane is frozen, at the gap of an earlier t.
    if (is_frozen(statistics, k) || (cell.stop_gap && statistics.envelope[k].value <= *cell.stop_gap)) return true;
    gap.push_back(statistics.envelope[k].value);
    return false;
  });
  return estimate_rate(t, gap, window.from, window.to, cell.precision == Precision::float64 ? 1e-10 : 1e-4);
}

namespace {

/// The power of the bound between T/2 and T, if it is one: halves and whole numbers up to what is left of 1 + c/t;
/// 0: there is none.
double power_of_bound(const Cell& cell) {
  if (cell.bound_table.empty() || cell.method.bound_at_last || cell.iterations < 2) return 0;
  const auto to = static_cast<std::size_t>(cell.iterations), from = to / 2;
  const double power = std::log(cell.bound_table[from] / cell.bound_table[to]) /
                       std::log(static_cast<double>(to) / static_cast<double>(from));
  const double nearest = std::round(2 * power) / 2;
  return std::isfinite(power) && nearest > 0 && std::abs(power - nearest) < 0.1 ? nearest : 0;
}

bool within_bound(const Certificate& worst) { return worst.ratio <= 1 + certificate_tolerance; }

}  // namespace

RateJudgement judge_rate_of(const Cell& cell, const CellStatistics& statistics, const RateEstimate& rate,
                            double claimed) {
  if (const std::uint64_t diverged = diverged_lanes(statistics); diverged > 0)
    return {claimed, RateVerdict::refuted, fmt::format("{} of {} lanes diverged", diverged, statistics.lanes)};
  RateJudgement out = judge_rate(rate, claimed);
  // Far below a bound gaps may fall as slowly as they like for as long as they stay there.
  const Certificate& worst = statistics.certificate;
  if (out.verdict == RateVerdict::refuted && power_of_bound(cell) >= claimed && worst.lane != no_lane &&
      within_bound(worst)) {
    out.verdict = RateVerdict::undecided;
    out.reason +=
        fmt::format(", but the bound {} holds, of which gaps are {:.3g} at most", cell.method.bound, worst.ratio);
  }
  return out;
}

double claimed_rate(const Cell& cell) {
  return cell.method.claimed_rate ? *cell.method.claimed_rate : power_of_bound(cell);
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
  out.what = describe_quantity(plan, cells, check);
  out.value = digits_of(check.quantity, value);
  if (check.quantity == Quantity::rate) {
    const std::size_t at = find_cell(plan, check.problem, check.method);
    const RateJudgement judgement = judge_rate_of(plan.cells[at], cells[at].statistics, cells[at].rate, check.power);
    out.passed = rate_verdict_name(judgement.verdict) == check.verdict;
    out.value = rate_verdict_name(judgement.verdict);
    out.allowed = check.verdict;
    out.sentence = fmt::format("{} on {}: {} is {}, expected is {}: {}", check.method, check.problem, out.what,
                               out.value, out.allowed, judgement.reason);
    if (!check.note.empty()) out.sentence += fmt::format(" ({})", check.note);
    return out;
  }
  const bool interval = std::isfinite(out.figure.low) && std::isfinite(out.figure.high);
  const double low = interval ? out.figure.low : value, high = interval ? out.figure.high : value;
  out.passed =
      std::isfinite(value) && !(check.at_least && low < *check.at_least) && !(check.at_most && high > *check.at_most);
  if (interval) out.value += fmt::format(" [{:.4g}, {:.4g}]", low, high);
  out.allowed = describe_limits(check);

  const Cell& cell = plan.cells[find_cell(plan, check.problem, check.method)];
  const CellStatistics& statistics = cells[cell.index].statistics;
  out.sentence =
      fmt::format("{} on {}: {}: {}, allowed is {}", check.method, check.problem, out.what, out.value, out.allowed);
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
  } else if (cell.precision == Precision::float64 && !within_bound(worst)) {
    out = fmt::format("{} is exceeded by {} at t = {}: gap / bound = {:.10g}", subject, describe_lane(cell, worst.lane),
                      worst.iteration, worst.ratio);
  } else if (diverged > 0) {
    out = fmt::format("{} holds while gaps are finite", subject);
  }
  if (diverged > 0) out += fmt::format("; {} of {} lanes diverged", diverged, statistics.lanes);
  return out;
}

}  // namespace omg
