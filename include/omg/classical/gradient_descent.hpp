#pragma once

#include "omg/lane/classical.hpp"

namespace omg {

/// Gradient descent; any schedule of steps, silver steps among them.
struct GradientDescent {
  static constexpr Entry entry{"gradient_descent", "x_t = x_{t-1} − s_t ∇f(x_{t-1})",
                               "f(x_T) − f* ≤ L R² / (4T + 2) for s = 1/L: Drori & Teboulle 2014", "L"};
  static constexpr Parameter parameters[] = {
      {"step", "1/L", "step size", true},
  };

  /// A coordinate between iterations, and an iteration of it.
  template <class R>
  struct Coordinate {
    R x;

    OMG_HD static Coordinate start(const R& x0, const R*) { return {x0}; }
    OMG_HD const R& point() const { return x; }  ///< where ∇f is taken
    OMG_HD const R& output() const { return x; }
    /// k: the scheduled parameters at t; g: this coordinate's entry of ∇f.
    OMG_HD void advance(const R* k, const R& g) { x = nmadd(k[0], g, x); }

    /// The same on a chain, ∇f_i = 2 x_i − x_{i−1} − x_{i+1}, with x times a scale in which neighbours have weight 1:
    ///   r x_i ← x_{i−1} + x_{i+1} + q x_i,  r = 1/s,  q = r − 2.
    struct Weights {
      R own;  ///< q
    };
    /// `scale` becomes the scale after the iteration.
    OMG_HD static Weights weights(const R* k, Coordinate& scale) {
      const R r = R(1) / k[0];
      scale.x = scale.x * r;
      return {r - R(2)};
    }
    /// What this coordinate and `left` give to `chain`, which takes the sum with the right neighbour.
    OMG_HD R part(const Weights& w, const R& left) const { return fma(w.own, x, left); }
    OMG_HD void chain(const Weights&, const R& sum) { x = sum; }
  };

  template <class Lane>
  struct State {
    using Real = typename Lane::Real;
    using Point = typename Lane::Point;
    Point x;
    Point g;  ///< ∇f(x)

    template <class C>
    OMG_HD explicit State(const C& c) : x(c.template vector<PointDim>()), g(c.template vector<PointDim>()) {}

    OMG_HD const Point& output() const { return x; }
    OMG_HD const Point& output_gradient() const { return g; }

    OMG_HD void start(Lane& lane) {
      lane.f.start(x);
      lane.f.gradient(x, g);
    }

    OMG_HD Real advance(Lane& lane, int t) {
      const Real k[] = {lane.parameter(0, t)};
      lane.c.template for_each<PointDim>([&](int i) {
        Coordinate<Real> own{x[i]};
        own.advance(k, g[i]);
        x[i] = own.x;
      });
      return lane.f.gap_and_gradient(x, g);
    }
  };
};

}  // namespace omg
