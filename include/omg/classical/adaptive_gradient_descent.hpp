#pragma once

#include "omg/classical/step_from_change.hpp"

namespace omg {

/// Adaptive gradient descent without descent.
struct AdaptiveGradientDescent {
  static constexpr Entry entry{
      "adaptive_gradient_descent",
      "λ_t = min(√(1 + θ_{t-1}) λ_{t-1}, ‖x_t − x_{t-1}‖ / (2‖∇f(x_t) − ∇f(x_{t-1})‖)), θ_t = λ_t/λ_{t-1}",
      "Malitsky & Mishchenko 2020, Algorithm 1", ""};
  static constexpr Parameter parameters[] = {
      {"first", "1e-6", "λ₀", false, Allowed::positive},
  };

  template <class Lane>
  struct State : StepFromChange<State<Lane>, Lane> {
    using Real = typename Lane::Real;
    using StepFromChange<State, Lane>::step;
    Real ratio;  ///< θ

    template <class C>
    OMG_HD explicit State(const C& c) : StepFromChange<State, Lane>(c), ratio(0) {}

    template <class C, class S, class D>
    OMG_HD Real next_step(const C& c, const S& s, const D& d, int t) {
      const Real moved = sqrt(c.template sum<PointDim>([&](int i) { return s(i) * s(i); }));
      const Real turned = sqrt(c.template sum<PointDim>([&](int i) { return d(i) * d(i); }));
      // θ₀ = +∞: the first bound is that of the local curvature alone; without curvature, the other.
      const auto curved = turned > Real(0);
      const Real local = moved / (Real(2) * select(curved, turned, Real(1)));
      const Real grown = t == 1 ? local : sqrt(Real(1) + ratio) * step;
      const Real next = select(curved, min(grown, local), t == 1 ? step : grown);
      ratio = next / step;
      return next;
    }
  };
};

}  // namespace omg
