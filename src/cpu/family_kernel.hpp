#pragma once

#include "omg/families/data.hpp"
#include "omg/lane/context.hpp"
#include "omg/lane/family.hpp"

#include "arguments.hpp"
#include "pack.hpp"
#include "pack_instance.hpp"

namespace omg {

/// As many as there are registers for beside those of a row and of x.
template <class T, class A, int K>
inline constexpr int rows_together<ArenaContext<cpu::Pack<T, A, K>>> = sizeof(xsimd::batch<T, A>) == 64 ? 8 : 4;

}  // namespace omg

namespace omg::cpu {

/// One evaluation of a family for a group of lanes; see `Evaluate`.
template <class Family, class Want, class R, class Instance>
OMG_HD void evaluate_at(const FamilyArguments<typename R::T>& a, const typename R::T* x, typename R::T* g,
                        typename R::T* gap, typename R::T* scratch_room) {
  using T = typename R::T;
  using C = ArenaContext<R>;
  const C c{a.n, reinterpret_cast<R*>(scratch_room)};
  const auto instance = Instance::of(a);
  typename Family::template Scratch<C> scratch(c, a.shape);
  const MemoryVector<R, Contiguous> point{reinterpret_cast<R*>(const_cast<T*>(x)), {}};
  MemoryVector<R, Contiguous> gradient{reinterpret_cast<R*>(g), {}};
  const R value = Family::template evaluate<Want>(c, a.shape, instance, scratch, point, gradient);
  if constexpr (Want::gap) value.store(gap);
}

template <class Family, class Want, class R>
void evaluate(const FamilyArguments<typename R::T>& a, const typename R::T* x, typename R::T* g, typename R::T* gap,
              typename R::T* scratch_room) {
  if constexpr (requires { Family::labels; })  // a family over data
    if (a.shared != nullptr) return evaluate_at<Family, Want, R, PackInstance<R, true>>(a, x, g, gap, scratch_room);
  evaluate_at<Family, Want, R, PackInstance<R>>(a, x, g, gap, scratch_room);
}

template <class Family, class R>
long long family_scratch(const FamilyArguments<typename R::T>& a) {
  using C = ArenaContext<R>;
  const C c{a.n, nullptr};
  typename Family::template Scratch<C> scratch(c, a.shape);
  (void)scratch;
  return c.used;
}

template <class Family, class R>
FamilyKernels<typename R::T> family_kernels() {
  constexpr bool costly_gap = requires { Family::costly_gap; };
  return {&evaluate<Family, WantGap, R>, &evaluate<Family, WantGradient, R>, &evaluate<Family, WantBoth, R>,
          &family_scratch<Family, R>, costly_gap};
}

}  // namespace omg::cpu
