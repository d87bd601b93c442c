#pragma once

#include "omg/lane/classical.hpp"

namespace omg {

/// The Polyak step; stays where the gradient is zero.
struct Polyak {
  static constexpr Entry entry{"polyak", "x ← x − (f(x) − f*)/‖∇f(x)‖² ∇f(x)", "Polyak 1969", "f*"};

  template <class Lane>
  struct State {
    using Real = typename Lane::Real;
    using Point = typename Lane::Point;
    Point x;
    Point g;   ///< ∇f(x)
    Real gap;  ///< f(x) − f*

    template <class C>
    OMG_HD explicit State(const C& c) : x(c.template vector<PointDim>()), g(c.template vector<PointDim>()), gap(0) {}

    OMG_HD const Point& output() const { return x; }
    OMG_HD const Point& output_gradient() const { return g; }

    OMG_HD void start(Lane& lane) {
      lane.f.start(x);
      gap = lane.f.known_gap_and_gradient(x, g);
      lane.f.count_function();
    }

    OMG_HD Real advance(Lane& lane, int t) {
      (void)t;
      const Real squared = dot<PointDim>(lane.c, g, g);
      const auto moves = squared > Real(0);
      const Real step = select(moves, gap / select(moves, squared, Real(1)), Real(0));
      lane.c.template for_each<PointDim>([&](int i) { x[i] = nmadd(step, g[i], x[i]); });
      gap = lane.f.known_gap_and_gradient(x, g);
      lane.f.count_function();
      return gap;
    }
  };
};

}  // namespace omg
