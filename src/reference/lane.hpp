#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "omg/plan.hpp"

#include "reference/family.hpp"
#include "reference/method.hpp"

namespace omg::reference {

/// One lane of a cell, iterated step by step. S is double or long double; the numbers of the cell are
/// doubles in both cases. The cell must outlive the lane.
template <class S>
class Lane {
 public:
  /// Throws Error if the family or the method has no reference, or if the cell does not fit them.
  Lane(const Cell& cell, std::uint64_t lane);
  /// The same with the function already made: `family` must be the lane's instance.
  Lane(const Cell& cell, std::uint64_t lane, std::shared_ptr<const Family<S>> family);

  /// Makes iteration t + 1, at most T in all.
  void step();

  /// t, the number of iterations made.
  [[nodiscard]] int iteration() const { return t_; }
  /// y_t; at t = 0 the start x₀.
  [[nodiscard]] const Vector<S>& output() const { return method_->output(); }
  /// f(y_t) − f*, not normalised.
  [[nodiscard]] S gap() const { return family_->gap(output()); }
  /// ‖∇f(y_t)‖, observed: it is not counted as an evaluation.
  [[nodiscard]] S gradient_norm() const { return family_->gradient(output()).norm(); }
  /// α_t ⟨g_t, w_t − w*⟩ where w* is known, else 0.
  [[nodiscard]] S regret() const { return method_->regret(family_->gradient(output()), minimiser_, t_); }
  /// Evaluations that the method has made; a gap that is only observed is none.
  [[nodiscard]] std::uint64_t gradient_evaluations() const { return oracle_->gradients(); }
  [[nodiscard]] std::uint64_t function_evaluations() const { return oracle_->functions(); }

 private:
  std::shared_ptr<const Family<S>> family_;
  std::unique_ptr<Oracle<S>> oracle_;
  std::unique_ptr<Coefficients<S>> coefficients_;
  std::unique_ptr<Method<S>> method_;
  Vector<S> minimiser_;  ///< x*
  int t_ = 0;
};

/// f(y_t) − f* of a lane, t = 1 … T, not normalised.
template <class S>
std::vector<S> gaps(const Cell& cell, std::uint64_t lane);

}  // namespace omg::reference
