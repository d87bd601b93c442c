#pragma once

#include <algorithm>
#include <cstdint>

#include "kernel.hpp"

namespace omg::cpu {

/// A number that bounds the absolute values of many. What an iteration makes of bounds bounds what it makes of numbers.
template <class R>
struct Magnitude {
  R bound;

  friend OMG_HD Magnitude fma(const Magnitude& a, const Magnitude& b, const Magnitude& c) {
    return {a.bound * b.bound + c.bound};
  }
  friend OMG_HD Magnitude nmadd(const Magnitude& a, const Magnitude& b, const Magnitude& c) { return fma(a, b, c); }
};

/// The lanes of a group on a chain: their coordinates between iterations, centred at x*, and passes over them.
///
/// Numbers are held times scales, per lane, so that an iteration takes fewer operations (`weights` of a coordinate).
/// Scales are running products over all iterations, whose rounding errors do not add up in one direction; a pass takes
/// powers of two out of them, which is exact.
template <class Kernel, class R>
class Chain {
 public:
  using T = typename R::T;
  using Coordinate = typename Kernel::template Coordinate<R>;
  static constexpr int numbers = sizeof(Coordinate) / sizeof(R);  ///< of a coordinate
  /// Parameters that may change with t stand first.
  static constexpr int scheduled = [] {
    int count = 0;
    while (count < Kernel::Method::parameters && Kernel::Method::parameter(count).scheduled) ++count;
    return count;
  }();

  /// Iterations of a pass: as many as there are registers for: a coordinate, what it gives to the next and one more.
  static constexpr int most = [] {
    constexpr int registers = sizeof(typename R::Register) == 64 ? 32 : 16;
    return std::min(6, (registers - 4) / (numbers + 2));
  }();

  Chain(const GroupArguments<T>& a, const Coefficients<R, Kernel::Method::parameters>& k)
      : n_(a.family.n), at_(reinterpret_cast<Coordinate*>(a.arena)), k_(k) {
    const auto instance = PackInstance<R>::of(a.family);
    stiffness_ = Kernel::Family::stiffness(instance);
    for (int i = 0; i < n_; ++i) at_[i] = Coordinate::start(instance.start(i) - instance.minimiser(i), k.constant);
    each_register<numbers>([&](auto j) {
      numbers_of(scale_[0])[j] = R(1);
      numbers_of(bound_)[j] = R(0);
    });
  }

  /// The next pass makes iterations t + 1 … t + count. The bits depend on where passes begin.
  void begin_pass(std::int64_t t, int count) {
    begin_ = t;
    count_ = count;
    fits_ = R(0) <= R(1);
    for (int k = 0; k < count; ++k) {
      R rates[scheduled];
      rates_at(t + 1 + k, rates);
      scale_[k + 1] = scale_[k];
      weights_[k] = Coordinate::weights(rates, scale_[k + 1]);
      each_register<numbers>([&](auto j) {
        const R size = abs(numbers_of(scale_[k + 1])[j]);
        fits_ = fits_ & (size >= R(smallest_scale)) & (size <= R(largest_scale));
      });
    }
  }

  /// Makes it. Σ v² before iteration t + 1 + k goes to sums[k], for k < summed: 0, 1 or count.
  void make_pass(int summed, R* sums) {
    Coordinate scale = scale_[count_];
    each_register<numbers>([&](auto j) {
      const R power = R(1) / power_of_two(numbers_of(scale)[j]);
      numbers_of(taken_)[j] = power;
      numbers_of(bound_)[j] = numbers_of(bound_)[j] * power;
      numbers_of(scale)[j] = numbers_of(scale)[j] * power;
    });
    if (all(fits_))
      make_scaled(summed, sums);
    else
      make_both(scale, summed, sums);
    scale_[0] = scale;
  }

  /// f − f*
  R gap(const R& sum) const { return R(0.5) * stiffness_ * sum; }

