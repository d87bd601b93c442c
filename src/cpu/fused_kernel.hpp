#pragma once

#include "omg/lane/family.hpp"

#include "kernel.hpp"

namespace omg::cpu {

/// The options of a method as constants of the machine code; the horizon alone is known when the program runs.
template <class Kernel>
struct ConstantOptions {
  static constexpr Hint hint = Kernel::options.hint;
  static constexpr Target target = Kernel::options.target;
  static constexpr Domain domain = Kernel::options.domain;
  static constexpr int bootstrap_steps = Kernel::options.bootstrap_steps;
  static constexpr bool averaged = Kernel::options.averaged;
  static constexpr bool null_step = Kernel::options.null_step;
  static constexpr bool steady = Kernel::steady;
  int horizon;
};

/// The sizes of a problem as constants of the machine code.
template <class Kernel>
struct ConstantShape {
  static constexpr int n = Kernel::shape.n, terms = Kernel::shape.terms;
  static constexpr bool rotated = Kernel::shape.rotated;
};

/// A group as its kernel takes it. Gaps are those of f ÷ gap_factor, and what they are multiplied by takes this back.
template <class Kernel, class R>
struct FusedGroup {
  using T = typename R::T;
  using Family = typename Kernel::Family;
  static constexpr int lanes = R::width;
  static constexpr bool has_unit = requires { Family::gap_factor; };
  static constexpr int entries = has_unit ? Kernel::shape.n * Kernel::shape.n : 1, width = has_unit ? R::width : 1;
  static constexpr bool has_matrix = has_unit;  ///< of its own, in the place of the instances' fields

  alignas(64) T matrix[entries * width];
  alignas(64) T unit[width], scale[width], bound[width];
  const T *record, *fields, *inverse_scale, *inverse_bound;

  OMG_HD explicit FusedGroup(const GroupArguments<T>& a)
      : record(a.family.record),
        fields(record + 2 * Kernel::shape.n * R::width),
        inverse_scale(a.inverse_scale),
        inverse_bound(a.inverse_bound) {
    if constexpr (has_unit) {
      const R one(Family::gap_factor);
      for (int k = 0; k < entries; ++k) R::load(fields + k * R::width).store(matrix + k * R::width);
      one.store(unit);
      (R::load(inverse_scale) * one).store(scale);
      (R::load(inverse_bound) * one).store(bound);
      fields = matrix;
      inverse_scale = scale;
      inverse_bound = bound;
    }
  }
  /// The gap that is recorded, of the lanes from `first` on.
  template <class One>
  OMG_HD One shown(const One& gap, int first) const {
    return gap * One::load(inverse_scale + first);
  }
  /// The same less `low`.
  template <class One>
  OMG_HD One shown_above(const One& low, const One& gap, int first) const {
    return fma(gap, One::load(inverse_scale + first), -low);
  }
  /// f(x) − f*, or a sum of such, of the lanes from `first` on.
  template <class One>
  OMG_HD One own(const One& gap, int first = 0) const {
    if constexpr (has_unit)
      return gap * One::load(unit + first);
    else
      return gap;
  }
};

/// The instances of the lanes of a register (or some) of a group, those from `first` on; f(x) − f* is in units of the
/// group.
template <class Kernel, class R, class Group>
struct FusedInstance {
  static constexpr bool without_gap_factor = true;
  using Numbers = const typename R::T*;
  const Group& group;
  const Numbers& fields;
  int first;

