#pragma once

#include "reference/learner.hpp"

namespace omg::reference {

/// w_{t+1} = Π(w_t − β_t α_t g_t)
template <class S>
class Sgd final : public Learner<S> {
 public:
  explicit Sgd(const Coefficients<S>&) {}

  Vector<S> update(const Moment<S>& m) override {
    return m.project(m.w - m.beta(m.t) * m.alpha(m.t) * m.meta_gradient());
  }
};

}  // namespace omg::reference
