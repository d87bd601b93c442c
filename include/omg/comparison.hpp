#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace omg {

/// Two-sided sign test: the probability that of wins + losses fair coins as few fall on one side, or fewer. Ties do not
/// take part.
double sign_test(std::uint64_t wins, std::uint64_t losses);

/// p values corrected for being many (Holm 1979), in the order given.
std::vector<double> holm(std::span<const double> p);

/// An estimate and the limits that hold it with the stated confidence.
struct Interval {
  double estimate = 0;
  double low = 0;
  double high = 0;
  std::uint64_t pairs = 0;  ///< values that it is made of
};

/// How means are resampled. Resample r draws from the Philox stream "bootstrap" of instance r: the same on every
/// machine and any number of threads.
struct Resampling {
  std::uint64_t seed = 0;
  std::size_t resamples = 2000;
  double confidence = 0.95;
};

/// The mean with its percentile interval (Efron 1979). More than 1,024 values are thrown into as many blocks that are
/// drawn as a whole, which leaves the variance of the mean as it is. NaN without any value.
Interval bootstrap_mean(std::span<const double> values, const Resampling& how);
/// The same of value(0), …, value(count − 1).
Interval bootstrap_mean(std::size_t count, const std::function<double(std::size_t)>& value, const Resampling& how);

/// What a method leaves of every instance; with a sweep, of its best setting.
struct MethodRecord {
  std::string name;
  std::vector<double> gap;                          ///< at T, normalised; infinite: diverged
  std::vector<std::vector<std::uint32_t>> reached;  ///< for each ε the first t with gap ≤ ε, or `not_reached`
  double evaluations = 1;                           ///< of functions and gradients per iteration
};
inline constexpr std::uint32_t not_reached = 0xffffffffU;

/// One method against another on the same instances. A ratio above 1 speaks for the first.
struct Duel {
  std::size_t first = 0, second = 0;             ///< positions among the methods
  std::size_t measure = 0;                       ///< 0: final gap; j + 1: iterations to ε_j
  std::uint64_t wins = 0, losses = 0, ties = 0;  ///< costs that differ by 1e-9 of themselves at most are ties
  std::uint64_t failures = 0;                    ///< losses of the first where it has no finite cost at all
  double p = 1;                                  ///< sign test
  double corrected = 1;                          ///< by Holm, over all duels of the comparison
  /// Geometric mean of (second ÷ first), over the instances where both have a value that is positive and finite.
  Interval ratio;
};

/// The share of instances that a method solves, on a grid of what it may spend.
struct Profile {
  double epsilon = 0;
  std::vector<double> budget;
  std::vector<std::vector<double>> share;  ///< [method][budget]
};

struct Comparison {
  std::vector<Duel> duels;  ///< by measure, then by pair
  /// Dolan & Moré 2002: the budget is a multiple of the evaluations of the instance's best method.
  std::vector<Profile> performance;
  /// Moré & Wild 2009: the budget is a number of evaluations.
  std::vector<Profile> data;
};

/// One method against another by one measure; `corrected` is left at p.
Duel compare_two(const MethodRecord& first, const MethodRecord& second, std::size_t measure, const Resampling& how);

/// Compares methods pair by pair. All records have the same instances and as many ε as `epsilon`.
Comparison compare(std::span<const MethodRecord> methods, std::span<const double> epsilon, const Resampling& how);

}  // namespace omg
