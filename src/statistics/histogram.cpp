#include "omg/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

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

bool Histogram::Side::operator==(const Side& other) const {
  const auto at = [](const Side& side, std::uint64_t place) {
    return place - side.first < side.counts.size() ? side.counts[place - side.first] : 0;
  };
  for (std::uint64_t place = std::min(first, other.first); place < std::max(end(), other.end()); ++place)
    if (at(*this, place) != at(other, place)) return false;
  return true;
}

void Histogram::merge(const Histogram& other) {
  const auto add = [](Side& into, const Side& from) {
    std::uint64_t begin = from.first, end = from.end();
    while (begin < end && from.counts[begin - from.first] == 0) ++begin;
    while (begin < end && from.counts[end - 1 - from.first] == 0) --end;
    if (begin == end) return;
    into.reach(begin);
    into.reach(end - 1);
    // By pointers, so that the compiler sees that no counter is `first` and takes several at a time.
    const std::uint64_t* const counts = from.counts.data() + (begin - from.first);
    std::uint64_t* const sums = into.counts.data() + (begin - into.first);
    for (std::uint64_t k = 0; k < end - begin; ++k) sums[k] += counts[k];
  };
  add(positive_, other.positive_);
  add(negative_, other.negative_);
  zero_ += other.zero_;
}

std::uint64_t Histogram::count() const {
  const auto sum = [](const Side& s) { return std::accumulate(s.counts.begin(), s.counts.end(), std::uint64_t{0}); };
  return sum(positive_) + sum(negative_) + zero_;
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
  std::vector<Bucket> out;
  const auto edge = [](std::uint64_t place) { return std::bit_cast<double>(place << shift); };
  for (std::size_t k = negative_.counts.size(); k-- > 0;)
    if (negative_.counts[k] > 0)
      out.push_back({-edge(negative_.first + k + 1), -edge(negative_.first + k), negative_.counts[k]});
  if (zero_ > 0) out.push_back({0, 0, zero_});
  for (std::size_t k = 0; k < positive_.counts.size(); ++k)
    if (positive_.counts[k] > 0)
      out.push_back({edge(positive_.first + k), edge(positive_.first + k + 1), positive_.counts[k]});
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
