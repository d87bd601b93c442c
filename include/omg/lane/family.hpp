#pragma once

#include "omg/lane/context.hpp"
#include "omg/lane/entry.hpp"
#include "omg/lane/instance.hpp"
#include "omg/lane/shape.hpp"

namespace omg {

/// What an evaluation must deliver.
struct WantGap {
  static constexpr bool gap = true, gradient = false;
};
struct WantGradient {
  static constexpr bool gap = false, gradient = true;
};
struct WantBoth {
  static constexpr bool gap = true, gradient = true;
};

/// A family without memory between evaluations.
struct NoScratch {
  template <class C, class S>
  OMG_HD NoScratch(const C&, const S&) {}
};

/// f(x) − f* from the sum of which it is a multiple. A kernel may have that factor elsewhere, with others.
template <class I, class R>
OMG_HD R gap_of_sum(double factor, const R& sum) {
  if constexpr (requires { I::without_gap_factor; })
    return sum;
  else
    return R(factor) * sum;
}

/// The family of a lane as its method sees it: x₀, ∇f(x), f(x) − f*. Evaluations that the *method*
/// needs are counted; a gap that is only observed is not.
template <class Family, class C, class S, class I>
struct FamilyOracle {
  using Real = typename C::Real;
  using Instance = I;
  /// ∇f is affine: that of a combination of points is the combination of theirs.
  static constexpr bool affine_gradient = requires { Family::affine_gradient; };
  const C& c;
  const S& shape;
  const I instance;
  typename Family::template Scratch<C> scratch;
  int gradients = 0;
  int functions = 0;
  /// A gap costs much beside a gradient: it is left out where nobody looks at it.
  static constexpr bool costly_gap = requires { Family::costly_gap; };
  bool gap_unseen = false;  ///< nobody looks at the gaps of this iteration: see `advance_unseen`

  OMG_HD FamilyOracle(const C& context, const S& s, const I& in) : c(context), shape(s), instance(in), scratch(c, s) {}

  template <class X>
  OMG_HD void start(X& x) {
    c.template for_each<PointDim>([&](int i) { x[i] = instance.start(i); });
  }
  template <class X, class G>
  OMG_HD void gradient(const X& x, G& g) {
    ++gradients;
    Family::template evaluate<WantGradient>(c, shape, instance, scratch, x, g);
  }
  /// ∇f(x), and f(x) − f* for those who look at it.
  template <class X, class G>
  OMG_HD Real gap_and_gradient(const X& x, G& g) {
    if constexpr (costly_gap)
      if (gap_unseen) return gradient(x, g), Real(0);
    return known_gap_and_gradient(x, g);
  }
  /// The same for a method that needs f(x) − f* itself; it counts the function.
  template <class X, class G>
  OMG_HD Real known_gap_and_gradient(const X& x, G& g) {
    ++gradients;
    return Family::template evaluate<WantBoth>(c, shape, instance, scratch, x, g);
  }
  /// f(x) − f* for those who look at it.
  template <class X>
  OMG_HD Real gap(const X& x) {
    if constexpr (costly_gap)
      if (gap_unseen) return Real(0);
    return Family::template evaluate<WantGap>(c, shape, instance, scratch, x, x);
  }
  OMG_HD void count_function() { ++functions; }
  /// ∇f(x) for an observer: not counted.
  template <class X, class G>
  OMG_HD void observe_gradient(const X& x, G& g) {
    Family::template evaluate<WantGradient>(c, shape, instance, scratch, x, g);
  }
  OMG_HD Real minimiser(int i) const { return instance.minimiser(i); }
};

/// Calls at(i, (M d)_i) for every i; ⟨d, M d⟩ if Sum. M is symmetric and stands row by row at the head of the
/// instance's fields. A context that has a better way overloads this.
template <bool Sum, class C, class I, class D, class At>
OMG_HD typename C::Real each_row(const C& c, const I& in, const D& d, At&& at) {
  using R = typename C::Real;
  const int n = c.n();
  const auto row = [&](int i) {
    R product = symmetric_entry(in, i, 0, n) * d[0];
#pragma unroll
    for (int j = 1; j < n; ++j) product = fma(symmetric_entry(in, i, j, n), d[j], product);
    at(i, product);
    return product * d[i];
  };
  if constexpr (Sum) return c.template sum<PointDim>(row);
  c.template for_each<PointDim>([&](int i) { row(i); });
  return R(0);
}

/// φ(s) = eˢ − 1 − s ≥ 0 where |s| < ½: s² (1/2! + s/3! + … + s¹¹/13!), truncated below 2⁻⁵³ of itself.
template <class R>
OMG_HD R small_exp_excess(R s) {
  return s * s *
         horner(s, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880,
                1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800);
}

/// φ(s) = eˢ − 1 − s ≥ 0, with full relative accuracy near 0.
template <class R>
OMG_HD R exp_excess(R s) {
  return select(abs(s) < R(0.5), small_exp_excess(s), expm1(s) - s);
}

}  // namespace omg
