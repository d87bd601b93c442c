#pragma once

#include <limits>

#include "omg/lane/context.hpp"
#include "omg/lane/domain.hpp"
#include "omg/lane/meta_gradient.hpp"

#include "arguments.hpp"
#include "pack.hpp"
#include "pack_instance.hpp"

namespace omg::cpu {

/// Family evaluations behind a function pointer: n known at run time, vectors in memory. Methods ×
/// families would be hundreds of kernels; this way it is methods + families.
template <class R>
struct ErasedFamily {
  using T = typename R::T;
  using Real = R;
  const FamilyArguments<T>& arguments;
  const FamilyKernels<T>& kernels;
  T* scratch;
  int gradients = 0;
  int functions = 0;

  template <class X>
  OMG_HD void start(X& x) {
    const PackInstance<R> instance(arguments);
    for (int i = 0; i < arguments.n; ++i) x[i] = instance.start(i);
  }
  template <class X, class G>
  OMG_HD void gradient(const X& x, G& g) {
    ++gradients;
    kernels.gradient(arguments, numbers(x), numbers(g), nullptr, scratch);
  }
  template <class X, class G>
  OMG_HD R gap_and_gradient(const X& x, G& g) {
    ++gradients;
    R gap;
    kernels.both(arguments, numbers(x), numbers(g), reinterpret_cast<T*>(&gap), scratch);
    return gap;
  }
  template <class X>
  OMG_HD R gap(const X& x) {
    R value;
    kernels.gap(arguments, numbers(x), nullptr, reinterpret_cast<T*>(&value), scratch);
    return value;
  }
  OMG_HD void count_function() { ++functions; }

