#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include <thrust/copy.h>
#include <thrust/device_ptr.h>
#include <thrust/for_each.h>
#include <thrust/functional.h>
#include <thrust/iterator/constant_iterator.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/reduce.h>
#include <thrust/sort.h>
#include <thrust/transform.h>
#include <thrust/transform_reduce.h>

#include "omg/comparison.hpp"
#include "omg/plan.hpp"
#include "omg/statistics.hpp"

#include "statistics/lane_batch.hpp"
#include "statistics/slope.hpp"

namespace omg::cuda {

// The figures of single lanes where they lie: take_endings and take_figures by Thrust, with the execution policy that
// goes with the memory. The same text runs on a device and with OpenMP on the host and gives the bits of the host's
// loops: counts and sums are integers, extremes break ties by the lane, and what is a floating-point sum belongs to one
// lane and has its order. A histogram is a sort of bucket keys and the lengths of their runs; only those leave the
// device.

namespace lane_figures {

using Index = std::int64_t;
/// Beyond all keys: a lane that does not count.
inline constexpr std::uint32_t no_key = std::numeric_limits<std::uint32_t>::max();

OMG_HD bool is_finite(double x) { return x - x == 0; }

/// What all lanes of a launch have in common: LaneBatch with its endings.
template <class T>
struct Rows {
  const Ending* endings;
  Index stride;

  [[nodiscard]] OMG_HD bool diverged(Index l) const { return endings[l].why == End::diverged; }
};

/// Bucket of a figure of the lanes that are not diverged.
template <class T>
struct KeyOfFigure {
  Rows<T> rows;
  const T* values;
  bool positive_only;

  OMG_HD std::uint32_t operator()(Index l) const {
    const auto value = static_cast<double>(values[l]);
    const bool counts = !rows.diverged(l) && is_finite(value) && (!positive_only || value > 0);
    return counts ? Histogram::key(value) : no_key;
  }
};

template <class T>
struct KeyOfEvaluations {
  Rows<T> rows;

  OMG_HD std::uint32_t operator()(Index l) const {
    if (rows.diverged(l)) return no_key;
    return Histogram::key(static_cast<double>(rows.endings[l].gradients + rows.endings[l].functions));
  }
};

/// Bucket of a lane's least-squares slope of log gap on log t over the samples up to where it stopped.
template <class T>
struct KeyOfExponent {
  Rows<T> rows;
  const T* gaps;  ///< [sample][lane]
  const Sample* samples;
  int count;
  const Log2Segment* segments;

  OMG_HD std::uint32_t operator()(Index l) const {
    if (rows.diverged(l)) return no_key;
    const Ending& ending = rows.endings[l];
    Slope slope;
    for (int k = 0; k < count; ++k) {
      const Sample& sample = samples[k];
      const auto gap = static_cast<double>(gaps[k * rows.stride + l]);
      const bool running = ending.why == End::ran || sample.record < static_cast<std::uint32_t>(ending.record);
      if (sample.fit && running && gap > 1e-300)
        slope.add(sample.log2_t, static_cast<double>(fixed_log2(gap, segments)) * fixed_log2_unit);
    }
    return slope.exists() ? Histogram::key(slope.value()) : no_key;
  }
};

/// Whether a lane counts at a sample: it was not diverged by then.
template <class T>
struct CountsAt {
  Rows<T> rows;
  std::uint32_t record;

  OMG_HD bool operator()(Index l) const {
    return !rows.diverged(l) || static_cast<std::uint32_t>(rows.endings[l].record) > record;
  }
};
template <class T>
struct KeyOfGap {
  CountsAt<T> counts;
  const T* gaps;

  OMG_HD std::uint32_t operator()(Index l) const {
    const auto gap = static_cast<double>(gaps[l]);
    return counts(l) ? Histogram::key(gap < 0 ? 0.0 : gap) : no_key;
  }
};
template <class T>
struct LogOfGap {
  CountsAt<T> counts;
  const T* gaps;
  const Log2Segment* segments;

