#pragma once

#include <utility>

#include "reference/method.hpp"

namespace omg::reference {

/// x ← x − ⟨s, s⟩/⟨s, d⟩ ∇f(x), s = x_t − x_{t-1}, d = ∇f(x_t) − ∇f(x_{t-1}); the first step is given, and
/// the previous step is kept where the quotient is not positive (Barzilai & Borwein 1988).
template <class S>
class BarzilaiBorwein1 final : public Classical<S> {
 public:
  using Classical<S>::Classical;

  void start(const Vector<S>& x0) override {
    x_ = x0;
    step_ = k.value("first");
  }

  void step(int t) override {
    Vector<S> gradient = f.gradient(x_);
    if (t > 1) {
      const Vector<S> s = x_ - x_before_, d = gradient - gradient_before_;
      const S numerator = s.dot(s), denominator = s.dot(d);
      if (numerator > 0 && denominator > 0) step_ = numerator / denominator;
    }
    x_before_ = x_;
    x_ -= step_ * gradient;
    gradient_before_ = std::move(gradient);
  }

  [[nodiscard]] const Vector<S>& output() const override { return x_; }

 private:
  using Classical<S>::f;
  using Classical<S>::k;
  Vector<S> x_;
  Vector<S> x_before_;
  Vector<S> gradient_before_;
  S step_ = 0;
};

}  // namespace omg::reference
