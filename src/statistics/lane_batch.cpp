#include "lane_batch.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "statistics/slope.hpp"

namespace omg {

namespace {

template <class T>
class Batch {
 public:
  Batch(const Cell& cell, const LaneBatch<T>& batch, CellStatistics& into, CellStatistics& of_instances)
      : cell_(cell), b_(batch), into_(into), of_instances_(of_instances) {}

  void take() {
    if (!cell_.bound_table.empty()) take_certificate();
    if (cell_.track_best) take_best();
    if (cell_.keep_instances) take_instances();
    take_distributions();
    const LaneFigures& figures = cell_.figures;
    LaneStatistics& to = into_.per_lane;
    if (figures.exponent) take_exponents();
    if (figures.sup) count(b_.sup, to.sup);
    if (figures.loss) count(b_.loss, to.loss);
    if (figures.regret) count(b_.regret, to.regret);
    if (figures.ratio) count(b_.ratio, to.ratio);
    if (figures.evaluations) each([&](int l) { to.evaluations.add(static_cast<double>(evaluations(l))); });
    if (figures.first)
      for (std::size_t j = 0; j < cell_.targets.size(); ++j) {
        const T* reached = row(b_.reached, j);
        each([&](int l) {
          if (reached[l] > T(0)) to.first[j].add(static_cast<double>(reached[l]));
        });
      }
  }

 private:
  [[nodiscard]] bool diverged(int l) const { return b_.endings != nullptr && b_.endings[l].why == End::diverged; }
  [[nodiscard]] bool ran(int l) const { return b_.endings == nullptr || b_.endings[l].why == End::ran; }
  [[nodiscard]] const T* row(const T* array, std::size_t k) const {
    return array + k * static_cast<std::size_t>(b_.stride);
  }
  /// All lanes ran to T, and an engine takes their figures in registers.
  [[nodiscard]] bool together() const { return b_.arithmetic != nullptr && b_.endings == nullptr; }
  [[nodiscard]] std::size_t lanes() const { return static_cast<std::size_t>(b_.lanes); }
  [[nodiscard]] std::uint64_t lane(int l) const { return b_.first + static_cast<std::uint64_t>(l); }
  [[nodiscard]] long long evaluations(int l) const {
    if (ran(l)) return b_.gradients + b_.functions;
    return b_.endings[l].gradients + b_.endings[l].functions;
  }

  /// f(l) for every lane that is not diverged.
  template <class F>
  void each(F&& f) const {
    for (int l = 0; l < b_.lanes; ++l)
      if (!diverged(l)) f(l);
  }

  void count(const T* values, Histogram& histogram) const {
    each([&](int l) {
      if (std::isfinite(values[l])) histogram.add(static_cast<double>(values[l]));
    });
  }

  /// What a lane showed before it diverged counts.
  void take_certificate() {
    Certificate& worst = into_.certificate;
    for (int l = 0; l < b_.lanes; ++l) {
      const auto ratio = static_cast<double>(b_.ratio[l]);
      const bool exists = ratio > -1;  // it met its bound somewhere
      if (exists && (ratio > worst.ratio || (ratio == worst.ratio && lane(l) < worst.lane)))
        worst = {ratio, lane(l), static_cast<std::int64_t>(b_.ratio_at[l])};
    }
  }

  /// f(l, lanes, first instance, setting) for each stretch of at most `most` lanes within one setting.
  template <class F>
  void each_stretch(std::size_t most, F&& f) const {
    const std::size_t instances = cell_.problem->instances;
    std::size_t instance = b_.first % instances;
    auto setting = static_cast<std::uint32_t>(b_.first / instances);
    for (std::size_t l = 0, lanes = this->lanes(); l < lanes;) {
      const std::size_t count = std::min({most, lanes - l, instances - instance});
      f(l, count, instance, setting);
      l += count;
      instance += count;
      if (instance < instances) continue;
      instance = 0;
      ++setting;
    }
  }

