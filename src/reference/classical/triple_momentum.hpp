#pragma once

#include <utility>

#include "reference/method.hpp"

namespace omg::reference {

/// The triple momentum method: ξ₀ = ξ_{-1} = y₀ = x₀,
///   ξ_t = (1 + β) ξ_{t-1} − β ξ_{t-2} − α ∇f(y_{t-1}),  y_t = (1 + γ) ξ_t − γ ξ_{t-1};
/// the gap counts at (1 + δ) ξ_t − δ ξ_{t-1} (Van Scoy, Freeman & Lynch 2018).
template <class S>
class TripleMomentum final : public Classical<S> {
 public:
  using Classical<S>::Classical;

  void start(const Vector<S>& x0) override { xi_ = previous_ = y_ = output_ = x0; }

  void step(int) override {
    const S alpha = k.value("step"), beta = k.value("momentum");
    const S gamma = k.value("gradient_momentum"), delta = k.value("output_momentum");
    Vector<S> next = (1 + beta) * xi_ - beta * previous_ - alpha * f.gradient(y_);
    y_ = (1 + gamma) * next - gamma * xi_;
    output_ = (1 + delta) * next - delta * xi_;
    previous_ = std::move(xi_);
    xi_ = std::move(next);
  }

  [[nodiscard]] const Vector<S>& output() const override { return output_; }

 private:
  using Classical<S>::f;
  using Classical<S>::k;
  Vector<S> xi_;        ///< ξ_{t-1}
  Vector<S> previous_;  ///< ξ_{t-2}
  Vector<S> y_;
  Vector<S> output_;
};

}  // namespace omg::reference
