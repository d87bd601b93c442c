#pragma once

#include "omg/lane/classical.hpp"

namespace omg {

/// Adam with bias correction.
struct AdamMethod {
  static constexpr Entry entry{"adam", "m ← b₁ m + (1 − b₁) ∇f, v ← b₂ v + (1 − b₂) ∇f², x ← x − s m̂ / (√v̂ + ε)",
                               "Kingma & Ba 2015", ""};
  static constexpr Parameter parameters[] = {
      {"step", "0.01", "learning rate"},
      {"decay1", "0.9", "b₁", false, Allowed::below_one},
      {"decay2", "0.999", "b₂", false, Allowed::below_one},
      {"epsilon", "1e-8", "ε, added outside the root", false, Allowed::not_negative},
  };

  template <class Lane>
  struct State {
    using Real = typename Lane::Real;
    using Point = typename Lane::Point;
    Point x;
    Point g;  ///< ∇f(x)
    Point m;
    Point v;
    Real power1;  ///< b₁^t
    Real power2;  ///< b₂^t

    template <class C>
    OMG_HD explicit State(const C& c)
        : x(c.template vector<PointDim>()),
          g(c.template vector<PointDim>()),
          m(c.template vector<PointDim>()),
          v(c.template vector<PointDim>()),
          power1(1),
          power2(1) {}

    OMG_HD const Point& output() const { return x; }
    OMG_HD const Point& output_gradient() const { return g; }

    OMG_HD void start(Lane& lane) {
      lane.f.start(x);
      lane.f.gradient(x, g);
    }

    OMG_HD Real advance(Lane& lane, int t) {
      const Real step = lane.parameter(0), b1 = lane.parameter(1), b2 = lane.parameter(2), epsilon = lane.parameter(3);
      (void)t;
      power1 = power1 * b1;  // b₁^t
      power2 = power2 * b2;
      const Real unbias1 = Real(1) - power1, unbias2 = Real(1) - power2;
      lane.c.template for_each<PointDim>([&](int i) {
        m[i] = fma(b1, m[i], (Real(1) - b1) * g[i]);
        v[i] = fma(b2, v[i], (Real(1) - b2) * (g[i] * g[i]));
        x[i] = x[i] - over_root(step * (m[i] / unbias1), v[i] / unbias2, epsilon);
      });
      return lane.f.gap_and_gradient(x, g);
    }
  };
};

}  // namespace omg
