#pragma once

#include "omg/lane/family.hpp"

#include "kernels/setup.hpp"
#include "kernels/watch.hpp"
#include "specialisation.hpp"

namespace omg::cuda {

/// Starts lanes on their instance and runs them to T. How a tier watches them is its own: `trace` and `observe` are
/// found where the kernel is defined.
template <class Arguments, class C, class I, class Places>
__device__ __forceinline__ void run_on(const Arguments& a, const C& c, const chosen::Shape& shape, const I& instance,
                                       const Places& at, const Seat& seat, long long watcher) {
  // Lanes of a pack share their schedule: where there are several, a pack is one lane.
  const auto schedule = chosen::one_variant ? a.only : a.variants[a.variant_of[at.setting[0]]];
  const auto k = coefficients<chosen::Method, typename C::Real>(a, schedule, at);
  using Oracle = FamilyOracle<chosen::Family, C, chosen::Shape, I>;
  const chosen::Options options{};
  Oracle f(c, shape, instance);
  typename chosen::Method::template Lane<C, Oracle, chosen::Options> lane(c, f, options, k,
                                                                          bounds<chosen::Method>(k, schedule));
  lane.start();
  if constexpr (chosen::tracing)
    trace(a, c, seat, lane);
  else
    observe(a, c, at, seat, watcher, lane, f);
}

}  // namespace omg::cuda
