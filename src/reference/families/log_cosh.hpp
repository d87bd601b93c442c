#pragma once

#include <cmath>

#include "reference/families/directions.hpp"

namespace omg::reference {

/// f(x) = Σ_k c_k δ_k² log cosh(u_kᵀ(x − x*)/δ_k) + μ/2 ‖x − x*‖².
template <class S>
class LogCosh final : public Family<S> {
 public:
  LogCosh(const Problem& problem, std::size_t i)
      : directions_(problem, i),
        weight_(required_vector<S>(problem, "weight", i, problem.shape.terms)),
        threshold_(required_vector<S>(problem, "threshold", i, problem.shape.terms)),
        mu_(required_number<S>(problem, "strong_convexity", i)) {}

  [[nodiscard]] S value(const Vector<S>& x) const override { return gap(x); }  // f* = 0

  [[nodiscard]] S gap(const Vector<S>& x) const override {
    const Vector<S> s = directions_.along(x);
    S sum = 0;
    for (Eigen::Index k = 0; k < s.size(); ++k)
      sum += weight_[k] * threshold_[k] * threshold_[k] * log_cosh(s[k] / threshold_[k]);
    return sum + mu_ / 2 * (x - directions_.minimiser()).squaredNorm();
  }

  [[nodiscard]] Vector<S> gradient(const Vector<S>& x) const override {
    using std::tanh;
    Vector<S> s = directions_.along(x);
    for (Eigen::Index k = 0; k < s.size(); ++k) s[k] = weight_[k] * threshold_[k] * tanh(s[k] / threshold_[k]);
    return directions_.back(s) + mu_ * (x - directions_.minimiser());
  }

 private:
  static S log_cosh(S z) {
    using std::abs, std::exp, std::log, std::log1p, std::sinh;
    // cosh z = 1 + 2 sinh²(z/2)
    if (abs(z) < 2) return log1p(2 * sinh(z / 2) * sinh(z / 2));
    // cosh z = e^{|z|} (1 + e^{−2|z|})/2
    return abs(z) + log1p(exp(-2 * abs(z))) - log(S(2));
  }

  Directions<S> directions_;
  Vector<S> weight_;
  Vector<S> threshold_;
  S mu_;
};

}  // namespace omg::reference