  OMG_HD std::int64_t operator()(Index l) const {
    const auto gap = static_cast<double>(gaps[l]);
    return counts(l) && gap > 1e-300 ? fixed_log2(gap, segments) : 0;
  }
};

/// 2 · record + 1 for a lane that converged, 2 · record for one that diverged.
template <class T>
struct KeyOfEnding {
  Rows<T> rows;

  OMG_HD std::uint32_t operator()(Index l) const {
    const Ending& ending = rows.endings[l];
    if (ending.why == End::ran) return no_key;
    return 2 * static_cast<std::uint32_t>(ending.record) + (ending.why == End::diverged ? 0 : 1);
  }
};

struct Efforts {
  std::uint64_t gradients, functions, iterations, on_gap, on_gradient;
};
template <class T>
struct EffortOf {
  Rows<T> rows;

  OMG_HD Efforts operator()(Index l) const {
    const Ending& e = rows.endings[l];
    return {static_cast<std::uint64_t>(e.gradients), static_cast<std::uint64_t>(e.functions),
            static_cast<std::uint64_t>(e.iteration), e.why == End::gap ? 1U : 0U,
            e.why == End::gradient_norm ? 1U : 0U};
  }
};
struct SumOfEfforts {
  OMG_HD Efforts operator()(const Efforts& a, const Efforts& b) const {
    return {a.gradients + b.gradients, a.functions + b.functions, a.iterations + b.iterations, a.on_gap + b.on_gap,
            a.on_gradient + b.on_gradient};
  }
};

/// A lane and its largest gap ÷ bound; −1 where it never met its bound.
struct Peak {
  double ratio;
  Index lane;
};
template <class T>
struct PeakOf {
  const T* ratios;

  OMG_HD Peak operator()(Index l) const {
    const auto ratio = static_cast<double>(ratios[l]);
    return {ratio > -1 ? ratio : -1.0, l};
  }
};
struct LargerPeak {
  OMG_HD Peak operator()(const Peak& a, const Peak& b) const {
    return a.ratio > b.ratio || (a.ratio == b.ratio && a.lane < b.lane) ? a : b;
  }
};

/// How the lanes of a batch lie in a sweep: lane = setting · instances + instance, from lane `first` on. One unit goes
/// through a piece of the lanes of one setting or of one instance, and what the units find is folded by as many.
struct Grid {
  static constexpr Index piece = 64;

  Index first, instances, lanes;

  [[nodiscard]] static OMG_HD Index pieces(Index count) { return (count + piece - 1) / piece; }
  [[nodiscard]] OMG_HD Index first_setting() const { return first / instances; }
  [[nodiscard]] OMG_HD Index settings() const { return (first + lanes - 1) / instances - first_setting() + 1; }
  /// Instances that the batch meets: instance (first + j) mod `instances` has its lanes j, j + instances, …
  [[nodiscard]] OMG_HD Index met() const { return lanes < instances ? lanes : instances; }

  /// f(l) for the lanes of a piece of a setting.
  template <class F>
  OMG_HD void each_of_setting(Index setting, Index part, F&& f) const {
    const Index from = setting * instances - first, to = from + instances;
    const Index begin = from + part * piece, end = begin + piece < to ? begin + piece : to;
    for (Index l = begin < 0 ? 0 : begin; l < end && l < lanes; ++l) f(l);
  }
  /// The same of instance j of those it meets.
  template <class F>
  OMG_HD void each_of_instance(Index j, Index part, F&& f) const {
    const Index begin = j + part * piece * instances, end = begin + piece * instances;
    for (Index l = begin; l < end && l < lanes; l += instances) f(l);
  }
};

/// The loss by which settings are judged, where a lane has one: an ε that was not reached stands as 0.
template <class T>
struct LossOf {
  Rows<T> rows;
  const T* losses;
  bool by_iterations;

