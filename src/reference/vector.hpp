#pragma once

#include <cstddef>
#include <vector>

#include <Eigen/Core>

namespace omg::reference {

template <class S>
using Vector = Eigen::Matrix<S, Eigen::Dynamic, 1>;
template <class S>
using Matrix = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic>;

/// The numbers as a vector of the scalar type.
template <class S>
Vector<S> to_vector(const std::vector<double>& values) {
  return Eigen::Map<const Vector<double>>(values.data(), static_cast<Eigen::Index>(values.size())).template cast<S>();
}

/// Row-major numbers as a matrix of rows × columns; `values` must have that many entries.
template <class S>
Matrix<S> to_matrix(const std::vector<double>& values, Eigen::Index rows, Eigen::Index columns) {
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const RowMajor>(values.data(), rows, columns).template cast<S>();
}

}  // namespace omg::reference
