#pragma once

#include "reference/families/data.hpp"

namespace omg::reference {

/// f(x) = (1/m) Σ h(b_i a_iᵀx) + λ/2 ‖x‖², in v = 1 − s: h = 0 if v ≤ 0, v²/(2δ) if v < δ, v − δ/2 above.
template <class S>
class SmoothedHinge final : public Family<S> {
 public:
  SmoothedHinge(const Problem& problem, std::size_t i)
      : data_(problem, i),
        delta_(required_number<S>(problem, "smoothing", i)),
        shortfall_at_minimiser_(shortfall(data_.minimiser)) {}

  [[nodiscard]] S value(const Vector<S>& x) const override {
    S sum = 0;
    for (const S v : shortfall(x)) sum += v <= 0 ? 0 : v < delta_ ? v * v / (2 * delta_) : v - delta_ / 2;
    return sum / data_.rows() + data_.regularisation / 2 * x.squaredNorm();
  }

  /// The Bregman form at x*, where ∇f vanishes.
  [[nodiscard]] S gap(const Vector<S>& x) const override {
    const Vector<S> d = x - data_.minimiser;
    const Vector<S> growth = -(data_.features * d).cwiseProduct(data_.labels);
    S sum = 0;
    for (Eigen::Index i = 0; i < growth.size(); ++i) sum += remainder(shortfall_at_minimiser_[i], growth[i]);
    return sum / data_.rows() + data_.regularisation / 2 * d.squaredNorm();
  }

  [[nodiscard]] Vector<S> gradient(const Vector<S>& x) const override {
    Vector<S> slope = shortfall(x);
    for (S& v : slope) v = v <= 0 ? 0 : v < delta_ ? v / delta_ : 1;
    return data_.features.transpose() * slope.cwiseProduct(data_.labels) / -data_.rows() + data_.regularisation * x;
  }

  [[nodiscard]] Matrix<S> hessian(const Vector<S>& x) const override {
    return data_.hessian(shortfall(x).unaryExpr([&](S v) { return v > 0 && v < delta_ ? 1 / delta_ : S(0); }));
  }

 private:
  /// v_i = 1 − b_i a_iᵀx
  [[nodiscard]] Vector<S> shortfall(const Vector<S>& x) const {
    return Vector<S>::Ones(data_.labels.size()) - (data_.features * x).cwiseProduct(data_.labels);
  }

  /// h(v + e) − h(v) − h′(v) e: h′ grows along the part of the way that lies in (0, δ).
  [[nodiscard]] S remainder(S v, S e) const {
    if (e < 0) return remainder(delta_ - v, -e);  // h(v) − h(δ − v) is linear
    const S enter = v < 0 ? -v : 0, leave = v < delta_ ? delta_ - v : 0;
    if (e <= enter) return 0;
    if (e <= leave) return (e - enter) * (e - enter) / (2 * delta_);
    return (leave - enter) * (leave - enter) / (2 * delta_) + (leave - enter) / delta_ * (e - leave);
  }

  Data<S> data_;
  S delta_;
  Vector<S> shortfall_at_minimiser_;
};

}  // namespace omg::reference
