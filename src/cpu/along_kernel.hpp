#pragma once

#include "coordinate_context.hpp"
#include "kernel.hpp"

namespace omg::cpu {

/// Numbers of arena that a lane of a kernel along coordinates takes in dimension n.
template <class Kernel, class R>
long long along_room(int n) {
  using C = CoordinateContext<R>;
  using F = FamilyOracle<typename Kernel::Family, C, Shape, CoordinateInstance<R>>;
  using Lane = typename Kernel::Method::template Lane<C, F, Options>;
  const C c(n, nullptr);
  const Shape shape;
  const CoordinateInstance<R> instance{nullptr, n};
  F f(c, shape, instance);
  const Options options;
  const typename Lane::K k{};
  const Lane lane(c, f, options, k, {});
  (void)lane;
  return (c.used() + C::registers(n)) * R::width;  // and a gradient that only the observer needs
}

/// Larger (or smaller) of what a thread has seen and one lane, with its row; equal values keep the earlier row.
template <class T, class Better>
OMG_HD void keep(T* value, T* row, T candidate, T candidate_row, Better better) {
  if (!better(candidate, *value)) return;
  *value = candidate;
  *row = candidate_row;
}

/// What most studies observe, as constants of the machine code.
template <bool Certificate>
struct UsualObservation {
  static constexpr bool certificate = Certificate, loss = true, sup = false, regret = false, stop_gap = false,
                        stop_gradient = false;
  static constexpr int targets = 0;
};

/// Runs the lanes of a group one after the other, each from its start to T, and observes every iteration as `run_lanes`
/// does. Records of the lanes stand one behind the other; rows number lanes.
template <class Kernel, class R, int Registers, class Observed>
[[gnu::flatten]] void run_lanes_along(const GroupArguments<typename R::T>& arguments, const Observed& o) {
  using T = typename R::T;
  using Method = typename Kernel::Method;
  using C = CoordinateContext<R, Registers>;
  using F = FamilyOracle<typename Kernel::Family, C, Shape, CoordinateInstance<R>>;
  const GroupArguments<T> a = arguments;  // stores to the arrays of a group do not change what is local
  const int n = a.family.n;
  const Accumulator<T>& out = *a.out;
  int ended_lanes = 0;
  std::int64_t iterations = 0;
  for (int l = 0; l < a.lanes; ++l) {
    const C c(n, reinterpret_cast<R*>(a.arena));
    const CoordinateInstance<R> instance{a.family.record + l * a.record_stride, n};
    F f(c, a.family.shape, instance);
    typename Method::template Lane<C, F, Options>::K k;
    unrolled<Method::parameters>([&](int j) {
      k.constant[j] = R(a.constants[j * a.width + l]);
      k.table[j] = a.tables[j];
    });
    k.alpha = a.alpha;
    k.rho = a.rho;
    k.initial = a.initial;
    typename Method::template Lane<C, F, Options> lane(c, f, a.options, k, bounds_of<Method, R>(a, k));
    auto room = c.template vector<PointDim>();
    Observer<T> seen(o, a.observed, a.inverse_scale[l], a.inverse_bound[l], true);
    const T row = a.row + static_cast<T>(l);
    std::int64_t sample = 0;
    const auto enter = [&](std::int64_t record) {
      const T shown = seen.shown();
      if (seen.counted) {
        keep(out.largest + record, out.largest_row + record, shown, row, [](T p, T q) { return p > q; });
        keep(out.smallest + record, out.smallest_row + record, shown, row, [](T p, T q) { return p < q; });
      }
      if (a.sample_records[sample] == record) a.samples[sample++ * a.sample_stride + l] = shown;
    };

    const bool traced = Registers == 0 && a.trace_gap != nullptr;
    const auto trace = [&](std::int64_t t, T gap) {
      if constexpr (Registers == 0) {
        if (!traced) return;
        a.trace_gap[(t - 1) * a.width + l] = gap;
        const T *point = reinterpret_cast<const T*>(lane.output().p), *centre = instance.record + n;
        for (int i = 0; i < n; ++i) a.trace_point[((t - 1) * n + i) * a.width + l] = point[i] + centre[i];
      }
    };

    lane.start();
    std::int64_t next = 0, t = 1;
    for (; t <= a.iterations; ++t) {
      const T gap = lane.advance(static_cast<int>(t)).v[0].get(0);
      trace(t, gap);
      const bool ended = seen.observe(
          o, a.observed, static_cast<int>(t), gap, [&] { return squared_gradient_norm(c, lane, f, room).v[0].get(0); },
          [&] { return regret_at(lane, static_cast<int>(t)).v[0].get(0); });
      if (ended) {
        const End why = seen.lost ? End::diverged : seen.met_gap ? End::gap : End::gradient_norm;
        a.endings[l] = {why, static_cast<int>(next), t, f.gradients, f.functions};
        ++ended_lanes;
        // Trajectories are whole.
        for (std::int64_t later = t + 1; traced && later <= a.iterations; ++later)
          trace(later, lane.advance(static_cast<int>(later)).v[0].get(0));
        break;
      }
      if (next < a.records && a.record_at[next] == t) enter(next++);
    }
    iterations += t < a.iterations ? t : a.iterations;
    for (; next < a.records; ++next) enter(next);  // it ended before T: what it is frozen at
    if (a.endings[l].why == End::ran) {
      a.out->gradients = f.gradients;
      a.out->functions = f.functions;
    }
    a.last[l] = seen.last;
    a.ratio[l] = seen.ratio;
    a.ratio_at[l] = seen.ratio_at;
    a.loss[l] = seen.loss;
    a.sup[l] = seen.sup;
    a.regret[l] = seen.regret;
    for (int j = 0; j < o.targets; ++j) a.reached[j * a.width + l] = seen.first[j];
  }
  a.out->iterations += iterations;
  a.out->ended = ended_lanes;
}

/// Points of 64 coordinates are held by value where the registers have room for most of them beside the sums of a
/// product, and only the usual is observed: the others lie on the stack, which no pointer reaches. The bits are the
/// same.
template <class Kernel, class R>
void run_along(const GroupArguments<typename R::T>& a) {
  const ObserverOptions& o = a.observer;
  constexpr int registers = 64 / R::width;
  if constexpr (Kernel::vectors > 0 && Kernel::vectors * registers <= 3 * sums_in_flight<R>) {
    const bool usual = !(o.sup || o.regret || o.stop_gap || o.stop_gradient || o.targets > 0 || a.trace_gap != nullptr);
    if (usual && CoordinateContext<R>::registers(a.family.n) == registers)
      return o.certificate ? run_lanes_along<Kernel, R, registers>(a, UsualObservation<true>{})
                           : run_lanes_along<Kernel, R, registers>(a, UsualObservation<false>{});
  }
  run_lanes_along<Kernel, R, 0>(a, o);
}

}  // namespace omg::cpu
