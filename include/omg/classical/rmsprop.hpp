#pragma once

#include "omg/lane/classical.hpp"

namespace omg {

/// RMSProp, without bias correction.
struct RmsProp {
  static constexpr Entry entry{"rmsprop", "G ← θ G + (1 − θ) ∇f², x ← x − s ∇f / (√G + ε)", "Tieleman & Hinton 2012",
                               ""};
  static constexpr Parameter parameters[] = {
      {"step", "0.01", "learning rate"},
      {"decay", "0.9", "θ", false, Allowed::below_one},
      {"epsilon", "1e-8", "ε, added outside the root", false, Allowed::not_negative},
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
    }

    OMG_HD Real advance(Lane& lane, int t) {
      const Real step = lane.parameter(0), decay = lane.parameter(1), epsilon = lane.parameter(2);
      const Real fresh = Real(1) - decay;
      (void)t;
      lane.c.template for_each<PointDim>([&](int i) {
        squares[i] = fma(decay, squares[i], fresh * (g[i] * g[i]));
        x[i] = x[i] - over_root(step * g[i], squares[i], epsilon);
      });
      return lane.f.gap_and_gradient(x, g);
    }
  };
};

}  // namespace omg
