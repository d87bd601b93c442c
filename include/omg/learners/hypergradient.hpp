#pragma once

#include "omg/lane/meta_gradient.hpp"

namespace omg {

/// Hypergradient descent. The null step is on unless the method turns it off; w is updated in both cases.
struct Hypergradient {
  static constexpr Entry entry{"hypergradient",
                               "w_{t+1} = Π(w_t − β_t α_t g_t / ‖∇f(y_{t-1})‖²), u_t at the trial point x_t; null "
                               "step: y_t the better of x_t and y_{t-1}",
                               "Gao, Chu, Ye & Udell, arXiv 2502.11229", ""};
  static constexpr bool has_null_step = true;
  static constexpr bool uses_hint = false;

  template <class Lane>
  struct State {
    using Real = typename Lane::Real;
    using Dim = typename Lane::Dim;

    template <class C>
    OMG_HD explicit State(const C&) {}

    OMG_HD void update(Lane& lane, int t) {
      lane.pullback(lane.before(), lane.w, lane.u, lane.g);
      const Real squared = dot<PointDim>(lane.c, lane.gradient, lane.gradient);
      const auto moves = squared > Real(0);
      const Real norm = select(moves, squared, Real(1));
      const Real step = select(moves, lane.meta_step(t) * lane.alpha(t), Real(0));
      // g is divided, not the step: near the minimiser the step over ‖∇f‖² alone overflows.
      lane.c.template for_each<Dim>([&](int i) { lane.w[i] = nmadd(step, lane.g[i] / norm, lane.w[i]); });
      lane.project_meta(lane.w);
    }
  };
};

}  // namespace omg
