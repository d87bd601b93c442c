#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "reference/classical/step_from_change.hpp"

namespace omg::reference {

/// x₁ = x₀ − λ₀ ∇f(x₀); then
///   λ_t = min(√(1 + θ_{t-1}) λ_{t-1}, ‖x_t − x_{t-1}‖ / (2‖∇f(x_t) − ∇f(x_{t-1})‖)),  θ_t = λ_t/λ_{t-1}, θ₀ = +∞
/// (Malitsky & Mishchenko 2020, Algorithm 1). Where neither bound is finite the step is kept.
template <class S>
class AdaptiveGradientDescent final : public StepFromChange<S> {
 public:
  using StepFromChange<S>::StepFromChange;

 private:
  S next_step(S step, const Vector<S>& s, const Vector<S>& d) override {
    const S growth = std::sqrt(1 + ratio_) * step, change = d.norm();
    // Without a change of the gradient the second bound is +∞.
    const S curvature_bound = change > 0 ? s.norm() / (2 * change) : std::numeric_limits<S>::infinity();
    const S smaller = std::min(growth, curvature_bound);
    const S next = std::isfinite(smaller) ? smaller : step;
    ratio_ = next / step;
    return next;
  }

  S ratio_ = std::numeric_limits<S>::infinity();  ///< θ
};

}  // namespace omg::reference
