#pragma once

#include "reference/families/data.hpp"
#include "reference/families/softmax.hpp"

namespace omg::reference {

/// f(x) = (1/m) Σ_i (log Σ_k exp(s_ik) − s_{i,b_i}) + λ/2 ‖x‖², s_ik = Σ_j a_ij x[j · classes + k].
template <class S>
class SoftmaxRegression final : public Family<S> {
 public:
  SoftmaxRegression(const Problem& problem, std::size_t i)
      : data_(problem, i), classes_(problem.shape.classes), at_minimiser_(scores(data_.minimiser)) {}

  [[nodiscard]] S value(const Vector<S>& x) const override {
    const Matrix<S> s = scores(x);
    S sum = 0;
    for (Eigen::Index i = 0; i < s.rows(); ++i) sum += log_sum_exp<S>(s.row(i)) - s(i, label(i));
    return sum / data_.rows() + data_.regularisation / 2 * x.squaredNorm();
  }

  /// The Bregman form at x*, where ∇f vanishes; what is linear in x has no part in it.
  [[nodiscard]] S gap(const Vector<S>& x) const override {
    const Vector<S> d = x - data_.minimiser;
    const Matrix<S> change = scores(d);
    S sum = 0;
    for (Eigen::Index i = 0; i < change.rows(); ++i)
      sum += log_sum_exp_remainder<S>(at_minimiser_.row(i), change.row(i));
    return sum / data_.rows() + data_.regularisation / 2 * d.squaredNorm();
  }

  [[nodiscard]] Vector<S> gradient(const Vector<S>& x) const override {
    Matrix<S> error = probabilities(x);
    for (Eigen::Index i = 0; i < error.rows(); ++i) error(i, label(i)) -= 1;
    const Matrix<S> g = data_.features.transpose() * error / data_.rows();  // features × classes
    return flat(g) + data_.regularisation * x;
  }

  [[nodiscard]] Matrix<S> hessian(const Vector<S>& x) const override {
    // ∂²f/∂x[j K + k] ∂x[j′ K + k′] = (1/m) Σ_i a_ij a_ij′ (p_ik [k = k′] − p_ik p_ik′) + λ [both equal]
    const Matrix<S> p = probabilities(x);
    const Matrix<S>& a = data_.features;
    Matrix<S> h(x.size(), x.size());
    for (Eigen::Index k = 0; k < classes_; ++k) {
      for (Eigen::Index l = 0; l <= k; ++l) {
        Vector<S> weight = -p.col(k).cwiseProduct(p.col(l)) / data_.rows();
        if (k == l) weight += p.col(k) / data_.rows();
        const Matrix<S> block = a.transpose() * weight.asDiagonal() * a;
        for (Eigen::Index i = 0; i < block.rows(); ++i)
          for (Eigen::Index j = 0; j < block.cols(); ++j) {
            h(i * classes_ + k, j * classes_ + l) = block(i, j);
            h(j * classes_ + l, i * classes_ + k) = block(i, j);
          }
      }
    }
    h.diagonal().array() += data_.regularisation;
    return h;
  }

 private:
  using RowMajor = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  /// rows × classes
  [[nodiscard]] Matrix<S> scores(const Vector<S>& x) const {
    return data_.features * Eigen::Map<const RowMajor>(x.data(), data_.features.cols(), classes_);
  }
  [[nodiscard]] Matrix<S> probabilities(const Vector<S>& x) const {
    Matrix<S> out = scores(x);
    for (Eigen::Index i = 0; i < out.rows(); ++i) out.row(i) = softmax<S>(out.row(i)).transpose();
    return out;
  }
  [[nodiscard]] static Vector<S> flat(const RowMajor& g) { return Eigen::Map<const Vector<S>>(g.data(), g.size()); }
  [[nodiscard]] Eigen::Index label(Eigen::Index i) const { return static_cast<Eigen::Index>(data_.labels[i]); }

  Data<S> data_;
  Eigen::Index classes_;
  Matrix<S> at_minimiser_;
};

}  // namespace omg::reference
