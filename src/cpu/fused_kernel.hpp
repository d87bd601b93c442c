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

/// `keep` where it is seldom called: out of the way, so that the loop it is called from keeps its registers.
template <class R, class Better>
[[gnu::noinline, gnu::cold]] void keep_apart(typename R::T* value, typename R::T* row, const R& candidate,
                                             typename R::T first_row, Better better) {
  keep(value, row, candidate, first_row, better);
}

/// Element-wise larger (or smaller) of what a thread has seen and a pack of lanes, all of them in use and alive. A pack
/// seldom holds a new extreme: one comparison finds that out.
template <class R, class Fold, class Better>
OMG_HD void keep_folded(typename R::T* value, typename R::T* row, const R& candidate, typename R::T first_row,
                        Fold fold, Better better) {
  if (!xsimd::any(better(folded(candidate, fold), R::Register::load_aligned(value)))) [[likely]]
    return;
  const R copy = candidate;  // what a function call may look into cannot stay in registers
  keep_apart(value, row, copy, first_row, better);
}

/// Runs one group of a fused kernel from its start to T and observes certificate and loss, as `run_lanes` does, as long
/// as no lane diverges: then only recorded iterations need a look. False if a lane may have diverged; what the group
/// has left in the accumulator is true all the same, and the general kernels say the rest. Flattened, as one call in
/// the loop would send the state of the lanes to memory.
template <class Kernel, class R>
[[gnu::flatten]] bool run_fused(const GroupArguments<typename R::T>& a) {
  using T = typename R::T;
  using Method = typename Kernel::Method;
  using C = RegisterContext<R, Kernel::shape.n>;
  using S = ConstantShape<Kernel>;
  using I = PackInstance<R>;
  using O = ConstantOptions<Kernel>;
  using F = FamilyOracle<typename Kernel::Family, C, S, I>;
  const auto plus = [](const auto& p, const auto& q) { return p + q; };
  const auto larger = [](const auto& p, const auto& q) { return xsimd::max(p, q); };
  const auto smaller = [](const auto& p, const auto& q) { return xsimd::min(p, q); };
  const C c;
  const S shape;
  const I instance{a.family.record, nullptr, Kernel::shape.n, 0};
  const O o{a.options.horizon};
  F f(c, shape, instance);
  const auto k = coefficients<Method, R, O>(a);
  typename Method::template Lane<C, F, O> lane(c, f, o, k, bounds_of<Method, R>(a, k));

  const R scale = R::load(a.inverse_scale), bound = R::load(a.inverse_bound);
  // Gaps are not negative, so that as long as their sum is small each of them was.
  const auto limit = typename R::Register(T(0.9e30)) / folded(scale, larger);
  Accumulator<T>& out = *a.out;
  R gap = R(0), loss = R(0), ratio = R(-1), ratio_at = R(0);
  const bool certificate = a.observer.certificate;
  std::int64_t next = 0, due = a.record_at[0], sample = 0;
  lane.start();
  for (std::int64_t t = 1; t <= a.iterations; ++t) {
    gap = lane.advance(static_cast<int>(t));
    loss = loss + gap;
    if (certificate) {
      const R now = gap * bound * R(a.observed.inverse_bound[t]);
      const auto grows = now > ratio;
      ratio = select(grows, now, ratio);
      ratio_at = select(grows, R(static_cast<T>(t)), ratio_at);
    }
    if (t != due) continue;
    if (!xsimd::all(folded(loss, plus) <= limit)) return false;
    const R normalised = gap * scale;
    constexpr auto width = R::register_width;
    keep_folded(out.largest + next * width, out.largest_row + next * width, normalised, a.row, larger,
                [](const auto& p, const auto& q) { return p > q; });
    keep_folded(out.smallest + next * width, out.smallest_row + next * width, normalised, a.row, smaller,
                [](const auto& p, const auto& q) { return p < q; });
    if (a.sample_records[sample] == next) normalised.store(a.samples + sample++ * R::width);
    due = ++next < a.records ? a.record_at[next] : 0;
  }
  if (!xsimd::all(folded(loss, plus) <= limit)) return false;
  out.ended = 0;
  out.gradients = f.gradients;
  out.functions = f.functions;
  gap.store(a.last);
  ratio.store(a.ratio);
  ratio_at.store(a.ratio_at);
  loss.store(a.loss);
  return true;
}

}  // namespace omg::cpu