  template <class X>
  OMG_HD static T* numbers(const X& x) {
    return reinterpret_cast<T*>(x.p);
  }
};

/// Element-wise larger (or smaller) of what a thread has seen and a pack of lanes, with the row that
/// attains it; equal values keep the earlier row, whose lanes are the lower ones.
template <class R, class Better>
OMG_HD void keep(typename R::T* value, typename R::T* row, const R& candidate, typename R::T first_row, Better better) {
  using Register = typename R::Register;
  using T = typename R::T;
  Register best = candidate.v[0], where = Register(first_row);
  for (int k = 1; k < R::registers; ++k) {
    const auto wins = better(candidate.v[k], best);
    best = xsimd::select(wins, candidate.v[k], best);
    where = xsimd::select(wins, Register(first_row + static_cast<T>(k)), where);
  }
  const Register held = Register::load_aligned(value);
  const auto wins = better(best, held);
  if (!xsimd::any(wins)) return;
  xsimd::select(wins, best, held).store_aligned(value);
  xsimd::select(wins, where, Register::load_aligned(row)).store_aligned(row);
}

/// Runs one group from its start to T and observes every iteration (spec, section 6): the same rules as
/// Recorder, for `width` lanes at once.
template <class Method, class R, class C, class F>
OMG_HD void run_lanes(const C& c, F& f, const GroupArguments<typename R::T>& a) {
  using T = typename R::T;
  Coefficients<R, Method::parameters> k;
  for (int j = 0; j < Method::parameters; ++j) {
    k.constant[j] = R::load(a.constants + j * R::width);
    k.table[j] = a.tables[j];
  }
  k.alpha = a.alpha;
  k.rho = a.rho;
  k.initial = a.initial;
  Bounds<R> bounds{R(0), R(0), R(0), a.lower, a.upper};
  if constexpr (requires { Method::rule_offset; }) {
    bounds.lower = k.at(MetaParameters::lower);
    bounds.upper = k.at(MetaParameters::upper);
    bounds.radius = k.at(MetaParameters::radius);
  }
  typename Method::template Lane<C, F, Options> lane(c, f, a.options, k, bounds);

  const R scale = R::load(a.inverse_scale), limit = R(1e30);
  alignas(64) T index[R::width];
  for (int l = 0; l < R::width; ++l) index[l] = static_cast<T>(l);
  auto alive = R::load(index) < R(a.lanes);
  int living = a.lanes;

  const R bound = R::load(a.inverse_bound);
  R ratio = R(-1), ratio_at = R(0), loss = R(0), last = R(-1);
  std::int64_t next = 0;
  Accumulator<T>& out = *a.out;

  lane.start();
  std::int64_t t = 1;
  for (; t <= a.iterations; ++t) {
    const R gap = lane.advance(static_cast<int>(t));
    const R normalised = gap * scale;
    // A NaN fails the comparison.
    const auto sound = (abs(normalised) <= limit) & alive;
    if (a.trace_gap != nullptr) {
      gap.store(a.trace_gap + (t - 1) * R::width);
      for (int i = 0; i < a.family.n; ++i)
        lane.output()[i].store(a.trace_point + ((t - 1) * a.family.n + i) * R::width);
    }
    if (any(alive & !sound)) {
      const R was = select(alive, R(1), R(0)), is = select(sound, R(1), R(0));
      alignas(64) T before[R::width], after[R::width];
      was.store(before);
      is.store(after);
      int lost = 0;
      for (int l = 0; l < R::width; ++l) lost += before[l] != after[l];
      out.diverged[next] += static_cast<std::uint64_t>(lost);
      out.gradients += static_cast<std::uint64_t>(lost) * static_cast<std::uint64_t>(f.gradients);
      out.functions += static_cast<std::uint64_t>(lost) * static_cast<std::uint64_t>(f.functions);
      out.lane_iterations += static_cast<std::uint64_t>(lost) * static_cast<std::uint64_t>(t);
      alive = sound;
      living -= lost;
      if (living == 0) break;
    }
    loss = loss + gap;
    last = gap;
    if (a.inverse_bound_table != nullptr) {
      const R now = gap * bound * R(a.inverse_bound_table[t]);
      const auto grows = (now > ratio) & alive;
      ratio = select(grows, now, ratio);
      ratio_at = select(grows, R(static_cast<T>(t)), ratio_at);
    }
    if (next < a.records && a.record_at[next] == t) {
      const auto width = R::register_width;
      keep(out.largest + next * width, out.largest_row + next * width, select(alive, normalised, R(-1)), a.row,
           [](const auto& p, const auto& q) { return p > q; });
      keep(out.smallest + next * width, out.smallest_row + next * width,
           select(alive, normalised, R(std::numeric_limits<T>::infinity())), a.row,
           [](const auto& p, const auto& q) { return p < q; });
      ++next;
    }
  }
  const auto survivors = static_cast<std::uint64_t>(living);
  out.gradients += survivors * static_cast<std::uint64_t>(f.gradients);
  out.functions += survivors * static_cast<std::uint64_t>(f.functions);
  out.lane_iterations += survivors * static_cast<std::uint64_t>(a.iterations);
  ratio.store(a.ratio);
  ratio_at.store(a.ratio_at);
  loss.store(a.loss);
  select(alive, last, R(-1)).store(a.last);
}

/// Packs that the vectors of one lane of a method take in dimension n.
template <class Method, class R>
long long arena_size(int n) {
  using C = ArenaContext<R>;
  const C c{n, nullptr};
  const FamilyArguments<typename R::T> family;
  const FamilyKernels<typename R::T> kernels;
  ErasedFamily<R> f{family, kernels, nullptr};
  const Options options;
  const Coefficients<R, Method::parameters> k{};
  const Bounds<R> bounds{};
  const typename Method::template Lane<C, ErasedFamily<R>, Options> lane(c, f, options, k, bounds);
  (void)lane;
  return c.used;
}

/// Any family, any n: vectors in the group's arena, the family's scratch behind them.
template <class Method, class R>
void run_group(const GroupArguments<typename R::T>& a) {
  const ArenaContext<R> c{a.family.n, reinterpret_cast<R*>(a.arena)};
  ErasedFamily<R> f{a.family, a.kernels, a.arena + arena_size<Method, R>(a.family.n) * R::width};
  run_lanes<Method, R>(c, f, a);
}

}  // namespace omg::cpu
