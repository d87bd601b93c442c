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

  Matrix<S> features;  ///< A, rows × columns
  Vector<S> labels;    ///< b
  S regularisation;    ///< λ
  Vector<S> minimiser;
};

}  // namespace omg::reference
