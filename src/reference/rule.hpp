#pragma once

#include <limits>

#include "reference/coefficients.hpp"

namespace omg::reference {

/// Where an update rule is applied.
template <class S>
struct Base {
  const Vector<S>& x;
  const Vector<S>& previous;  ///< the point before x, for rules with momentum
  const Vector<S>& gradient;  ///< ∇f(x); empty if the rule does not use it
};

/// An update rule φ(x, w): proposes the next point from x and the meta-parameters w (spec, section 2.2).
template <class S>
class Rule {
 public:
  virtual ~Rule() = default;
  Rule() = default;
  Rule(const Rule&) = delete;
  Rule& operator=(const Rule&) = delete;

  /// Dimension of w for x of dimension n.
  [[nodiscard]] virtual Eigen::Index meta_dimension(Eigen::Index n) const = 0;
  [[nodiscard]] virtual bool uses_gradient() const { return true; }
  /// w₁ = x₀ instead of the parameter `initial`.
  [[nodiscard]] virtual bool starts_at_point() const { return false; }
  /// Of every coordinate of w, whatever W is.
  [[nodiscard]] virtual S least() const { return -std::numeric_limits<S>::infinity(); }
  /// φ(x, w)
  [[nodiscard]] virtual Vector<S> propose(const Base<S>& base, const Vector<S>& w) const = 0;
  /// D_wφ(x, w)ᵀ u
  [[nodiscard]] virtual Vector<S> pullback(const Base<S>& base, const Vector<S>& w, const Vector<S>& u) const = 0;
};

}  // namespace omg::reference
