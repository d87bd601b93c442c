#pragma once

#include "omg/lane/classical.hpp"

namespace omg {

/// Nesterov's accelerated gradient method, any momentum schedule.
struct Nesterov {
  static constexpr Entry entry{"nesterov", "p_t = y_{t-1} − s ∇f(y_{t-1}), y_t = p_t + m_t (p_t − p_{t-1}); gap at p_t",
                               "Nesterov 1983; Beck & Teboulle 2009: momentum = (theta(t)-1)/theta(t+1); for mu > 0 "
                               "Nesterov 2004, scheme 2.2.11: momentum = (1-sqrt(mu/L))/(1+sqrt(mu/L))",
                               "L"};
  static constexpr Parameter parameters[] = {
      {"step", "1/L", "step size", true},
      {"momentum", "(t-1)/(t+2)", "m_t", true},
  };

  /// A coordinate between iterations, and an iteration of it.
  template <class R>
  struct Coordinate {
    R y, p;

    OMG_HD static Coordinate start(const R& x0, const R*) { return {x0, x0}; }
    OMG_HD const R& point() const { return y; }  ///< where ∇f is taken
    OMG_HD const R& output() const { return p; }
    /// k: the scheduled parameters at t; g: this coordinate's entry of ∇f.
    OMG_HD void advance(const R* k, const R& g) {
      const R next = nmadd(k[0], g, y);
      y = fma(k[1], next - p, next);
      p = next;
    }

    /// The same on a chain, ∇f_i = 2 y_i − y_{i−1} − y_{i+1}, with points times scales in which neighbours and p̄ have
    /// the weight 1:
    ///   r p̄_i = y_{i−1} + y_{i+1} + q y_i,  y_i ← (1 + m) p̄_i − m p_i,  p_i ← p̄_i,  r = 1/s,  q = r − 2.
    struct Weights {
      R own, previous;  ///< q; m times the quotient of the scales
    };
    /// `scale` becomes the scales after the iteration.
    OMG_HD static Weights weights(const R* k, Coordinate& scale) {
      const R r = R(1) / k[0], ahead = R(1) + k[1], p = scale.y * r, y = p / ahead;
      // As (1 + m) − m is 1, not just about 1, constants stay what they are.
      const Weights w{r - R(2), (ahead - R(1)) * (y / scale.p)};
      scale = {y, p};
      return w;
    }
    /// What this coordinate and `left` give to `chain`, which takes the sum with the right neighbour.
    OMG_HD R part(const Weights& w, const R& left) const { return fma(w.own, y, left); }
    OMG_HD void chain(const Weights& w, const R& sum) {
      y = nmadd(w.previous, p, sum);
      p = sum;
    }
  };

  template <class Lane>
  struct State {
    using Real = typename Lane::Real;
    using Point = typename Lane::Point;
    Point p;     ///< p_t, the output
    Point y;     ///< y_t; where ∇f is affine y_t + s_{t+1} m_t ∇f(p_{t-1})
    Point g;     ///< ∇f(y_t); where ∇f is affine ∇f(p_t)
    Real ahead;  ///< s_{t+1} (1 + m_t)

    template <class C>
    OMG_HD explicit State(const C& c)
        : p(c.template vector<PointDim>()),
          y(c.template vector<PointDim>()),
          g(c.template vector<PointDim>()),
          ahead(0) {}

    OMG_HD const Point& output() const { return p; }

    OMG_HD void start(Lane& lane) {
      lane.f.start(p);
      copy<PointDim>(lane.c, p, y);
      if constexpr (Lane::affine_gradient) {
        lane.f.gradient(p, g);
        ahead = lane.parameter(0, 1);
      }
    }

    OMG_HD Real advance(Lane& lane, int t) {
      const Real step = lane.parameter(0, t), momentum = lane.parameter(1, t);
      if constexpr (Lane::affine_gradient) {
        // One evaluation serves gap and step, as ∇f(y_t) = ∇f(p_t) + m_t (∇f(p_t) − ∇f(p_{t-1})):
        //   p_{t+1} = (y_t + s_{t+1} m_t ∇f(p_{t-1})) − s_{t+1} (1 + m_t) ∇f(p_t)
        const Real next_step = lane.parameter(0, t + 1), back = next_step * momentum;
        lane.c.template for_each<PointDim>([&](int i) {
          const Real next = nmadd(ahead, g[i], y[i]);
          y[i] = fma(back, g[i], fma(momentum, next - p[i], next));
          p[i] = next;
        });
        ahead = next_step + back;
        return lane.f.gap_and_gradient(p, g);
      }
      lane.f.gradient(y, g);
      const Real k[] = {step, momentum};
      lane.c.template for_each<PointDim>([&](int i) {
        Coordinate<Real> own{y[i], p[i]};
        own.advance(k, g[i]);
        y[i] = own.y;
        p[i] = own.p;
      });
      return lane.f.gap(p);
    }
  };
};

}  // namespace omg
