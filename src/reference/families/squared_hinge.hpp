#pragma once

#include "reference/families/data.hpp"

namespace omg::reference {

/// f(x) = ω Σ ½ max(0, 1 − b_i a_iᵀx)² + λ/2 ‖x‖², ω = 1 or 1/m.
template <class S>
class SquaredHinge final : public Family<S> {
 public:
  SquaredHinge(const Problem& problem, std::size_t i)
      : data_(problem, i),
        // 1/m as a number of the type: the record holds it rounded to double.
        weight_(required_number<S>(problem, "row_weight", i) == 1 ? S(1) : 1 / data_.rows()),
        shortfall_at_minimiser_(shortfall(data_.minimiser)) {}

  [[nodiscard]] S value(const Vector<S>& x) const override {
    return weight_ / 2 * shortfall(x).cwiseMax(S(0)).squaredNorm() + data_.regularisation / 2 * x.squaredNorm();
  }

  /// The Bregman form at x*, where ∇f vanishes.
  [[nodiscard]] S gap(const Vector<S>& x) const override {
    const Vector<S> d = x - data_.minimiser;
    const Vector<S> growth = -(data_.features * d).cwiseProduct(data_.labels);
    S sum = 0;
    for (Eigen::Index i = 0; i < growth.size(); ++i) sum += remainder(shortfall_at_minimiser_[i], growth[i]);
    return weight_ * sum + data_.regularisation / 2 * d.squaredNorm();
  }

  [[nodiscard]] Vector<S> gradient(const Vector<S>& x) const override {
    return -weight_ * (data_.features.transpose() * shortfall(x).cwiseMax(S(0)).cwiseProduct(data_.labels)) +
           data_.regularisation * x;
  }

  [[nodiscard]] Matrix<S> hessian(const Vector<S>& x) const override {
    const S curvature = weight_ * data_.rows();  // Data takes the mean over the rows
    return data_.hessian(shortfall(x).unaryExpr([&](S v) { return v > 0 ? curvature : S(0); }));
  }

 private:
  /// v_i = 1 − b_i a_iᵀx
  [[nodiscard]] Vector<S> shortfall(const Vector<S>& x) const {
    return Vector<S>::Ones(data_.labels.size()) - (data_.features * x).cwiseProduct(data_.labels);
  }

  /// q(v + e) − q(v) − q′(v) e for q(v) = ½ max(0, v)².
  static S remainder(S v, S e) {
    if (e >= 0) {
      const S beyond = v < 0 ? e + v : e;  // of the way, in v > 0
      return beyond > 0 ? beyond * beyond / 2 : 0;
    }
    if (v <= 0) return 0;
    return -e <= v ? e * e / 2 : v * v / 2 + v * (-e - v);
  }

  Data<S> data_;
  S weight_;
  Vector<S> shortfall_at_minimiser_;
};

}  // namespace omg::reference
