#pragma once

#include "reference/learner.hpp"

namespace omg::reference {

/// The hints ũ_{t+1} of an optimistic learner, predictions of the next gradient; ũ₁ = 0.
template <class S>
class HintSequence {
 public:
  /// ũ_{t+1}. `without_hint()` gives w′, the next weights with only the new hint term left out; it is
  /// called for `lookahead` alone.
  template <class WithoutHint>
  Vector<S> next(const Moment<S>& m, WithoutHint&& without_hint) {
    const Vector<S>& u = m.u();
    switch (m.options.hint) {
      case Hint::none:
        return Vector<S>::Zero(u.size());
      case Hint::last:
        return u;
      case Hint::extrapolated: {
        // 2u_t − u_{t−1}; u₁ at t = 1
        const Vector<S> hint = m.t == 1 ? u : Vector<S>(2 * u - memory_);
        memory_ = u;
        return hint;
      }
      case Hint::average: {
        // e_t = θ e_{t−1} + (1 − θ) u_t, e₁ = u₁
        const S theta = m.k.value("hint_decay");
        memory_ = m.t == 1 ? u : Vector<S>(theta * memory_ + (1 - theta) * u);
        return memory_;
      }
      case Hint::lookahead: {
        // ∇f((1 − ρ_{t+1}) y_t + ρ_{t+1} φ(y_t, w′))
        const S rho = m.k.rho(m.t + 1);
        const Vector<S> ahead = m.rule.propose(m.after, without_hint());
        return m.f.gradient((1 - rho) * m.y() + rho * ahead);
      }
    }
    return Vector<S>::Zero(u.size());
  }

 private:
  Vector<S> memory_;  ///< u_{t−1} or e_{t−1}
};

}  // namespace omg::reference
