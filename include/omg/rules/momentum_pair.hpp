#pragma once

#include "omg/lane/meta_gradient.hpp"

namespace omg {

/// Heavy ball with meta-learned step and momentum.
struct MomentumPair {
  static constexpr Entry entry{"momentum_pair", "φ(x, w) = x − a ∇f(x) + m (x − x_prev), w = (a, m)",
                               "Optimistic Meta-Gradients", ""};
  using Meta = PairDim;
  static constexpr bool uses_gradient = true;
  static constexpr bool starts_at_point = false;

  template <class L, class W, class X>
  OMG_HD static void propose(const L& lane, const Base<typename L::Point>& base, const W& w, X& out) {
    lane.c.template for_each<PointDim>(
        [&](int i) { out[i] = fma(w[1], base.x[i] - base.previous[i], nmadd(w[0], base.gradient[i], base.x[i])); });
  }
  // D_wφᵀ u = (−⟨∇f(x), u⟩, ⟨x − x_prev, u⟩)
  template <class L, class W, class U, class M>
  OMG_HD static void pullback(const L& lane, const Base<typename L::Point>& base, const W&, const U& u, M& out) {
    out[0] = -dot<PointDim>(lane.c, base.gradient, u);
    out[1] = lane.c.template sum<PointDim>([&](int i) { return (base.x[i] - base.previous[i]) * u[i]; });
  }
};

}  // namespace omg
