#pragma once

#include "omg/lane/hint.hpp"

namespace omg {

/// Gradient descent on the meta-parameters with a hint that the next step takes back.
struct OptimisticSgd {
  static constexpr Entry entry{"optimistic_sgd", "w_{t+1} = Π(w_t − β_t(α_t g_t + α_{t+1} g̃_{t+1} − α_t g̃_t))",
                               "Optimistic Meta-Gradients; Rakhlin & Sridharan 2013", ""};
  static constexpr bool has_null_step = false;
  static constexpr bool uses_hint = true;

  template <class Lane>
  struct State {
    using Real = typename Lane::Real;
    using Dim = typename Lane::Dim;
    typename Lane::Meta held;  ///< g̃_t, the stored hint's meta-gradient
    HintState<Lane> prediction;
    template <class C>
    OMG_HD explicit State(const C& c) : held(c.template vector<Dim>()), prediction(c) {}

    OMG_HD void update(Lane& lane, int t) {
      lane.pullback(lane.before(), lane.w, lane.u, lane.g);
      const Real weight = lane.alpha(t), next_weight = lane.alpha(t + 1), step = lane.meta_step(t);
      // α_t g_t − α_t g̃_t, with g̃_t as it was stored
      lane.c.template for_each<Dim>([&](int i) { held[i] = fma(weight, lane.g[i], -(weight * held[i])); });
      prediction.predict(lane, t, [&](typename Lane::Meta& ahead) {
        lane.c.template for_each<Dim>([&](int i) { ahead[i] = nmadd(step, held[i], lane.w[i]); });
        lane.project_meta(ahead);
      });
      lane.pullback(lane.after(), lane.w, prediction.hint, lane.g);  // g̃_{t+1}
      lane.c.template for_each<Dim>([&](int i) {
        lane.w[i] = nmadd(step, fma(next_weight, lane.g[i], held[i]), lane.w[i]);
        held[i] = lane.g[i];
      });
      lane.project_meta(lane.w);
    }
  };
};

}  // namespace omg
