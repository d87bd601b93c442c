#pragma once

#include "omg/lane/meta_gradient.hpp"

namespace omg {

/// Follow the regularised leader.
struct Ftrl {
  static constexpr Entry entry{"ftrl", "w_{t+1} = Π(w₁ − β_{t+1} Σ_{s≤t} α_s g_s)",
                               "Optimistic Meta-Gradients; McMahan 2017", ""};
  static constexpr bool has_null_step = false;
  static constexpr bool uses_hint = false;

  template <class Lane>
  struct State {
    using Real = typename Lane::Real;
    using Dim = typename Lane::Dim;
    typename Lane::Meta sum;  ///< Σ_{s≤t} α_s g_s
    template <class C>
    OMG_HD explicit State(const C& c) : sum(c.template vector<Dim>()) {}

    OMG_HD void update(Lane& lane, int t) {
      lane.pullback(lane.before(), lane.w, lane.u, lane.g);
      const Real weight = lane.alpha(t), step = lane.meta_step(t + 1);
      lane.c.template for_each<Dim>([&](int i) {
        sum[i] = fma(weight, lane.g[i], sum[i]);
        lane.w[i] = nmadd(step, sum[i], lane.first[i]);
      });
      lane.project_meta(lane.w);
    }
  };
};

}  // namespace omg
