#pragma once

#include "reference/rule.hpp"

namespace omg::reference {

/// φ(x, w) = x − w ⊙ ∇f(x)
template <class S>
class ElementwiseStep final : public Rule<S> {
 public:
  explicit ElementwiseStep(const Coefficients<S>&) {}

  [[nodiscard]] Eigen::Index meta_dimension(Eigen::Index n) const override { return n; }

  [[nodiscard]] Vector<S> propose(const Base<S>& base, const Vector<S>& w) const override {
    return base.x - w.cwiseProduct(base.gradient);
  }

  [[nodiscard]] Vector<S> pullback(const Base<S>& base, const Vector<S>&, const Vector<S>& u) const override {
    // −∇f(x) ⊙ u
    return -base.gradient.cwiseProduct(u);
  }
};

}  // namespace omg::reference
