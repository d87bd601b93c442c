#pragma once

#include "reference/domain.hpp"
#include "reference/oracle.hpp"
#include "reference/rule.hpp"

namespace omg::reference {

/// Iteration t of the loop (spec, section 2) as the meta-learner sees it: y_t and u_t are known, w_{t+1}
/// is wanted.
template <class S>
struct Moment {
  int t;
  const Options& options;
  const Coefficients<S>& k;
  const Rule<S>& rule;
  const MetaDomain<S>& domain;
  Oracle<S>& f;
  Base<S> before;       ///< of φ(y_{t-1}, ·)
  Base<S> after;        ///< of φ(y_t, ·)
  const Vector<S>& w;   ///< w_t
  const Vector<S>& w1;  ///< w₁
  const Vector<S>& x;   ///< x_t

  [[nodiscard]] const Vector<S>& y() const { return after.x; }         ///< y_t
  [[nodiscard]] const Vector<S>& u() const { return after.gradient; }  ///< u_t = ∇f(y_t)
  [[nodiscard]] S beta(int s) const { return k.value("meta_step", s); }
  [[nodiscard]] S alpha(int s) const { return k.alpha(s); }
  /// D_wφ(y_{t-1}, w_t)ᵀ v
  [[nodiscard]] Vector<S> pullback(const Vector<S>& v) const { return rule.pullback(before, w, v); }
  /// g_t = D_wφ(y_{t-1}, w_t)ᵀ u_t
  [[nodiscard]] Vector<S> meta_gradient() const { return pullback(u()); }
  /// g̃_{t+1} = D_wφ(y_t, w_t)ᵀ ũ_{t+1}
  [[nodiscard]] Vector<S> hinted_meta_gradient(const Vector<S>& hint) const { return rule.pullback(after, w, hint); }
  /// Π(v)
  [[nodiscard]] Vector<S> project(const Vector<S>& v) const { return domain.project(v, w1); }
};

/// A meta-learner (spec, section 2.1): owns its state and turns w_t into w_{t+1}.
template <class S>
class Learner {
 public:
  virtual ~Learner() = default;
  Learner() = default;
  Learner(const Learner&) = delete;
  Learner& operator=(const Learner&) = delete;

  /// Needs ∇f(y_{t-1}) whatever the rule.
  [[nodiscard]] virtual bool uses_gradient() const { return false; }
  /// May put back a trial point that is worse than the point before it.
  [[nodiscard]] virtual bool has_null_step() const { return false; }
  /// w_{t+1}
  virtual Vector<S> update(const Moment<S>& m) = 0;
};

}  // namespace omg::reference