  /// Σ v², as passes add it up.
  [[gnu::noinline]] R sum() const {
    R total = R(0), before = R(0);
    for (int i = 0; i <= n_; ++i) {
      const R here = i < n_ ? at_[i].output() : R(0), v = before - here;
      total = fma(v, v, total);
      before = here;
    }
    return total / (scale_[0].output() * scale_[0].output());
  }

  /// Whether no lane of `running` can diverge in the next pass, gaps being divided by 1/scale.
  bool stays_finite(const R& scale, const Mask<R>& running) {
    if (bounded_at_ == begin_ && grow_bound(scale)) return true;
    measure(running);
    return grow_bound(scale);
  }

 private:
  using Weights = typename Coordinate::Weights;
  using Bound = typename Kernel::template Coordinate<Magnitude<R>>;

  /// Scales are within these bounds, beyond which numbers that matter could leave the range of T: those of lanes that
  /// have not diverged are below 2^60.
  static constexpr T smallest_scale = sizeof(T) == 8 ? T(0x1p-400) : T(0x1p-40),
                     largest_scale = sizeof(T) == 8 ? T(0x1p400) : T(0x1p60);

  /// Takes the bound through the next pass if it stays far enough below what counts as divergence.
  [[gnu::noinline]] bool grow_bound(const R& scale) {
    Bound grown = bound_;
    R size(0);
    for (int k = 0; k < count_; ++k) {
      typename Bound::Weights sizes;
      each_register<sizeof(Weights) / sizeof(R)>(
          [&](auto j) { numbers_of(sizes)[j] = abs(numbers_of(weights_[k])[j]); });
      const Magnitude<R> neighbour = grown.point();
      grown.chain(sizes, {grown.part(sizes, neighbour).bound + neighbour.bound});
      size = max(size, grown.output().bound / abs(scale_[k + 1].output()));
    }
    // Σ v² ≤ (n + 1) (2 max |d|)²
    if (!all(gap(R(4) * R(n_ + 1) * size * size) * scale <= R(1e29))) return false;
    bound_ = grown;
    bounded_at_ = begin_ + count_;
    return true;
  }

  /// The largest absolute value of each number of a coordinate.
  [[gnu::noinline]] void measure(const Mask<R>& running) {
    constexpr int together = 4;
    R largest[together][numbers];
    const auto take = [&](int i, auto c) __attribute__((always_inline)) {
      each_register<numbers>([&](auto j) { largest[c][j] = max(largest[c][j], abs(numbers_of(at_[i])[j])); });
    };
    each_register<together>([&](auto c) { each_register<numbers>([&](auto j) { largest[c][j] = R(0); }); });
    int i = 0;
    for (; i + together <= n_; i += together) each_register<together>([&](auto c) { take(i + c, c); });
    for (; i < n_; ++i) take(i, std::integral_constant<int, 0>{});
    each_register<numbers>([&](auto j) {
      each_register<together - 1>([&](auto c) { largest[0][j] = max(largest[0][j], largest[c + 1][j]); });
      numbers_of(bound_)[j] = select(running, largest[0][j], R(0));
    });
  }
  /// The numbers of a coordinate or of weights one after the other.
  template <class C>
  OMG_HD static auto numbers_of(C& of) {
    return reinterpret_cast<std::conditional_t<std::is_const_v<C>, const R*, R*>>(&of);
  }

  /// The first one times the stiffness.
  void rates_at(std::int64_t t, R* rates) const {
    for (int j = 0; j < scheduled; ++j) rates[j] = k_.at(j, static_cast<int>(t));
    rates[0] = rates[0] * stiffness_;
  }

  void make_scaled(int summed, R* sums) {
    each_register<most>([&](auto k) {
      if (count_ != k + 1) return;
      if (summed == 0)
        sweep<k + 1, 0>(sums);
      else if (summed == 1)
        sweep<k + 1, 1>(sums);
      else
        sweep<k + 1, k + 1>(sums);
    });
  }

