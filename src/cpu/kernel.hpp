#pragma once

#include <limits>

#include "omg/lane/context.hpp"
#include "omg/lane/domain.hpp"
#include "omg/lane/meta_gradient.hpp"
#include "omg/lane/observer.hpp"

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
  static constexpr bool affine_gradient = false;  // not known here
  const FamilyArguments<T>& arguments;
  const FamilyKernels<T>& kernels;
  T* scratch;
  int gradients = 0;
  int functions = 0;
  bool gap_unseen = false;

  template <class X>
  OMG_HD void start(X& x) {
    const auto instance = PackInstance<R>::of(arguments);
    for (int i = 0; i < arguments.n; ++i) x[i] = instance.start(i);
  }
  template <class X, class G>
  OMG_HD void gradient(const X& x, G& g) {
    ++gradients;
    kernels.gradient(arguments, numbers(x), numbers(g), nullptr, scratch);
  }
  template <class X, class G>
  OMG_HD R gap_and_gradient(const X& x, G& g) {
    if (gap_unseen) return gradient(x, g), R(0);
    return known_gap_and_gradient(x, g);
  }
  template <class X, class G>
  OMG_HD R known_gap_and_gradient(const X& x, G& g) {
    ++gradients;
    R gap;
    kernels.both(arguments, numbers(x), numbers(g), reinterpret_cast<T*>(&gap), scratch);
    return gap;
  }
  template <class X>
  OMG_HD R gap(const X& x) {
    if (gap_unseen) return R(0);
    R value;
    kernels.gap(arguments, numbers(x), nullptr, reinterpret_cast<T*>(&value), scratch);
    return value;
  }
  OMG_HD void count_function() { ++functions; }
  /// ∇f(x) for an observer: not counted.
  template <class X, class G>
  OMG_HD void observe_gradient(const X& x, G& g) {
    kernels.gradient(arguments, numbers(x), numbers(g), nullptr, scratch);
  }
  OMG_HD R minimiser(int i) const { return PackInstance<R>::of(arguments).minimiser(i); }

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

/// Writes down how some lanes ended; returns their number. Rare, so it may take its time.
template <class R>
[[gnu::noinline]] int note_endings(const Mask<R>& lost, const Mask<R>& met_gap, const Mask<R>& met_gradient,
                                   const Ending& here, Ending* endings) {
  using T = typename R::T;
  const auto note = [&](const auto& mask, End why) {
    alignas(64) T flag[R::width];
    select(mask, R(1), R(0)).store(flag);
    int count = 0;
    for (int l = 0; l < R::width; ++l) {
      if (flag[l] == T(0)) continue;
      endings[l] = here;
      endings[l].why = why;
      ++count;
    }
    return count;
  };
  return note(lost, End::diverged) + note(met_gap, End::gap) + note(met_gradient, End::gradient_norm);
}

/// How long a group goes on whose lanes end one after the other: until those that have ended have stood idle for as
/// many iterations as it costs to run the others once more. These are left then, and begin again beside others of their
/// kind; as lanes do not see their neighbours, this changes no figure.
struct Patience {
  std::int64_t until;     ///< the last iteration
  std::int64_t made = 0;  ///< iterations of lanes that have ended

  /// `ended` of the lanes have ended by now, `more` of them at t.
  template <class T>
  OMG_HD void lanes_ended(const GroupArguments<T>& a, int ended, int more, std::int64_t t) {
    made += more * t;
    const std::int64_t running = a.lanes - ended;
    if (!a.may_leave || ended <= running) return;
    std::int64_t due = (made + ended - running - 1) / (ended - running);  // ended · t − made ≥ running · t
    if (due < t) due = t;
    if (running * a.iterations < a.lanes * (a.iterations - due)) until = due;
  }
};

