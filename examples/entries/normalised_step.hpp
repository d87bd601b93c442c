#pragma once

#include "omg/lane/meta_gradient.hpp"

namespace omg {

/// A step of meta-learned length; none where the gradient is zero.
struct NormalisedStep {
  static constexpr Entry entry{"normalised_step", "φ(x, w) = x − w ∇f(x)/‖∇f(x)‖", "Nesterov 1984", ""};
  using Meta = ScalarDim;
  static constexpr bool uses_gradient = true;
  static constexpr bool starts_at_point = false;

  template <class L, class W, class X>
  OMG_HD static void propose(const L& lane, const Base<typename L::Point>& base, const W& w, X& out) {
    const auto step = w[0] * inverse_norm(lane, base);
    lane.c.template for_each<PointDim>([&](int i) { out[i] = nmadd(step, base.gradient[i], base.x[i]); });
  }
  // D_wφᵀ u = −⟨∇f(x), u⟩/‖∇f(x)‖
  template <class L, class W, class U, class M>
  OMG_HD static void pullback(const L& lane, const Base<typename L::Point>& base, const W&, const U& u, M& out) {
    out[0] = -dot<PointDim>(lane.c, base.gradient, u) * inverse_norm(lane, base);
  }

 private:
  template <class L>
  OMG_HD static typename L::Real inverse_norm(const L& lane, const Base<typename L::Point>& base) {
    using R = typename L::Real;
    const R norm = sqrt(dot<PointDim>(lane.c, base.gradient, base.gradient));
    return select(norm > R(0), R(1) / select(norm > R(0), norm, R(1)), R(0));
  }
};

}  // namespace omg