  /// A pass in which scales of some lanes leave their bounds, as steps are next to none: these lanes go on without
  /// scales, beside the others, so that every lane has the bits that it always has.
  [[gnu::noinline]] void make_both(Coordinate& scale, int summed, R* sums) {
    Coordinate* const plain = at_ + n_;
    R plain_sums[most];
    for (int i = 0; i < n_; ++i)
      each_register<numbers>(
          [&](auto j) { numbers_of(plain[i])[j] = numbers_of(at_[i])[j] / numbers_of(scale_[0])[j]; });
    for (int k = 0; k < count_; ++k) {
      R rates[scheduled];
      rates_at(begin_ + 1 + k, rates);
      plain_sums[k] = advance(plain, rates);
    }
    make_scaled(summed, sums);
    for (int i = 0; i < n_; ++i)
      each_register<numbers>(
          [&](auto j) { numbers_of(at_[i])[j] = select(fits_, numbers_of(at_[i])[j], numbers_of(plain[i])[j]); });
    each_register<numbers>([&](auto j) { numbers_of(scale)[j] = select(fits_, numbers_of(scale)[j], R(1)); });
    for (int k = 0; k < summed; ++k) sums[k] = select(fits_, sums[k], plain_sums[k]);
    bounded_at_ = -1;
  }

  /// One iteration without scales. Returns Σ v² before it.
  R advance(Coordinate* at, const R* rates) const {
    Coordinate here = outside();
    R before = R(0), sum = R(0);
    for (int i = 0; i <= n_; ++i) {
      const Coordinate ahead = i < n_ ? at[i] : outside();
      const R v = here.point() - ahead.point(), jump = here.output() - ahead.output();
      sum = fma(jump, jump, sum);
      if (i > 0) {
        at[i - 1] = here;
        at[i - 1].advance(rates, v - before);
      }
      before = v;
      here = ahead;
    }
    return sum;
  }

  /// d₀ = d_{n+1} = 0
  static Coordinate outside() {
    const R zeros[Kernel::Method::parameters]{};
    return Coordinate::start(R(0), zeros);
  }

  /// A wave of iterations over the coordinates: iteration k + 1 is two coordinates behind iteration k, so that all of
  /// them are independent of one another at every step.
  template <int Iterations, int Summed>
  [[gnu::noinline]] void sweep(R* sums) {
    constexpr int last = Iterations - 1;
    Coordinate here[Iterations], ahead[Iterations];
    R part[Iterations], sum[Iterations], power[Iterations], rest[Iterations];
    each_register<Iterations>([&](auto k) {
      here[k] = ahead[k] = outside();
      part[k] = sum[k] = R(0);
    });
    // In float32 squares could leave the range: what is summed is divided by the power of two in its scale.
    constexpr bool narrow = sizeof(T) < 8;
    each_register<Summed>([&](auto k) {
      const R& scale = scale_[k].output();
      power[k] = narrow ? R(1) / power_of_two(scale) : R(1);
      rest[k] = scale * power[k];
    });
    Weights weights[Iterations];
    each_register<Iterations>([&](auto k) { weights[k] = weights_[k]; });
    const Coordinate taken = taken_;
    const int n = n_;
    Coordinate* const at = at_;
    const auto step = [&](int i, auto edge) __attribute__((always_inline)) {
      each_register<Iterations>([&](auto down) __attribute__((always_inline)) {
        constexpr int k = last - down;
        const int own = i - 2 * k - 1;
        const bool inside = !edge || (own >= 0 && own < n);
        if constexpr (k < Summed) {
          R jump = here[k].output() - ahead[k].output();
          if constexpr (narrow && k > 0) jump = jump * power[k];  // before the first iteration that is 1
          sum[k] = fma(jump, jump, sum[k]);
        }
        Coordinate out = here[k];
        out.chain(weights[k], part[k] + ahead[k].point());
        part[k] = ahead[k].part(weights[k], here[k].point());
        here[k] = ahead[k];
        if constexpr (k == last) {
          if (inside)
            each_register<numbers>([&](auto j) { numbers_of(at[own])[j] = numbers_of(out)[j] * numbers_of(taken)[j]; });
        } else {
          ahead[k + 1] = inside ? out : outside();
        }
      });
      ahead[0] = !edge || i + 1 < n ? at[i + 1] : outside();
    };
    const std::true_type edge{};
    const std::false_type inner{};
    ahead[0] = at[0];
    int i = 0;
    for (; i < 2 * Iterations; ++i) step(i, edge);
    for (; i + 4 < n; i += 4) {
      step(i, inner);
      step(i + 1, inner);
      step(i + 2, inner);
      step(i + 3, inner);
    }
    for (; i < n + 2 * Iterations; ++i) step(i, edge);
    each_register<Summed>([&](auto k) { sums[k] = sum[k] / (rest[k] * rest[k]); });
  }

