#pragma once

#include "omg/lane/classical.hpp"

namespace omg {

/// Schedule-free gradient descent.
struct ScheduleFree {
  static constexpr Entry entry{"schedule_free",
                               "y = (1 − b) z + b x, z ← z − s ∇f(y), x ← (1 − 1/(t+1)) x + z/(t+1); gap at x",
                               "Defazio et al. 2024", "L"};
  static constexpr Parameter parameters[] = {
      {"step", "1/L", "s"},
      {"blend", "0.9", "b", false, Allowed::to_one},
  };

  template <class Lane>
  struct State {
    using Real = typename Lane::Real;
    using Point = typename Lane::Point;
    Point x;  ///< the output
    Point y;
    Point z;
    Point g;  ///< ∇f(y)

    template <class C>
    OMG_HD explicit State(const C& c)
        : x(c.template vector<PointDim>()),
          y(c.template vector<PointDim>()),
          z(c.template vector<PointDim>()),
          g(c.template vector<PointDim>()) {}

    OMG_HD const Point& output() const { return x; }

    OMG_HD void start(Lane& lane) {
      lane.f.start(x);
      copy<PointDim>(lane.c, x, z);
    }

    OMG_HD Real advance(Lane& lane, int t) {
      const Real step = lane.parameter(0), blend = lane.parameter(1);
      const Real share = Real(1) / Real(t + 1);
      lane.c.template for_each<PointDim>([&](int i) { y[i] = fma(blend, x[i], (Real(1) - blend) * z[i]); });
      lane.f.gradient(y, g);
      lane.c.template for_each<PointDim>([&](int i) {
        z[i] = nmadd(step, g[i], z[i]);
        x[i] = fma(share, z[i], (Real(1) - share) * x[i]);
      });
      return lane.f.gap(x);
    }
  };
};

}  // namespace omg