  void take_best() {
    const T* losses = cell_.best_by == BestBy::cumulative_loss ? b_.loss
                      : cell_.best_by == BestBy::final_gap     ? b_.last
                                                               : b_.reached;
    const bool by_iterations = cell_.best_by == BestBy::iterations;
    // An ε that was not reached stands as 0; a NaN fails the comparison.
    const auto exists = [&](std::size_t l) {
      return losses[l] < ExactSum::most && !(by_iterations && losses[l] == T(0)) && !diverged(static_cast<int>(l));
    };
    const auto improve = [&](std::size_t l, std::size_t instance, std::uint32_t setting) {
      Best& best = of_instances_.best[instance];
      if (!(losses[l] <= best.loss)) return;
      const auto loss = static_cast<double>(losses[l]);
      if (loss < best.loss || setting < best.setting) best = {loss, setting};
      if (b_.bounds != nullptr) b_.bounds[instance] = losses[l];
    };
    const bool at_once = together() && !by_iterations && b_.bounds != nullptr;
    const std::size_t most = at_once ? LossesTaken::most : lanes();
    each_stretch(most, [&](std::size_t begin, std::size_t count, std::size_t instance, std::uint32_t setting) {
      SettingTotal* const total = into_.settings.empty() ? nullptr : &into_.settings[setting];
      if (at_once) {
        const LossesTaken taken = b_.arithmetic->take_losses(losses + begin, b_.bounds + instance, count);
        if (taken.word >= 0) {
          if (total != nullptr) total->loss.add(taken.word, taken.sum);
          for (std::uint64_t left = taken.improve; left != 0; left &= left - 1) {
            const auto l = static_cast<std::size_t>(std::countr_zero(left));
            improve(begin + l, instance + l, setting);
          }
          return;
        }
      }
      std::size_t failed = 0;
      for (std::size_t l = begin; l < begin + count; ++l) {
        if (exists(l))
          improve(l, instance + l - begin, setting);
        else
          ++failed;
      }
      if (total == nullptr) return;
      total->failed += failed;
      if (failed == 0) return total->loss.add(losses + begin, count);
      for (std::size_t l = begin; l < begin + count; ++l)
        if (exists(l)) total->loss.add(losses + l, 1);
    });
  }

  void take_instances() {
    InstanceFigures& to = of_instances_.instances;
    each_stretch(lanes(), [&](std::size_t begin, std::size_t count, std::size_t first, std::uint32_t) {
      for (std::size_t k = 0; k < count; ++k) {
        const std::size_t l = begin + k, instance = first + k;
        if (diverged(static_cast<int>(l))) continue;
        const auto gap = static_cast<double>(b_.last[l]) / cell_.problem->scale[instance];
        to.gap[instance] = std::min(to.gap[instance], gap);
        for (std::size_t j = 0; j < to.reached.size(); ++j)
          if (const T t = row(b_.reached, j)[l]; t > T(0))
            to.reached[j][instance] = std::min(to.reached[j][instance], static_cast<std::uint32_t>(t));
      }
    });
  }

  void take_distributions() {
    std::size_t next = 0;
    for (std::size_t k = 0; k < cell_.samples.size(); ++k) {
      if (!cell_.samples[k].distribution) continue;
      const T* gaps = row(b_.samples, k);
      Distribution& to = into_.distributions[next++];
      if (together()) {
        to.sum_log2 += b_.arithmetic->take_gaps(gaps, b_.lanes, b_.keys);
        to.gaps.add_gaps(b_.keys, b_.lanes);
        continue;
      }
      std::int64_t sum = 0;
      for (int l = 0; l < b_.lanes; ++l) {
        const auto gap = static_cast<double>(gaps[l]);
        if (diverged_by(l, k)) continue;
        to.gaps.add(std::max(gap, 0.0));
        if (gap > 1e-300) sum += fixed_log2(gap);
      }
      to.sum_log2 += sum;
    }
  }
  /// Whether the lane was diverged at sample k.
  [[nodiscard]] bool diverged_by(int l, std::size_t k) const {
    return diverged(l) && static_cast<std::uint32_t>(b_.endings[l].record) <= cell_.samples[k].record;
  }

  void take_exponents() {
    each([&](int l) {
      Slope slope;  // of log₂ gap on log₂ t
      for (std::size_t k = 0; k < cell_.samples.size(); ++k) {
        const Sample& sample = cell_.samples[k];
        const auto gap = static_cast<double>(row(b_.samples, k)[l]);
        const bool running = ran(l) || sample.record < static_cast<std::uint32_t>(b_.endings[l].record);
        if (sample.fit && running && gap > 1e-300)
          slope.add(sample.log2_t, static_cast<double>(fixed_log2(gap)) * fixed_log2_unit);
      }
      if (slope.exists()) into_.per_lane.exponent.add(slope.value());
    });
  }

  const Cell& cell_;
  const LaneBatch<T>& b_;
  CellStatistics& into_;
  CellStatistics& of_instances_;
};

}  // namespace

template <class T>
void take_figures(const Cell& cell, const LaneBatch<T>& batch, CellStatistics& into, CellStatistics& of_instances) {
  Batch<T>(cell, batch, into, of_instances).take();
}

template void take_figures(const Cell&, const LaneBatch<double>&, CellStatistics&, CellStatistics&);
template void take_figures(const Cell&, const LaneBatch<float>&, CellStatistics&, CellStatistics&);

}  // namespace omg
