#pragma once

#include "omg/lane/meta_gradient.hpp"

namespace omg {

/// AdaGrad's step with a meta-learned accumulator. Its W lies within w ≥ w_min > 0.
struct AdagradRule {
  static constexpr Entry entry{"adagrad", "φ(x, w) = x − η ∇f(x) / √w",
                               "Optimistic Meta-Gradients; Duchi, Hazan & Singer 2011", ""};
  static constexpr Parameter parameters[] = {
      {"rate", "1/L", "η, the rule's own step size"},
      {"floor", "1e-12", "w_min; every projection on W ends with w ≥ w_min", false, Allowed::positive},
  };
  using Meta = PointDim;
  static constexpr bool uses_gradient = true;
  static constexpr bool starts_at_point = false;
  static constexpr bool needs_positive_weights = true;  ///< it divides by √w

  template <class L, class W, class X>
  OMG_HD static void propose(const L& lane, const Base<typename L::Point>& base, const W& w, X& out) {
    using R = typename L::Real;
    const R eta = lane.rule_parameter(0);
    lane.c.template for_each<PointDim>(
        [&](int i) { out[i] = base.x[i] - over_large_root(eta * base.gradient[i], w[i], R(0)); });
  }
  // D_wφᵀ u = ½ η ∇f(x) ⊙ w^(−3/2) ⊙ u
  template <class L, class W, class U, class M>
  OMG_HD static void pullback(const L& lane, const Base<typename L::Point>& base, const W& w, const U& u, M& out) {
    using R = typename L::Real;
    const R half_eta = R(0.5) * lane.rule_parameter(0);
    lane.c.template for_each<PointDim>(
        [&](int i) { out[i] = half_eta * base.gradient[i] * u[i] / (w[i] * sqrt(w[i])); });
  }
  /// w_min
  template <class L>
  OMG_HD static typename L::Real least(const L& lane) {
    return lane.rule_parameter(1);
  }
};

}  // namespace omg
