#pragma once

#include "reference/hint.hpp"

namespace omg::reference {

/// w_{t+1} = Π(w_t − β_t(α_t g_t + α_{t+1} g̃_{t+1} − α_t g̃_t)), g̃₁ = 0; g̃_t is the stored value.
template <class S>
class OptimisticSgd final : public Learner<S> {
 public:
  explicit OptimisticSgd(const Coefficients<S>&) {}

  Vector<S> update(const Moment<S>& m) override {
    if (m.t == 1) held_ = Vector<S>::Zero(m.w.size());
    // α_t g_t − α_t g̃_t
    const Vector<S> known = m.alpha(m.t) * m.meta_gradient() - m.alpha(m.t) * held_;
    const Vector<S> hint = hints_.next(m, [&] { return m.project(m.w - m.beta(m.t) * known); });
    held_ = m.hinted_meta_gradient(hint);
    return m.project(m.w - m.beta(m.t) * (known + m.alpha(m.t + 1) * held_));
  }

 private:
  Vector<S> held_;  ///< g̃_t
  HintSequence<S> hints_;
};

}  // namespace omg::reference
