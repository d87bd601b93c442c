#pragma once

#include "omg/lane/family.hpp"
#if !defined(__CUDACC_RTC__)
#include <vector>

#include "omg/family.hpp"
#endif

namespace omg {

// What the families that are sums of one-dimensional terms, Σ_k ψ_k(u_kᵀ(x − x*)), share.

/// In place of μ where a family has no such term.
struct NoCurvature {};
template <class Mu>
inline constexpr bool is_curved = true;
template <>
inline constexpr bool is_curved<NoCurvature> = false;

/// Value of Σ_k ψ_k(u_kᵀ(x − x*)) + μ/2 ‖x − x*‖² and, in g, its gradient. u_k stands at field(directions + k n)
/// if the terms are rotated, else it is e_k. `term(k, d, slope)` returns ψ_k(d) and sets slope = ψ_k′(d).
template <class Want, class C, class S, class I, class X, class G, class Mu, class Term>
OMG_HD typename C::Real evaluate_terms(const C& c, const S& s, const I& in, int directions, const Mu& mu, const X& x,
                                       G& g, Term&& term) {
  using R = typename C::Real;
  if (!s.rotated) {
    const auto at = [&](int i) {
      const R d = x[i] - in.minimiser(i);
      R slope;
      const R value = term(i, d, slope);
      if constexpr (is_curved<Mu>) {
        if constexpr (Want::gradient) g[i] = fma(mu, d, slope);
        return fma(R(0.5) * mu * d, d, value);
      } else {
        if constexpr (Want::gradient) g[i] = slope;
        return value;
      }
    };
    if constexpr (Want::gap) return c.template sum<PointDim>(at);
    c.template for_each<PointDim>([&](int i) { at(i); });
    return R(0);
  }
  const int n = c.n();
  R gap = R(0);
  if constexpr (is_curved<Mu> && Want::gap) {
    gap = R(0.5) * mu * c.template sum<PointDim>([&](int i) {
      const R d = x[i] - in.minimiser(i);
      return d * d;
    });
  }
  if constexpr (Want::gradient) {
    c.template for_each<PointDim>([&](int i) {
      if constexpr (is_curved<Mu>)
        g[i] = mu * (x[i] - in.minimiser(i));
      else
        g[i] = R(0);
    });
  }
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
#endif

}  // namespace omg
