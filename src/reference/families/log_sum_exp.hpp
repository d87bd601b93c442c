#pragma once

#include "reference/families/data.hpp"
#include "reference/families/softmax.hpp"

namespace omg::reference {

/// f(x) = ρ log Σ exp((a_iᵀx − b_i)/ρ) + λ/2 ‖x‖².
template <class S>
class LogSumExp final : public Family<S> {
 public:
  LogSumExp(const Problem& problem, std::size_t i)
      : data_(problem, i),
        rho_(required_number<S>(problem, "temperature", i)),
        at_minimiser_(scores(data_.minimiser)) {}

  [[nodiscard]] S value(const Vector<S>& x) const override {
    return rho_ * log_sum_exp<S>(scores(x)) + data_.regularisation / 2 * x.squaredNorm();
  }

  /// The Bregman form at x*, where ∇f vanishes.
  [[nodiscard]] S gap(const Vector<S>& x) const override {
    const Vector<S> d = x - data_.minimiser;
    return rho_ * log_sum_exp_remainder<S>(at_minimiser_, data_.features * d / rho_) +
           data_.regularisation / 2 * d.squaredNorm();
  }

  [[nodiscard]] Vector<S> gradient(const Vector<S>& x) const override {
    return data_.features.transpose() * softmax<S>(scores(x)) + data_.regularisation * x;
  }

  [[nodiscard]] Matrix<S> hessian(const Vector<S>& x) const override {
    // ∇²f = (1/ρ) Σ p_i (a_i − ā)(a_i − ā)ᵀ + λ I, ā = Σ p_i a_i
    const Vector<S> p = softmax<S>(scores(x));
    const Vector<S> mean = data_.features.transpose() * p;
    const Matrix<S> centred = data_.features.rowwise() - mean.transpose();
    Matrix<S> h = centred.transpose() * p.asDiagonal() * centred / rho_;
    h.diagonal().array() += data_.regularisation;
    return h;
  }

 private:
  /// (a_iᵀx − b_i)/ρ
  [[nodiscard]] Vector<S> scores(const Vector<S>& x) const { return (data_.features * x - data_.labels) / rho_; }

  Data<S> data_;
  S rho_;
  Vector<S> at_minimiser_;
};

}  // namespace omg::reference
