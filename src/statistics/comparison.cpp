#include "omg/comparison.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "omg/family.hpp"

namespace omg {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Quantile of sorted numbers, linear between neighbours.
double quantile(std::span<const double> sorted, double q) {
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto k = static_cast<std::size_t>(place);
  if (k + 1 >= sorted.size()) return sorted.back();
  return std::lerp(sorted[k], sorted[k + 1], place - static_cast<double>(k));
}

/// A permutation of the 64-bit integers without order (the finaliser of SplitMix64, Steele, Lea & Flood 2014).
std::uint64_t scattered(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

/// What a method is measured by on an instance: less is better, infinite is no value.
double cost(const MethodRecord& method, std::size_t measure, std::size_t instance) {
  if (measure == 0) return method.gap[instance];
  const std::uint32_t t = method.reached[measure - 1][instance];
  return t == not_reached ? infinity : static_cast<double>(t);
}

/// 1, 2^(1/4), 2^(1/2), … from a power of two at or below the least to one at or above the largest cost.
std::vector<double> budget_grid(double least, double largest) {
  std::vector<double> out;
  if (largest == 0) return out;
  const auto from = 4 * static_cast<int>(std::floor(std::log2(least)));
  const auto to = 4 * static_cast<int>(std::ceil(std::log2(largest)));
  for (int k = from; k <= to; ++k) out.push_back(std::exp2(k / 4.0));
  return out;
}

/// For each method the share of instances whose cost is within the budget. costs_at(i, costs) puts those of all methods
/// on instance i, less is better, infinite is none; they are asked for twice, as they would not always find room.
template <class CostsAt>
Profile profile(double epsilon, std::size_t methods, std::size_t instances, CostsAt&& costs_at) {
  std::vector<double> costs(methods);
  double least = infinity, largest = 0;
  for (std::size_t i = 0; i < instances; ++i) {
    costs_at(i, costs);
    for (const double cost : costs)
      if (std::isfinite(cost)) least = std::min(least, cost), largest = std::max(largest, cost);
  }
  Profile out;
  out.epsilon = epsilon;
  out.budget = budget_grid(least, largest);
  out.share.assign(methods, std::vector<double>(out.budget.size()));
  for (std::size_t i = 0; i < instances; ++i) {
    costs_at(i, costs);
    for (std::size_t m = 0; m < methods; ++m) {
      const auto first = std::lower_bound(out.budget.begin(), out.budget.end(), costs[m]);
      if (first != out.budget.end()) ++out.share[m][static_cast<std::size_t>(first - out.budget.begin())];
    }
  }
  for (auto& share : out.share) {
    std::partial_sum(share.begin(), share.end(), share.begin());
    for (double& of_budget : share) of_budget /= static_cast<double>(instances);
  }
  return out;
}

}  // namespace

double sign_test(std::uint64_t wins, std::uint64_t losses) {
  if (wins == losses) return 1;
  const boost::math::binomial coins(static_cast<double>(wins + losses), 0.5);
  return std::min(1.0, 2 * boost::math::cdf(coins, static_cast<double>(std::min(wins, losses))));
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> out(p.size());
  double largest = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    largest = std::max(largest, std::min(1.0, static_cast<double>(p.size() - k) * p[order[k]]));
    out[order[k]] = largest;
  }
  return out;
}

Interval bootstrap_mean(std::span<const double> values, const Resampling& how) {
  return bootstrap_mean(
      values.size(), [&](std::size_t i) { return values[i]; }, how);
}

Interval bootstrap_mean(std::size_t count, const std::function<double(std::size_t)>& value, const Resampling& how) {
  Interval out{std::nan(""), std::nan(""), std::nan(""), count};
  if (count == 0) return out;
  const std::size_t blocks = std::min<std::size_t>(count, 1024);
  std::vector<double> sums(blocks), counts(blocks);
  for (std::size_t i = 0; i < count; ++i) {
    // As by chance: instances in the order of a grid must not make every block a fair sample of all.
    const std::size_t block = blocks == count ? i : scattered(i) % blocks;
    sums[block] += value(i);
    counts[block] += 1;
  }
  out.estimate = std::accumulate(sums.begin(), sums.end(), 0.0) / static_cast<double>(count);

  std::vector<double> means;
  for (std::size_t r = 0; r < how.resamples; ++r) {
    Random random(how.seed, 0, r, "bootstrap");
    double sum = 0, drawn = 0;
    for (std::size_t k = 0; k < blocks; ++k) {
      const auto block = static_cast<std::size_t>(random.uniform() * static_cast<double>(blocks));
      sum += sums[block];
      drawn += counts[block];
    }
    means.push_back(sum / drawn);
  }
  std::sort(means.begin(), means.end());
  out.low = quantile(means, 0.5 - how.confidence / 2);
  out.high = quantile(means, 0.5 + how.confidence / 2);
  return out;
}

/// Costs that differ by less are equal: what rounding makes of one method on two backends (spec, section 7).
constexpr double rounding = 1e-9;

Duel compare_two(const MethodRecord& first, const MethodRecord& second, std::size_t measure, const Resampling& how) {
  Duel out;
  out.second = 1;
  out.measure = measure;
  std::vector<double> logs;
  logs.reserve(first.gap.size());
  for (std::size_t i = 0; i < first.gap.size(); ++i) {
    const double ours = cost(first, measure, i), theirs = cost(second, measure, i);
    const bool equal = ours == theirs || std::abs(ours - theirs) <= rounding * std::min(ours, theirs);
    ++(equal ? out.ties : ours < theirs ? out.wins : out.losses);
    if (std::isinf(ours) && std::isfinite(theirs)) ++out.failures;
    if (ours > 0 && theirs > 0 && std::isfinite(ours) && std::isfinite(theirs)) logs.push_back(std::log(theirs / ours));
  }
  out.p = out.corrected = sign_test(out.wins, out.losses);
  out.ratio = bootstrap_mean(logs, how);
  for (double* figure : {&out.ratio.estimate, &out.ratio.low, &out.ratio.high}) *figure = std::exp(*figure);
  return out;
}

Comparison compare(std::span<const MethodRecord> methods, std::span<const double> epsilon, const Resampling& how) {
  Comparison out;
  for (std::size_t measure = 0; measure <= epsilon.size(); ++measure)
    for (std::size_t a = 0; a < methods.size(); ++a)
      for (std::size_t b = a + 1; b < methods.size(); ++b) {
        Duel& duel = out.duels.emplace_back(compare_two(methods[a], methods[b], measure, how));
        duel.first = a;
        duel.second = b;
      }
  std::vector<double> p;
  for (const Duel& d : out.duels) p.push_back(d.p);
  const std::vector<double> corrected = holm(p);
  for (std::size_t k = 0; k < corrected.size(); ++k) out.duels[k].corrected = corrected[k];

  const std::size_t instances = methods.front().gap.size();
  for (std::size_t j = 0; j < epsilon.size(); ++j) {
    const auto evaluations = [&](std::size_t i, std::vector<double>& costs) {
      for (std::size_t m = 0; m < methods.size(); ++m) costs[m] = cost(methods[m], j + 1, i) * methods[m].evaluations;
    };
    const auto multiples = [&](std::size_t i, std::vector<double>& costs) {
      evaluations(i, costs);
      const double best = *std::min_element(costs.begin(), costs.end());
      for (double& cost : costs) cost = std::isfinite(best) ? cost / best : infinity;
    };
    out.performance.push_back(profile(epsilon[j], methods.size(), instances, multiples));
    out.data.push_back(profile(epsilon[j], methods.size(), instances, evaluations));
  }
  return out;
}

}  // namespace omg
