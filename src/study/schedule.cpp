#include "schedule.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

#include <fmt/format.h>

namespace omg {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
/// How far constant × table may be from the formula, relative to the larger of the two.
constexpr double factor_tolerance = 1e-12;

bool all_equal(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [&](double value) { return value == values.front(); });
}

Constant collapsed(std::vector<double> values) {
  if (all_equal(values)) values.resize(1);
  return {std::move(values)};
}

std::size_t place_of_smallest(std::span<const double> values) {
  return static_cast<std::size_t>(std::min_element(values.begin(), values.end()) - values.begin());
}
std::size_t place_of_largest(std::span<const double> values) {
  return static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

}  // namespace

/// Which entries of a table a formula must fill, and what counts as a value there.
struct Evaluator::Window {
  std::int64_t size = 0;   ///< entries of the table, from t = 0
  std::int64_t first = 0;  ///< the formula is asked for t in [first, last]
  std::int64_t last = 0;
  std::int64_t needed_first = 1;  ///< it must have a value for t in [needed_first, needed_last]
  std::int64_t needed_last = 0;
  double filler = 0;      ///< entries without a value
  bool positive = false;  ///< only a positive number is a value

  [[nodiscard]] bool is_value(double x) const { return std::isfinite(x) && (!positive || x > 0); }
};

FormulaInputs Evaluator::inputs(std::size_t instance, double t) const {
  return {.t = t,
          .T = static_cast<double>(iterations_),
          .L = problem_.smoothness[instance],
          .mu = problem_.strong_convexity[instance],
          .R = problem_.distance[instance],
          .n = static_cast<double>(problem_.shape.n),
          .G = slopes_.empty() ? 1.0 : slopes_[instance]};
}

void Evaluator::refuse(const Formula& formula, const FormulaInputs& at, std::size_t instance, bool with_t,
                       const char* expected) const {
  const std::string iteration = with_t ? fmt::format("t = {}, ", at.t) : "";
  throw Error(formula.place(),
              fmt::format("the formula \"{}\" is {} for {}instance {} of \"{}\" (T = {}, L = {}, mu = {}, R = {}, n = "
                          "{}); expected {}",
                          formula.text(), formula(at), iteration, instance, problem_.name, at.T, at.L, at.mu, at.R,
                          at.n, expected));
}

bool Evaluator::differs(const Formula& formula) const {
  if (formula.uses("G") && slopes_.empty())
    for (std::size_t i = 0; i < problem_.instances; ++i) slopes_.push_back(initial_slope(problem_, i));
  return (formula.uses("L") && !all_equal(problem_.smoothness.distinct())) ||
         (formula.uses("mu") && !all_equal(problem_.strong_convexity.distinct())) ||
         (formula.uses("R") && !all_equal(problem_.distance.distinct())) || (formula.uses("G") && !all_equal(slopes_));
}

Constant Evaluator::constant(const Formula& formula, bool may_be_infinite) const {
  std::vector<double> values(differs(formula) ? problem_.instances : 1);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const FormulaInputs at = inputs(i);
    values[i] = formula(at);
    if (std::isnan(values[i]) || (std::isinf(values[i]) && !may_be_infinite))
      refuse(formula, at, i, false, may_be_infinite ? "a number" : "a finite number");
  }
  return collapsed(std::move(values));
}

Factors Evaluator::schedule(const Formula& formula) const {
  return split(
      formula,
      {.size = iterations_ + 2, .first = 0, .last = iterations_ + 1, .needed_first = 1, .needed_last = iterations_});
}

Factors Evaluator::bound(const Formula& formula, bool last) const {
  Factors out = split(formula, {.size = iterations_ + 1,
                                .first = last ? iterations_ : 1,
                                .last = iterations_,
                                .filler = infinity,
                                .positive = true});
  // A formula without t has the table 1 throughout.
  std::fill_n(out.table.begin(), last ? iterations_ : 1, infinity);
  for (std::size_t i = 0; i < out.constant.values.size(); ++i)
    if (!(out.constant.values[i] > 0) || std::isinf(out.constant.values[i]))
      refuse(formula, inputs(i, static_cast<double>(iterations_)), i, true, "a positive number");
  if (std::all_of(out.table.begin(), out.table.end(), [](double entry) { return std::isinf(entry); }))
    refuse(formula, inputs(0, static_cast<double>(iterations_)), 0, true, "a positive number at some iteration");
  return out;
}

