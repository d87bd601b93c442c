#pragma once

#include "reference/families/data.hpp"

namespace omg::reference {

/// f(x) = ‖Ax − b‖²/(2m) + λ/2 ‖x‖², m the number of rows; λ = 0: least squares.
template <class S>
class Ridge final : public Family<S> {
 public:
  Ridge(const Problem& problem, std::size_t i) : data_(problem, i) {}

  [[nodiscard]] S value(const Vector<S>& x) const override {
    return (data_.features * x - data_.labels).squaredNorm() / (2 * data_.rows()) +
           data_.regularisation / 2 * x.squaredNorm();
  }

  /// f(x) − f* = ‖A d‖²/(2m) + λ/2 ‖d‖², d = x − x*: f is quadratic.
  [[nodiscard]] S gap(const Vector<S>& x) const override {
    const Vector<S> d = x - data_.minimiser;
    return (data_.features * d).squaredNorm() / (2 * data_.rows()) + data_.regularisation / 2 * d.squaredNorm();
  }

  [[nodiscard]] Vector<S> gradient(const Vector<S>& x) const override {
    const Vector<S> residual = data_.features * x - data_.labels;
    return data_.features.transpose() * residual / data_.rows() + data_.regularisation * x;
  }

  [[nodiscard]] Matrix<S> hessian(const Vector<S>&) const override {
    return data_.hessian(Vector<S>::Ones(data_.features.rows()));
  }

 private:
  Data<S> data_;
};

}  // namespace omg::reference
