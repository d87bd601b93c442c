#pragma once

#include <cmath>

#include "reference/bregman.hpp"
#include "reference/families/data.hpp"

namespace omg::reference {

/// ℓ(s) = log(1 + e^{−s}), the loss at margin s, and what follows from it, without overflow.
template <class S>
struct LogisticLoss {
  static S value(S s) {
    using std::exp, std::log1p;
    return s > 0 ? log1p(exp(-s)) : log1p(exp(s)) - s;
  }
  /// σ(−s) = −ℓ′(s)
  static S error(S s) {
    using std::exp;
    return s > 0 ? exp(-s) / (1 + exp(-s)) : 1 / (1 + exp(s));
  }
  /// ℓ″(s) = σ(s) σ(−s)
  static S curvature(S s) {
    using std::abs, std::exp;
    const S e = exp(-abs(s));
    return e / ((1 + e) * (1 + e));
  }

  /// ℓ(s* + Δ) − ℓ(s*) − ℓ′(s*) Δ ≥ 0.
  static S remainder(S s_star, S delta) {
    using std::abs, std::expm1, std::log1p;
    // ℓ(s) − ℓ(−s) is linear, so the remainder is the same at (−s*, −Δ): take s* ≥ 0, p = σ(−s*) ≤ ½.
    if (s_star < 0) return remainder(-s_star, -delta);
    // A short step: Δ² ∫₀¹ (1 − τ) ℓ″(s* + τΔ) dτ. The nearest pole of ℓ″ is at distance ≥ π.
    if (abs(delta) < S(1) / 64)
      return delta * delta * taylor_remainder<S>([&](S tau) { return curvature(s_star + tau * delta); });
    const S p = error(s_star);
    // A long step to the left: ℓ(s) exceeds ℓ(s*) by many orders, and e^{−Δ} might overflow.
    if (delta < -30) return value(s_star + delta) - value(s_star) + p * delta;
    // ℓ(s* + Δ) − ℓ(s*) = log(q + p e^{−Δ}), q = 1 − p
    return log1p(p * expm1(-delta)) + p * delta;
  }
};

/// f(x) = (1/m) Σ log(1 + exp(−b_i a_iᵀx)) + λ/2 ‖x‖², labels b_i = ±1.
template <class S>
class Logistic final : public Family<S> {
 public:
  Logistic(const Problem& problem, std::size_t i)
      : data_(problem, i), margins_at_minimiser_(margins(data_.minimiser)) {}

  [[nodiscard]] S value(const Vector<S>& x) const override {
    return margins(x).unaryExpr([](S s) { return LogisticLoss<S>::value(s); }).sum() / data_.rows() +
           data_.regularisation / 2 * x.squaredNorm();
  }

  /// The Bregman form at x*, where ∇f vanishes: the remainders of the rows, and λ/2 ‖x − x*‖².
  [[nodiscard]] S gap(const Vector<S>& x) const override {
    const Vector<S> d = x - data_.minimiser;
    const Vector<S> steps = margins(d);
    S sum = 0;
    for (Eigen::Index i = 0; i < steps.size(); ++i)
      sum += LogisticLoss<S>::remainder(margins_at_minimiser_[i], steps[i]);
    return sum / data_.rows() + data_.regularisation / 2 * d.squaredNorm();
  }

  [[nodiscard]] Vector<S> gradient(const Vector<S>& x) const override {
    // ∇f(x) = −(1/m) Σ b_i σ(−s_i) a_i + λ x
    const Vector<S> errors = margins(x).unaryExpr([](S s) { return LogisticLoss<S>::error(s); });
    return data_.features.transpose() * errors.cwiseProduct(data_.labels) / -data_.rows() + data_.regularisation * x;
  }

  [[nodiscard]] Matrix<S> hessian(const Vector<S>& x) const override {
    return data_.hessian(margins(x).unaryExpr([](S s) { return LogisticLoss<S>::curvature(s); }));
  }

 private:
  /// s_i = b_i a_iᵀ x
  [[nodiscard]] Vector<S> margins(const Vector<S>& x) const { return (data_.features * x).cwiseProduct(data_.labels); }

  Data<S> data_;
  Vector<S> margins_at_minimiser_;
};

}  // namespace omg::reference
