#pragma once

#include "omg/lane/meta_gradient.hpp"

namespace omg {

/// A meta-learned preconditioner W, n × n, row-major; the meta-domain sees it as a flat vector.
struct MatrixRule {
  static constexpr Entry entry{"matrix", "φ(x, W) = x − W ∇f(x)", "Optimistic Meta-Gradients; Gao et al. 2025", ""};
  using Meta = MatrixDim;
  static constexpr bool uses_gradient = true;
  static constexpr bool starts_at_point = false;

  template <class L, class W, class X>
  OMG_HD static void propose(const L& lane, const Base<typename L::Point>& base, const W& w, X& out) {
    const int n = lane.c.n();
    const auto& gradient = lane.c.template publish<PointDim>(base.gradient);
    lane.c.template for_each<PointDim>([&](int i) {
      auto value = base.x[i];
      for (int j = 0; j < n; ++j) value = nmadd(w[i * n + j], gradient[j], value);
      out[i] = value;
    });
    lane.c.retire();
  }
  // D_Wφᵀ u = −u ∇f(x)ᵀ
  template <class L, class W, class U, class M>
  OMG_HD static void pullback(const L& lane, const Base<typename L::Point>& base, const W&, const U& u, M& out) {
    const int n = lane.c.n();
    const auto& gradient = lane.c.template publish<PointDim>(base.gradient);
    lane.c.template for_each<PointDim>([&](int i) {
      for (int j = 0; j < n; ++j) out[i * n + j] = -(u[i] * gradient[j]);
    });
    lane.c.retire();
  }
};

}  // namespace omg
