#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "reference/method.hpp"

namespace omg::reference {

/// x₁ = x₀ − λ₀ ∇f(x₀); then x_{t+1} = x_t − λ_t ∇f(x_t),
///   λ_t = min(√(1 + θ_{t-1}) λ_{t-1}, ‖x_t − x_{t-1}‖ / (2‖∇f(x_t) − ∇f(x_{t-1})‖)),  θ_t = λ_t/λ_{t-1}, θ₀ = +∞
/// (Malitsky & Mishchenko 2020, Algorithm 1). Where neither bound is finite the step is kept.
template <class S>
class AdaptiveGradientDescent final : public Classical<S> {
 public:
  using Classical<S>::Classical;

  void start(const Vector<S>& x0) override {
    x_ = x0;
    step_ = k.value("first");
  }

  void step(int t) override {
    Vector<S> gradient = f.gradient(x_);
    if (t > 1) {
      const S growth = std::sqrt(1 + ratio_) * step_;
      const S change = (gradient - gradient_before_).norm();
      // Without a change of the gradient the second bound is +∞.
      const S curvature_bound =
          change > 0 ? (x_ - x_before_).norm() / (2 * change) : std::numeric_limits<S>::infinity();
      const S smaller = std::min(growth, curvature_bound);
      const S next = std::isfinite(smaller) ? smaller : step_;
      ratio_ = next / step_;
      step_ = next;
    }
    x_before_ = x_;
    x_ -= step_ * gradient;
    gradient_before_ = std::move(gradient);
  }

  [[nodiscard]] const Vector<S>& output() const override { return x_; }

 private:
  using Classical<S>::f;
  using Classical<S>::k;
  Vector<S> x_;
  Vector<S> x_before_;
  Vector<S> gradient_before_;
  S step_ = 0;                                    ///< λ
  S ratio_ = std::numeric_limits<S>::infinity();  ///< θ
};

}  // namespace omg::reference