/// Enters what the lanes show at recorded iteration `k`.
template <class R>
OMG_HD void enter_record(const Observer<R>& seen, const GroupArguments<typename R::T>& a, std::int64_t k,
                         std::int64_t& sample) {
  using T = typename R::T;
  constexpr auto width = R::register_width;
  const Accumulator<T>& out = *a.out;
  const R shown = seen.shown();
  keep(out.largest + k * width, out.largest_row + k * width, select(seen.counted, shown, R(-1)), a.row,
       [](const auto& p, const auto& q) { return p > q; });
  keep(out.smallest + k * width, out.smallest_row + k * width,
       select(seen.counted, shown, R(std::numeric_limits<T>::infinity())), a.row,
       [](const auto& p, const auto& q) { return p < q; });
  if (a.sample_records[sample] == k) shown.store(a.samples + sample++ * a.sample_stride);
}

/// Enters what lanes that ended are frozen at in the records from `next` on.
template <class R>
OMG_HD void enter_frozen(Observer<R>& seen, const GroupArguments<typename R::T>& a, std::int64_t next,
                         std::int64_t& sample) {
  seen.counted = seen.counted & !seen.running;
  for (; next < a.records; ++next) enter_record(seen, a, next, sample);
}

/// The parameters of a group's lanes, from its lane `first` on; Width of them in a group. Where they are constant, so
/// is α_t, which then stands in the step of the meta-learner.
template <class Method, class R, class O, int Width = R::width>
OMG_HD auto coefficients(const GroupArguments<typename R::T>& a, int first = 0) {
  Coefficients<R, Method::parameters, steady<O>> k;
  unrolled<Method::parameters>([&](int j) {
    k.constant[j] = R::load(a.constants + j * Width + first);
    k.table[j] = a.tables[j];
    if constexpr (steady<O>)
      if (k.table[j] != nullptr) k.constant[j] = k.constant[j] * R(k.table[j][1]);
  });
  if constexpr (steady<O> && requires { Method::rule_offset; })
    k.constant[MetaParameters::meta_step] = k.constant[MetaParameters::meta_step] * R(a.alpha[1]);
  k.alpha = a.alpha;
  k.rho = a.rho;
  k.initial = a.initial;
  return k;
}

/// The meta-domain of a group's lanes, of methods that have one.
template <class Method, class R, class K>
OMG_HD Bounds<R> bounds_of(const GroupArguments<typename R::T>& a, const K& k) {
  if constexpr (requires { Method::rule_offset; })
    return {k.at(MetaParameters::lower), k.at(MetaParameters::upper), k.at(MetaParameters::radius), a.lower, a.upper};
  return {R(0), R(0), R(0)};
}

/// The observer of a group's lanes; elements that stand for no lane are left out.
template <class R>
OMG_HD Observer<R> observer_of(const GroupArguments<typename R::T>& a) {
  using T = typename R::T;
  alignas(64) T index[R::width];
  for (int l = 0; l < R::width; ++l) index[l] = static_cast<T>(l);
  return Observer<R>(a.observer, a.observed, R::load(a.inverse_scale), R::load(a.inverse_bound),
                     R::load(index) < R(a.lanes));
}

/// A lane that sums up its losses itself: where no gap is formed by its terms, which takes less work.
template <class L>
concept SumsLosses = requires(L lane, typename L::Real gap) {
  lane.step(1);
  gap = lane.gap();
  lane.add_loss();
  lane.add_loss(gap);
  gap = lane.loss();
};

/// Writes what the lanes of a group leave behind.
template <class R>
OMG_HD void leave(const Observer<R>& seen, const GroupArguments<typename R::T>& a) {
  seen.last.store(a.last);
  seen.ratio.store(a.ratio);
  seen.ratio_at.store(a.ratio_at);
  seen.loss.store(a.loss);
  seen.sup.store(a.sup);
  seen.regret.store(a.regret);
  for (int j = 0; j < a.observer.targets; ++j) seen.first[j].store(a.reached + j * R::width);
}

