#pragma once

#include "omg/lane/context.hpp"
#include "omg/lane/options.hpp"

namespace omg {

/// The bounds of a meta-domain W as a lane sees them. A box has the same bounds for every coordinate
/// or, where the pointers are set, one each; a ball is centred at w₁.
template <class R>
struct Bounds {
  R lower;
  R upper;
  R radius;
  const Scalar<R>* lower_vector = nullptr;
  const Scalar<R>* upper_vector = nullptr;
};

/// w ← Π_W(w), the Euclidean projection on the box.
template <class Dim, class C, class W>
OMG_HD void project_box(const C& c, const Bounds<typename C::Real>& bounds, W& w) {
  using R = typename C::Real;
  c.template for_each<Dim>([&](int i) {
    const R low = bounds.lower_vector != nullptr ? R(bounds.lower_vector[i]) : bounds.lower;
    const R high = bounds.upper_vector != nullptr ? R(bounds.upper_vector[i]) : bounds.upper;
    w[i] = clamp(w[i], low, high);
  });
}

/// w ← Π_W(w) on the ball of radius r round `centre`.
template <class Dim, class C, class W>
OMG_HD void project_ball(const C& c, const Bounds<typename C::Real>& bounds, const W& centre, W& w) {
  using R = typename C::Real;
  const R norm = sqrt(c.template sum<Dim>([&](int i) {
    const R d = w[i] - centre[i];
    return d * d;
  }));
  const auto outside = norm > bounds.radius;
  const R shrink = select(outside, bounds.radius / select(outside, norm, R(1)), R(1));
  // Inside the ball w is kept to the bit.
  c.template for_each<Dim>([&](int i) { w[i] = select(outside, fma(shrink, w[i] - centre[i], centre[i]), w[i]); });
}

/// w ← Π_W(w) on the probability simplex: w_i ← max(w_i − θ, 0) with Σ w = 1, θ by Michelot's
/// iteration, which drops the coordinates at or below θ until none is left to drop (at most n rounds).
/// Shifted so that the largest coordinate is 0: a sum of far-away numbers would lose the digits of 1.
template <class Dim, class C, class W>
OMG_HD void project_simplex(const C& c, W& w) {
  using R = typename C::Real;
  const int size = Dim::at(c.n());
  const R top = c.template maximum<Dim>([&](int i) { return w[i]; });
  R count = R(size);
  R theta = (c.template sum<Dim>([&](int i) { return w[i] - top; }) - R(1)) / count;
  for (int round = 0; round < size; ++round) {
    const R left = c.template sum<Dim>([&](int i) { return select(w[i] - top > theta, R(1), R(0)); });
    if (!any(left < count)) break;
    const R total = c.template sum<Dim>([&](int i) { return select(w[i] - top > theta, w[i] - top, R(0)); });
    theta = select(left < count, (total - R(1)) / max(left, R(1)), theta);
    count = left;
  }
  // In this order of the arguments what is no number stays.
  c.template for_each<Dim>([&](int i) { w[i] = max(R(0), (w[i] - top) - theta); });
}

/// w ← Π_W(w).
template <class Dim, class C, class O, class W>
OMG_HD void project(const C& c, const O& o, const Bounds<typename C::Real>& bounds, const W& first, W& w) {
  if (o.domain == Domain::box) project_box<Dim>(c, bounds, w);
  if (o.domain == Domain::ball) project_ball<Dim>(c, bounds, first, w);
  if (o.domain == Domain::simplex) project_simplex<Dim>(c, w);
}

}  // namespace omg
