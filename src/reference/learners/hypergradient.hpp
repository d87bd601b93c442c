#pragma once

#include "reference/learner.hpp"

namespace omg::reference {

/// w_{t+1} = Π(w_t − β_t α_t g_t / ‖∇f(y_{t-1})‖²), zero if that norm is 0, u_t taken at the trial point
/// (Gao, Chu, Ye & Udell, arXiv 2502.11229). The null step is the loop's.
template <class S>
class Hypergradient final : public Learner<S> {
 public:
  explicit Hypergradient(const Coefficients<S>&) {}

  [[nodiscard]] bool uses_gradient() const override { return true; }
  [[nodiscard]] bool has_null_step() const override { return true; }

  Vector<S> update(const Moment<S>& m) override {
    const S squared_norm = m.before.gradient.squaredNorm();
    if (squared_norm == 0) return m.w;
    return m.project(m.w - m.beta(m.t) * m.alpha(m.t) * m.meta_gradient() / squared_norm);
  }
};

}  // namespace omg::reference
