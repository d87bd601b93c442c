#pragma once

#include "reference/family.hpp"

namespace omg::reference {

/// f(x) = ½ (x − x*)ᵀ Q (x − x*), Q given whole or by its diagonal.
template <class S>
class Quadratic final : public Family<S> {
 public:
  Quadratic(const Problem& problem, std::size_t i)
      : minimiser_(required_vector<S>(problem, "minimiser", i, problem.shape.n)) {
    const int n = problem.shape.n;
    if (problem.array("diagonal", i).empty() && problem.shared_array("diagonal").empty())
      matrix_ = required_matrix<S>(problem, "matrix", i, n, n);
    else
      diagonal_ = required_vector<S>(problem, "diagonal", i, n);
  }

  [[nodiscard]] S value(const Vector<S>& x) const override { return gap(x); }  // f* = 0

  [[nodiscard]] S gap(const Vector<S>& x) const override {
    const Vector<S> d = x - minimiser_;
    return d.dot(times(d)) / 2;
  }

  [[nodiscard]] Vector<S> gradient(const Vector<S>& x) const override { return times(x - minimiser_); }

 private:
  /// Q d
  [[nodiscard]] Vector<S> times(const Vector<S>& d) const {
    if (diagonal_.size() > 0) return diagonal_.cwiseProduct(d);
    return matrix_ * d;
  }

  Vector<S> minimiser_;
  Matrix<S> matrix_;
  Vector<S> diagonal_;  ///< empty if `matrix_` is given
};

}  // namespace omg::reference
