#pragma once

#include "omg/lane/hint.hpp"

namespace omg {

/// Bootstrapped meta-gradients: the gradient in w of B_μ(φ(y_{t-1}, w), z_t) with the target z_t held fixed
/// (claim C5). Targets: bootstrap(K, η), optimistic, and kl for the second μ.
struct Bmg {
  static constexpr Entry entry{"bmg", "w_{t+1} = Π(w_t − β_t D_wφ(y_{t-1}, w_t)ᵀ(∇μ(x_t) − ∇μ(z_t)))",
                               "Flennerhag et al., Bootstrapped Meta-Learning, ICLR 2022; Optimistic Meta-Gradients",
                               ""};
  static constexpr Parameter parameters[] = {
      {"inner_step", "1", "η, the step of the target's last gradient"},
  };
  /// Coordinates below this are raised to it before a logarithm is taken.
  template <class T>
  OMG_HD static constexpr T smallest_coordinate() {
    return sizeof(T) == 8 ? T(1e-300) : T(1e-37);
  }
  static constexpr bool has_null_step = false;
  static constexpr bool has_target = true;
  static constexpr bool uses_hint = true;

  template <class Lane>
  struct State {
    using Real = typename Lane::Real;
    using Dim = typename Lane::Dim;
    using Point = typename Lane::Point;
    Point d;  ///< ∇μ(x_t) − ∇μ(z_t)
    Point p, p_previous, p_next, gradient;
    HintState<Lane> prediction;

    template <class C>
    OMG_HD explicit State(const C& c)
        : d(c.template vector<PointDim>()),
          p(c.template vector<PointDim>()),
          p_previous(c.template vector<PointDim>()),
          p_next(c.template vector<PointDim>()),
          gradient(c.template vector<PointDim>()),
          prediction(c) {}

    OMG_HD void update(Lane& lane, int t) {
      if (lane.o.target == Target::bootstrap) bootstrap(lane);
      if (lane.o.target == Target::optimistic) optimistic(lane, t);
      if (lane.o.target == Target::kl) mirror(lane);
      // w_{t+1} = Π(w_t − β_t D_wφ(y_{t-1}, w_t)ᵀ d)
      lane.pullback(lane.before(), lane.w, d, lane.g);
      const Real step = lane.meta_step(t);
      lane.c.template for_each<Dim>([&](int i) { lane.w[i] = nmadd(step, lane.g[i], lane.w[i]); });
      lane.project_meta(lane.w);
    }

    /// d = x_t − z_t with p₀ = x_t, p_j = φ(p_{j-1}, w_t), z_t = p_{K-1} − η ∇f(p_{K-1}); w_t is frozen.
    OMG_HD void bootstrap(Lane& lane) {
      const auto& c = lane.c;
      const Real eta = lane.learner_parameter(0);
      const int inner = lane.o.bootstrap_steps;
      if (inner == 1) {  // the gradient of the target is u_t
        c.template for_each<PointDim>([&](int i) { d[i] = eta * lane.u[i]; });
        return;
      }
      copy<PointDim>(c, lane.x, p);
      copy<PointDim>(c, lane.y, p_previous);
      if (lane.o.averaged) {
        if constexpr (Lane::rule_uses_gradient) lane.f.gradient(p, gradient);
      } else {
        copy<PointDim>(c, lane.u, gradient);  // y_t = x_t
      }
      for (int j = 1; j < inner; ++j) {
        lane.propose({p, p_previous, gradient}, lane.w, p_next);
        exchange(p_previous, p);
        exchange(p, p_next);
        if (Lane::rule_uses_gradient || j == inner - 1) lane.f.gradient(p, gradient);
      }
      c.template for_each<PointDim>([&](int i) { d[i] = fma(eta, gradient[i], lane.x[i] - p[i]); });
    }

    /// d = α_t u_t + α_{t+1} ũ_{t+1} − α_t ũ_t: the difference itself, z_t is never formed.
    OMG_HD void optimistic(Lane& lane, int t) {
      const auto& c = lane.c;
      const Real weight = lane.alpha(t), next_weight = lane.alpha(t + 1), step = lane.meta_step(t);
      c.template for_each<PointDim>([&](int i) { d[i] = fma(weight, lane.u[i], -(weight * prediction.hint[i])); });
      prediction.predict(lane, t, [&](typename Lane::Meta& ahead) {
        lane.pullback(lane.before(), lane.w, d, ahead);
        c.template for_each<Dim>([&](int i) { ahead[i] = nmadd(step, ahead[i], lane.w[i]); });
        lane.project_meta(ahead);
      });
      c.template for_each<PointDim>([&](int i) { d[i] = fma(next_weight, prediction.hint[i], d[i]); });
    }

    /// KL matching on the simplex, μ the negative entropy: z_t ∝ x_t ⊙ exp(−η u_t), d = log x_t − log z_t,
    /// coordinates floored before the logarithm.
    OMG_HD void mirror(Lane& lane) {
      const auto& c = lane.c;
      const Real eta = lane.learner_parameter(0), floor = Real(smallest_coordinate<Scalar<Real>>());
      // The largest exponent is taken out, so that nothing overflows.
      const Real shift = c.template maximum<PointDim>([&](int i) { return -(eta * lane.u[i]); });
      const Real total = c.template sum<PointDim>([&](int i) { return lane.x[i] * exp(-(eta * lane.u[i]) - shift); });
      c.template for_each<PointDim>([&](int i) {
        const Real z = lane.x[i] * exp(-(eta * lane.u[i]) - shift) / total;
        d[i] = log(max(lane.x[i], floor)) - log(max(z, floor));
      });
    }
  };
};

}  // namespace omg
