#pragma once

#include <cmath>

#include "reference/families/directions.hpp"

namespace omg::reference {

/// f(x) = Σ_k c_k |u_kᵀ(x − x*)|^p / p + μ/2 ‖x − x*‖², p > 2.
template <class S>
class Power final : public Family<S> {
 public:
  Power(const Problem& problem, std::size_t i)
      : directions_(problem, i),
        weight_(required_vector<S>(problem, "weight", i, problem.shape.terms)),
        exponent_(required_number<S>(problem, "exponent", i)),
        mu_(required_number<S>(problem, "strong_convexity", i)) {}

  [[nodiscard]] S value(const Vector<S>& x) const override { return gap(x); }  // f* = 0

  [[nodiscard]] S gap(const Vector<S>& x) const override {
    using std::abs, std::pow;
    const Vector<S> s = directions_.along(x);
    S sum = 0;
    for (Eigen::Index k = 0; k < s.size(); ++k) sum += weight_[k] * pow(abs(s[k]), exponent_) / exponent_;
    return sum + mu_ / 2 * (x - directions_.minimiser()).squaredNorm();
  }

  [[nodiscard]] Vector<S> gradient(const Vector<S>& x) const override {
    using std::abs, std::pow;
    Vector<S> s = directions_.along(x);
    for (Eigen::Index k = 0; k < s.size(); ++k) s[k] *= weight_[k] * pow(abs(s[k]), exponent_ - 2);
    return directions_.back(s) + mu_ * (x - directions_.minimiser());
  }

 private:
  Directions<S> directions_;
  Vector<S> weight_;
  S exponent_;
  S mu_;
};

}  // namespace omg::reference
