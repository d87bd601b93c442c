#pragma once

#include "omg/lane/classical.hpp"

namespace omg {

/// Adaptive gradient descent without descent.
struct AdaptiveGradientDescent {
  static constexpr Entry entry{
      "adaptive_gradient_descent",
      "λ_t = min(√(1 + θ_{t-1}) λ_{t-1}, ‖x_t − x_{t-1}‖ / (2‖∇f(x_t) − ∇f(x_{t-1})‖)), θ_t = λ_t/λ_{t-1}",
      "Malitsky & Mishchenko 2020, Algorithm 1", ""};
  static constexpr Parameter parameters[] = {
      {"first", "1e-6", "λ₀"},
  };

  template <class Lane>
  struct State {
    using Real = typename Lane::Real;
    using Point = typename Lane::Point;
    Point x;
    Point x_next;
    Point g;  ///< ∇f(x)
    Point g_next;
    Real step;   ///< λ
    Real ratio;  ///< θ

    template <class C>
    OMG_HD explicit State(const C& c)
        : x(c.template vector<PointDim>()),
          x_next(c.template vector<PointDim>()),
          g(c.template vector<PointDim>()),
          g_next(c.template vector<PointDim>()),
          step(0),
          ratio(0) {}

    OMG_HD const Point& output() const { return x; }

    OMG_HD void start(Lane& lane) {
      lane.f.start(x);
      lane.f.gradient(x, g);
    }

    OMG_HD Real advance(Lane& lane, int t) {
      if (t == 1) step = lane.parameter(0);
      lane.c.template for_each<PointDim>([&](int i) { x_next[i] = nmadd(step, g[i], x[i]); });
      const Real reached = lane.f.gap_and_gradient(x_next, g_next);
      const Real moved = sqrt(lane.c.template sum<PointDim>([&](int i) {
        const Real s = x_next[i] - x[i];
        return s * s;
      }));
      const Real turned = sqrt(lane.c.template sum<PointDim>([&](int i) {
        const Real d = g_next[i] - g[i];
        return d * d;
      }));
      // θ₀ = +∞: the first bound is that of the local curvature alone; without curvature, the other.
      const auto curved = turned > Real(0);
      const Real local = moved / (Real(2) * select(curved, turned, Real(1)));
      const Real grown = t == 1 ? local : sqrt(Real(1) + ratio) * step;
      const Real next = select(curved, min(grown, local), t == 1 ? step : grown);
      ratio = next / step;
      step = next;
      exchange(x, x_next);
      exchange(g, g_next);
      return reached;
    }
  };
};

}  // namespace omg
