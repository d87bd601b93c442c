#pragma once

#include <utility>

#include "reference/method.hpp"

namespace omg::reference {

/// x_{t+1} = x_t − λ_t ∇f(x_t) with λ_t out of s = x_t − x_{t−1} and d = ∇f(x_t) − ∇f(x_{t−1}); the first step is
/// given.
template <class S>
class StepFromChange : public Classical<S> {
 public:
  using Classical<S>::Classical;

  void start(const Vector<S>& x0) final {
    x_ = x0;
    step_ = this->k.value("first");
  }

  void step(int t) final {
    Vector<S> gradient = this->f.gradient(x_);
    if (t > 1) step_ = next_step(step_, x_ - x_before_, gradient - gradient_before_);
    x_before_ = x_;
    x_ -= step_ * gradient;
    gradient_before_ = std::move(gradient);
  }

  [[nodiscard]] const Vector<S>& output() const final { return x_; }

 protected:
  /// λ_t, where λ_{t−1} is `step`.
  virtual S next_step(S step, const Vector<S>& s, const Vector<S>& d) = 0;

 private:
  Vector<S> x_;
  Vector<S> x_before_;
  Vector<S> gradient_before_;
  S step_ = 0;  ///< λ
};

}  // namespace omg::reference
