#pragma once

#include <algorithm>
#include <cmath>

#include "reference/method.hpp"

namespace omg::reference {

/// HDM-HB (Gao, Chu, Ye & Udell, arXiv 2502.11229): the step sizes p and the momentum b descend the hypergradient of
/// h(p, b) = (φ(z, x) − φ(x, x⁻)) / (‖∇f(x)‖² + τ/2 ‖x − x⁻‖²), z = x − p ⊙ ∇f(x) + b (x − x⁻), where
/// φ(x, x⁻) = f(x) + ω/2 ‖x − x⁻‖², by AdaGrad; z is taken if φ does not grow.
template <class S>
class HypergradientHeavyBall final : public Classical<S> {
 public:
  using Classical<S>::Classical;

  void start(const Vector<S>& x0) override {
    x_ = previous_ = x0;
    p_ = Vector<S>::Constant(x0.size(), k.value("step"));
    p_squares_ = Vector<S>::Zero(x0.size());
    b_ = k.value("momentum");
  }

  void step(int t) override {
    using std::sqrt;
    const S omega = k.value("potential"), tau = k.value("damping");
    if (t == 1) value_ = f.gap(x_);
    // The hypergradient of the step before; its ∇f(z) is that of this step's x, unless the step was a null step.
    if (t > 1) learn(omega, tau);
    if (t == 1) gradient_ = f.gradient(x_);
    momentum_ = x_ - previous_;
    base_ = x_;
    base_gradient_ = gradient_;
    trial_ = x_ - p_.cwiseProduct(gradient_) + b_ * momentum_;
    const S trial_value = f.gap(trial_);
    taken_ = trial_value + omega / 2 * (trial_ - x_).squaredNorm() <= value_ + omega / 2 * momentum_.squaredNorm();
    previous_ = x_;
    if (taken_) {
      x_ = trial_;
      value_ = trial_value;
    }
  }

  [[nodiscard]] const Vector<S>& output() const override { return x_; }

 private:
  using Classical<S>::f;
  using Classical<S>::k;

  void learn(S omega, S tau) {
    using std::sqrt;
    const Vector<S> ahead = f.gradient(trial_);
    if (taken_) gradient_ = ahead;
    const S scale = base_gradient_.squaredNorm() + tau / 2 * momentum_.squaredNorm();
    if (scale == 0) return;
    const Vector<S> u = ahead + omega * (trial_ - base_);
    for (Eigen::Index i = 0; i < u.size(); ++i) {
      const S h = -u[i] * base_gradient_[i] / scale;
      p_squares_[i] += h * h;
      if (p_squares_[i] > 0) p_[i] = std::max(S(0), p_[i] - k.value("step_rate") * h / sqrt(p_squares_[i]));
    }
    const S h = u.dot(momentum_) / scale;
    b_squares_ += h * h;
    if (b_squares_ > 0) b_ -= k.value("momentum_rate") * h / sqrt(b_squares_);
    b_ = std::clamp(b_, S(0), k.value("largest_momentum"));
  }

  Vector<S> x_, previous_, gradient_;
  Vector<S> base_, base_gradient_, momentum_, trial_;  ///< x, ∇f(x), x − x⁻ and z of the last step
  Vector<S> p_, p_squares_;
  S b_ = 0, b_squares_ = 0;
  S value_ = 0;  ///< f(x) − f*
  bool taken_ = false;
};

}  // namespace omg::reference
