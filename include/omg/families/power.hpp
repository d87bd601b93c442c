#pragma once

#include "omg/families/terms.hpp"
#if !defined(__CUDACC_RTC__)
#include <algorithm>
#include <cmath>
#endif

namespace omg {

/// f(x) = Σ_k c_k |u_kᵀ(x − x*)|^p / p + μ/2 ‖x − x*‖², p > 2: flat at its minimiser and not smooth on
/// the whole space. L holds on the ball ‖x − x*‖ ≤ R.
struct Power {
  static constexpr Entry entry{"power", "Σ c |uᵀ(x − x*)|^p / p + μ/2 ‖x − x*‖²",
                               "uniformly convex functions: Nesterov 2008", ""};
  static constexpr Parameter parameters[] = {
      {"dimension", "1", "n"},
      {"terms", "0", "number of terms; 0: n"},
      {"directions", "identity", "u_k: identity, haar or a vector, row after row"},
      {"weight", "1", "c_k > 0"},
      {"exponent", "4", "p > 2"},
      {"strong_convexity", "0", "μ ≥ 0"},
  };

  template <class C>
  using Scratch = NoScratch;

  // Record: c (terms), p, μ, u (terms × n, if rotated).
  template <class Want, class C, class S, class I, class X, class G>
  OMG_HD static typename C::Real evaluate(const C& c, const S& s, const I& in, Scratch<C>&, const X& x, G& g) {
    using R = typename C::Real;
    const int terms = s.terms;
    const R p = in.field(terms);
    return evaluate_terms<Want>(c, s, in, terms + 2, in.field(terms + 1), x, g, [&](int k, R d, R& slope) {
      // ψ′(d) = c |d|^{p−1} sign d, ψ(d) = ψ′(d) d / p; zero is kept away from the logarithm within pow.
      const auto away = abs(d) > R(0);
      const R steep = in.field(k) * pow(select(away, abs(d), R(1)), p - R(1));
      slope = select(away, select(d > R(0), steep, -steep), R(0));
      return slope * d / p;
    });
  }

#if !defined(__CUDACC_RTC__)
  static void shape(const FamilyInput& in, Shape& s) { shape_of_terms(in, s); }
  static Layout layout(const Shape& s) {
    return layout_of_terms(s, {{"weight", size_t(s.terms)}, {"exponent", 1}, {"strong_convexity", 1}});
  }
  static void draw(const FamilyInput& in, InstanceWriter& out) {
    const std::size_t i = out.index();
    const double p = in.number("exponent", i), mu = in.non_negative("strong_convexity", i);
    if (!(p > 2)) in.refuse("exponent", "found " + std::to_string(p) + ", allowed is a number above 2");
    out.set("exponent", 0, p);
    out.set("strong_convexity", 0, mu);
    std::vector<double> weights;
    for (int k = 0; k < in.shape().terms; ++k) {
      weights.push_back(in.positive("weight", i, k));
      out.set("weight", size_t(k), weights.back());
    }
    // ∇²f = (p − 1) Σ c |uᵀd|^{p−2} u uᵀ + μ I, and |uᵀd| ≤ ‖u‖ R on the ball.
    const double curvature = draw_directions(in, out, weights).largest;
    const double reach = largest_direction(in, out) * out.distance();
    out.smoothness((p - 1) * std::pow(reach, p - 2) * curvature + mu);
    out.strong_convexity(mu);
  }

 private:
  /// max ‖u_k‖
  static double largest_direction(const FamilyInput& in, const InstanceWriter& out) {
    const auto n = size_t(in.shape().n);
    if (!in.is_vector("directions")) return 1;
    double largest = 0;
    for (size_t k = 0; k < size_t(in.shape().terms); ++k) {
      double squares = 0;
      for (size_t j = 0; j < n; ++j) squares += out.get("directions", k * n + j) * out.get("directions", k * n + j);
      largest = std::max(largest, squares);
    }
    return std::sqrt(largest);
  }
#endif
};

}  // namespace omg
