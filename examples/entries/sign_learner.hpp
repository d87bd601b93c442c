#pragma once

#include "omg/lane/meta_gradient.hpp"

namespace omg {

/// Steps of fixed size against the sign of the meta-gradient.
struct SignLearner {
  static constexpr Entry entry{"sign_learner", "w_{t+1} = Π(w_t − β_t sign g_t)", "Riedmiller & Braun 1993", ""};
  static constexpr bool has_null_step = false;
  static constexpr bool uses_hint = false;

  template <class Lane>
  struct State {
    using Real = typename Lane::Real;
    using Dim = typename Lane::Dim;

    template <class C>
    OMG_HD explicit State(const C&) {}

    OMG_HD void update(Lane& lane, int t) {
      lane.pullback(lane.before(), lane.w, lane.u, lane.g);
      const Real step = lane.meta_step(t);
      lane.c.template for_each<Dim>([&](int i) {
        const Real sign = select(lane.g[i] > Real(0), Real(1), select(lane.g[i] < Real(0), Real(-1), Real(0)));
        lane.w[i] = nmadd(step, sign, lane.w[i]);
      });
      lane.project_meta(lane.w);
    }
  };
};

}  // namespace omg