  OMG_HD double operator()(Index l) const { return static_cast<double>(losses[l]); }
  [[nodiscard]] OMG_HD bool exists(Index l) const {
    const double loss = (*this)(l);  // a NaN fails the comparison
    return loss < ExactSum::most && !(by_iterations && loss == 0) && !rows.diverged(l);
  }
};

/// What a setting does on a piece of its instances; unit u: part u / settings of setting u mod settings.
template <class T>
struct TotalOfPiece {
  LossOf<T> loss;
  Grid grid;

  OMG_HD SettingTotal operator()(Index u) const {
    const Index settings = grid.settings();
    SettingTotal total;
    grid.each_of_setting(grid.first_setting() + u % settings, u / settings, [&](Index l) {
      if (!loss.exists(l))
        ++total.failed;
      else if (loss(l) > 0)
        total.loss.add(loss(l));
    });
    return total;
  }
};
OMG_HD void fold_into(SettingTotal& total, const SettingTotal& other) { total.merge(other); }

/// `Best` without the bytes that nobody sets.
struct BestFound {
  double loss;
  Index setting;
};
/// The best of a piece of the settings of an instance; unit u: part u / met of instance u mod met.
template <class T>
struct BestOfPiece {
  LossOf<T> loss;
  Grid grid;

  OMG_HD BestFound operator()(Index u) const {
    const Index met = grid.met();
    BestFound best{std::numeric_limits<double>::infinity(), std::numeric_limits<std::uint32_t>::max()};
    grid.each_of_instance(u % met, u / met, [&](Index l) {  // settings in ascending order
      if (loss.exists(l) && loss(l) < best.loss) best = {loss(l), (grid.first + l) / grid.instances};
    });
    return best;
  }
};
OMG_HD void fold_into(BestFound& best, const BestFound& later) {
  if (later.loss < best.loss) best = later;
}

/// The least of a figure over a piece of the settings of an instance.
template <class Figure>
struct LeastOfPiece {
  Figure figure;
  Grid grid;
  using Number = decltype(figure(Index{}));

  OMG_HD Number operator()(Index u) const {
    const Index met = grid.met();
    Number least = Figure::none;
    grid.each_of_instance(u % met, u / met, [&](Index l) {
      const Number found = figure(l);
      if (found < least) least = found;
    });
    return least;
  }
};
template <class Number>
requires std::is_arithmetic_v<Number> OMG_HD void fold_into(Number& least, Number other) {
  if (other < least) least = other;
}
/// The last gap, normalised.
template <class T>
struct LastGap {
  static constexpr double none = std::numeric_limits<double>::infinity();
  Rows<T> rows;
  const T* last;
  const double* scale;  ///< of the instances that the batch meets, or one for all
  bool one_scale;
  Index instances;

  OMG_HD double operator()(Index l) const {
    return rows.diverged(l) ? none : static_cast<double>(last[l]) / scale[one_scale ? 0 : l % instances];
  }
};
/// The first t with gap ≤ ε.
template <class T>
struct FirstReached {
  static constexpr std::uint32_t none = not_reached;
  Rows<T> rows;
  const T* reached;

  OMG_HD std::uint32_t operator()(Index l) const {
    return !rows.diverged(l) && reached[l] > T(0) ? static_cast<std::uint32_t>(reached[l]) : none;
  }
};

/// Folds `Grid::piece` of what units found of an item: [part][item] from `from`, likewise to what comes out.
template <class N>
struct FoldPiece {
  const N* from;
  Index items, parts;

