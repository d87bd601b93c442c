#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "omg/lane/config.hpp"

namespace omg {

/// Counts of numbers in buckets that grow with them, so that a quantile is known to 1 % of itself: DDSketch (Masson,
/// Rim & Lee 2019) with the linearly interpolated mapping. An octave has 64 buckets of equal width; the bucket of a
/// double is its exponent and the first six bits of its mantissa, and differs from the bucket's middle by less than
/// 1/128 of itself.
///
/// One bucket holds zero and everything within ±1e-300. Counters are integers: merging is exact. Memory grows with the
/// octaves between the smallest and the largest number, not with how many are counted.
class Histogram {
 public:
  /// Counts a finite number, `times` times.
  void add(double value, std::uint64_t times = 1) {
    const std::uint64_t bits = std::bit_cast<std::uint64_t>(value);
    Side& side = bits >> 63 ? negative_ : positive_;
    // Of the bits without sign: what stands above the lower 46 of the mantissa.
    const std::uint64_t place = (bits & ~(std::uint64_t{1} << 63)) >> shift;
    if (place <= smallest_place) {
      zero_ += times;
      return;
    }
    side.add(place, times);
  }

  /// What numbers of one bucket have in common: the bits that stand above the lower 46 of the mantissa. At most `keys`.
  static OMG_HD std::uint32_t key(double value) {
    return static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>(value) >> shift);
  }
  static constexpr std::uint32_t keys = 1U << 18;
  /// Calls f(key, numbers with that key) for every bucket that is not empty.
  template <class F>
  void for_each_key(F&& f) const {
    if (zero_ > 0) f(std::uint32_t{0}, zero_);
    for (const auto& [side, sign] : {std::pair(&positive_, 0U), std::pair(&negative_, keys / 2)})
      side->for_each(
          [&](std::uint64_t place, std::uint64_t count) { f(static_cast<std::uint32_t>(place + sign), count); });
  }
  /// The key of a number that is not negative, from its bits, an int64 or a register of them; 0 if it counts as zero.
  template <class I>
  static OMG_HD I key_of_gap(const I& bits) {
    const I place = bits >> shift;
    return place > static_cast<std::int64_t>(smallest_place) ? place : I{};
  }
  /// Counts numbers that are not negative by these keys.
  void add_gaps(const std::uint32_t* gap_keys, int count) {
    for (int k = 0; k < count; ++k) {
      const std::uint64_t first = positive_.first, size = positive_.counts.size();
      std::uint32_t* const counts = positive_.counts.data();
      for (; k < count && gap_keys[k] - first < size; ++k)
        if (++counts[gap_keys[k] - first] == 0) positive_.carry(gap_keys[k], 1);
      if (k < count) add_key(gap_keys[k], 1);
    }
  }
  /// Counts numbers of that key.
  void add_key(std::uint32_t key, std::uint64_t times) {
    add(std::bit_cast<double>(std::uint64_t{key} << shift), times);
  }

  void merge(const Histogram& other);

  /// Numbers counted.
  [[nodiscard]] std::uint64_t count() const;
  /// Those within ±1e-300.
  [[nodiscard]] std::uint64_t zeros() const { return zero_; }
  /// The number of rank ⌊q (count − 1)⌋ in increasing order, q in [0, 1], to within 1 %; NaN if nothing was counted.
  [[nodiscard]] double quantile(double q) const;

  /// The buckets that are not empty, in increasing order.
  struct Bucket {
    double low, high;
    std::uint64_t count;
  };
  [[nodiscard]] std::vector<Bucket> buckets() const;

  friend bool operator==(const Histogram&, const Histogram&) = default;

 private:
  static constexpr int shift = 46;
  static constexpr std::uint64_t octave = 64;
  /// Place of 1e-300; what lies there or below counts as zero.
  static constexpr std::uint64_t smallest_place = std::bit_cast<std::uint64_t>(1e-300) >> shift;

  /// Counters of whole octaves, from place `first` on; at either end some may never have been used. They are of 32
  /// bits, so that those of a thread stay in its caches, and what goes beyond stands apart.
  struct Side {
    std::uint64_t first = 0;
    std::vector<std::uint32_t> counts;
    std::map<std::uint64_t, std::uint64_t> carries;  ///< by place, in units of 2³²

    void add(std::uint64_t place, std::uint64_t times) {
      if (place - first >= counts.size()) reach(place);
      std::uint32_t& count = counts[place - first];
      const std::uint32_t before = count;
      count += static_cast<std::uint32_t>(times);
      if (const std::uint64_t over = (times >> 32) + (count < before ? 1 : 0); over > 0) carry(place, over);
    }
    void carry(std::uint64_t place, std::uint64_t times) { carries[place] += times; }
    void reach(std::uint64_t place);
    void merge(const Side& other);
    /// f(place, numbers) for every counter that is not zero.
    template <class F>
    void for_each(F&& f) const {
      for (std::size_t k = 0; k < counts.size(); ++k) {
        const std::uint64_t place = first + k;
        const auto over = carries.empty() ? carries.end() : carries.find(place);
        const std::uint64_t count = counts[k] + (over == carries.end() ? 0 : over->second << 32);
        if (count > 0) f(place, count);
      }
    }
    [[nodiscard]] std::uint64_t end() const { return first + counts.size(); }
    /// Whether both have counted the same, wherever their counters begin and end.
    bool operator==(const Side& other) const;
  };

  Side positive_, negative_;
  std::uint64_t zero_ = 0;
};

/// log₂ of a positive normal number in units of 2⁻²⁰, off by less than one: integers only, so that sums do not depend
/// on their order.
inline constexpr double fixed_log2_unit = 0x1p-20;
/// log₂(1 + (k + u)/64) ≈ value + linear u − square u² for u in [0, 1), in units of 2⁻³²; off by less than 2⁻²³.
struct Log2Segment {
  std::int64_t value, linear, square;
};
extern const std::array<Log2Segment, 64> log2_segments;
/// The same as columns, each number in 32 bits without sign.
struct Log2Columns {
  alignas(64) std::int32_t value[64], linear[64], square[64];
};
extern const Log2Columns log2_columns;
/// From the bits of a number, an int64 or a register of them, and the segment of its mantissa; product(a, b) is that of
/// the lower halves of a and b without sign, and the upper halves of `linear` and `square` are of no account.
template <class I, class Product>
OMG_HD I fixed_log2(const I& bits, const I& value, const I& linear, const I& square, Product product) {
  const I u = bits >> 14;
  const I slope = linear - ((product(u, square) + std::int64_t{0xffffffff}) >> 32);
  const I fraction = value + (product(u, slope) >> 32);
  return ((bits >> 52) - std::int64_t{1023}) * (std::int64_t{1} << 20) + ((fraction + std::int64_t{1 << 11}) >> 12);
}
OMG_HD std::int64_t fixed_log2(double value, const Log2Segment* segments) {
  const auto bits = std::bit_cast<std::int64_t>(value);
  const Log2Segment& s = segments[(bits >> 46) & 63];
  return fixed_log2(bits, s.value, s.linear, s.square, [](std::int64_t a, std::int64_t b) {
    return (a & std::int64_t{0xffffffff}) * (b & std::int64_t{0xffffffff});
  });
}
inline std::int64_t fixed_log2(double value) { return fixed_log2(value, log2_segments.data()); }

}  // namespace omg
