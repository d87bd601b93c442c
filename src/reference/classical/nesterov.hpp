#pragma once

#include <utility>

#include "reference/method.hpp"

namespace omg::reference {

/// p_t = y_{t-1} − s_t ∇f(y_{t-1}), y_t = p_t + m_t (p_t − p_{t-1}), p₀ = y₀ = x₀; the gap counts at p_t.
template <class S>
class Nesterov final : public Classical<S> {
 public:
  using Classical<S>::Classical;

  void start(const Vector<S>& x0) override { p_ = y_ = x0; }

  void step(int t) override {
    Vector<S> next = y_ - k.value("step", t) * f.gradient(y_);
    y_ = next + k.value("momentum", t) * (next - p_);
    p_ = std::move(next);
  }

  [[nodiscard]] const Vector<S>& output() const override { return p_; }

 private:
  using Classical<S>::f;
  using Classical<S>::k;
  Vector<S> p_;
  Vector<S> y_;
};

}  // namespace omg::reference
