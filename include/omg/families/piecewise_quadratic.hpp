#pragma once

#include "omg/lane/family.hpp"
#if !defined(__CUDACC_RTC__)
#include <algorithm>
#include <limits>

#include "omg/family.hpp"
#endif

namespace omg {

/// f(x) = Σ_i q(x_i − x*_i) + ⟨c, x − x*⟩ with q(0) = q′(0) = 0 and q″ constant between kinks κ₁ ≤ … ≤ κ_{p−1}: in one
/// dimension every smooth convex function is a limit of such ones. With a tilt c ≠ 0, x* is the minimiser over a set
/// only, one that −c points out of.
///
/// A piece is the part of one curvature on one side of x*, d_j = clamp(z, a_j, b_j) − e_j what z has covered of it from
/// its inner end e_j, and σ_j = q′(e_j): then q′(z) = Σ s_j d_j and q(z) = Σ (σ_j d_j + s_j d_j²/2), without a negative
/// term.
struct PiecewiseQuadratic {
  static constexpr Entry entry{
      "piecewise_quadratic",
      "Σ q(x_i − x*_i) + ⟨c, x − x*⟩, q(0) = q'(0) = 0, q'' = s_j between the kinks κ_j and κ_{j+1}",
      "Lessard, Recht & Packard 2016, section 4.6: slopes 25, 1, 25, kinks 1, 2", ""};
  static constexpr Parameter parameters[] = {
      {"dimension", "1", "n"},
      {"pieces", "3", "p ≥ 1, number of curvatures"},
      {"curvature", "", "s_j ≥ 0, from left to right"},
      {"kinks", "", "κ_j − x*, p − 1 numbers; drawn ones are sorted"},
      {"tilt", "0", "c = ∇f(x*), one number or a vector; not 0: x* is the minimiser over a meta-domain"},
  };

  template <class C>
  using Scratch = NoScratch;

  // Record: s, a, b, e, σ (2p each), c (n).
  template <class Want, class C, class S, class I, class X, class G>
  OMG_HD static typename C::Real evaluate(const C& c, const S& s, const I& in, Scratch<C>&, const X& x, G& g) {
    using R = typename C::Real;
    const int pieces = s.terms;
    const auto at = [&](int i) {
      const R z = x[i] - in.minimiser(i);
      R slope = in.field(5 * pieces + i), value = slope * z;
      for (int j = 0; j < pieces; ++j) {
        const R curvature = in.field(j);
        const R d = clamp(z, in.field(pieces + j), in.field(2 * pieces + j)) - in.field(3 * pieces + j);
        value = fma(fma(R(0.5) * curvature, d, in.field(4 * pieces + j)), d, value);
        slope = fma(curvature, d, slope);
      }
      if constexpr (Want::gradient) g[i] = slope;
      return value;
    };
    if constexpr (Want::gap) return c.template sum<PointDim>(at);
    c.template for_each<PointDim>([&](int i) { at(i); });
    return R(0);
  }

#if !defined(__CUDACC_RTC__)
  // Each curvature may have a part on either side of x*.
  static void shape(const FamilyInput& in, Shape& s) {
    s.n = in.integer("dimension", 1);
    s.terms = 2 * in.integer("pieces", 1);
  }
  static Layout layout(const Shape& s) {
    const auto terms = size_t(s.terms);
    return {{},
            {{"curvature", terms},
             {"lower", terms},
             {"upper", terms},
             {"inner", terms},
             {"slope", terms},
             {"tilt", size_t(s.n)}}};
  }
  static void draw(const FamilyInput& in, InstanceWriter& out) {
    const std::size_t i = out.index();
    const int pieces = in.shape().terms / 2;
    constexpr double far = std::numeric_limits<double>::max() / 4;  // clamp(z, −far, far) is z
    std::vector<double> kinks, curvatures;
    for (int k = 0; k + 1 < pieces; ++k) kinks.push_back(in.number("kinks", i, k));
    if (!in.is_vector("kinks")) std::sort(kinks.begin(), kinks.end());
    if (!std::is_sorted(kinks.begin(), kinks.end())) in.refuse("kinks", "the kinks must increase from left to right");
    for (int k = 0; k < pieces; ++k) curvatures.push_back(in.non_negative("curvature", i, k));

    const auto write = [&](int j, double curvature, double lower, double upper, double inner, double slope) {
      const auto at = size_t(j);
      out.set("curvature", at, curvature);
      out.set("lower", at, lower);
      out.set("upper", at, upper);
      out.set("inner", at, inner);
      out.set("slope", at, slope);
    };
    // From x* to the right and to the left; pieces that have no part on a side are empty there.
    const auto end = [&](int k) { return k < 0 ? -far : k >= pieces - 1 ? far : kinks[size_t(k)]; };
    double slope = 0;
    for (int k = 0; k < pieces; ++k) {
      const double lower = std::max(0.0, end(k - 1)), upper = std::max(lower, end(k));
      write(k, curvatures[size_t(k)], lower, upper, lower, slope);
      if (upper < far) slope += curvatures[size_t(k)] * (upper - lower);
    }
    slope = 0;
    for (int k = pieces - 1; k >= 0; --k) {
      const double upper = std::min(0.0, end(k)), lower = std::min(upper, end(k - 1));
      write(pieces + k, curvatures[size_t(k)], lower, upper, upper, slope);
      if (lower > -far) slope -= curvatures[size_t(k)] * (upper - lower);
    }
    for (int k = 0; k < in.shape().n; ++k) out.set("tilt", size_t(k), in.number("tilt", i, k));
    const auto [least, most] = std::minmax_element(curvatures.begin(), curvatures.end());
    out.smoothness(*most);
    out.strong_convexity(*least);
  }
#endif
};

}  // namespace omg
