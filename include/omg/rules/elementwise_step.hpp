#pragma once

#include "omg/lane/meta_gradient.hpp"

namespace omg {

/// Gradient descent with a meta-learned step size for each coordinate.
struct ElementwiseStep {
  static constexpr Entry entry{"elementwise_step", "φ(x, w) = x − η w ⊙ ∇f(x)", "Optimistic Meta-Gradients", ""};
  static constexpr Parameter parameters[] = {
      {"rate", "1", "η, the rule's own step size"},
  };
  using Meta = PointDim;
  static constexpr bool uses_gradient = true;
  static constexpr bool starts_at_point = false;

  template <class L, class W, class X>
  OMG_HD static void propose(const L& lane, const Base<typename L::Point>& base, const W& w, X& out) {
    const typename L::Real eta = lane.rule_parameter(0);
    lane.c.template for_each<PointDim>([&](int i) { out[i] = nmadd(eta * base.gradient[i], w[i], base.x[i]); });
  }
  // D_wφᵀ u = −η ∇f(x) ⊙ u
  template <class L, class W, class U, class M>
  OMG_HD static void pullback(const L& lane, const Base<typename L::Point>& base, const W&, const U& u, M& out) {
    const typename L::Real eta = lane.rule_parameter(0);
    lane.c.template for_each<PointDim>([&](int i) { out[i] = -(eta * base.gradient[i] * u[i]); });
  }
  // w − s D_wφᵀ u = w + s η ∇f(x) ⊙ u
  static constexpr bool descends = true;
  template <class L, class U, class W>
  OMG_HD static void descend(const L& lane, const Base<typename L::Point>& base, const typename L::Real& step,
                             const U& u, W& w) {
    const typename L::Real rate = step * lane.rule_parameter(0);
    lane.c.template for_each<PointDim>([&](int i) { w[i] = fma(rate * base.gradient[i], u[i], w[i]); });
  }
};

}  // namespace omg
