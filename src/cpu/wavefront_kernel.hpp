#pragma once

#include <algorithm>
#include <cstdint>

#include "kernel.hpp"

namespace omg::cpu {

/// A number that bounds the absolute values of many. What an iteration makes of bounds bounds what it makes of numbers.
template <class R>
struct Magnitude {
  R bound;

  friend OMG_HD Magnitude operator+(const Magnitude& a, const Magnitude& b) { return {a.bound + b.bound}; }
  friend OMG_HD Magnitude operator-(const Magnitude& a, const Magnitude& b) { return {a.bound + b.bound}; }
  friend OMG_HD Magnitude operator*(const Magnitude& a, const Magnitude& b) { return {a.bound * b.bound}; }
  friend OMG_HD Magnitude fma(const Magnitude& a, const Magnitude& b, const Magnitude& c) { return a * b + c; }
  friend OMG_HD Magnitude nmadd(const Magnitude& a, const Magnitude& b, const Magnitude& c) { return a * b + c; }
};

/// The lanes of a group on a chain: their coordinates between iterations, centred at x*, and passes over them.
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
  using Rates = R[scheduled];  ///< their values at an iteration, the first one times the stiffness

  /// Iterations of a pass: as many as there are registers for: two coordinates, a difference and a sum each.
  static constexpr int most = [] {
    constexpr int registers = sizeof(typename R::Register) == 64 ? 32 : 16, held = 2 * numbers + 2;
    return std::min(5, (registers - 4) / held);
  }();

  Chain(const GroupArguments<T>& a, const Coefficients<R, Kernel::Method::parameters>& k)
      : n_(a.family.n), at_(reinterpret_cast<Coordinate*>(a.arena)), k_(k) {
    const auto instance = PackInstance<R>::of(a.family);
    stiffness_ = Kernel::Family::stiffness(instance);
    for (int i = 0; i < n_; ++i) at_[i] = Coordinate::start(instance.start(i) - instance.minimiser(i), k.constant);
  }

  /// Makes iterations t + 1 … t + count. Σ v² before iteration t + 1 + k goes to sums[k], for k < summed: 0, 1 or
  /// count.
  void pass(int summed, int count, std::int64_t t, R* sums) {
    Rates rates[most];
    for (int k = 0; k < count; ++k) rates_at(t + 1 + k, rates[k]);
    each_register<most>([&](auto k) {
      if (count != k + 1) return;
      if (summed == 0)
        sweep<k + 1, 0>(rates, sums);
      else if (summed == 1)
        sweep<k + 1, 1>(rates, sums);
      else
        sweep<k + 1, k + 1>(rates, sums);
    });
    if (summed == 0) return;
    energy_ = sums[0];
    energy_at_ = t;
  }

  /// f − f*
  R gap(const R& sum) const { return R(0.5) * stiffness_ * sum; }

  /// Σ v², as `sweep` adds it up.
  [[gnu::noinline]] R sum() const {
    R total[2] = {R(0), R(0)}, before = R(0);
    for (int i = 0; i <= n_; ++i) {
      const R here = i < n_ ? at_[i].output() : R(0), v = before - here;
      total[i % 2] = fma(v, v, total[i % 2]);
      before = here;
    }
    return total[0] + total[1];
  }

  /// Whether no lane of `running` can diverge at iterations t + 1 … t + count, gaps being divided by 1/scale.
  bool stays_finite(std::int64_t t, int count, const R& scale, const Mask<R>& running) {
    if (bounded_at_ == t && grow_bound(count, scale)) return true;
    if constexpr (numbers == 1) {
      // |d_i| ≤ Σ |v_j| ≤ √((n + 1) Σ v²), which the last pass has told
      if (energy_at_ >= 0) {
        numbers_of(bound_)[0] = select(running, sqrt(R(n_ + 1) * energy_), R(0));
        bounded_at_ = energy_at_;
        if (grow_bound(static_cast<int>(t - energy_at_) + count, scale)) return true;
      }
    }
    measure(running);
    bounded_at_ = t;
    return grow_bound(count, scale);
  }

 private:
  using Bound = typename Kernel::template Coordinate<Magnitude<R>>;

