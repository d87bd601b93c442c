#pragma once

#include "omg/lane/classical.hpp"

namespace omg {

/// The long Barzilai–Borwein step; the previous one is kept where the quotient is not positive.
struct BarzilaiBorwein1 {
  static constexpr Entry entry{"barzilai_borwein1",
                               "x ← x − ⟨s, s⟩/⟨s, d⟩ ∇f(x), s the last step, d the last change of the gradient",
                               "Barzilai & Borwein 1988", "L"};
  static constexpr Parameter parameters[] = {
      {"first", "1/L", "the first step"},
  };

  template <class Lane>
  struct State {
    using Real = typename Lane::Real;
    using Point = typename Lane::Point;
    Point x;
    Point x_next;
    Point g;  ///< ∇f(x)
    Point g_next;
    Real step;  ///< the step in use

    template <class C>
    OMG_HD explicit State(const C& c)
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
      const Real first = lane.parameter(0);
      if (t == 1) step = first;
      lane.c.template for_each<PointDim>([&](int i) { x_next[i] = nmadd(step, g[i], x[i]); });
      const Real reached = lane.f.gap_and_gradient(x_next, g_next);
      // s = x_t − x_{t-1}, d = ∇f(x_t) − ∇f(x_{t-1})
      const Real numerator =
          lane.c.template sum<PointDim>([&](int i) { return (x_next[i] - x[i]) * (x_next[i] - x[i]); });
      const Real denominator =
          lane.c.template sum<PointDim>([&](int i) { return (x_next[i] - x[i]) * (g_next[i] - g[i]); });
      const auto positive = (denominator > Real(0)) & (numerator > Real(0));
      step = select(positive, numerator / select(positive, denominator, Real(1)), step);
      exchange(x, x_next);
      exchange(g, g_next);
      return reached;
    }
  };
};

}  // namespace omg
