#pragma once

#include "omg/lane/classical.hpp"

namespace omg {

/// Heavy ball with any schedules of step and momentum; t counts from 1.
struct HeavyBall {
  static constexpr Entry entry{
      "heavy_ball", "x_t = x_{t-1} − a_t ∇f(x_{t-1}) + m_t (x_{t-1} − x_{t-2}), x_{-1} = x₀ − v₀",
      "Polyak 1964; a_t = 1/(L(t+1)), m_t = (t−1)/(t+1): Ghadimi, Feyzmahdavian & Johansson 2015", "L"};
  static constexpr Parameter parameters[] = {
      {"step", "1/L", "step size", true},
      {"momentum", "0.9", "m_t", true},
      {"velocity", "0", "v₀, the same in every coordinate"},
  };

  /// A coordinate between iterations, and an iteration of it.
  template <class R>
  struct Coordinate {
    R x, previous;

    OMG_HD static Coordinate start(const R& x0, const R* constant) { return {x0, x0 - constant[2]}; }
    OMG_HD const R& point() const { return x; }  ///< where ∇f is taken
    OMG_HD const R& output() const { return x; }
    /// k: the scheduled parameters at t; g: this coordinate's entry of ∇f.
    OMG_HD void advance(const R* k, const R& g) {
      const R next = nmadd(k[0], g, fma(k[1], x - previous, x));
      previous = x;
      x = next;
    }

    /// The same on a chain, ∇f_i = 2 x_i − x_{i−1} − x_{i+1}, with points times scales in which neighbours have the
    /// weight 1:
    ///   r x_i ← x_{i−1} + x_{i+1} + q x_i − w x̄_i,  r = 1/s,  q = (1 + m) r − 2,  w = m r,  x̄ the point before.
    struct Weights {
      R own, previous;  ///< q; w times the quotient of the scales
    };
    /// `scale` becomes the scales after the iteration.
    OMG_HD static Weights weights(const R* k, Coordinate& scale) {
      const R r = R(1) / k[0], q = fma(k[1], r, r) - R(2);
      // As q + 2 − w is r, not just about r, constants stay what they are.
      const Weights w{q, ((q + R(2)) - r) * (scale.x / scale.previous)};
      scale = {scale.x * r, scale.x};
      return w;
    }
    /// What this coordinate and `left` give to `chain`, which takes the sum with the right neighbour.
    OMG_HD R part(const Weights& w, const R& left) const { return nmadd(w.previous, previous, fma(w.own, x, left)); }
    OMG_HD void chain(const Weights&, const R& sum) {
      previous = x;
      x = sum;
    }
  };

  template <class Lane>
  struct State {
    using Real = typename Lane::Real;
    using Point = typename Lane::Point;
    Point x;
    Point next;  ///< x_{t+1}: ready when x_t is evaluated, so that x_{t-1} and ∇f(x_t) need no place between iterations
    Point g;     ///< ∇f(x)

    template <class C>
    OMG_HD explicit State(const C& c)
        : x(c.template vector<PointDim>()), next(c.template vector<PointDim>()), g(c.template vector<PointDim>()) {}

    OMG_HD const Point& output() const { return x; }
    OMG_HD const Point& output_gradient() const { return g; }

    OMG_HD void start(Lane& lane) {
      lane.f.start(x);
      lane.c.template for_each<PointDim>(
          [&](int i) { next[i] = Coordinate<Real>::start(x[i], lane.k.constant).previous; });
      lane.f.gradient(x, g);
      step(lane, 1);
    }

    OMG_HD Real advance(Lane& lane, int t) {
      exchange(x, next);
      const Real gap = lane.f.gap_and_gradient(x, g);
      step(lane, t + 1);
      return gap;
    }

    /// x_t from x_{t-1} and, in its place, x_{t-2}.
    OMG_HD void step(Lane& lane, int t) {
      const Real k[] = {lane.parameter(0, t), lane.parameter(1, t)};
      lane.c.template for_each<PointDim>([&](int i) {
        Coordinate<Real> own{x[i], next[i]};
        own.advance(k, g[i]);
        next[i] = own.x;
      });
    }
  };
};

}  // namespace omg
