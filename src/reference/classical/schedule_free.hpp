#pragma once

#include "reference/method.hpp"

namespace omg::reference {

/// y = (1 − b) z_{t-1} + b x_{t-1}, z_t = z_{t-1} − s ∇f(y), x_t = (1 − 1/(t+1)) x_{t-1} + z_t/(t+1), z₀ = x₀;
/// the gap counts at x_t (Defazio et al. 2024).
template <class S>
class ScheduleFree final : public Classical<S> {
 public:
  using Classical<S>::Classical;

  void start(const Vector<S>& x0) override { x_ = z_ = x0; }

  void step(int t) override {
    const S blend = k.value("blend");
    const Vector<S> y = (1 - blend) * z_ + blend * x_;
    z_ -= k.value("step") * f.gradient(y);
    const S weight = S(1) / S(t + 1);
    x_ = (1 - weight) * x_ + weight * z_;
  }

  [[nodiscard]] const Vector<S>& output() const override { return x_; }

 private:
  using Classical<S>::f;
  using Classical<S>::k;
  Vector<S> x_;
  Vector<S> z_;
};

}  // namespace omg::reference
