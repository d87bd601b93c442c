#pragma once

#include "omg/lane/meta_gradient.hpp"

namespace omg {

/// Gradient descent with a meta-learned step size.
struct Step {
  static constexpr Entry entry{"step", "φ(x, w) = x − w ∇f(x)", "Optimistic Meta-Gradients", ""};
  using Meta = ScalarDim;
  static constexpr bool uses_gradient = true;
  static constexpr bool starts_at_point = false;

  template <class L, class W, class X>
  OMG_HD static void propose(const L& lane, const Base<typename L::Point>& base, const W& w, X& out) {
    lane.c.template for_each<PointDim>([&](int i) { out[i] = nmadd(w[0], base.gradient[i], base.x[i]); });
  }
  // D_wφᵀ u = −⟨∇f(x), u⟩
  template <class L, class W, class U, class M>
  OMG_HD static void pullback(const L& lane, const Base<typename L::Point>& base, const W&, const U& u, M& out) {
    out[0] = -dot<PointDim>(lane.c, base.gradient, u);
  }
};

}  // namespace omg
