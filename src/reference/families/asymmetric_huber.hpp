#pragma once

#include "reference/families/directions.hpp"

namespace omg::reference {

/// f(x) = Σ_k a_k(z_k) + μ/2 ‖x − x*‖², z_k = sign_k u_kᵀ(x − x*), a(0) = 0 and
/// a′(z) = min(z, δ₁) for z > 0, m max(z, −δ₂) for z < 0.
template <class S>
class AsymmetricHuber final : public Family<S> {
 public:
  AsymmetricHuber(const Problem& problem, std::size_t i)
      : directions_(problem, i),
        curvature_(required_vector<S>(problem, "curvature", i, problem.shape.terms)),
        right_(required_vector<S>(problem, "right", i, problem.shape.terms)),
        left_(required_vector<S>(problem, "left", i, problem.shape.terms)),
        sign_(required_vector<S>(problem, "sign", i, problem.shape.terms)),
        mu_(required_number<S>(problem, "strong_convexity", i)) {}

  [[nodiscard]] S value(const Vector<S>& x) const override { return gap(x); }  // f* = 0

  [[nodiscard]] S gap(const Vector<S>& x) const override {
    const Vector<S> s = directions_.along(x);
    S sum = 0;
    for (Eigen::Index k = 0; k < s.size(); ++k) {
      const S z = sign_[k] * s[k];
      sum += z > 0 ? huber(z, right_[k]) : curvature_[k] * huber(-z, left_[k]);
    }
    return sum + mu_ / 2 * (x - directions_.minimiser()).squaredNorm();
  }

  [[nodiscard]] Vector<S> gradient(const Vector<S>& x) const override {
    Vector<S> s = directions_.along(x);
    for (Eigen::Index k = 0; k < s.size(); ++k) {
      const S z = sign_[k] * s[k];
      const S slope = z > 0 ? (z < right_[k] ? z : right_[k]) : curvature_[k] * (z > -left_[k] ? z : -left_[k]);
      s[k] = sign_[k] * slope;
    }
    return directions_.back(s) + mu_ * (x - directions_.minimiser());
  }

 private:
  /// ∫₀^z min(s, δ) ds for z ≥ 0
  static S huber(S z, S delta) { return z <= delta ? z * z / 2 : delta * (z - delta / 2); }

  Directions<S> directions_;
  Vector<S> curvature_;
  Vector<S> right_;
  Vector<S> left_;
  Vector<S> sign_;
  S mu_;
};

}  // namespace omg::reference
