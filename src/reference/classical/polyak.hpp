#pragma once

#include "reference/method.hpp"

namespace omg::reference {

/// x ← x − (f(x) − f*)/‖∇f(x)‖² ∇f(x); no step where the gradient vanishes.
template <class S>
class Polyak final : public Classical<S> {
 public:
  using Classical<S>::Classical;

  void start(const Vector<S>& x0) override { x_ = x0; }

  void step(int) override {
    const Vector<S> gradient = f.gradient(x_);
    const S squared_norm = gradient.squaredNorm();
    const S gap = f.gap(x_);
    if (squared_norm > 0) x_ -= gap / squared_norm * gradient;
  }

  [[nodiscard]] const Vector<S>& output() const override { return x_; }

 private:
  using Classical<S>::f;
  Vector<S> x_;
};

}  // namespace omg::reference
