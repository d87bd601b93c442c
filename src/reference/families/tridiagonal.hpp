#pragma once

#include "reference/family.hpp"

namespace omg::reference {

/// f(x) = L/4 (½(x₁² + Σ_{i<n} (x_i − x_{i+1})² + x_n²) − x₁), with x*_i = 1 − i/(n+1).
template <class S>
class Tridiagonal final : public Family<S> {
 public:
  Tridiagonal(const Problem& problem, std::size_t i)
      : minimiser_(required_vector<S>(problem, "minimiser", i, problem.shape.n)),
        smoothness_(required_number<S>(problem, "smoothness", i)) {}

  [[nodiscard]] S value(const Vector<S>& x) const override { return smoothness_ / 4 * (squares(x) / 2 - x[0]); }

  /// f(x) − f* = L/8 (d₁² + Σ (d_i − d_{i+1})² + d_n²), d = x − x*: f is quadratic.
  [[nodiscard]] S gap(const Vector<S>& x) const override { return smoothness_ / 8 * squares(x - minimiser_); }

  [[nodiscard]] Vector<S> gradient(const Vector<S>& x) const override {
    // ∂f/∂x_i = L/4 (2x_i − x_{i−1} − x_{i+1} − [i = 1]), x₀ = x_{n+1} = 0
    const Eigen::Index n = x.size();
    Vector<S> g(n);
    for (Eigen::Index i = 0; i < n; ++i) {
      const S before = i > 0 ? x[i - 1] : S(1);
      const S after = i + 1 < n ? x[i + 1] : S(0);
      g[i] = smoothness_ / 4 * ((x[i] - before) + (x[i] - after));
    }
    return g;
  }

 private:
  /// x₁² + Σ (x_i − x_{i+1})² + x_n²
  static S squares(const Vector<S>& x) {
    const Eigen::Index n = x.size();
    S sum = x[0] * x[0] + x[n - 1] * x[n - 1];
    for (Eigen::Index i = 0; i + 1 < n; ++i) sum += (x[i] - x[i + 1]) * (x[i] - x[i + 1]);
    return sum;
  }

  Vector<S> minimiser_;
  S smoothness_;
};

}  // namespace omg::reference
