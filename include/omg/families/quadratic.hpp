#pragma once

#include "omg/lane/family.hpp"
#if !defined(__CUDACC_RTC__)
#include <algorithm>

#include "omg/families/spectra.hpp"
#endif

namespace omg {

/// f(x) = ½ (x − x*)ᵀ Q (x − x*), Q = Uᵀ diag(λ) U with U Haar or the identity.
struct Quadratic {
  static constexpr Entry entry{"quadratic", "½ (x − x*)ᵀ Q (x − x*), Q = Uᵀ diag(λ) U",
                               "U by QR, Mezzadri 2007; power law: Velikanov & Yarotsky 2021", ""};
  static constexpr Parameter parameters[] = {
      {"dimension", "2", "n"},
      {"rotation", "haar", "U: haar or identity"},
      {"spectrum", "log_uniform", "λ: list, squares (i²), log_uniform, power_law or wishart"},
      {"eigenvalues", "1", "λ of the spectrum list: one number or a vector"},
      {"condition", "100", "κ of log_uniform on [1/κ, 1], of which both ends are eigenvalues"},
      {"decay", "2", "ν of power_law, λ_i = i^(−ν)"},
      {"samples", "0", "rows of the Gaussian matrix of wishart; 0: 2n"},
      {"matrix", "none", "Q itself, a vector of n² numbers, in place of a spectrum"},
  };

  static constexpr bool symmetric_matrix = true;  ///< Q heads the record's fields, if it is rotated
  static constexpr bool affine_gradient = true;
  static constexpr double gap_factor = 0.5;

  /// x − x*, read by every row of Q.
  template <class C>
  struct Scratch {
    typename C::template Shared<PointDim> d;
    template <class S>
    OMG_HD Scratch(const C& c, const S&) : d(c.template shared<PointDim>()) {}
  };

  // Record: λ (n) if U is the identity, else Q (n × n, row-major, symmetric).
  template <class Want, class C, class S, class I, class X, class G>
  OMG_HD static typename C::Real evaluate(const C& c, const S& s, const I& in, Scratch<C>& scratch, const X& x, G& g) {
    using R = typename C::Real;
    if (!s.rotated) {
      const auto at = [&](int i) {
        const R d = x[i] - in.minimiser(i), slope = in.field(i) * d;
        if constexpr (Want::gradient) g[i] = slope;
        return slope * d;
      };
      if constexpr (Want::gap) return gap_of_sum<I>(gap_factor, c.template sum<PointDim>(at));
      c.template for_each<PointDim>([&](int i) { at(i); });
      return R(0);
    }
    auto& d = scratch.d;
    c.sync();
    c.template for_each<PointDim>([&](int i) { d[i] = x[i] - in.minimiser(i); });
    c.sync();
    const R sum = each_row<Want::gap>(c, in, d, [&](int i, const R& slope) {
      if constexpr (Want::gradient) g[i] = slope;
    });
    return gap_of_sum<I>(gap_factor, sum);
  }

#if !defined(__CUDACC_RTC__)
  static void shape(const FamilyInput& in, Shape& s) { shape_of_quadratic(in, s); }
  static Layout layout(const Shape& s) {
    const auto n = size_t(s.n);
    return {{}, {s.rotated ? Field{"matrix", n * n} : Field{"diagonal", n}}};
  }
  static void draw(const FamilyInput& in, InstanceWriter& out) { draw_quadratic(in, out); }
#endif
};

}  // namespace omg
