#pragma once

#include "omg/lane/meta_gradient.hpp"

namespace omg {

/// FTRL with the scalar AdaGrad step; needs no L. No step while the denominator is zero.
struct AdagradNorm {
  static constexpr Entry entry{"adagrad_norm",
                               "w_{t+1} = Π(w₁ − β_{t+1} S_t / sqrt(Σ_{s≤t} ‖α_s g_s‖²)), S_t = Σ_{s≤t} α_s g_s",
                               "Streeter & McMahan 2010; Orabona & Pál 2018", ""};
  static constexpr bool has_null_step = false;
  static constexpr bool uses_hint = false;

  template <class Lane>
  struct State {
    using Real = typename Lane::Real;
    using Dim = typename Lane::Dim;
    typename Lane::Meta sum;  ///< S_t
    Real squares;             ///< Σ_{s≤t} ‖α_s g_s‖²
    template <class C>
    OMG_HD explicit State(const C& c) : sum(c.template vector<Dim>()), squares(0) {}

    OMG_HD void update(Lane& lane, int t) {
      lane.pullback(lane.before(), lane.w, lane.u, lane.g);
      const Real weight = lane.alpha(t);
      lane.c.template for_each<Dim>([&](int i) { sum[i] = fma(weight, lane.g[i], sum[i]); });
      squares = squares + lane.c.template sum<Dim>([&](int i) {
        const Real scaled = weight * lane.g[i];
        return scaled * scaled;
      });
      const auto moves = squares > Real(0);
      const Real step = select(moves, lane.meta_step(t + 1) / sqrt(select(moves, squares, Real(1))), Real(0));
      lane.c.template for_each<Dim>([&](int i) { lane.w[i] = nmadd(step, sum[i], lane.first[i]); });
      lane.project_meta(lane.w);
    }
  };
};

}  // namespace omg
