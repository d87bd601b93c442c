#pragma once

#include "reference/rule.hpp"

namespace omg::reference {

/// φ(x, w) = x − a ∇f(x) + m (x − x_prev), w = (a, m).
template <class S>
class MomentumPair final : public Rule<S> {
 public:
  explicit MomentumPair(const Coefficients<S>&) {}

  [[nodiscard]] Eigen::Index meta_dimension(Eigen::Index) const override { return 2; }

  [[nodiscard]] Vector<S> propose(const Base<S>& base, const Vector<S>& w) const override {
    return base.x - w[0] * base.gradient + w[1] * (base.x - base.previous);
  }

  [[nodiscard]] Vector<S> pullback(const Base<S>& base, const Vector<S>&, const Vector<S>& u) const override {
    // (−⟨∇f(x), u⟩, ⟨x − x_prev, u⟩)
    Vector<S> g(2);
    g << -base.gradient.dot(u), (base.x - base.previous).dot(u);
    return g;
  }
};

}  // namespace omg::reference
