#pragma once

#include "reference/method.hpp"

namespace omg::reference {

/// Nesterov's method with dual averaging: y₁ = v₁ = x₀,
///   p_t = y_t − s_t ∇f(y_t),  v_{t+1} = v_t − β t ∇f(y_t),  y_{t+1} = (1 − ρ_{t+1}) p_t + ρ_{t+1} v_{t+1},
/// ρ_t = 2/(t+1); the gap counts at y_t (identity I2 of the spec).
template <class S>
class NesterovDual final : public Classical<S> {
 public:
  using Classical<S>::Classical;

  void start(const Vector<S>& x0) override { y_ = v_ = next_ = x0; }

  void step(int t) override {
    y_ = next_;
    const Vector<S> gradient = f.gradient(y_);
    const Vector<S> p = y_ - k.value("step", t) * gradient;
    v_ -= k.value("dual_step") * S(t) * gradient;
    const S rho = S(2) / S(t + 2);  // ρ_{t+1}
    next_ = (1 - rho) * p + rho * v_;
  }

  [[nodiscard]] const Vector<S>& output() const override { return y_; }

 private:
  using Classical<S>::f;
  using Classical<S>::k;
  Vector<S> y_;     ///< y_t
  Vector<S> v_;     ///< v_t
  Vector<S> next_;  ///< y_{t+1}
};

}  // namespace omg::reference
