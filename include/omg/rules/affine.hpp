#pragma once

#include "omg/lane/meta_gradient.hpp"

namespace omg {

/// Elementwise steps and a meta-learned offset.
struct Affine {
  static constexpr Entry entry{"affine", "φ(x, w) = x − a ⊙ ∇f(x) + b, w = (a, b)", "Optimistic Meta-Gradients", ""};
  using Meta = TwicePointDim;
  static constexpr bool uses_gradient = true;
  static constexpr bool starts_at_point = false;

  template <class L, class W, class X>
  OMG_HD static void propose(const L& lane, const Base<typename L::Point>& base, const W& w, X& out) {
    const int n = lane.c.n();
    lane.c.template for_each<PointDim>([&](int i) { out[i] = nmadd(w[i], base.gradient[i], base.x[i]) + w[n + i]; });
  }
  // D_wφᵀ u = (−∇f(x) ⊙ u, u)
  template <class L, class W, class U, class M>
  OMG_HD static void pullback(const L& lane, const Base<typename L::Point>& base, const W&, const U& u, M& out) {
    const int n = lane.c.n();
    lane.c.template for_each<PointDim>([&](int i) {
      out[i] = -(base.gradient[i] * u[i]);
      out[n + i] = u[i];
    });
  }
};

}  // namespace omg
