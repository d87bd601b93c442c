#pragma once

#include <memory>
#include <utility>

#include "reference/learner.hpp"
#include "reference/method.hpp"

namespace omg::reference {

/// The loop of the spec, section 2. y₀ = y_{-1} = x₀, w₁ projected on W; for t = 1 … T:
///
///   x_t = φ(y_{t-1}, w_t)
///   y_t = (1 − ρ_t) y_{t-1} + ρ_t x_t      (online: y_t = x_t)
///   u_t = ∇f(y_t)
///   w_{t+1} from the meta-learner
///
/// With the null step of `hypergradient` the point formed in the second line is a trial point: y_t is the
/// better of it and y_{t-1}, while u_t and w_{t+1} come from the trial point in both cases.
template <class S>
class MetaGradient final : public Method<S> {
 public:
  MetaGradient(Oracle<S>& f, const Coefficients<S>& k, const Options& options, Eigen::Index n,
               std::unique_ptr<Rule<S>> rule, std::unique_ptr<Learner<S>> learner)
      : f_(f),
        k_(k),
        options_(options),
        rule_(std::move(rule)),
        learner_(std::move(learner)),
        domain_(options.domain, k, rule_->meta_dimension(n), rule_->least()) {}

  void start(const Vector<S>& x0) override {
    y_ = previous_ = x0;
    w_ = rule_->starts_at_point() ? x0 : k_.initial(rule_->meta_dimension(x0.size()));
    w_ = domain_.project(w_, w_);
    w1_ = w_;
    if (rule_->uses_gradient() || learner_->uses_gradient()) gradient_ = f_.gradient(y_);
    if (null_step()) gap_ = f_.gap(y_);
  }

  void step(int t) override {
    const Vector<S> x = rule_->propose({y_, previous_, gradient_}, w_);
    const S rho = k_.rho(t);
    Vector<S> y = options_.averaged ? Vector<S>((1 - rho) * y_ + rho * x) : x;
    Vector<S> u = f_.gradient(y);
    Vector<S> w =
        learner_->update({t, options_, k_, *rule_, domain_, f_, {y_, previous_, gradient_}, {y, y_, u}, w_, w1_, x});
    used_ = std::move(w_);
    w_ = std::move(w);
    previous_ = y_;
    if (null_step()) {
      const S gap = f_.gap(y);
      if (!(gap <= gap_)) return;  // y_t = y_{t-1}
      gap_ = gap;
    }
    y_ = std::move(y);
    gradient_ = std::move(u);
  }

  [[nodiscard]] const Vector<S>& output() const override { return y_; }

  /// The rule `iterate` has w* = x* and g_t = ∇f(y_t).
  [[nodiscard]] S regret(const Vector<S>& u, const Vector<S>& minimiser, int t) const override {
    if (!rule_->starts_at_point() || null_step()) return 0;
    return k_.alpha(t) * u.dot(used_ - minimiser);
  }

 private:
  [[nodiscard]] bool null_step() const { return options_.null_step && learner_->has_null_step(); }

  Oracle<S>& f_;
  const Coefficients<S>& k_;
  const Options& options_;
  std::unique_ptr<Rule<S>> rule_;
  std::unique_ptr<Learner<S>> learner_;
  MetaDomain<S> domain_;
  Vector<S> y_;         ///< y_{t-1}
  Vector<S> previous_;  ///< y_{t-2}
  Vector<S> gradient_;  ///< ∇f(y_{t-1}), if the rule or the learner uses it
  Vector<S> w_;         ///< w_t
  Vector<S> used_;      ///< w of the iteration just made
  Vector<S> w1_;
  S gap_ = 0;  ///< f(y_{t-1}) − f*, for the null step
};

}  // namespace omg::reference
