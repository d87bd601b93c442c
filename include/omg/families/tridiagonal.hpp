#pragma once

#include "omg/lane/family.hpp"
#if !defined(__CUDACC_RTC__)
#include <cmath>
#include <numbers>

#include "omg/family.hpp"
#endif

namespace omg {

/// Nesterov's worst function, f(x) = L/4 (½(x₁² + Σ(x_i − x_{i+1})² + x_n²) − x₁), its matrix never
/// formed. x*_i = 1 − i/(n+1); L is an upper bound of the true L cos²(π/(2(n+1))).
struct Tridiagonal {
  static constexpr Entry entry{"tridiagonal", "L/4 (½(x₁² + Σ(x_i − x_{i+1})² + x_n²) − x₁)",
                               "Nesterov, Introductory Lectures on Convex Optimization, 2.1.2", ""};
  static constexpr Parameter parameters[] = {
      {"dimension", "100", "n"},
      {"smoothness", "1", "L > 0"},
  };

  static constexpr bool affine_gradient = true;

  template <class C>
  using Scratch = NoScratch;

  /// L/4 = s. As a chain of springs the family is, with d = x − x*, d₀ = d_{n+1} = 0 and v_i = d_i − d_{i+1},
  ///   f − f* = s/2 Σ v_i², i = 0 … n,   ∂f/∂x_i = s (v_i − v_{i−1}).
  template <class I>
  OMG_HD static auto stiffness(const I& in) {
    return decltype(in.field(0))(0.25) * in.field(0);
  }

  // Record: L.
  template <class Want, class C, class S, class I, class X, class G>
  OMG_HD static typename C::Real evaluate(const C& c, const S&, const I& in, Scratch<C>&, const X& x, G& g) {
    using R = typename C::Real;
    const R quarter = stiffness(in);
    const int n = c.n();
    const auto& seen = c.template publish<PointDim>(x);  // coordinates see their neighbours
    // With x₀ = 1 and x_{n+1} = 0: ∇f = L/4 (2x_i − x_{i−1} − x_{i+1}) and, d = x − x*,
    // f − f* = L/8 (d₁² + Σ (d_i − d_{i+1})² + d_n²). One pass gives both.
    const auto at = [&](int i) {
      const R left = i > 0 ? seen[i > 0 ? i - 1 : 0] : R(1);
      const R right = i + 1 < n ? seen[i + 1 < n ? i + 1 : 0] : R(0);
      if constexpr (Want::gradient) g[i] = quarter * (fma(R(2), x[i], -left) - right);
      const R d = x[i] - in.minimiser(i);
      const R jump = i + 1 < n ? d - (right - in.minimiser(i + 1 < n ? i + 1 : 0)) : d;
      return i == 0 ? fma(jump, jump, d * d) : jump * jump;
    };
    R gap = R(0);
    if constexpr (Want::gap)
      gap = R(0.5) * quarter * c.template sum<PointDim>(at);
    else
      c.template for_each<PointDim>([&](int i) { at(i); });
    c.retire();
    return gap;
  }

#if !defined(__CUDACC_RTC__)
  static constexpr bool knows_minimiser = true;  ///< draw() writes x*
  static void shape(const FamilyInput& in, Shape& s) { s.n = in.integer("dimension", 1); }
  static Layout layout(const Shape&) { return {{}, {{"smoothness", 1}}}; }
  static void draw(const FamilyInput& in, InstanceWriter& out) {
    const int n = in.shape().n;
    const double L = in.positive("smoothness", out.index());
    out.set("smoothness", 0, L);
    for (int i = 0; i < n; ++i) out.minimiser(i, 1.0 - double(i + 1) / (n + 1));
    out.smoothness(L);
    // The smallest eigenvalue of L/4 tridiag(−1, 2, −1) is L sin²(π/(2(n+1))).
    const double sine = std::sin(std::numbers::pi / (2.0 * (n + 1)));
    out.strong_convexity(L * sine * sine);
    out.minimum(-L / 8.0 * (1.0 - 1.0 / (n + 1)));
  }
#endif
};

}  // namespace omg
