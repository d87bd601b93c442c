#pragma once

#include "reference/rule.hpp"

namespace omg::reference {

/// φ(x, w) = x − η w ⊙ ∇f(x)
template <class S>
class ElementwiseStep final : public Rule<S> {
 public:
  explicit ElementwiseStep(const Coefficients<S>& k) : rate_(k.value("rate")) {}

  [[nodiscard]] Eigen::Index meta_dimension(Eigen::Index n) const override { return n; }

  [[nodiscard]] Vector<S> propose(const Base<S>& base, const Vector<S>& w) const override {
    return base.x - rate_ * w.cwiseProduct(base.gradient);
  }

  [[nodiscard]] Vector<S> pullback(const Base<S>& base, const Vector<S>&, const Vector<S>& u) const override {
    // −η ∇f(x) ⊙ u
    return -rate_ * base.gradient.cwiseProduct(u);
  }

 private:
  S rate_;
};

}  // namespace omg::reference
