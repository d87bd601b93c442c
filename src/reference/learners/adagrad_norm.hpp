#pragma once

#include <cmath>

#include "reference/learner.hpp"

namespace omg::reference {

/// w_{t+1} = Π(w₁ − β_{t+1} S_t / sqrt(Σ_{s≤t} ‖α_s g_s‖²)), S_t = Σ_{s≤t} α_s g_s; no step while the root is 0.
template <class S>
class AdagradNorm final : public Learner<S> {
 public:
  explicit AdagradNorm(const Coefficients<S>&) {}

  Vector<S> update(const Moment<S>& m) override {
    if (m.t == 1) sum_ = Vector<S>::Zero(m.w.size());
    const Vector<S> weighted = m.alpha(m.t) * m.meta_gradient();
    sum_ += weighted;
    squares_ += weighted.squaredNorm();
    if (squares_ == 0) return m.w;
    return m.project(m.w1 - m.beta(m.t + 1) / std::sqrt(squares_) * sum_);
  }

 private:
  Vector<S> sum_;  ///< S_t
  S squares_ = 0;  ///< Σ_{s≤t} ‖α_s g_s‖²
};

}  // namespace omg::reference
