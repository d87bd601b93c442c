#pragma once

#include "omg/lane/meta_gradient.hpp"

namespace omg {

/// Adam on the meta-gradient; the weights α do not enter.
struct AdamLearner {
  static constexpr Entry entry{"adam", "w_{t+1} = Π(w_t − β_t m̂_t / (√v̂_t + 1e-8)), m = .9m + .1g, v = .999v + .001g²",
                               "Kingma & Ba 2015", ""};
  static constexpr bool has_null_step = false;
  static constexpr bool uses_hint = false;

  template <class Lane>
  struct State {
    using Real = typename Lane::Real;
    using Dim = typename Lane::Dim;
    typename Lane::Meta m, v;
    Real decay1, decay2;
    template <class C>
    OMG_HD explicit State(const C& c)
        : m(c.template vector<Dim>()), v(c.template vector<Dim>()), decay1(1), decay2(1) {}

    OMG_HD void update(Lane& lane, int t) {
      lane.pullback(lane.before(), lane.w, lane.u, lane.g);
      decay1 = decay1 * Real(0.9);    // 0.9^t
      decay2 = decay2 * Real(0.999);  // 0.999^t
      const Real step = lane.meta_step(t);
      const Real unbias1 = Real(1) - decay1, unbias2 = Real(1) - decay2;
      lane.c.template for_each<Dim>([&](int i) {
        m[i] = fma(Real(0.9), m[i], Real(0.1) * lane.g[i]);
        v[i] = fma(Real(0.999), v[i], Real(0.001) * (lane.g[i] * lane.g[i]));
        lane.w[i] = lane.w[i] - over_root(step * (m[i] / unbias1), v[i] / unbias2, Real(1e-8));
      });
      lane.project_meta(lane.w);
    }
  };
};

}  // namespace omg
