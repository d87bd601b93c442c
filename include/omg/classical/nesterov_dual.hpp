#pragma once

#include "omg/lane/classical.hpp"

namespace omg {

/// Nesterov's method in three sequences; the form that AO-FTRL with α_t = t and the hint `last` equals (I2).
struct NesterovDual {
  static constexpr Entry entry{"nesterov_dual",
                               "p_t = y_t − s_t ∇f(y_t), v_{t+1} = v_t − β t ∇f(y_t), y_{t+1} = (1 − ρ_{t+1}) p_t + "
                               "ρ_{t+1} v_{t+1}, ρ_t = 2/(t+1), y₁ = v₁ = x₀; gap at y_t",
                               "Nesterov 2005, with dual averaging; identity I2", "L"};
  static constexpr Parameter parameters[] = {
      {"dual_step", "1/(4*L)", "β"},
      {"step", "(t+1)/(2*L*t)", "s_t = 2β(t+1)/t", true},
  };

  template <class Lane>
  struct State {
    using Real = typename Lane::Real;
    using Point = typename Lane::Point;
    Point y;  ///< the output
    Point v;
    Point g;  ///< ∇f(y)

    template <class C>
    OMG_HD explicit State(const C& c)
        : y(c.template vector<PointDim>()), v(c.template vector<PointDim>()), g(c.template vector<PointDim>()) {}

    OMG_HD const Point& output() const { return y; }

    OMG_HD void start(Lane& lane) {
      lane.f.start(y);
      copy<PointDim>(lane.c, y, v);
    }

    OMG_HD Real advance(Lane& lane, int t) {
      if (t == 1) return lane.f.gap_and_gradient(y, g);
      // From y_{t-1}, v_{t-1} to y_t, v_t.
      const Real dual = lane.parameter(0) * Real(t - 1), primal = lane.parameter(1, t - 1);
      const Real rho = Real(2) / Real(t + 1);
      const Real rest = Real(1) - rho;
      lane.c.template for_each<PointDim>([&](int i) {
        const Real p = nmadd(primal, g[i], y[i]);
        v[i] = nmadd(dual, g[i], v[i]);
        y[i] = fma(rho, v[i], rest * p);
      });
      return lane.f.gap_and_gradient(y, g);
    }
  };
};

}  // namespace omg
