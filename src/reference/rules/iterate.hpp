#pragma once

#include "reference/rule.hpp"

namespace omg::reference {

/// φ(x, w) = w
template <class S>
class Iterate final : public Rule<S> {
 public:
  explicit Iterate(const Coefficients<S>&) {}

  [[nodiscard]] Eigen::Index meta_dimension(Eigen::Index n) const override { return n; }
  [[nodiscard]] bool uses_gradient() const override { return false; }
  [[nodiscard]] bool starts_at_point() const override { return true; }

  [[nodiscard]] Vector<S> propose(const Base<S>&, const Vector<S>& w) const override { return w; }

  [[nodiscard]] Vector<S> pullback(const Base<S>&, const Vector<S>&, const Vector<S>& u) const override { return u; }
};

}  // namespace omg::reference