  OMG_HD FusedInstance(const Group& all, const Numbers& own, int from) : group(all), fields(own), first(from) {}
  OMG_HD R at(Numbers numbers, int k) const { return R::load(numbers + k * Group::lanes + first); }
  OMG_HD R start(int i) const { return at(group.record, i) - at(group.record, Kernel::shape.n + i); }
  OMG_HD R minimiser(int) const { return R(0); }
  OMG_HD R field(int k) const { return at(fields, k); }
};

/// The group of a kernel, by its method where that has one of its own.
template <class Kernel, class R>
OMG_HD auto group_of(const GroupArguments<typename R::T>& a) {
  using Method = typename Kernel::Method;
  if constexpr (requires { typename Method::template Group<Kernel, R>; })
    return typename Method::template Group<Kernel, R>(a, coefficients<Method, R, ConstantOptions<Kernel>>(a));
  else
    return FusedGroup<Kernel, R>(a);
}
template <class Kernel, class One, class Group>
struct InstanceIn {
  using type = FusedInstance<Kernel, One, Group>;
};
template <class Kernel, class One, class Group>
requires requires { typename Group::template Instance<One>; }
struct InstanceIn<Kernel, One, Group> {
  using type = typename Group::template Instance<One>;
};

/// `each_row` for lanes in registers, which sums up in multiply-adds.
template <bool Sum, class T, class Arch, int K, int N, class I, class D, class At>
OMG_HD Pack<T, Arch, K> each_row(const RegisterContext<Pack<T, Arch, K>, N>&, const I& in, const D& d, At&& at) {
  using R = Pack<T, Arch, K>;
  R total(0);
  unrolled<N>([&](int i) __attribute__((always_inline)) {
    R product = symmetric_entry(in, i, 0, N) * d[0];
    for (int j = 1; j < N; ++j) product = fma(symmetric_entry(in, i, j, N), d[j], product);
    at(i, product);
    if constexpr (Sum) total = i == 0 ? product * d[0] : fma(product, d[i], total);
  });
  return total;
}

/// Registers of lanes that take each operation side by side. In one dimension a lane is a chain of operations that wait
/// for each other, and has place for the temporaries of all registers.
template <class Kernel, class R>
inline constexpr int together = Kernel::shape.n == 1 ? R::registers : 1;

/// The larger one of a ratio and a gap ÷ its bound, whose factors of the lanes and of t are given as inverses.
template <class One, class T>
OMG_HD One larger_ratio(const One& ratio, const One& gap, const T* inverse_bound, T at_t) {
  return max(ratio, gap * One::load(inverse_bound) * One(at_t));
}

/// Enters gaps of record k that may hold an extreme. A function of its own even in a caller that is flattened.
template <class R>
[[gnu::noinline]] void enter_extremes(const Accumulator<typename R::T>& out, std::int64_t k, const typename R::T* gaps,
                                      typename R::T first_row) {
  constexpr auto width = R::register_width;
  using T = typename R::T;
  const R shown = R::load(gaps);
  const auto enter = [&](T& limit, T* values, T* rows, auto better) {
    if (!any(better(shown, R(limit)))) return;
    keep(values + k * width, rows + k * width, shown, first_row, better);
    T best = values[k * width];
    for (int e = 1; e < width; ++e) best = better(values[k * width + e], best) ? values[k * width + e] : best;
    limit = best;
  };
  enter(out.high[k], out.largest, out.largest_row, [](const auto& p, const auto& q) { return p > q; });
  enter(out.low[k], out.smallest, out.smallest_row, [](const auto& p, const auto& q) { return p < q; });
  out.range[k] = out.high[k] - out.low[k];
}

/// Runs one group of a fused kernel from its start to T and observes loss and certificate, as `run_lanes` does, as long
/// as no lane diverges: then only recorded iterations need a look. At which iteration a certificate is attained matters
/// for one lane of a cell; it is left to the caller. False if a lane may have diverged: then it has entered nothing,
/// and `watch_fused` says all.
///
/// Its registers go through an iteration `together` at a time, and only the temporaries of those have to find place
/// beside the state of all. Flattened, as one call in the loop would send the state to memory.
template <class Kernel, class R, bool Certificate, int... k>
[[gnu::flatten]] bool run_registers(const GroupArguments<typename R::T>& arguments, std::integer_sequence<int, k...>) {
  using T = typename R::T;
  using One = Pack<T, typename R::Arch, together<Kernel, R>>;
  using Method = typename Kernel::Method;
  using C = RegisterContext<One, Kernel::shape.n>;
  using S = ConstantShape<Kernel>;
  using G = decltype(group_of<Kernel, R>(arguments));
  using I = typename InstanceIn<Kernel, One, G>::type;
  using O = ConstantOptions<Kernel>;
  using F = FamilyOracle<typename Kernel::Family, C, S, I>;
  using K = Coefficients<One, Method::parameters, Kernel::steady>;
  using Lane = typename Method::template Lane<C, F, O>;
  constexpr int count = sizeof...(k), width = One::width;
  const GroupArguments<T> a = arguments;  // stores to the arrays of a group do not change what is local
  const C c;
  const S shape;
  const O o{a.options.horizon};
  G group = group_of<Kernel, R>(a);
  const T* fields = group.fields;
  const I instances[] = {I(group, fields, k * width)...};
  F families[] = {F(c, shape, instances[k])...};
  const K parameters[] = {coefficients<Method, One, O, R::width>(a, k * width)...};
  Lane lanes[] = {Lane(c, families[k], o, parameters[k], bounds_of<Method, One>(a, parameters[k]))...};
  One gaps[] = {((void)k, One(0))...}, losses[] = {((void)k, One(0))...}, ratios[] = {((void)k, One(-1))...};

  const Accumulator<T>& out = *a.out;
  (lanes[k].start(), ...);
  std::int64_t t = 0, sample = 0, candidates = 0;
  for (std::int64_t next = 0; next < a.records; ++next) {  // the last of them is T
    const std::int64_t due = a.record_at[next];
    if constexpr (SumsLosses<Lane>) {
      const auto iterate = [&](auto recorded) __attribute__((always_inline)) {
        asm("" : "+m"(group.matrix));  // as below
        each_register<count>([&](auto j) __attribute__((always_inline)) {
          lanes[j].step(static_cast<int>(t));
          if constexpr (recorded || Certificate) gaps[j] = lanes[j].gap();
          if constexpr (recorded)
            lanes[j].add_loss(gaps[j]);
          else
            lanes[j].add_loss();
          if constexpr (Certificate)
            ratios[j] = larger_ratio(ratios[j], gaps[j], group.inverse_bound + j * width, a.observed.inverse_bound[t]);
        });
      };
      while (++t < due) iterate(std::false_type{});
      iterate(std::true_type{});
    } else {
      do {
        ++t;
        // Read anew, where it stands: taken out of the loop it would be copied to the stack.
        if constexpr (G::has_matrix)
          asm("" : "+m"(group.matrix));
        else
          asm("" : "+r"(fields));
        each_register<count>([&](auto j) __attribute__((always_inline)) {
          gaps[j] = lanes[j].advance(static_cast<int>(t));
          losses[j] = losses[j] + gaps[j];
          if constexpr (Certificate)
            ratios[j] = larger_ratio(ratios[j], gaps[j], group.inverse_bound + j * width, a.observed.inverse_bound[t]);
        });
      } while (t < due);
    }
    const One low(out.low[next]), above[] = {group.shown_above(low, gaps[k], k * width)...};
    const bool sampled = a.sample_records[sample] == next, extreme = may_be_beyond(joined<R>(above), out.range[next]);
    if (extreme || sampled) [[unlikely]] {
      const One here[] = {group.shown(gaps[k], k * width)...};
      const auto keep_at = [&](T * to) __attribute__((always_inline)) { (here[k].store(to + k * width), ...); };
      if (sampled) keep_at(a.samples + sample++ * a.sample_stride);
      // What is no new extreme of all lanes of this thread need not be one of those at its place in the registers.
      if (extreme && any_beyond(joined<R>(here), out.low[next], out.high[next])) {
        if (!(all(here[k] <= One(1e30)) && ...)) return false;  // a lane has diverged
        keep_at(a.candidates + candidates * R::width);
        a.candidate_records[candidates++] = next;
      }
    }
  }
  if constexpr (SumsLosses<Lane>) ((losses[k] = lanes[k].loss()), ...);
  // Gaps are not negative, so that where their sum is small each of them was.
  const auto small = [&](const One& loss, int first) __attribute__((always_inline)) {
    return all(group.shown(loss, first) <= One(0.9e30));
  };
  if (!(small(losses[k], k * width) && ...)) return false;
  ((group.own(gaps[k], k * width).store(a.last + k * width), group.own(losses[k], k * width).store(a.loss + k * width),
    ratios[k].store(a.ratio + k * width), One(0).store(a.ratio_at + k * width)),
   ...);
  for (std::int64_t j = 0; j < candidates; ++j)
    enter_extremes<R>(out, a.candidate_records[j], a.candidates + j * R::width, a.row);
  arguments.out->iterations += a.iterations;
  arguments.out->ended = 0;
  arguments.out->left = false;
  arguments.out->gradients = families[0].gradients;
  arguments.out->functions = families[0].functions;
  return true;
}

template <class Kernel, class R>
bool run_fused(const GroupArguments<typename R::T>& a) {
  constexpr auto registers = std::make_integer_sequence<int, R::registers / together<Kernel, R>>{};
  return a.observer.certificate ? run_registers<Kernel, R, true>(a, registers)
                                : run_registers<Kernel, R, false>(a, registers);
}

/// The same for a group of which more is asked, or in which a lane may diverge.
template <class Kernel, class R>
void watch_fused(const GroupArguments<typename R::T>& a) {
  using T = typename R::T;
  using C = RegisterContext<R, Kernel::shape.n>;
  using S = ConstantShape<Kernel>;
  using O = ConstantOptions<Kernel>;
  using G = decltype(group_of<Kernel, R>(a));
  using I = typename InstanceIn<Kernel, R, G>::type;
  const C c;
  const S shape;
  const G group = group_of<Kernel, R>(a);
  FamilyOracle<typename Kernel::Family, C, S, I> f(c, shape, I(group, group.fields, 0));
  GroupArguments<T> own = a;
  own.inverse_scale = group.inverse_scale;
  own.inverse_bound = group.inverse_bound;
  run_lanes<typename Kernel::Method, R>(c, f, own, O{a.options.horizon},
                                        coefficients<typename Kernel::Method, R, O>(a));
  for (T* gaps : {a.last, a.loss}) group.own(R::load(gaps)).store(gaps);
}

}  // namespace omg::cpu
