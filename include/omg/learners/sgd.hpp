#pragma once

#include "omg/lane/meta_gradient.hpp"

namespace omg {

/// Projected (sub)gradient descent on the meta-parameters.
struct Sgd {
  static constexpr Entry entry{"sgd", "w_{t+1} = Π(w_t − β_t α_t g_t)", "Optimistic Meta-Gradients", ""};
  static constexpr bool has_null_step = false;
  static constexpr bool uses_hint = false;

  template <class Lane>
  struct State {
    template <class C>
    OMG_HD explicit State(const C&) {}

    OMG_HD void update(Lane& lane, int t) {
      lane.descend(lane.meta_step(t) * lane.alpha(t));
      lane.project_meta(lane.w);
    }
  };
};

}  // namespace omg
