#pragma once

#include <cmath>

#include "reference/method.hpp"

namespace omg::reference {

/// m ← b₁ m + (1 − b₁) ∇f, v ← b₂ v + (1 − b₂) ∇f², x ← x − s m̂ / (√v̂ + ε), m̂ = m/(1 − b₁^t), v̂ = v/(1 − b₂^t).
template <class S>
class AdamMethod final : public Classical<S> {
 public:
  using Classical<S>::Classical;

  void start(const Vector<S>& x0) override {
    x_ = x0;
    mean_ = square_ = Vector<S>::Zero(x0.size());
  }

  void step(int t) override {
    const S rate = k.value("step"), epsilon = k.value("epsilon");
    const S decay1 = k.value("decay1"), decay2 = k.value("decay2");
    const Vector<S> gradient = f.gradient(x_);
    mean_ = decay1 * mean_ + (1 - decay1) * gradient;
    square_ = decay2 * square_ + (1 - decay2) * gradient.cwiseAbs2();
    const S correction1 = 1 - std::pow(decay1, S(t)), correction2 = 1 - std::pow(decay2, S(t));
    for (Eigen::Index i = 0; i < x_.size(); ++i)
      x_[i] -= rate * (mean_[i] / correction1) / (std::sqrt(square_[i] / correction2) + epsilon);
  }

  [[nodiscard]] const Vector<S>& output() const override { return x_; }

 private:
  using Classical<S>::f;
  using Classical<S>::k;
  Vector<S> x_;
  Vector<S> mean_;    ///< m
  Vector<S> square_;  ///< v
};

}  // namespace omg::reference