/// Runs one group from its start to T and observes every iteration (spec, section 6): the same rules as
/// Recorder, for `width` lanes at once.
template <class Method, class R, class C, class F, class Choices, class K>
OMG_HD void run_lanes(const C& c, F& f, const GroupArguments<typename R::T>& a, const Choices& choices, const K& k) {
  using T = typename R::T;
  typename Method::template Lane<C, F, Choices> lane(c, f, choices, k, bounds_of<Method, R>(a, k));
  auto room = c.template vector<PointDim>();  // for a gradient that only the observer needs

  const ObserverOptions& o = a.observer;
  Observer<R> seen = observer_of<R>(a);
  Accumulator<T>& out = *a.out;
  out.ended = 0;

  const bool sees_all = !a.kernels.costly_gap || sees_every_iteration(o) || a.trace_gap != nullptr;
  lane.start();
  std::int64_t next = 0, sample = 0, t = 1;
  Patience patience{a.iterations};
  for (; t <= patience.until; ++t) {
    R gap;
    const bool recorded = next < a.records && a.record_at[next] == t;
    if (sees_all || recorded)
      gap = lane.advance(static_cast<int>(t));
    else if (advance_unseen(c, lane, f, a.observed, static_cast<int>(t), seen.running, gap))
      continue;
    if (a.trace_gap != nullptr) {
      gap.store(a.trace_gap + (t - 1) * R::width);
      c.template for_each<PointDim>(
          [&](int i) { lane.output()[i].store(a.trace_point + ((t - 1) * a.family.n + i) * R::width); });
    }
    const Mask<R> running = seen.running;
    const bool ended = seen.observe(
        o, a.observed, static_cast<int>(t), gap, [&] { return squared_gradient_norm(c, lane, f, room); },
        [&] { return regret_at(lane, static_cast<int>(t)); });
    if constexpr (SumsLosses<decltype(lane)>) {
      if (recorded)
        lane.add_loss(gap);
      else
        lane.add_loss();
      seen.loss = select(running, lane.loss(), seen.loss);
    }
    if (ended) {
      const Ending here{End::ran, static_cast<int>(next), t, f.gradients, f.functions};
      // Copies: what a function call may look into cannot stay in registers.
      const Mask<R> lost = seen.lost, met_gap = seen.met_gap, met_gradient = seen.met_gradient;
      const int more = note_endings<R>(lost, met_gap, met_gradient, here, a.endings);
      out.ended += more;
      if (out.ended == a.lanes && a.trace_gap == nullptr) break;  // trajectories are whole
      patience.lanes_ended(a, out.ended, more, t);
    }
    if (recorded) enter_record(seen, a, next++, sample);
  }
  out.iterations += t < patience.until ? t : patience.until;
  out.left = out.ended < a.lanes && patience.until < a.iterations;
  enter_frozen(seen, a, next, sample);

  out.gradients = f.gradients;
  out.functions = f.functions;
  leave(seen, a);
}

template <class Method, class R, class C, class F>
OMG_HD void run_lanes(const C& c, F& f, const GroupArguments<typename R::T>& a) {
  run_lanes<Method, R>(c, f, a, a.options, coefficients<Method, R, Options>(a));
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
  return c.used + n;  // and a gradient that only the observer needs
}

/// Any family, any n: vectors in the group's arena, the family's scratch behind them.
template <class Method, class R>
void run_group(const GroupArguments<typename R::T>& a) {
  const ArenaContext<R> c{a.family.n, reinterpret_cast<R*>(a.arena)};
  ErasedFamily<R> f{a.family, a.kernels, a.arena + arena_size<Method, R>(a.family.n) * R::width};
  run_lanes<Method, R>(c, f, a);
}

template <class Method, class R>
MethodKernel<typename R::T> method_kernel() {
  return {&run_group<Method, R>, &arena_size<Method, R>};
}

}  // namespace omg::cpu