  OMG_HD N operator()(Index u) const {
    const Index item = u % items, begin = u / items * Grid::piece, end = begin + Grid::piece;
    N all = from[begin * items + item];
    for (Index part = begin + 1; part < end && part < parts; ++part) fold_into(all, from[part * items + item]);
    return all;
  }
};

}  // namespace lane_figures

/// Aggregates the figures of a cell's lanes. `Memory` has containers of the policy's memory, `Vector<N>`, which it
/// makes empty, `vector<N>()`; the arrays of a batch lie there too, and it has endings.
template <class T, class Policy, class Memory>
class LaneAggregator {
  using Index = lane_figures::Index;
  template <class N>
  using Vector = typename Memory::template Vector<N>;

 public:
  LaneAggregator(const Policy& policy, const Memory& memory, const Cell& cell)
      : policy_(policy),
        memory_(memory),
        cell_(cell),
        samples_(memory.template vector<Sample>()),
        segments_(memory.template vector<Log2Segment>()),
        keys_(memory.template vector<std::uint32_t>()),
        unique_(memory.template vector<std::uint32_t>()),
        counts_(memory.template vector<std::uint32_t>()),
        single_(memory.template vector<T>()) {
    samples_.assign(cell.samples.begin(), cell.samples.end());
    segments_.assign(log2_segments.begin(), log2_segments.end());
  }

  /// take_endings and take_figures of that batch.
  void take(const LaneBatch<T>& b, std::vector<std::uint64_t>& diverged, std::vector<std::uint64_t>& converged,
            CellStatistics& into, CellStatistics& of_instances) {
    using namespace lane_figures;
    lanes_ = b.lanes;
    const Rows<T> rows{b.endings, b.stride};
    const auto row = [&](const T* array, std::size_t k) { return array + k * static_cast<std::size_t>(b.stride); };

    take_endings(rows, diverged, converged, into);
    if (!cell_.bound_table.empty()) take_certificate(b, into.certificate);
    const Grid grid{static_cast<Index>(b.first), static_cast<Index>(cell_.problem->instances), lanes_};
    if (cell_.track_best) take_best(grid, rows, b, into.settings, of_instances.best);
    if (cell_.keep_instances) take_instances(grid, rows, b, of_instances.instances);

    std::size_t next = 0;
    for (std::size_t k = 0; k < cell_.samples.size(); ++k) {
      if (!cell_.samples[k].distribution) continue;
      Distribution& to = into.distributions[next++];
      const CountsAt<T> counts{rows, cell_.samples[k].record};
      count(KeyOfGap<T>{counts, row(b.samples, k)}, to.gaps);
      to.sum_log2 += thrust::transform_reduce(policy_, lane(0), lane(lanes_),
                                              LogOfGap<T>{counts, row(b.samples, k), raw(segments_)}, std::int64_t{0},
                                              thrust::plus<std::int64_t>());
    }

    const auto& wanted = cell_.figures;
    LaneStatistics& to = into.per_lane;
    if (wanted.exponent)
      count(KeyOfExponent<T>{rows, b.samples, raw(samples_), static_cast<int>(samples_.size()), raw(segments_)},
            to.exponent);
    const auto count_row = [&](const T* values, Histogram& histogram, bool positive_only = false) {
      count(KeyOfFigure<T>{rows, values, positive_only}, histogram);
    };
    if (wanted.sup) count_row(b.sup, to.sup);
    if (wanted.loss) count_row(b.loss, to.loss);
    if (wanted.regret) count_row(b.regret, to.regret);
    if (wanted.ratio) count_row(b.ratio, to.ratio);
    if (wanted.evaluations) count(KeyOfEvaluations<T>{rows}, to.evaluations);
    if (wanted.first)
      for (std::size_t j = 0; j < cell_.targets.size(); ++j) count_row(row(b.reached, j), to.first[j], true);
  }

 private:
  static auto lane(Index l) { return thrust::counting_iterator<Index>(l); }
  template <class V>
  static auto raw(V& vector) {
    return thrust::raw_pointer_cast(vector.data());
  }

