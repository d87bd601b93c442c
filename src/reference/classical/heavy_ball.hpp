#pragma once

#include <utility>

#include "reference/method.hpp"

namespace omg::reference {

/// x_t = x_{t-1} − a_t ∇f(x_{t-1}) + m_t (x_{t-1} − x_{t-2}), x_{-1} = x₀ − v₀.
template <class S>
class HeavyBall final : public Classical<S> {
 public:
  using Classical<S>::Classical;

  void start(const Vector<S>& x0) override {
    x_ = x0;
    previous_ = x0.array() - k.value("velocity");
  }

  void step(int t) override {
    Vector<S> next = x_ - k.value("step", t) * f.gradient(x_) + k.value("momentum", t) * (x_ - previous_);
    previous_ = std::move(x_);
    x_ = std::move(next);
  }

  [[nodiscard]] const Vector<S>& output() const override { return x_; }

 private:
  using Classical<S>::f;
  using Classical<S>::k;
  Vector<S> x_;         ///< x_{t-1}
  Vector<S> previous_;  ///< x_{t-2}
};

}  // namespace omg::reference
