#pragma once

#include "omg/lane/classical.hpp"

namespace omg {

/// Hypergradient descent with heavy-ball momentum (HDM-HB): a step size p for every coordinate and one momentum b, both
/// learned by AdaGrad on the hypergradient of
///
///   h(p, b) = (φ(z, x) − φ(x, x⁻)) / D,  φ(x, x⁻) = f(x) + ω/2 ‖x − x⁻‖²,  D = ‖∇f(x)‖² + τ/2 ‖x − x⁻‖².
///
/// One iteration, with x = x_{t-1}, x⁻ = x_{t-2} and d = x − x⁻:
///
///   z   = x − p ⊙ ∇f(x) + b d
///   u   = ∇f(z) + ω (z − x)
///   h_p = −u ⊙ ∇f(x) / D,  h_b = ⟨u, d⟩ / D
///   G   ← G + h_p²,        H   ← H + h_b²
///   p   ← max(0, p − η_p h_p / √G),  b ← min(max(0, b − η_b h_b / √H), b_max)
///   x_t = z if φ(z, x) ≤ φ(x, x⁻), else x (null step; the momentum is lost with it).
struct HypergradientHeavyBall {
  static constexpr Entry entry{"hypergradient_heavy_ball",
                               "z = x − p ⊙ ∇f(x) + b (x − x⁻); p and b by AdaGrad on the hypergradient of "
                               "(φ(z, x) − φ(x, x⁻)) / (‖∇f(x)‖² + τ/2 ‖x − x⁻‖²), φ(x, x⁻) = f(x) + ω/2 ‖x − x⁻‖²; "
                               "x_t the better of z and x by φ",
                               "HDM-HB: Gao, Chu, Ye & Udell, arXiv 2502.11229, in its practical form: p diagonal, b "
                               "a number, AdaGrad for both",
                               "L, f"};
  static constexpr Parameter parameters[] = {
      {"step_rate", "1/L", "η_p, learning rate of the step sizes"},
      {"momentum_rate", "1", "η_b, learning rate of the momentum"},
      {"step", "0", "p at the first iteration, the same in every coordinate"},
      {"momentum", "0.95", "b at the first iteration"},
      {"largest_momentum", "0.9995", "b_max", false, Allowed::below_one},
      {"potential", "0", "ω"},
      {"damping", "L^2/2", "τ"},
  };

  template <class Lane>
  struct State {
    using Real = typename Lane::Real;
    using Point = typename Lane::Point;
    Point x;
    Point previous;  ///< x⁻
    Point z;
    Point g;                ///< ∇f(x)
    Point ahead;            ///< ∇f(z)
    Point p;                ///< step sizes
    Point squares;          ///< G
    Real momentum;          ///< b
    Real momentum_squares;  ///< H
    Real gap;               ///< f(x) − f*

    template <class C>
    OMG_HD explicit State(const C& c)
        : x(c.template vector<PointDim>()),
          previous(c.template vector<PointDim>()),
          z(c.template vector<PointDim>()),
          g(c.template vector<PointDim>()),
          ahead(c.template vector<PointDim>()),
          p(c.template vector<PointDim>()),
          squares(c.template vector<PointDim>()),
          momentum(0),
          momentum_squares(0),
          gap(0) {}

    OMG_HD const Point& output() const { return x; }

    OMG_HD void start(Lane& lane) {
      lane.f.start(x);
      const Real step = lane.parameter(2);
      lane.c.template for_each<PointDim>([&](int i) {
        previous[i] = x[i];
        p[i] = step;
        squares[i] = Real(0);
      });
      momentum = lane.parameter(3);
      gap = lane.f.known_gap_and_gradient(x, g);
    }

    OMG_HD Real advance(Lane& lane, int t) {
      const Real step_rate = lane.parameter(0), momentum_rate = lane.parameter(1), most = lane.parameter(4);
      const Real omega = lane.parameter(5), tau = lane.parameter(6);
      const auto& c = lane.c;
      if (t == 1) lane.f.count_function();  // f(x₀)
      c.template for_each<PointDim>([&](int i) { z[i] = fma(momentum, x[i] - previous[i], nmadd(p[i], g[i], x[i])); });
      const Real reached = lane.f.known_gap_and_gradient(z, ahead);
      lane.f.count_function();

      const Real moved = c.template sum<PointDim>([&](int i) { return (x[i] - previous[i]) * (x[i] - previous[i]); });
      const Real moves = c.template sum<PointDim>([&](int i) { return (z[i] - x[i]) * (z[i] - x[i]); });
      const Real scale = fma(Real(0.5) * tau, moved, dot<PointDim>(c, g, g));
      // D = 0 only where the gradient is, at a minimiser reached to the bit: nothing is learned there.
      const auto learns = scale > Real(0);
      const Real divisor = select(learns, scale, Real(1));
      const Real slope =
          c.template sum<PointDim>([&](int i) { return fma(omega, z[i] - x[i], ahead[i]) * (x[i] - previous[i]); });
      const auto adagrad = [&](Real h, Real sum) {
        const auto moves_on = learns & (sum > Real(0));
        return select(moves_on, h / sqrt(select(moves_on, sum, Real(1))), Real(0));
      };
      c.template for_each<PointDim>([&](int i) {
        const Real h = -(fma(omega, z[i] - x[i], ahead[i]) * g[i]) / divisor;
        squares[i] = fma(h, h, squares[i]);
        p[i] = max(nmadd(step_rate, adagrad(h, squares[i]), p[i]), Real(0));
      });
      const Real h = slope / divisor;
      momentum_squares = fma(h, h, momentum_squares);
      momentum = clamp(nmadd(momentum_rate, adagrad(h, momentum_squares), momentum), Real(0), most);

      // φ(z, x) ≤ φ(x, x⁻)
      const Real half = Real(0.5) * omega;
      const auto better = fma(half, moves, reached) <= fma(half, moved, gap);
      c.template for_each<PointDim>([&](int i) {
        previous[i] = x[i];
        x[i] = select(better, z[i], x[i]);
        g[i] = select(better, ahead[i], g[i]);
      });
      gap = select(better, reached, gap);
      return gap;
    }
  };
};

}  // namespace omg
