#pragma once

#include "omg/lane/classical.hpp"

namespace omg {

/// The triple momentum method, for μ > 0.
struct TripleMomentum {
  static constexpr Entry entry{
      "triple_momentum",
      "ξ_{t} = (1+β) ξ_{t-1} − β ξ_{t-2} − α ∇f(y_{t-1}), y_t = (1+γ) ξ_t − γ ξ_{t-1}; output (1+δ) ξ_t − δ ξ_{t-1}",
      "Van Scoy, Freeman & Lynch 2018; ρ = 1 − √(μ/L)", "L, mu"};
  static constexpr Parameter parameters[] = {
      {"step", "(2-sqrt(mu/L))/L", "α = (1+ρ)/L"},
      {"momentum", "(1-sqrt(mu/L))^2/(1+sqrt(mu/L))", "β = ρ²/(2−ρ)"},
      {"gradient_momentum", "(1-sqrt(mu/L))^2/((2-sqrt(mu/L))*(1+sqrt(mu/L)))", "γ = ρ²/((1+ρ)(2−ρ))"},
      {"output_momentum", "(1-sqrt(mu/L))^2/(1-(1-sqrt(mu/L))^2)", "δ = ρ²/(1−ρ²)"},
  };

  template <class Lane>
  struct State {
    using Real = typename Lane::Real;
    using Point = typename Lane::Point;
    Point xi;        ///< ξ_t
    Point previous;  ///< ξ_{t-1}
    Point y;
    Point x;  ///< the output
    Point g;  ///< ∇f(y)

    template <class C>
    OMG_HD explicit State(const C& c)
        : xi(c.template vector<PointDim>()),
          previous(c.template vector<PointDim>()),
          y(c.template vector<PointDim>()),
          x(c.template vector<PointDim>()),
          g(c.template vector<PointDim>()) {}

    OMG_HD const Point& output() const { return x; }

    OMG_HD void start(Lane& lane) {
      lane.f.start(xi);
      copy<PointDim>(lane.c, xi, previous);
      copy<PointDim>(lane.c, xi, y);
    }

    OMG_HD Real advance(Lane& lane, int t) {
      const Real step = lane.parameter(0), momentum = lane.parameter(1), gamma = lane.parameter(2),
                 delta = lane.parameter(3);
      (void)t;
      lane.f.gradient(y, g);
      lane.c.template for_each<PointDim>([&](int i) {
        const Real next = nmadd(step, g[i], fma(momentum, xi[i] - previous[i], xi[i]));
        const Real change = next - xi[i];
        y[i] = fma(gamma, change, next);
        x[i] = fma(delta, change, next);
        previous[i] = xi[i];
        xi[i] = next;
      });
      return lane.f.gap(x);
    }
  };
};

}  // namespace omg
