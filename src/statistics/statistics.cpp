#include "omg/statistics.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "omg/plan.hpp"

namespace omg {

namespace {

void keep_larger(Extreme& into, const Extreme& from) {
  if (from.value > into.value || (from.value == into.value && from.lane < into.lane)) into = from;
}

void keep_smaller(Extreme& into, const Extreme& from) {
  if (from.value < into.value || (from.value == into.value && from.lane < into.lane)) into = from;
}

/// Larger ratio first; then the lower lane, then the earlier iteration.
bool precedes(const Certificate& a, const Certificate& b) {
  if (a.ratio != b.ratio) return a.ratio > b.ratio;
  if (a.lane != b.lane) return a.lane < b.lane;
  return a.iteration < b.iteration;
}

}  // namespace

void LaneStatistics::merge(const LaneStatistics& other) {
  exponent.merge(other.exponent);
  sup.merge(other.sup);
  loss.merge(other.loss);
  regret.merge(other.regret);
  ratio.merge(other.ratio);
  evaluations.merge(other.evaluations);
  for (std::size_t j = 0; j < first.size(); ++j) first[j].merge(other.first[j]);
}

void CellStatistics::merge(const CellStatistics& other) {
  assert(at == other.at && distributions.size() == other.distributions.size());
  assert(other.best.empty() || best.size() == other.best.size());
  for (std::size_t k = 0; k < at.size(); ++k) {
    keep_larger(envelope[k], other.envelope[k]);
    keep_smaller(smallest[k], other.smallest[k]);
    diverged[k] += other.diverged[k];
    converged[k] += other.converged[k];
  }
  for (std::size_t k = 0; k < distributions.size(); ++k) {
    distributions[k].gaps.merge(other.distributions[k].gaps);
    distributions[k].sum_log2 += other.distributions[k].sum_log2;
  }
  per_lane.merge(other.per_lane);
  if (precedes(other.certificate, certificate)) certificate = other.certificate;
  for (std::size_t i = 0; i < other.best.size(); ++i) best[i].merge(other.best[i]);
  for (std::size_t s = 0; s < settings.size(); ++s) settings[s].merge(other.settings[s]);
  const auto keep_least = [](auto& ours, const auto& theirs) {
    for (std::size_t i = 0; i < theirs.size(); ++i) ours[i] = std::min(ours[i], theirs[i]);
  };
  keep_least(instances.gap, other.instances.gap);
  for (std::size_t j = 0; j < other.instances.reached.size(); ++j)
    keep_least(instances.reached[j], other.instances.reached[j]);
  lanes += other.lanes;
  stopped_on_gap += other.stopped_on_gap;
  stopped_on_gradient += other.stopped_on_gradient;
  gradient_evaluations += other.gradient_evaluations;
  function_evaluations += other.function_evaluations;
  lane_iterations += other.lane_iterations;
}

double ExactSum::value() const {
  // Carries first: every word but the last is then below 2³² and the sum runs from the smallest to the largest.
  Words words = words_;
  for (std::size_t k = 0; k + 1 < words.size(); ++k) {
    words[k + 1] += words[k] >> 32;
    words[k] &= 0xffffffff;
  }
  double sum = 0;
  for (std::size_t k = 0; k < words.size(); ++k)
    sum += std::ldexp(static_cast<double>(words[k]),
                      static_cast<int>(32 * (first_ + static_cast<std::int64_t>(k)) - 1106));
  return sum;
}

bool is_frozen(const CellStatistics& statistics, std::size_t k) {
  return k > 0 && !statistics.converged.empty() && statistics.converged[k] > 0 &&
         statistics.envelope[k] == statistics.envelope[k - 1];
}

RateFit fit_rate(const CellStatistics& statistics, std::int64_t from, std::int64_t to) {
  RateFit fit;
  fit.from = from;
  fit.to = to;
  double sum_x = 0, sum_y = 0;
  const auto usable = [&](std::size_t k) {
    const double value = statistics.envelope[k].value;
    return statistics.at[k] >= from && statistics.at[k] <= to && value > 0 && std::isfinite(value) &&
           !is_frozen(statistics, k);
  };
  for (std::size_t k = 0; k < statistics.at.size(); ++k) {
    if (!usable(k)) continue;
    ++fit.points;
    sum_x += std::log(static_cast<double>(statistics.at[k]));
    sum_y += std::log(statistics.envelope[k].value);
  }
  fit.exponent = fit.constant = std::nan("");
  if (fit.points < 2) return fit;
  const double count = static_cast<double>(fit.points);
  const double mean_x = sum_x / count, mean_y = sum_y / count;
  double xx = 0, xy = 0;
  for (std::size_t k = 0; k < statistics.at.size(); ++k) {
    if (!usable(k)) continue;
    const double x = std::log(static_cast<double>(statistics.at[k])) - mean_x;
    const double y = std::log(statistics.envelope[k].value) - mean_y;
    xx += x * x;
    xy += x * y;
  }
  fit.exponent = xy / xx;
  fit.constant = std::exp(mean_y - fit.exponent * mean_x);
  return fit;
}

std::vector<std::int64_t> checkpoints(std::int64_t iterations) {
  std::vector<std::int64_t> at;
  for (std::int64_t t = 1; t <= 32 && t <= iterations; ++t) at.push_back(t);
  for (int k = 1;; ++k) {
    const auto t = static_cast<std::int64_t>(std::llround(32.0 * std::exp2(k / 8.0)));
    if (t >= iterations) break;
    if (t > at.back()) at.push_back(t);
  }
  if (!at.empty() && at.back() < iterations) at.push_back(iterations);
  return at;
}

}  // namespace omg
