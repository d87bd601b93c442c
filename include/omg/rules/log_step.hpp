#pragma once

#include "omg/lane/meta_gradient.hpp"

namespace omg {

/// Elementwise step sizes learned on a logarithmic scale, so that they stay positive.
struct LogStep {
  static constexpr Entry entry{"log_step", "φ(x, w) = x − exp(w) ⊙ ∇f(x)", "Optimistic Meta-Gradients", ""};
  using Meta = PointDim;
  static constexpr bool uses_gradient = true;
  static constexpr bool starts_at_point = false;

  template <class L, class W, class X>
  OMG_HD static void propose(const L& lane, const Base<typename L::Point>& base, const W& w, X& out) {
    lane.c.template for_each<PointDim>([&](int i) { out[i] = nmadd(exp(w[i]), base.gradient[i], base.x[i]); });
  }
  // D_wφᵀ u = −exp(w) ⊙ ∇f(x) ⊙ u
  template <class L, class W, class U, class M>
  OMG_HD static void pullback(const L& lane, const Base<typename L::Point>& base, const W& w, const U& u, M& out) {
    lane.c.template for_each<PointDim>([&](int i) { out[i] = -(exp(w[i]) * base.gradient[i] * u[i]); });
  }
};

}  // namespace omg
