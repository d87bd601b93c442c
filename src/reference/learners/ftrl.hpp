#pragma once

#include "reference/learner.hpp"

namespace omg::reference {

/// w_{t+1} = Π(w₁ − β_{t+1} Σ_{s≤t} α_s g_s)
template <class S>
class Ftrl final : public Learner<S> {
 public:
  explicit Ftrl(const Coefficients<S>&) {}

  Vector<S> update(const Moment<S>& m) override {
    if (m.t == 1) sum_ = Vector<S>::Zero(m.w.size());
    sum_ += m.alpha(m.t) * m.meta_gradient();
    return m.project(m.w1 - m.beta(m.t + 1) * sum_);
  }

 private:
  Vector<S> sum_;  ///< Σ_{s≤t} α_s g_s
};

}  // namespace omg::reference
