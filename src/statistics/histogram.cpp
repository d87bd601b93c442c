#include "omg/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace omg {

namespace {

std::array<Log2Segment, 64> make_segments() {
  std::array<Log2Segment, 64> out{};
  const auto fixed = [](double value) { return static_cast<std::int64_t>(std::llround(value * 0x1p32)); };
  for (std::size_t k = 0; k < out.size(); ++k) {
    const auto at = [&](double u) { return std::log2(1 + (static_cast<double>(k) + u) / 64); };
    // The parabola through u = 0, ½ and 1.
    const double half = at(0.5) - at(0), whole = at(1) - at(0), square = 2 * whole - 4 * half;
    out[k] = {fixed(at(0)), fixed(whole - square), -fixed(square)};
  }
  return out;
}

Log2Columns make_columns() {
  Log2Columns out{};
  for (std::size_t k = 0; k < log2_segments.size(); ++k) {
    const Log2Segment& s = log2_segments[k];
    out.value[k] = static_cast<std::int32_t>(static_cast<std::uint32_t>(s.value));
    out.linear[k] = static_cast<std::int32_t>(s.linear);
    out.square[k] = static_cast<std::int32_t>(s.square);
  }
  return out;
}

}  // namespace

const std::array<Log2Segment, 64> log2_segments = make_segments();
const Log2Columns log2_columns = make_columns();

void Histogram::Side::reach(std::uint64_t place) {
  const std::uint64_t low = place / octave * octave, high = low + octave;
  // Half as many again as there are: the gaps of a sweep come down octave by octave. Never place 0, the key of zero.
  const std::uint64_t spare = counts.size() / 2 / octave * octave;
  if (counts.empty()) first = low;
  if (low < first) {
    const std::uint64_t begin = low - std::min(low - octave, spare);
    counts.insert(counts.begin(), first - begin, 0);
    first = begin;
  }
  if (high > end()) counts.resize(high + spare - first);
}

void Histogram::Side::merge(const Side& other) {
  std::uint64_t begin = other.first, end = other.end();
  while (begin < end && other.counts[begin - other.first] == 0) ++begin;
  while (begin < end && other.counts[end - 1 - other.first] == 0) --end;
  if (begin < end) {
    reach(begin);
    reach(end - 1);
    // By pointers, so that the compiler sees that no counter is `first` and takes several at a time.
    const std::uint32_t* const counts_of_other = other.counts.data() + (begin - other.first);
    std::uint32_t* const sums = counts.data() + (begin - first);
    std::uint32_t overflows = 0;
    for (std::uint64_t k = 0; k < end - begin; ++k) {
      sums[k] += counts_of_other[k];
      overflows |= sums[k] < counts_of_other[k] ? 1U : 0U;
    }
    for (std::uint64_t k = 0; overflows != 0 && k < end - begin; ++k)
      if (sums[k] < counts_of_other[k]) carry(begin + k, 1);
  }
  for (const auto& [place, times] : other.carries) {
    reach(place);
    carry(place, times);
  }
}

bool Histogram::Side::operator==(const Side& other) const {
  const auto at = [](const Side& side, std::uint64_t place) {
    return place - side.first < side.counts.size() ? side.counts[place - side.first] : 0;
  };
  for (std::uint64_t place = std::min(first, other.first); place < std::max(end(), other.end()); ++place)
    if (at(*this, place) != at(other, place)) return false;
  return carries == other.carries;
}

void Histogram::merge(const Histogram& other) {
  positive_.merge(other.positive_);
  negative_.merge(other.negative_);
  zero_ += other.zero_;
}

std::uint64_t Histogram::count() const {
  std::uint64_t total = zero_;
  for (const Side* side : {&positive_, &negative_})
    side->for_each([&](std::uint64_t, std::uint64_t count) { total += count; });
  return total;
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
  std::vector<Bucket> out;
  const auto edge = [](std::uint64_t place) { return std::bit_cast<double>(place << shift); };
  negative_.for_each([&](std::uint64_t place, std::uint64_t count) {
    out.push_back({-edge(place + 1), -edge(place), count});
  });
  std::reverse(out.begin(), out.end());
  if (zero_ > 0) out.push_back({0, 0, zero_});
  positive_.for_each([&](std::uint64_t place, std::uint64_t count) {
    out.push_back({edge(place), edge(place + 1), count});
  });
  return out;
}

double Histogram::quantile(double q) const {
  const std::uint64_t total = count();
  if (total == 0) return std::nan("");
  auto rank = static_cast<std::uint64_t>(q * static_cast<double>(total - 1));
  for (const Bucket& bucket : buckets()) {
    if (rank < bucket.count) return 0.5 * bucket.low + 0.5 * bucket.high;
    rank -= bucket.count;
  }
  return std::nan("");
}

}  // namespace omg
