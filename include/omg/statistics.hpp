#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "omg/histogram.hpp"

namespace omg {

inline constexpr std::uint64_t no_lane = std::numeric_limits<std::uint64_t>::max();

/// A value and the lane of the cell that attains it; ties go to the lower lane.
struct Extreme {
  double value = 0;
  std::uint64_t lane = no_lane;

  friend bool operator==(const Extreme&, const Extreme&) = default;
};

/// The largest gap ÷ bound, with the lane and the iteration that attain it.
struct Certificate {
  double ratio = -1;
  std::uint64_t lane = no_lane;
  std::int64_t iteration = 0;

  friend bool operator==(const Certificate&, const Certificate&) = default;
};

/// The best setting of one instance: the smallest loss, ties to the lower setting.
struct Best {
  double loss = std::numeric_limits<double>::infinity();
  std::uint32_t setting = std::numeric_limits<std::uint32_t>::max();

  void merge(const Best& other) {
    if (other.loss < loss || (other.loss == loss && other.setting < setting)) *this = other;
  }

  friend bool operator==(const Best&, const Best&) = default;
};

/// A sum of positive numbers whose bits do not depend on their order, of which there may be 2³¹. It is exact but for
/// what lies 2⁻¹⁴⁸ below the largest number, which is cut off each; numbers that are not normal count as zero.
///
/// Of words of 32 bits, each kept in 64 so that sums need no carries, those down from the largest number's are held:
/// what a smaller number adds to words that a larger one has moved out of the window is lost in any order.
class ExactSum {
 public:
  static constexpr double most = std::numeric_limits<double>::infinity();  ///< numbers are less
  static constexpr int held = 6;
  using Words = std::array<std::int64_t, held>;

  ExactSum() = default;
  ExactSum(std::int64_t first, const Words& words) : first_(first), words_(words) {}
  [[nodiscard]] std::int64_t first() const { return first_; }
  [[nodiscard]] const Words& words() const { return words_; }

  OMG_HD void add(double value) {
    const auto bits = std::bit_cast<std::int64_t>(value), at = word(bits);
    if (at > 0) add(at, parts(bits));
  }
  /// Adds numbers that need not be normal or positive. Where they are of one magnitude, as the losses of a setting are,
  /// the sum is formed in registers.
  template <class T>
  void add(const T* values, std::size_t count) {
    std::int64_t of = 0;
    Parts<std::int64_t> sum{};
    for (std::size_t i = 0; i < count; ++i) {
      const auto bits = std::bit_cast<std::int64_t>(static_cast<double>(values[i])), at = word(bits);
      if (at <= 0) continue;
      if (at != of) {
        if (of > 0) add(of, sum);
        of = at;
        sum = {};
      }
      sum += parts(bits);
    }
    if (of > 0) add(of, sum);
  }

  /// What numbers add to three words; I: int64 or a register of them.
  template <class I>
  struct Parts {
    I part[3];
    OMG_HD Parts& operator+=(const Parts& other) {
      for (int k = 0; k < 3; ++k) part[k] += other.part[k];
      return *this;
    }
  };
  /// The first of the words to which a positive normal number adds, from its bits; 0 or negative: it is none.
  template <class I>
  static OMG_HD I word(const I& bits) {
    return place(bits) >> 5;
  }
  /// 53 bits shifted by less than 32 cover three words of 32 bits.
  template <class I>
  static OMG_HD Parts<I> parts(const I& bits) {
    constexpr std::int64_t whole = 0xffffffff;
    const I number = (bits & std::int64_t{0xfffffffffffff}) | (std::int64_t{1} << 52),
            shift = place(bits) & std::int64_t{31};
    const I low = (number & whole) << shift, high = (number >> 32) << shift;
    return {{low & whole, (low >> 32) + (high & whole), high >> 32}};
  }
  /// Adds the parts of numbers with that first word.
  OMG_HD void add(std::int64_t word, const Parts<std::int64_t>& sum) {
    reach(word + 3 - held);
    for (int k = 0; k < 3; ++k)
      if (const std::int64_t at = word + k - first_; at >= 0) words_[static_cast<std::size_t>(at)] += sum.part[k];
  }

  OMG_HD void merge(const ExactSum& other) {
    reach(other.first_);
    for (std::int64_t k = first_ - other.first_, to = 0; k < held; ++k, ++to)
      words_[static_cast<std::size_t>(to)] += other.words_[static_cast<std::size_t>(k)];
  }
  [[nodiscard]] double value() const;

  friend bool operator==(const ExactSum&, const ExactSum&) = default;

