#pragma once

#include "omg/lane/hint.hpp"

namespace omg {

/// AO-FTRL: follow the regularised leader with a hint, the form that accelerates (claim C4).
struct OptimisticFtrl {
  static constexpr Entry entry{
      "optimistic_ftrl",
      "w_{t+1} = Π(w₁ − β_{t+1}(Σ_{s≤t} α_s g_s + α_{t+1} g̃_{t+1})), g̃_{t+1} = D_wφ(y_t, w_t)ᵀ ũ_{t+1}",
      "Optimistic Meta-Gradients; Rakhlin & Sridharan 2013; Joulani et al. 2020", ""};
  static constexpr bool has_null_step = false;
  static constexpr bool uses_hint = true;

  template <class Lane>
  struct State {
    using Real = typename Lane::Real;
    using Dim = typename Lane::Dim;
    typename Lane::Meta sum;  ///< Σ_{s≤t} α_s g_s
    HintState<Lane> prediction;
    template <class C>
    OMG_HD explicit State(const C& c) : sum(c.template vector<Dim>()), prediction(c) {}

    OMG_HD void update(Lane& lane, int t) {
      lane.pullback(lane.before(), lane.w, lane.u, lane.g);
      const Real weight = lane.alpha(t), next_weight = lane.alpha(t + 1), step = lane.meta_step(t + 1);
      lane.c.template for_each<Dim>([&](int i) { sum[i] = fma(weight, lane.g[i], sum[i]); });
      prediction.predict(lane, t, [&](typename Lane::Meta& ahead) {
        lane.c.template for_each<Dim>([&](int i) { ahead[i] = nmadd(step, sum[i], lane.first[i]); });
        lane.project_meta(ahead);
      });
      lane.pullback(lane.after(), lane.w, prediction.hint, lane.g);  // g̃_{t+1}
      lane.c.template for_each<Dim>(
          [&](int i) { lane.w[i] = nmadd(step, fma(next_weight, lane.g[i], sum[i]), lane.first[i]); });
      lane.project_meta(lane.w);
    }
  };
};

}  // namespace omg
