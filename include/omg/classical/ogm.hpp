#pragma once

#include "omg/lane/classical.hpp"

namespace omg {

/// The optimised gradient method; its bound holds at the last iteration only.
struct Ogm {
  static constexpr Entry entry{"ogm",
                               "p_t = x_{t-1} − ∇f(x_{t-1})/L, x_t = p_t + (θ_{t-1} − 1)/θ_t (p_t − p_{t-1}) + "
                               "θ_{t-1}/θ_t (p_t − x_{t-1}); horizon T",
                               "Kim & Fessler 2016", "L, T"};
  static constexpr Parameter parameters[] = {
      {"step", "1/L", "step size", true},
      {"momentum", "(ogm_theta(t-1)-1)/ogm_theta(t)", "weight of p_t − p_{t-1}", true},
      {"correction", "ogm_theta(t-1)/ogm_theta(t)", "weight of p_t − x_{t-1}", true},
  };

  template <class Lane>
  struct State {
    using Real = typename Lane::Real;
    using Point = typename Lane::Point;
    Point x;
    Point p;
    Point g;  ///< ∇f(x)

    template <class C>
    OMG_HD explicit State(const C& c)
        : x(c.template vector<PointDim>()), p(c.template vector<PointDim>()), g(c.template vector<PointDim>()) {}

    OMG_HD const Point& output() const { return x; }
    OMG_HD const Point& output_gradient() const { return g; }

    OMG_HD void start(Lane& lane) {
      lane.f.start(x);
      copy<PointDim>(lane.c, x, p);
      lane.f.gradient(x, g);
    }

    OMG_HD Real advance(Lane& lane, int t) {
      const Real step = lane.parameter(0, t), momentum = lane.parameter(1, t), correction = lane.parameter(2, t);
      lane.c.template for_each<PointDim>([&](int i) {
        const Real p_next = nmadd(step, g[i], x[i]);
        x[i] = fma(correction, p_next - x[i], fma(momentum, p_next - p[i], p_next));
        p[i] = p_next;
      });
      return lane.f.gap_and_gradient(x, g);
    }
  };
};

}  // namespace omg
