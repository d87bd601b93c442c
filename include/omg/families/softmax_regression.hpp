#pragma once

#include "omg/families/data.hpp"

namespace omg {

/// f(x) = (1/m) Σ_i (log Σ_k exp(s_ik) − s_{i,b_i}) + λ/2 ‖x‖², scores s_ik = Σ_j a_ij x[j · classes + k],
/// labels b_i = 0 … classes − 1.
struct SoftmaxRegression {
  static constexpr Entry entry{"softmax_regression",
                               "(1/m) Σ (log Σ_k exp(s_k) − s_b) + λ/2 ‖x‖², s_k = Σ_j a_j x[j K + k]", "Böhning 1992",
                               ""};
  static constexpr auto parameters = data_parameters({{"classes", "3", "K ≥ 2, labels are 0 … K − 1"}});
  static constexpr bool costly_gap = true;

  /// x − x*, and the scores of a row: their changes, then the weights of the gradient.
  template <class C>
  struct Scratch {
    typename C::template Shared<PointDim> d;
    typename C::template Shared<PointDim> row;  ///< the first K entries
    template <class S>
    OMG_HD Scratch(const C& c, const S&) : d(c.template shared<PointDim>()), row(c.template shared<PointDim>()) {}
  };

  // Data: a (m × features), b (m), scores at x* (m × K). Record: λ.
  template <class Want, class C, class S, class I, class X, class G>
  OMG_HD static typename C::Real evaluate(const C& c, const S& s, const I& in, Scratch<C>& scratch, const X& x, G& g) {
    using R = typename C::Real;
    const int rows = s.terms, features = s.features, classes = s.classes;
    const R lambda = in.field(0), weight = R(1) / R(rows);
    auto& d = scratch.d;
    auto& e = scratch.row;
    c.template for_each<PointDim>([&](int q) {
      d[q] = x[q] - in.minimiser(q);
      if constexpr (Want::gradient) g[q] = lambda * x[q];
    });
    c.sync();
    R gap = R(0);
    for (int i = 0; i < rows; ++i) {
      const auto then = [&](int k) { return in.data(rows * features + rows + i * classes + k); };
      c.template for_each<PointDim>([&](int k) {
        if (k >= classes) return;
        R change = feature_entry(in, i, 0, features) * d[k];
        for (int j = 1; j < features; ++j) change = fma(feature_entry(in, i, j, features), d[j * classes + k], change);
        e[k] = change;
      });
      c.sync();
      if constexpr (Want::gap) gap = gap + divergence(classes, then, e);
      if constexpr (Want::gradient) {
        // ∂/∂s_k = softmax(s)_k − [k = b]
        const R label = in.data(rows * features + i);
        R largest = then(0) + e[0];
        for (int k = 1; k < classes; ++k) largest = max(largest, then(k) + e[k]);
        R sum = R(0);
        for (int k = 0; k < classes; ++k) sum = sum + exp(then(k) + e[k] - largest);
        const R scale = weight / sum;
        c.sync();
        c.template for_each<PointDim>([&](int k) {
          if (k >= classes) return;
          const R hit = select(abs(label - R(k)) < R(0.5), weight, R(0));
          e[k] = fma(scale, exp(then(k) + e[k] - largest), -hit);
        });
        c.sync();
        c.template for_each<PointDim>(
            [&](int q) { g[q] = fma(e[q % classes], feature_entry(in, i, q / classes, features), g[q]); });
      }
      c.sync();
    }
    if constexpr (!Want::gap) return gap;
    return fma(weight, gap, R(0.5) * lambda * dot<PointDim>(c, d, d));
  }

  /// Divergence of log Σ_k exp(s_k) between the scores at x* and those changed by e.
  template <class R, class Then>
  OMG_HD static R log_sum_exp(int classes, Then&& score) {
    R largest = score(0);
    for (int k = 1; k < classes; ++k) largest = max(largest, score(k));
    R sum = R(0);
    for (int k = 0; k < classes; ++k) sum = sum + exp(score(k) - largest);
    return largest + log(sum);
  }
  template <class Then, class E>
  OMG_HD static auto divergence(int classes, Then&& then, const E& e) {
    using R = decltype(then(0));
    const R log_sum = log_sum_exp<R>(classes, then);
    R mean = R(0), largest_now = then(0) + e[0];
    for (int k = 0; k < classes; ++k) {
      mean = fma(exp(then(k) - log_sum), e[k], mean);
      largest_now = max(largest_now, then(k) + e[k]);
    }
    const R shift = max((largest_now - log_sum) - mean, R(0));
    R total = R(0);
    for (int k = 0; k < classes; ++k) total = total + scaled_excess(then(k) - log_sum, e[k] - mean, shift);
    return log_one_plus(total, shift);
  }

#if !defined(__CUDACC_RTC__)
  static void shape(const FamilyInput& in, Shape& s) {
    s.classes = in.integer("classes", 2);
    shape_of_data(in, s);
  }
  static Layout layout(const Shape& s) { return layout_of_data(s); }
  static void draw(const FamilyInput& in, InstanceWriter& out) {
    const double lambda = draw_data(in, out);
    // L = λ_max(AᵀA)/(2m) + λ
    out.smoothness(in.data_spectrum(out.index()).largest / (2.0 * in.shape().terms) + lambda);
    out.strong_convexity(lambda);
  }
  static constexpr bool solved = true;
  static constexpr Labels labels = Labels::classes;
#endif
};

}  // namespace omg
