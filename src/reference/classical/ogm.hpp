#pragma once

#include <utility>

#include "reference/method.hpp"

namespace omg::reference {

/// The optimised gradient method: p_t = x_{t-1} − s_t ∇f(x_{t-1}),
///   x_t = p_t + (θ_{t-1} − 1)/θ_t (p_t − p_{t-1}) + θ_{t-1}/θ_t (p_t − x_{t-1}),  p₀ = x₀;
/// the two quotients are the parameters `momentum` and `correction`, the gap counts at x_t.
template <class S>
class Ogm final : public Classical<S> {
 public:
  using Classical<S>::Classical;

  void start(const Vector<S>& x0) override { x_ = p_ = x0; }

  void step(int t) override {
    Vector<S> p = x_ - k.value("step", t) * f.gradient(x_);
    x_ = p + k.value("momentum", t) * (p - p_) + k.value("correction", t) * (p - x_);
    p_ = std::move(p);
  }

  [[nodiscard]] const Vector<S>& output() const override { return x_; }

 private:
  using Classical<S>::f;
  using Classical<S>::k;
  Vector<S> x_;
  Vector<S> p_;
};

}  // namespace omg::reference
