#pragma once

#include "reference/rule.hpp"

namespace omg::reference {

/// φ(x, W) = x − W ∇f(x), W row-major.
template <class S>
class MatrixRule final : public Rule<S> {
 public:
  explicit MatrixRule(const Coefficients<S>&) {}

  [[nodiscard]] Eigen::Index meta_dimension(Eigen::Index n) const override { return n * n; }

  [[nodiscard]] Vector<S> propose(const Base<S>& base, const Vector<S>& w) const override {
    const Eigen::Index n = base.x.size();
    Vector<S> out = base.x;
    for (Eigen::Index i = 0; i < n; ++i)
      for (Eigen::Index j = 0; j < n; ++j) out[i] -= w[i * n + j] * base.gradient[j];
    return out;
  }

  [[nodiscard]] Vector<S> pullback(const Base<S>& base, const Vector<S>&, const Vector<S>& u) const override {
    // −u ∇f(x)ᵀ
    const Eigen::Index n = u.size();
    Vector<S> g(n * n);
    for (Eigen::Index i = 0; i < n; ++i)
      for (Eigen::Index j = 0; j < n; ++j) g[i * n + j] = -u[i] * base.gradient[j];
    return g;
  }
};

}  // namespace omg::reference
