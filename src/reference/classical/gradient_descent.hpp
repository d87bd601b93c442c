#pragma once

#include "reference/method.hpp"

namespace omg::reference {

/// x_t = x_{t-1} − s_t ∇f(x_{t-1})
template <class S>
class GradientDescent final : public Classical<S> {
 public:
  using Classical<S>::Classical;

  void start(const Vector<S>& x0) override { x_ = x0; }

  void step(int t) override { x_ -= k.value("step", t) * f.gradient(x_); }

  [[nodiscard]] const Vector<S>& output() const override { return x_; }

 private:
  using Classical<S>::f;
  using Classical<S>::k;
  Vector<S> x_;
};

}  // namespace omg::reference
