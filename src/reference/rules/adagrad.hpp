#pragma once

#include <cmath>

#include "reference/rule.hpp"

namespace omg::reference {

/// φ(x, w) = x − η ∇f(x) / √w, w ≥ w_min > 0.
template <class S>
class AdagradRule final : public Rule<S> {
 public:
  explicit AdagradRule(const Coefficients<S>& k) : rate_(k.value("rate")), floor_(k.value("floor")) {}

  [[nodiscard]] Eigen::Index meta_dimension(Eigen::Index n) const override { return n; }

  [[nodiscard]] S least() const override { return floor_; }

  [[nodiscard]] Vector<S> propose(const Base<S>& base, const Vector<S>& w) const override {
    Vector<S> out = base.x;
    for (Eigen::Index i = 0; i < out.size(); ++i) out[i] -= rate_ * base.gradient[i] / std::sqrt(w[i]);
    return out;
  }

  [[nodiscard]] Vector<S> pullback(const Base<S>& base, const Vector<S>& w, const Vector<S>& u) const override {
    // ½ η ∇f(x) ⊙ w^(−3/2) ⊙ u
    Vector<S> g(w.size());
    for (Eigen::Index i = 0; i < g.size(); ++i) g[i] = rate_ / 2 * base.gradient[i] / (w[i] * std::sqrt(w[i])) * u[i];
    return g;
  }

 private:
  S rate_;
  S floor_;
};

}  // namespace omg::reference