  /// Calls found(key, lanes with that key) in increasing order.
  template <class KeyOf, class Found>
  void for_each_key(const KeyOf& key_of, Found&& found) {
    const auto size = static_cast<std::size_t>(lanes_);
    keys_.resize(size);
    unique_.resize(size);
    counts_.resize(size);
    thrust::transform(policy_, lane(0), lane(lanes_), raw(keys_), key_of);
    thrust::sort(policy_, raw(keys_), raw(keys_) + lanes_);
    const auto ends = thrust::reduce_by_key(policy_, raw(keys_), raw(keys_) + lanes_,
                                            thrust::constant_iterator<std::uint32_t>(1), raw(unique_), raw(counts_));
    const auto runs = static_cast<std::size_t>(ends.first - raw(unique_));
    std::vector<std::uint32_t> keys(runs), counts(runs);
    thrust::copy(unique_.begin(), unique_.begin() + static_cast<Index>(runs), keys.begin());
    thrust::copy(counts_.begin(), counts_.begin() + static_cast<Index>(runs), counts.begin());
    for (std::size_t k = 0; k < runs; ++k)
      if (keys[k] != lane_figures::no_key) found(keys[k], counts[k]);
  }

  template <class KeyOf>
  void count(const KeyOf& key_of, Histogram& histogram) {
    for_each_key(key_of, [&](std::uint32_t key, std::uint32_t lanes) { histogram.add_key(key, lanes); });
  }

  void take_endings(const lane_figures::Rows<T>& rows, std::vector<std::uint64_t>& diverged,
                    std::vector<std::uint64_t>& converged, CellStatistics& into) {
    using namespace lane_figures;
    const Efforts sums = thrust::transform_reduce(policy_, lane(0), lane(lanes_), EffortOf<T>{rows},
                                                  Efforts{0, 0, 0, 0, 0}, SumOfEfforts{});
    into.lanes += static_cast<std::uint64_t>(lanes_);
    into.gradient_evaluations += sums.gradients;
    into.function_evaluations += sums.functions;
    into.lane_iterations += sums.iterations;
    into.stopped_on_gap += sums.on_gap;
    into.stopped_on_gradient += sums.on_gradient;
    for_each_key(KeyOfEnding<T>{rows}, [&](std::uint32_t key, std::uint32_t lanes) {
      (key % 2 == 0 ? diverged : converged)[key / 2] += lanes;
    });
  }

  void take_certificate(const LaneBatch<T>& b, Certificate& worst) {
    using namespace lane_figures;
    const Peak peak =
        thrust::transform_reduce(policy_, lane(0), lane(lanes_), PeakOf<T>{b.ratio}, Peak{-1, lanes_}, LargerPeak{});
    const std::uint64_t number = b.first + static_cast<std::uint64_t>(peak.lane);
    if (peak.ratio > -1 && (peak.ratio > worst.ratio || (peak.ratio == worst.ratio && number < worst.lane)))
      worst = {peak.ratio, number, static_cast<std::int64_t>(value_at(b.ratio_at + peak.lane))};
  }

  void take_best(const lane_figures::Grid& grid, const lane_figures::Rows<T>& rows, const LaneBatch<T>& b,
                 std::vector<SettingTotal>& settings, std::vector<Best>& of_instances) {
    using namespace lane_figures;
    const bool by_iterations = cell_.best_by == BestBy::iterations;
    const LossOf<T> loss{rows,
                         cell_.best_by == BestBy::cumulative_loss ? b.loss
                         : by_iterations                          ? b.reached
                                                                  : b.last,
                         by_iterations};
    if (!settings.empty()) {
      const auto totals =
          folded<SettingTotal>(grid.settings(), Grid::pieces(grid.instances), TotalOfPiece<T>{loss, grid});
      for (std::size_t s = 0; s < totals.size(); ++s)
        settings[static_cast<std::size_t>(grid.first_setting()) + s].merge(totals[s]);
    }
    each_instance(grid, BestOfPiece<T>{loss, grid}, [&](const BestFound& found, std::size_t instance) {
      of_instances[instance].merge({found.loss, static_cast<std::uint32_t>(found.setting)});
    });
  }