 private:
  /// value = mantissa · 2^(place − 1106); so that the first word of the smallest normal number is 1.
  template <class I>
  static OMG_HD I place(const I& bits) {
    return (bits >> 52) + std::int64_t{31};
  }
  /// Moves the window up to `first`.
  OMG_HD void reach(std::int64_t first) {
    if (first <= first_) return;
    const std::int64_t by = first - first_;
    for (std::int64_t k = 0; k < held; ++k)
      words_[static_cast<std::size_t>(k)] = k + by < held ? words_[static_cast<std::size_t>(k + by)] : 0;
    first_ = first;
  }

  std::int64_t first_ = 1;  ///< word k of the sum has the weight 2^(32 (first + k) − 1106)
  Words words_{};
};

/// What a setting of a sweep does on all instances.
struct SettingTotal {
  std::uint64_t failed = 0;  ///< instances on which it has no loss: it diverges, or does not reach ε
  ExactSum loss;             ///< over the others

  OMG_HD void merge(const SettingTotal& other) {
    failed += other.failed;
    loss.merge(other.loss);
  }

  friend bool operator==(const SettingTotal&, const SettingTotal&) = default;
};

/// What is kept of each instance to compare methods, the best over the settings of a sweep.
struct InstanceFigures {
  std::vector<double> gap;                          ///< at T, normalised; infinite: diverged
  std::vector<std::vector<std::uint32_t>> reached;  ///< for each ε the first t with gap ≤ ε; 2³² − 1: never

  friend bool operator==(const InstanceFigures&, const InstanceFigures&) = default;
};

/// The normalised gaps of the lanes that are not diverged, at one iteration; converged ones with their frozen gap.
struct Distribution {
  std::int64_t t = 0;
  Histogram gaps;
  std::int64_t sum_log2 = 0;  ///< Σ log₂ gap in units of 2⁻²⁰ (`fixed_log2`), over the gaps above 1e-300

  friend bool operator==(const Distribution&, const Distribution&) = default;
};

/// Figures of single lanes, one count for each lane that is not diverged. Empty if the study does not ask.
struct LaneStatistics {
  Histogram exponent;            ///< least squares of log gap on log t over the window, up to where the lane stopped
  Histogram sup;                 ///< largest t^p · normalised gap over the window
  Histogram loss;                ///< Σ_t f(y_t) − f*
  Histogram regret;              ///< Σ_t α_t ⟨g_t, w_t − w*⟩
  Histogram ratio;               ///< largest gap ÷ bound
  Histogram evaluations;         ///< of functions and gradients
  std::vector<Histogram> first;  ///< for each ε: first t with normalised gap ≤ ε, over the lanes that come so far

  void merge(const LaneStatistics& other);

  friend bool operator==(const LaneStatistics&, const LaneStatistics&) = default;
};

/// What is known of a cell after some of its lanes have run. `merge` is associative and commutative
/// to the bit, so that waves, threads and shards cannot change a result (spec, section 7).
struct CellStatistics {
  std::vector<std::int64_t> at;          ///< iterations at which the arrays below are kept
  std::vector<Extreme> envelope;         ///< largest normalised gap over the lanes that are not diverged
  std::vector<Extreme> smallest;         ///< smallest normalised gap over them
  std::vector<std::uint64_t> diverged;   ///< lanes diverged at or before that iteration
  std::vector<std::uint64_t> converged;  ///< lanes stopped on a tolerance at or before that iteration
  std::vector<Distribution> distributions;
  LaneStatistics per_lane;
  Certificate certificate;
  std::vector<Best> best;              ///< one per instance, if the cell tracks it
  std::vector<SettingTotal> settings;  ///< one per setting, likewise
  InstanceFigures instances;           ///< if the cell keeps them; with `best` none in parts that keep theirs elsewhere
  std::uint64_t lanes = 0;
  std::uint64_t stopped_on_gap = 0;
  std::uint64_t stopped_on_gradient = 0;
  std::uint64_t gradient_evaluations = 0;  ///< summed over lanes
  std::uint64_t function_evaluations = 0;
  std::uint64_t lane_iterations = 0;

  void merge(const CellStatistics& other);

  friend bool operator==(const CellStatistics&, const CellStatistics&) = default;
};

/// Exponent and constant of an envelope: least squares of log envelope on log t.
struct RateFit {
  double exponent = 0;
  double constant = 0;  ///< exp(intercept)
  std::int64_t from = 0;
  std::int64_t to = 0;
  std::size_t points = 0;
};

/// Whether the envelope at entry k is still that of the entry before since its lane has stopped on a tolerance: such
/// a point says nothing of a rate.
bool is_frozen(const CellStatistics& statistics, std::size_t k);

/// Fits over the kept iterations in [from, to] with a positive finite envelope that is not frozen;
/// exponent NaN if there are fewer than two.
RateFit fit_rate(const CellStatistics& statistics, std::int64_t from, std::int64_t to);

}  // namespace omg
