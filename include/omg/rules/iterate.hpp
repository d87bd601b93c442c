#pragma once

#include "omg/lane/meta_gradient.hpp"

namespace omg {

/// The meta-parameters are the proposal; with averaging, momentum is a meta-gradient on it (claim C1).
struct Iterate {
  static constexpr Entry entry{"iterate", "φ(x, w) = w", "Optimistic Meta-Gradients", ""};
  using Meta = PointDim;
  static constexpr bool uses_gradient = false;
  static constexpr bool starts_at_point = true;

  template <class L, class W, class X>
  OMG_HD static void propose(const L& lane, const Base<typename L::Point>&, const W& w, X& out) {
    copy<PointDim>(lane.c, w, out);
  }
  // D_wφᵀ u = u
  template <class L, class W, class U, class M>
  OMG_HD static void pullback(const L& lane, const Base<typename L::Point>&, const W&, const U& u, M& out) {
    copy<PointDim>(lane.c, u, out);
  }
};

}  // namespace omg
