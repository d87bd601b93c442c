#pragma once

#include "omg/lane/meta_gradient.hpp"

namespace omg {

/// AdaGrad's step with a meta-learned accumulator; w below w_min is read as w_min.
struct AdagradRule {
  static constexpr Entry entry{"adagrad", "φ(x, w) = x − η ∇f(x) / √w",
                               "Optimistic Meta-Gradients; Duchi, Hazan & Singer 2011", ""};
  static constexpr Parameter parameters[] = {
      {"rate", "1/L", "η, the rule's own step size"},
      {"floor", "1e-12", "w_min, w is raised to it where it is used"},
  };
  using Meta = PointDim;
  static constexpr bool uses_gradient = true;
  static constexpr bool starts_at_point = false;
  static constexpr bool needs_positive_weights = true;  ///< it divides by √w

  template <class L, class W, class X>
  OMG_HD static void propose(const L& lane, const Base<typename L::Point>& base, const W& w, X& out) {
    using R = typename L::Real;
    const R eta = lane.rule_parameter(0), floor = lane.rule_parameter(1);
    lane.c.template for_each<PointDim>(
        [&](int i) { out[i] = base.x[i] - over_large_root(eta * base.gradient[i], max(w[i], floor), R(0)); });
  }
  // D_wφᵀ u = ½ η ∇f(x) ⊙ w^(−3/2) ⊙ u
  template <class L, class W, class U, class M>
  OMG_HD static void pullback(const L& lane, const Base<typename L::Point>& base, const W& w, const U& u, M& out) {
    using R = typename L::Real;
    const R half_eta = R(0.5) * lane.rule_parameter(0), floor = lane.rule_parameter(1);
    lane.c.template for_each<PointDim>([&](int i) {
      const R weight = max(w[i], floor);
      out[i] = half_eta * base.gradient[i] * u[i] / (weight * sqrt(weight));
    });
  }
};

}  // namespace omg