  void take_instances(const lane_figures::Grid& grid, const lane_figures::Rows<T>& rows, const LaneBatch<T>& b,
                      InstanceFigures& into) {
    using namespace lane_figures;
    // Of the instances from the batch's first on: lane l is on the (l mod instances)-th of them.
    const auto all = cell_.problem->scale.distinct();
    std::vector<double> scales(all.begin(), all.begin() + 1);
    const bool one_scale = all.size() == 1;
    if (!one_scale) {
      const Index begin = grid.first % grid.instances, head = std::min(grid.met(), grid.instances - begin);
      scales.assign(all.begin() + begin, all.begin() + begin + head);
      scales.insert(scales.end(), all.begin(), all.begin() + (grid.met() - head));
    }
    auto scale = memory_.template vector<double>();
    scale.assign(scales.begin(), scales.end());
    const LastGap<T> gap{rows, b.last, raw(scale), one_scale, grid.instances};
    each_instance(grid, LeastOfPiece<LastGap<T>>{gap, grid}, [&](double found, std::size_t instance) {
      into.gap[instance] = std::min(into.gap[instance], found);
    });
    for (std::size_t j = 0; j < into.reached.size(); ++j) {
      const FirstReached<T> first{rows, b.reached + j * static_cast<std::size_t>(b.stride)};
      each_instance(grid, LeastOfPiece<FirstReached<T>>{first, grid}, [&](std::uint32_t found, std::size_t instance) {
        into.reached[j][instance] = std::min(into.reached[j][instance], found);
      });
    }
  }

  /// take(what piece_of finds of an instance, instance) for each that the batch meets.
  template <class PieceOf, class Take>
  void each_instance(const lane_figures::Grid& grid, const PieceOf& piece_of, Take&& take) {
    using Found = decltype(piece_of(Index{}));
    const Index met = grid.met(), most = (grid.lanes + met - 1) / met;  // settings
    const auto found = folded<Found>(met, lane_figures::Grid::pieces(most), piece_of);
    for (std::size_t j = 0; j < found.size(); ++j)
      take(found[j], (static_cast<std::size_t>(grid.first) + j) % static_cast<std::size_t>(grid.instances));
  }

  /// For each item what `parts` units find of it, folded; unit u: part u / items of item u mod items.
  template <class N, class PieceOf>
  std::vector<N> folded(Index items, Index parts, const PieceOf& piece_of) {
    using namespace lane_figures;
    auto found = memory_.template vector<N>(), next = memory_.template vector<N>();
    found.resize(static_cast<std::size_t>(items * parts));
    if (parts > 1) next.resize(static_cast<std::size_t>(items * Grid::pieces(parts)));
    thrust::transform(policy_, lane(0), lane(items * parts), raw(found), piece_of);
    auto *from = &found, *to = &next;
    while (parts > 1) {
      const Index left = Grid::pieces(parts);
      thrust::transform(policy_, lane(0), lane(items * left), raw(*to), FoldPiece<N>{raw(*from), items, parts});
      std::swap(from, to);
      parts = left;
    }
    std::vector<N> out(static_cast<std::size_t>(items));
    thrust::copy(from->begin(), from->begin() + items, out.begin());
    return out;
  }

  /// One number out of the policy's memory.
  T value_at(const T* at) {
    single_.resize(1);
    thrust::copy(policy_, at, at + 1, raw(single_));
    std::vector<T> out(1);
    thrust::copy(single_.begin(), single_.end(), out.begin());
    return out[0];
  }

  Policy policy_;
  Memory memory_;
  const Cell& cell_;
  Index lanes_ = 0;
  Vector<Sample> samples_;
  Vector<Log2Segment> segments_;
  Vector<std::uint32_t> keys_, unique_, counts_;
  Vector<T> single_;
};

}  // namespace omg::cuda
