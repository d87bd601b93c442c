#pragma once

#include "omg/lane/classical.hpp"

namespace omg {

/// AdaGrad, elementwise.
struct AdagradMethod {
  static constexpr Entry entry{"adagrad", "G ← G + ∇f², x ← x − s ∇f / (√G + ε)", "Duchi, Hazan & Singer 2011", ""};
  static constexpr Parameter parameters[] = {
      {"step", "0.01", "learning rate"},
      {"epsilon", "1e-8", "ε, added outside the root", false, Allowed::not_negative},
      {"initial", "0", "G₀", false, Allowed::not_negative},
  };

  template <class Lane>
  struct State {
    using Real = typename Lane::Real;
    using Point = typename Lane::Point;
    Point x;
    Point g;        ///< ∇f(x)
    Point squares;  ///< G

    template <class C>
    OMG_HD explicit State(const C& c)
        : x(c.template vector<PointDim>()), g(c.template vector<PointDim>()), squares(c.template vector<PointDim>()) {}

    OMG_HD const Point& output() const { return x; }
    OMG_HD const Point& output_gradient() const { return g; }

    OMG_HD void start(Lane& lane) {
      lane.f.start(x);
      lane.f.gradient(x, g);
      lane.c.template for_each<PointDim>([&](int i) { squares[i] = lane.parameter(2); });
    }

    OMG_HD Real advance(Lane& lane, int t) {
      const Real step = lane.parameter(0), epsilon = lane.parameter(1);
      (void)t;
      lane.c.template for_each<PointDim>([&](int i) {
        squares[i] = fma(g[i], g[i], squares[i]);
        x[i] = x[i] - over_large_root(step * g[i], squares[i], epsilon);
      });
      return lane.f.gap_and_gradient(x, g);
    }
  };
};

}  // namespace omg