  int n_;
  Coordinate* at_;
  const Coefficients<R, Kernel::Method::parameters>& k_;
  R stiffness_;
  // Of the next pass:
  std::int64_t begin_ = 0;
  int count_ = 0;
  Coordinate scale_[most + 1];  ///< before each iteration and after the last
  Weights weights_[most];
  Mask<R> fits_;      ///< lanes whose scales stay within bounds
  Coordinate taken_;  ///< powers of two that it takes out of the scales
  Bound bound_;       ///< of the numbers of `at_` before iteration bounded_at_ + 1
  std::int64_t bounded_at_ = -1;
};

/// Packs of arena that a group takes in dimension n.
template <class Kernel, class R>
long long wavefront_room(int n) {
  return 2LL * Chain<Kernel, R>::numbers * n;
}

/// Runs one group from its start to T and observes it as `run_lanes` does. Where only recorded iterations ask for a
/// gap, others have none: but only while no lane can have diverged in between.
template <class Kernel, class R>
void run_wavefront(const GroupArguments<typename R::T>& a) {
  using T = typename R::T;
  const auto k = coefficients<typename Kernel::Method, R, Options>(a);
  Chain<Kernel, R> chain(a, k);
  const ObserverOptions& o = a.observer;
  Observer<R> seen = observer_of<R>(a);
  const bool every = sees_every_iteration(o);
  Accumulator<T>& out = *a.out;
  out.ended = 0;

  std::int64_t next = 0, sample = 0, t = 0;
  Patience patience{a.iterations};
  const auto observe = [&](std::int64_t now, const R& sum) {
    const auto nothing = [] { return R(0); };
    if (seen.observe(o, a.observed, static_cast<int>(now), chain.gap(sum), nothing, nothing)) {
      const int more = note_endings<R>(seen.lost, seen.met_gap, seen.met_gradient,
                                       {End::ran, static_cast<int>(next), now, now, 0}, a.endings);
      out.ended += more;
      patience.lanes_ended(a, out.ended, more, now);
    }
    if (out.ended < a.lanes && next < a.records && a.record_at[next] == now) enter_record(seen, a, next++, sample);
  };

  constexpr int most = Chain<Kernel, R>::most;
  R sums[most];
  while (t < patience.until && out.ended < a.lanes) {
    std::int64_t due = next;
    if (due < a.records && a.record_at[due] == t) ++due;
    const std::int64_t left = (due < a.records ? a.record_at[due] : a.iterations) - t,
                       passes = (left + most - 1) / most;
    int count = static_cast<int>((left + passes - 1) / passes);
    const bool close = left < 3;  // iterations that are looked at
    if (close) count = static_cast<int>(std::min<std::int64_t>(most, a.iterations - t));
    chain.begin_pass(t, count);
    const bool all = every || close || !chain.stays_finite(seen.scale, seen.running);
    const int summed = all ? count : due > next || t == 0 ? 1 : 0;
    chain.make_pass(summed, sums);
    for (int i = t == 0 ? 1 : 0; i < summed && out.ended < a.lanes; ++i) observe(t + i, sums[i]);
    t += count;
  }
  out.left = out.ended < a.lanes && patience.until < a.iterations;
  if (out.ended < a.lanes && !out.left) observe(a.iterations, chain.sum());
  out.iterations += t;
  enter_frozen(seen, a, next, sample);

  out.gradients = a.iterations;
  out.functions = 0;
  leave(seen, a);
}

}  // namespace omg::cpu