  /// Takes the bound over some iterations if it stays far enough below what counts as divergence.
  [[gnu::noinline]] bool grow_bound(int count, const R& scale) {
    Bound grown = bound_;
    R size(0);
    for (int k = 1; k <= count; ++k) {
      R rates[scheduled];
      rates_at(bounded_at_ + k, rates);
      Magnitude<R> sizes[scheduled];
      for (int j = 0; j < scheduled; ++j) sizes[j].bound = abs(rates[j]);
      grown.advance(sizes, Magnitude<R>{R(4) * grown.point().bound});  // |v_i − v_{i−1}| ≤ 4 max |d|
      size = max(size, grown.output().bound);
    }
    // Σ v² ≤ (n + 1) (2 max |d|)²
    if (!all(gap(R(4) * R(n_ + 1) * size * size) * scale <= R(1e29))) return false;
    bound_ = grown;
    bounded_at_ += count;
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
  template <class C>
  OMG_HD static auto numbers_of(C& coordinate) {
    return reinterpret_cast<std::conditional_t<std::is_const_v<C>, const R*, R*>>(&coordinate);
  }

  void rates_at(std::int64_t t, R* rates) const {
    for (int j = 0; j < scheduled; ++j) rates[j] = k_.at(j, static_cast<int>(t));
    rates[0] = rates[0] * stiffness_;
  }

  /// A wave of iterations over the coordinates: iteration k + 1 is two coordinates behind iteration k, so that all of
  /// them are independent of one another at every step.
  template <int Iterations, int Summed>
  [[gnu::noinline]] void sweep(const Rates* rates, R* sums) {
    constexpr int last = Iterations - 1;
    const R zeros[Kernel::Method::parameters]{};
    const Coordinate outside = Coordinate::start(R(0), zeros);  // d₀ = d_{n+1} = 0
    Coordinate here[Iterations], ahead[Iterations];
    R before[Iterations], sum[Iterations][2];  // v_{i−1}; Σ v² of even and odd i, as one addition waits for the last
    each_register<Iterations>([&](auto k) {
      here[k] = ahead[k] = outside;
      before[k] = sum[k][0] = sum[k][1] = R(0);
    });
    const int n = n_;
    Coordinate* const at = at_;
    const auto step = [&](int i, auto parity, auto edge) __attribute__((always_inline)) {
      each_register<Iterations>([&](auto down) __attribute__((always_inline)) {
        constexpr int k = last - down;
        const int own = i - 2 * k - 1;
        const bool inside = !edge || (own >= 0 && own < n);
        const R v = here[k].point() - ahead[k].point();
        if constexpr (k < Summed) {
          const R jump = here[k].output() - ahead[k].output();
          sum[k][parity] = fma(jump, jump, sum[k][parity]);
        }
        Coordinate out = here[k];
        out.advance(rates[k], v - before[k]);
        before[k] = v;
        here[k] = ahead[k];
        if constexpr (k == last) {
          if (inside) at[own] = out;
        } else {
          ahead[k + 1] = inside ? out : outside;
        }
      });
      ahead[0] = !edge || i + 1 < n ? at[i + 1] : outside;
    };
    const std::integral_constant<int, 0> even{};
    const std::integral_constant<int, 1> odd{};
    const std::true_type edge{};
    const std::false_type inner{};
    ahead[0] = at[0];
    int i = 0;
    for (; i < 2 * Iterations; i += 2) {
      step(i, even, edge);
      step(i + 1, odd, edge);
    }
    for (; i + 6 < n; i += 6) {  // after three steps a register has its part again, after two a sum
      step(i, even, inner);
      step(i + 1, odd, inner);
      step(i + 2, even, inner);
      step(i + 3, odd, inner);
      step(i + 4, even, inner);
      step(i + 5, odd, inner);
    }
    for (; i < n + 2 * Iterations; i += 2) {
      step(i, even, edge);
      step(i + 1, odd, edge);
    }
    each_register<Summed>([&](auto k) { sums[k] = sum[k][0] + sum[k][1]; });
  }

  int n_;
  Coordinate* at_;
  const Coefficients<R, Kernel::Method::parameters>& k_;
  R stiffness_;
  Bound bound_;  ///< of the coordinates after iteration
  std::int64_t bounded_at_ = -1;
  R energy_;  ///< Σ v² at the iteration before the last pass
  std::int64_t energy_at_ = -1;
};

/// Packs of arena that a group takes in dimension n.
template <class Kernel, class R>
long long wavefront_room(int n) {
  return static_cast<long long>(Chain<Kernel, R>::numbers) * n;
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
    const bool all = every || left < 3 || !chain.stays_finite(t, count, seen.scale, seen.running);
    if (all) count = static_cast<int>(std::min<std::int64_t>(most, a.iterations - t));
    const int summed = all ? count : due > next || t == 0 ? 1 : 0;
    chain.pass(summed, count, t, sums);
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
