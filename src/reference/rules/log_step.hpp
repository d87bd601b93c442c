#pragma once

#include <cmath>

#include "reference/rule.hpp"

namespace omg::reference {

/// φ(x, w) = x − exp(w) ⊙ ∇f(x)
template <class S>
class LogStep final : public Rule<S> {
 public:
  explicit LogStep(const Coefficients<S>&) {}

  [[nodiscard]] Eigen::Index meta_dimension(Eigen::Index n) const override { return n; }

  [[nodiscard]] Vector<S> propose(const Base<S>& base, const Vector<S>& w) const override {
    return base.x - steps(w).cwiseProduct(base.gradient);
  }

  [[nodiscard]] Vector<S> pullback(const Base<S>& base, const Vector<S>& w, const Vector<S>& u) const override {
    // −exp(w) ⊙ ∇f(x) ⊙ u
    return -steps(w).cwiseProduct(base.gradient).cwiseProduct(u);
  }

 private:
  /// exp(w)
  static Vector<S> steps(const Vector<S>& w) {
    return w.unaryExpr([](S value) { return std::exp(value); });
  }
};

}  // namespace omg::reference