Factors Evaluator::split(const Formula& formula, const Window& window) const {
  const auto size = static_cast<std::size_t>(window.size);
  if (!formula.uses("t")) return {constant(formula, false), std::vector<double>(size, 1.0)};

  // constant(i) = value(i, t₀) / value(reference, t₀) and table(t) = value(reference, t). With the reference
  // L = mu = R = G = 1 the factors are those that one would write down: (t−1)/(2tL) is 1/L times (t−1)/(2t). Where that
  // has no values, and where all instances are alike, an instance is the reference.
  const auto attempt = [&](FormulaInputs reference, bool only_reference) -> std::optional<Factors> {
    Factors out{{{1.0}}, std::vector<double>(size, window.filler)};
    std::int64_t pivot = -1;
    for (std::int64_t t = window.first; t <= window.last; ++t) {
      reference.t = static_cast<double>(t);
      const double value = formula(reference);
      if (window.is_value(value)) {
        out.table[static_cast<std::size_t>(t)] = value;
        if (pivot < 0 && t >= 1 && value != 0) pivot = t;
      } else if (t >= window.needed_first && t <= window.needed_last) {
        if (only_reference) refuse(formula, reference, 0, true, "a finite number");
        return std::nullopt;
      }
    }
    if (only_reference) return out;
    if (pivot < 0) return std::nullopt;
    reference.t = static_cast<double>(pivot);
    const double unit = formula(reference);
    std::vector<double> values(problem_.instances);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const FormulaInputs at = inputs(i, static_cast<double>(pivot));
      values[i] = formula(at) / unit;
      if (!std::isfinite(values[i])) refuse(formula, at, i, true, "a finite number");
    }
    out.constant = collapsed(std::move(values));
    if (!factors_fit(formula, window, out)) return std::nullopt;
    return out;
  };

  if (!differs(formula)) return *attempt(inputs(0), true);
  FormulaInputs unit = inputs(0);
  unit.L = unit.mu = unit.R = unit.G = 1;
  if (auto factors = attempt(unit, false)) return *std::move(factors);
  const auto samples = sample_instances();
  for (const std::size_t i : samples)
    if (auto factors = attempt(inputs(i), false)) return *std::move(factors);
  for (const std::size_t i : samples)
    for (std::int64_t t = window.needed_first; t <= window.needed_last; ++t)
      if (const auto at = inputs(i, static_cast<double>(t)); !window.is_value(formula(at)))
        refuse(formula, at, i, true, "a finite number");
  throw Error(
      formula.place(),
      fmt::format("the formula \"{}\" is not a product of a factor in L, mu, R, G and a factor in t; write it as "
                  "one, e.g. \"(t-1)/(2*t*L)\", or use a problem whose instances have the same L, mu, R and G",
                  formula.text()));
}

std::vector<std::size_t> Evaluator::sample_instances() const {
  const std::size_t count = problem_.instances;
  std::vector<std::size_t> out{0, count - 1};
  for (const std::span<const double> values : {problem_.smoothness.distinct(), problem_.strong_convexity.distinct(),
                                               problem_.distance.distinct(), std::span<const double>(slopes_)}) {
    if (values.empty()) continue;
    out.push_back(place_of_smallest(values));
    out.push_back(place_of_largest(values));
  }
  for (std::size_t k = 1; k < 8; ++k) out.push_back(k * count / 8);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<std::int64_t> Evaluator::sample_iterations(const Window& window) const {
  std::vector<std::int64_t> out{window.first, window.last};
  for (std::int64_t t = 1; t < window.last; t = t < 16 ? t + 1 : t + t / 2)
    if (t >= window.first) out.push_back(t);
  return out;
}

bool Evaluator::factors_fit(const Formula& formula, const Window& window, const Factors& factors) const {
  double largest = 0;
  for (const double entry : factors.table)
    if (std::isfinite(entry)) largest = std::max(largest, std::abs(entry));
  const auto fits = [&](std::size_t i, std::int64_t t) {
    const bool needed = t >= window.needed_first && t <= window.needed_last;
    const double value = formula(inputs(i, static_cast<double>(t)));
    const double entry = factors.table[static_cast<std::size_t>(t)];
    if (!window.is_value(value)) return !needed && entry == window.filler;
    const double constant = factors.constant.at(i), product = constant * entry;
    // The second term is what a difference such as 1/L − 1/(L t) loses where it is nearly zero.
    return std::abs(value - product) <=
           factor_tolerance * std::max(std::abs(value), std::abs(product)) + 1e-15 * std::abs(constant) * largest;
  };
  const auto iterations = sample_iterations(window);
  for (const std::size_t i : sample_instances())
    for (const std::int64_t t : iterations)
      if (!fits(i, t)) return false;
  for (std::size_t i = 0; i < problem_.instances; ++i)
    if (!fits(i, iterations_) || !fits(i, std::max(window.first, (iterations_ + 1) / 2))) return false;
  return true;
}

std::vector<double> weights_table(const Formula& formula, std::int64_t iterations, double largest) {
  std::vector<double> alpha(static_cast<std::size_t>(iterations) + 2, 0.0);
  FormulaInputs at{.T = static_cast<double>(iterations)};
  for (std::size_t t = 1; t < alpha.size(); ++t) {
    at.t = static_cast<double>(t);
    alpha[t] = formula(at);
    if (alpha[t] > 0 && alpha[t] <= largest) continue;
    if (t + 1 == alpha.size()) {
      alpha[t] = alpha[t - 1];
      continue;
    }
    throw Error(
        formula.place(),
        fmt::format("the weight \"{}\" is {} at t = {}; weights must be positive and at most {:.3g} for t = 1 … T = "
                    "{}. Only their ratios count in averages: geometric weights r^t that overflow can be written "
                    "r^(t-T/2), with the factor r^(T/2) in meta_step, as long as r^T is between 1e-600 and 1e600",
                    formula.text(), alpha[t], t, largest, iterations));
  }
  return alpha;
}

std::vector<double> averaging_table(const std::vector<double>& alpha) {
  std::vector<double> rho(alpha.size(), 0.0);
  double sum = 0;
  for (std::size_t t = 1; t < alpha.size(); ++t) {
    sum += alpha[t];
    // ρ_t = α_t / α_{1:t}
    rho[t] = std::isfinite(sum) ? alpha[t] / sum : 1.0 / (1.0 + alpha[t - 1] / alpha[t] / rho[t - 1]);
  }
  return rho;
}

}  // namespace omg
