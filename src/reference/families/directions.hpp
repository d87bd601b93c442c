#pragma once

#include "reference/family.hpp"

namespace omg::reference {

/// The arguments u_kᵀ(x − x*) of a family that is a sum over directions u_k, the rows of U.
template <class S>
class Directions {
 public:
  Directions(const Problem& problem, std::size_t i)
      : minimiser_(required_vector<S>(problem, "minimiser", i, problem.shape.n)),
        identity_(problem.array("directions", i).empty()),
        rows_(identity_ ? Matrix<S>()
                        : required_matrix<S>(problem, "directions", i, problem.shape.terms, problem.shape.n)) {
    if (identity_ && problem.shape.terms != problem.shape.n)
      throw Error("problem " + problem.name + ": without directions there is one term per coordinate, found " +
                  std::to_string(problem.shape.terms) + " terms and n = " + std::to_string(problem.shape.n));
  }

  /// U (x − x*), one entry per term.
  [[nodiscard]] Vector<S> along(const Vector<S>& x) const {
    const Vector<S> d = x - minimiser_;
    if (identity_) return d;
    return rows_ * d;
  }
  /// Uᵀ s for the slopes s of the terms.
  [[nodiscard]] Vector<S> back(const Vector<S>& slopes) const {
    if (identity_) return slopes;
    return rows_.transpose() * slopes;
  }
  [[nodiscard]] const Vector<S>& minimiser() const { return minimiser_; }

 private:
  Vector<S> minimiser_;
  bool identity_;
  Matrix<S> rows_;
};

}  // namespace omg::reference
