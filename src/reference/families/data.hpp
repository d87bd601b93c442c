#pragma once

#include "reference/family.hpp"

namespace omg::reference {

/// What the families over a data set have in common: the rows a_i of A, the labels b_i, λ and x*.
template <class S>
struct Data {
  Data(const Problem& problem, std::size_t i)
      : features(required_matrix<S>(problem, "features", i, problem.shape.terms, problem.shape.features)),
        labels(required_vector<S>(problem, "labels", i, problem.shape.terms)),
        regularisation(required_number<S>(problem, "regularisation", i)),
        minimiser(required_vector<S>(problem, "minimiser", i, problem.shape.n)) {}

  [[nodiscard]] S rows() const { return S(features.rows()); }

  /// (1/m) Σ c_i a_i a_iᵀ + λ I, the Hessian of a mean over rows of curvature c_i ≥ 0.
  [[nodiscard]] Matrix<S> hessian(const Vector<S>& curvatures) const {
    const Matrix<S> weighted = curvatures.cwiseSqrt().asDiagonal() * features;
    Matrix<S> h = Matrix<S>::Zero(features.cols(), features.cols());
    h.template selfadjointView<Eigen::Lower>().rankUpdate(weighted.transpose(), 1 / rows());
    h.diagonal().array() += regularisation;
    return h.template selfadjointView<Eigen::Lower>();
  }

  Matrix<S> features;  ///< A, rows × columns
  Vector<S> labels;    ///< b
  S regularisation;    ///< λ
  Vector<S> minimiser;
};

}  // namespace omg::reference
