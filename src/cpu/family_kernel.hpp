#pragma once

#include "omg/lane/context.hpp"
#include "omg/lane/family.hpp"

#include "arguments.hpp"
#include "pack.hpp"
#include "pack_instance.hpp"

namespace omg::cpu {

/// One evaluation of a family for a group of lanes; see `Evaluate`.
template <class Family, class Want, class R>
void evaluate(const FamilyArguments<typename R::T>& a, const typename R::T* x, typename R::T* g, typename R::T* gap,
              typename R::T* scratch_room) {
  using T = typename R::T;
  using C = ArenaContext<R>;
  const C c{a.n, reinterpret_cast<R*>(scratch_room)};
  const PackInstance<R> instance(a);
  typename Family::template Scratch<C> scratch(c, a.shape);
  const MemoryVector<R, Contiguous> point{reinterpret_cast<R*>(const_cast<T*>(x)), {}};
  MemoryVector<R, Contiguous> gradient{reinterpret_cast<R*>(g), {}};
  const R value = Family::template evaluate<Want>(c, a.shape, instance, scratch, point, gradient);
  if constexpr (Want::gap) value.store(gap);
}

template <class Family, class R>
long long family_scratch(const FamilyArguments<typename R::T>& a) {
  using C = ArenaContext<R>;
  const C c{a.n, nullptr};
  typename Family::template Scratch<C> scratch(c, a.shape);
  (void)scratch;
  return c.used;
}

}  // namespace omg::cpu
