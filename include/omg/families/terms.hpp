#pragma once

#include "omg/lane/family.hpp"
#if !defined(__CUDACC_RTC__)
#include <vector>

#include "omg/family.hpp"
#endif

namespace omg {

// What the families that are sums of one-dimensional terms, Σ_k ψ_k(u_kᵀ(x − x*)), share.

/// Value of Σ_k ψ_k(u_kᵀ(x − x*)) + μ/2 ‖x − x*‖² and, in g, its gradient. u_k stands at field(directions + k n)
/// if the terms are rotated, else it is e_k. `term(k, d, slope)` returns ψ_k(d) and sets slope = ψ_k′(d).
template <class Want, class C, class S, class I, class X, class G, class Term>
OMG_HD typename C::Real evaluate_terms(const C& c, const S& s, const I& in, int directions, typename C::Real mu,
                                       const X& x, G& g, Term&& term) {
  using R = typename C::Real;
  if (!s.rotated) {
    const auto at = [&](int i) {
      const R d = x[i] - in.minimiser(i);
      R slope;
      const R value = term(i, d, slope);
      if constexpr (Want::gradient) g[i] = fma(mu, d, slope);
      return fma(R(0.5) * mu * d, d, value);
    };
    if constexpr (Want::gap) return c.template sum<PointDim>(at);
    c.template for_each<PointDim>([&](int i) { at(i); });
    return R(0);
  }
  const int n = c.n();
  R gap = R(0);
  if constexpr (Want::gap) {
    gap = R(0.5) * mu * c.template sum<PointDim>([&](int i) {
      const R d = x[i] - in.minimiser(i);
      return d * d;
    });
  }
  if constexpr (Want::gradient) c.template for_each<PointDim>([&](int i) { g[i] = mu * (x[i] - in.minimiser(i)); });
  for (int k = 0; k < s.terms; ++k) {
    const int u = directions + k * n;
    const R d = c.template sum<PointDim>([&](int i) { return in.field(u + i) * (x[i] - in.minimiser(i)); });
    R slope;
    gap = gap + term(k, d, slope);
    if constexpr (Want::gradient)
      c.template for_each<PointDim>([&](int i) { g[i] = fma(slope, in.field(u + i), g[i]); });
  }
  return gap;
}

#if !defined(__CUDACC_RTC__)
/// Reads dimension, terms and directions.
void shape_of_terms(const FamilyInput& in, Shape& s);
/// The given fields, then "directions" if the terms are rotated.
Layout layout_of_terms(const Shape& s, std::vector<Field> fields);
/// Draws the directions (if rotated) and returns the spectrum of Σ_k weight_k u_k u_kᵀ.
Spectrum draw_directions(const FamilyInput& in, InstanceWriter& out, const std::vector<double>& weights);
/// Terms ψ of curvature at most their weight that are straight beyond a threshold, Σ_k ψ(u_kᵀ(x − x*)) + μ/2 ‖x − x*‖²:
/// their fields, and an instance with L = λ_max(Σ_k weight_k u_k u_kᵀ) + μ.
Layout layout_with_thresholds(const Shape& s);
void draw_with_thresholds(const FamilyInput& in, InstanceWriter& out);
#endif

}  // namespace omg
