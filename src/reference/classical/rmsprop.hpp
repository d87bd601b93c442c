#pragma once

#include <cmath>

#include "reference/method.hpp"

namespace omg::reference {

/// G ← θ G + (1 − θ) ∇f², x ← x − s ∇f / (√G + ε), G₀ = 0, without bias correction.
template <class S>
class RmsProp final : public Classical<S> {
 public:
  using Classical<S>::Classical;

  void start(const Vector<S>& x0) override {
    x_ = x0;
    squares_ = Vector<S>::Zero(x0.size());
  }

  void step(int) override {
    const S rate = k.value("step"), decay = k.value("decay"), epsilon = k.value("epsilon");
    const Vector<S> gradient = f.gradient(x_);
    squares_ = decay * squares_ + (1 - decay) * gradient.cwiseAbs2();
    for (Eigen::Index i = 0; i < x_.size(); ++i) x_[i] -= rate * gradient[i] / (std::sqrt(squares_[i]) + epsilon);
  }

  [[nodiscard]] const Vector<S>& output() const override { return x_; }

 private:
  using Classical<S>::f;
  using Classical<S>::k;
  Vector<S> x_;
  Vector<S> squares_;  ///< G
};

}  // namespace omg::reference
