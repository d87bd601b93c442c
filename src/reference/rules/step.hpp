#pragma once

#include "reference/rule.hpp"

namespace omg::reference {

/// φ(x, w) = x − w ∇f(x), w a number.
template <class S>
class Step final : public Rule<S> {
 public:
  explicit Step(const Coefficients<S>&) {}

  [[nodiscard]] Eigen::Index meta_dimension(Eigen::Index) const override { return 1; }

  [[nodiscard]] Vector<S> propose(const Base<S>& base, const Vector<S>& w) const override {
    return base.x - w[0] * base.gradient;
  }

  [[nodiscard]] Vector<S> pullback(const Base<S>& base, const Vector<S>&, const Vector<S>& u) const override {
    // −⟨∇f(x), u⟩
    return Vector<S>::Constant(1, -base.gradient.dot(u));
  }
};

}  // namespace omg::reference
