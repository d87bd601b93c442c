#pragma once

#include <algorithm>
#include <cmath>

#include "reference/hint.hpp"

namespace omg::reference {

/// Bootstrapped meta-gradients: w_{t+1} = Π(w_t − β_t D_wφ(y_{t-1}, w_t)ᵀ(∇μ(x_t) − ∇μ(z_t))), the target
/// z_t held fixed. μ = ½‖·‖² for the targets `bootstrap` and `optimistic`, negative entropy for `kl`.
template <class S>
class Bmg final : public Learner<S> {
 public:
  explicit Bmg(const Coefficients<S>& k) : inner_step_(k.value("inner_step")) {}

  Vector<S> update(const Moment<S>& m) override {
    switch (m.options.target) {
      case Target::bootstrap:
        return next(m, bootstrap(m));
      case Target::kl:
        return next(m, entropy_difference(m));
      case Target::optimistic:
        break;
    }
    // x_t − z_t = α_t u_t + α_{t+1} ũ_{t+1} − α_t ũ_t
    if (m.t == 1) held_ = Vector<S>::Zero(m.x.size());
    const Vector<S> known = m.alpha(m.t) * m.u() - m.alpha(m.t) * held_;
    held_ = hints_.next(m, [&] { return next(m, known); });
    return next(m, known + m.alpha(m.t + 1) * held_);
  }

 private:
  /// Π(w_t − β_t D_wφ(y_{t-1}, w_t)ᵀ difference)
  static Vector<S> next(const Moment<S>& m, const Vector<S>& difference) {
    return m.project(m.w - m.beta(m.t) * m.pullback(difference));
  }

  /// x_t − z_t: p₀ = x_t, p_j = φ(p_{j-1}, w_t) for j < K with w_t frozen, z = p_{K-1} − η ∇f(p_{K-1}).
  Vector<S> bootstrap(const Moment<S>& m) const {
    if (m.options.bootstrap_steps == 1) return inner_step_ * m.u();
    Vector<S> p = m.x, previous = m.before.x;
    for (int j = 1; j < m.options.bootstrap_steps; ++j) {
      Vector<S> gradient;
      // Online output: p₀ = x_t = y_t, where the gradient is known.
      if (m.rule.uses_gradient()) gradient = j == 1 && !m.options.averaged ? m.u() : m.f.gradient(p);
      Vector<S> proposed = m.rule.propose({p, previous, gradient}, m.w);
      previous = std::move(p);
      p = std::move(proposed);
    }
    return (m.x - p) + inner_step_ * m.f.gradient(p);
  }

  /// log x_t − log z_t, z_t ∝ x_t ⊙ exp(−η u_t), coordinates floored before the logarithm.
  Vector<S> entropy_difference(const Moment<S>& m) const {
    const Vector<S>& x = m.x;
    // A common factor of exp(−η u_t) cancels in z_t: the least u_i is taken out so that nothing overflows.
    const S least = m.u().minCoeff();
    Vector<S> z(x.size());
    for (Eigen::Index i = 0; i < x.size(); ++i) z[i] = x[i] * std::exp(-inner_step_ * (m.u()[i] - least));
    z /= z.sum();
    Vector<S> difference(x.size());
    for (Eigen::Index i = 0; i < x.size(); ++i)
      difference[i] = std::log(std::max(x[i], floor)) - std::log(std::max(z[i], floor));
    return difference;
  }

  static constexpr S floor = S(1e-300);
  S inner_step_;    ///< η
  Vector<S> held_;  ///< ũ_t
  HintSequence<S> hints_;
};

}  // namespace omg::reference
