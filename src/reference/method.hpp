#pragma once

#include "reference/coefficients.hpp"
#include "reference/oracle.hpp"

namespace omg::reference {

/// What one lane iterates: the meta-learning loop, or a classical method. One object per lane.
template <class S>
class Method {
 public:
  Method() = default;
  Method(const Method&) = delete;
  Method& operator=(const Method&) = delete;
  virtual ~Method() = default;
  /// Before the first iteration.
  virtual void start(const Vector<S>& x0) = 0;
  /// Iteration t = 1 … T.
  virtual void step(int t) = 0;
  /// The point whose gap counts.
  [[nodiscard]] virtual const Vector<S>& output() const = 0;
  /// α_t ⟨g_t, w_t − w*⟩ of iteration t, just made, from ∇f(y_t) and x*; 0 where w* is not known.
  [[nodiscard]] virtual S regret(const Vector<S>&, const Vector<S>&, int) const { return 0; }
};

/// A classical method (spec, section 2.3): an iteration with a state of its own.
template <class S>
class Classical : public Method<S> {
 public:
  Classical(Oracle<S>& oracle, const Coefficients<S>& coefficients) : f(oracle), k(coefficients) {}

 protected:
  Oracle<S>& f;
  const Coefficients<S>& k;
};

}  // namespace omg::reference
