#pragma once

#include <cmath>

#include "reference/method.hpp"

namespace omg::reference {

/// G ← G + ∇f², x ← x − s ∇f / (√G + ε), G₀ given.
template <class S>
class AdagradMethod final : public Classical<S> {
 public:
  using Classical<S>::Classical;

  void start(const Vector<S>& x0) override {
    x_ = x0;
    squares_ = Vector<S>::Constant(x0.size(), k.value("initial"));
  }

  void step(int) override {
    const S rate = k.value("step"), epsilon = k.value("epsilon");
    const Vector<S> gradient = f.gradient(x_);
    squares_ += gradient.cwiseAbs2();
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
