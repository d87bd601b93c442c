#pragma once

#include "reference/rule.hpp"

namespace omg::reference {

/// φ(x, w) = x − a ⊙ ∇f(x) + b, w = (a, b).
template <class S>
class Affine final : public Rule<S> {
 public:
  explicit Affine(const Coefficients<S>&) {}

  [[nodiscard]] Eigen::Index meta_dimension(Eigen::Index n) const override { return 2 * n; }

  [[nodiscard]] Vector<S> propose(const Base<S>& base, const Vector<S>& w) const override {
    const Eigen::Index n = base.x.size();
    return base.x - w.head(n).cwiseProduct(base.gradient) + w.tail(n);
  }

  [[nodiscard]] Vector<S> pullback(const Base<S>& base, const Vector<S>&, const Vector<S>& u) const override {
    // (−∇f(x) ⊙ u, u)
    Vector<S> g(2 * u.size());
    g << -base.gradient.cwiseProduct(u), u;
    return g;
  }
};

}  // namespace omg::reference
