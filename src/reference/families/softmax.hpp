#pragma once

#include <cmath>

#include "reference/bregman.hpp"
#include "reference/vector.hpp"

namespace omg::reference {

/// log Σ exp(v_k)
template <class S>
S log_sum_exp(const Vector<S>& v) {
  using std::log;
  const S largest = v.maxCoeff();
  return largest + log((v.array() - largest).exp().sum());
}

/// p_k = exp(v_k) / Σ exp(v)
template <class S>
Vector<S> softmax(const Vector<S>& v) {
  const Vector<S> e = (v.array() - v.maxCoeff()).exp();
  return e / e.sum();
}

/// Remainder log Σ exp(v + e) − log Σ exp(v) − ⟨softmax(v), e⟩ ≥ 0.
template <class S>
S log_sum_exp_remainder(const Vector<S>& v, const Vector<S>& e) {
  using std::exp, std::expm1, std::log1p;
  // It does not change when a number is taken off all e_k: against that of the likeliest k little cancels.
  Eigen::Index likeliest = 0;
  v.maxCoeff(&likeliest);
  const Vector<S> t = e.array() - e[likeliest];
  // The second derivative along t is the variance of t under softmax(v + τ t).
  if (t.cwiseAbs().maxCoeff() < S(1) / 64) {
    return taylor_remainder<S>([&](S tau) {
      const Vector<S> p = softmax<S>(v + tau * t);
      return S(p.dot(Vector<S>((t.array() - p.dot(t)).square())));
    });
  }
  const Vector<S> p = softmax(v);
  // Beyond, exp(t) might overflow and the values are far apart.
  if (t.maxCoeff() > 600) return log_sum_exp<S>(v + t) - log_sum_exp(v) - p.dot(t);
  S growth = 0;  // Σ p_k (e^{t_k} − 1)
  for (Eigen::Index k = 0; k < t.size(); ++k) growth += p[k] * expm1(t[k]);
  return log1p(growth) - p.dot(t);
}

}  // namespace omg::reference
