#pragma once

#include "omg/lane/classical.hpp"

namespace omg {

/// The state of a method x_{t+1} = x_t − λ_t ∇f(x_t) whose λ_t is made of the last step s = x_t − x_{t−1} and the last
/// change of the gradient d = ∇f(x_t) − ∇f(x_{t−1}); λ₀ is parameter 0. `State`, which derives from it, has
/// next_step(c, s, d, t) → λ_t, with s and d functions of the coordinate.
template <class State, class Lane>
struct StepFromChange {
  using Real = typename Lane::Real;
  using Point = typename Lane::Point;
  Point x;
  Point x_next;
  Point g;  ///< ∇f(x)
  Point g_next;
  Real step;  ///< the step in use

  template <class C>
  OMG_HD explicit StepFromChange(const C& c)
      : x(c.template vector<PointDim>()),
        x_next(c.template vector<PointDim>()),
        g(c.template vector<PointDim>()),
        g_next(c.template vector<PointDim>()),
        step(0) {}

  OMG_HD const Point& output() const { return x; }

  OMG_HD void start(Lane& lane) {
    lane.f.start(x);
    lane.f.gradient(x, g);
  }

  OMG_HD Real advance(Lane& lane, int t) {
    if (t == 1) step = lane.parameter(0);
    lane.c.template for_each<PointDim>([&](int i) { x_next[i] = nmadd(step, g[i], x[i]); });
    const Real reached = lane.f.gap_and_gradient(x_next, g_next);
    step = static_cast<State&>(*this).next_step(
        lane.c, [&](int i) { return x_next[i] - x[i]; }, [&](int i) { return g_next[i] - g[i]; }, t);
    exchange(x, x_next);
    exchange(g, g_next);
    return reached;
  }

  /// numerator ÷ denominator where both are positive, else the step in use.
  OMG_HD Real quotient_or_step(const Real& numerator, const Real& denominator) const {
    const auto positive = (denominator > Real(0)) & (numerator > Real(0));
    return select(positive, numerator / select(positive, denominator, Real(1)), step);
  }
};

}  // namespace omg
