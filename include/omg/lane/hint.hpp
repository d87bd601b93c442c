#pragma once

#include "omg/lane/meta_gradient.hpp"

namespace omg {

/// The hint ũ_{t+1}, a prediction of the next gradient (spec, section 2.1). Keeps what it needs of
/// the past: u_{t-1} for `extrapolated`, the running mean e_t for `average`.
template <class Lane>
struct HintState {
  using Point = typename Lane::Point;
  using Real = typename Lane::Real;
  using Meta = typename Lane::Meta;
  Point memory;  ///< u_{t-1} or e_{t-1}
  Point hint;    ///< ũ_{t+1}
  Point point;   ///< where `lookahead` looks
  Meta ahead;    ///< w′ of `lookahead`

  template <class C>
  OMG_HD explicit HintState(const C& c)
      : memory(c.template vector<PointDim>()),
        hint(c.template vector<PointDim>()),
        point(c.template vector<PointDim>()),
        ahead(c.template vector<typename Lane::Dim>()) {}

  /// Forms ũ_{t+1} from u_t. `without(w′)` leaves in w′ the next weights with the new hint term left
  /// out; it is called for `lookahead` only.
  template <class Without>
  OMG_HD void predict(Lane& lane, int t, Without&& without) {
    const auto& c = lane.c;
    const auto& u = lane.u;
    if (lane.o.hint == Hint::last) copy<PointDim>(c, u, hint);
    if (lane.o.hint == Hint::extrapolated) {
      // ũ_{t+1} = 2u_t − u_{t-1}, u₁ at t = 1
      c.template for_each<PointDim>([&](int i) {
        hint[i] = t == 1 ? u[i] : fma(Real(2), u[i], -memory[i]);
        memory[i] = u[i];
      });
    }
    if (lane.o.hint == Hint::average) {
      // ũ_{t+1} = e_t = θ e_{t-1} + (1 − θ) u_t, e₁ = u₁
      const Real theta = lane.hint_decay();
      c.template for_each<PointDim>([&](int i) {
        memory[i] = t == 1 ? u[i] : fma(theta, memory[i], (Real(1) - theta) * u[i]);
        hint[i] = memory[i];
      });
    }
    if (lane.o.hint == Hint::lookahead) {
      // ũ_{t+1} = ∇f((1 − ρ_{t+1}) y_t + ρ_{t+1} φ(y_t, w′))
      without(ahead);
      lane.propose(lane.after(), ahead, point);
      const Real r = lane.rho(t + 1);
      const Real rest = Real(1) - r;
      c.template for_each<PointDim>([&](int i) { point[i] = fma(r, point[i], rest * lane.next[i]); });
      lane.f.gradient(point, hint);
    }
  }
};

}  // namespace omg
