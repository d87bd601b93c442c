#pragma once

#include <cmath>

#include "reference/learner.hpp"

namespace omg::reference {

/// Adam on g_t: m ← .9 m + .1 g, v ← .999 v + .001 g², w_{t+1} = Π(w_t − β_t m̂ / (√v̂ + 1e-8)); α does
/// not enter.
template <class S>
class AdamLearner final : public Learner<S> {
 public:
  explicit AdamLearner(const Coefficients<S>&) {}

  Vector<S> update(const Moment<S>& m) override {
    const S decay1 = S(0.9), decay2 = S(0.999), epsilon = S(1e-8);
    if (m.t == 1) mean_ = square_ = Vector<S>::Zero(m.w.size());
    const Vector<S> g = m.meta_gradient();
    mean_ = decay1 * mean_ + (1 - decay1) * g;
    square_ = decay2 * square_ + (1 - decay2) * g.cwiseAbs2();
    // m̂ = m/(1 − .9^t), v̂ = v/(1 − .999^t)
    const S correction1 = 1 - std::pow(decay1, S(m.t)), correction2 = 1 - std::pow(decay2, S(m.t));
    Vector<S> w = m.w;
    for (Eigen::Index i = 0; i < w.size(); ++i)
      w[i] -= m.beta(m.t) * (mean_[i] / correction1) / (std::sqrt(square_[i] / correction2) + epsilon);
    return m.project(w);
  }

 private:
  Vector<S> mean_;
  Vector<S> square_;
};

}  // namespace omg::reference
