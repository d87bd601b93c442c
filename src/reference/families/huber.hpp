#pragma once

#include <cmath>

#include "reference/families/directions.hpp"

namespace omg::reference {

/// f(x) = Σ_k c_k h_{δ_k}(u_kᵀ(x − x*)) + μ/2 ‖x − x*‖²,  h_δ(s) = ½s² if |s| ≤ δ else δ|s| − ½δ².
template <class S>
class Huber final : public Family<S> {
 public:
  Huber(const Problem& problem, std::size_t i)
      : directions_(problem, i),
        weight_(required_vector<S>(problem, "weight", i, problem.shape.terms)),
        threshold_(required_vector<S>(problem, "threshold", i, problem.shape.terms)),
        mu_(required_number<S>(problem, "strong_convexity", i)) {}

  [[nodiscard]] S value(const Vector<S>& x) const override { return gap(x); }  // f* = 0

  [[nodiscard]] S gap(const Vector<S>& x) const override {
    const Vector<S> s = directions_.along(x);
    S sum = 0;
    for (Eigen::Index k = 0; k < s.size(); ++k) {
      const S delta = threshold_[k], distance = std::abs(s[k]);
      sum += weight_[k] * (distance <= delta ? s[k] * s[k] / 2 : delta * (distance - delta / 2));
    }
    return sum + mu_ / 2 * (x - directions_.minimiser()).squaredNorm();
  }

  [[nodiscard]] Vector<S> gradient(const Vector<S>& x) const override {
    Vector<S> s = directions_.along(x);
    for (Eigen::Index k = 0; k < s.size(); ++k) {
      // h_δ′(s) = s clamped to [−δ, δ]
      if (s[k] > threshold_[k]) s[k] = threshold_[k];
      if (s[k] < -threshold_[k]) s[k] = -threshold_[k];
      s[k] *= weight_[k];
    }
    return directions_.back(s) + mu_ * (x - directions_.minimiser());
  }

 private:
  Directions<S> directions_;
  Vector<S> weight_;
  Vector<S> threshold_;
  S mu_;
};

}  // namespace omg::reference
