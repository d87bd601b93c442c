#pragma once

#include "reference/hint.hpp"

namespace omg::reference {

/// AO-FTRL: w_{t+1} = Π(w₁ − β_{t+1}(Σ_{s≤t} α_s g_s + α_{t+1} g̃_{t+1})), g̃_{t+1} = D_wφ(y_t, w_t)ᵀ ũ_{t+1}.
template <class S>
class OptimisticFtrl final : public Learner<S> {
 public:
  explicit OptimisticFtrl(const Coefficients<S>&) {}

  Vector<S> update(const Moment<S>& m) override {
    if (m.t == 1) sum_ = Vector<S>::Zero(m.w.size());
    sum_ += m.alpha(m.t) * m.meta_gradient();
    const Vector<S> hint = hints_.next(m, [&] { return m.project(m.w1 - m.beta(m.t + 1) * sum_); });
    return m.project(m.w1 - m.beta(m.t + 1) * (sum_ + m.alpha(m.t + 1) * m.hinted_meta_gradient(hint)));
  }

 private:
  Vector<S> sum_;  ///< Σ_{s≤t} α_s g_s
  HintSequence<S> hints_;
};

}  // namespace omg::reference
