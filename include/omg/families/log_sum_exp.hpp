#pragma once

#include "omg/families/data.hpp"
#if !defined(__CUDACC_RTC__)
#include <algorithm>
#endif

namespace omg {

/// f(x) = ρ log Σ_i exp((a_iᵀx − b_i)/ρ) + λ/2 ‖x‖². Without λ it has a minimiser where 0 lies within the
/// convex hull of the a_i.
struct LogSumExp {
  static constexpr Entry entry{"log_sum_exp", "ρ log Σ exp((aᵀx − b)/ρ) + λ/2 ‖x‖²",
                               "Nesterov, Smooth minimization of non-smooth functions, 2005", ""};
  static constexpr auto parameters = data_parameters({{"temperature", "1", "ρ > 0"}});
  static constexpr bool costly_gap = true;

  template <class C>
  using Scratch = DifferenceScratch<C>;

  // Data: a (m × n), b (m), a_iᵀx* (m). Record: λ, ρ.
  template <class Want, class C, class S, class I, class X, class G>
  OMG_HD static typename C::Real evaluate(const C& c, const S& s, const I& in, Scratch<C>& scratch, const X& x, G& g) {
    using R = typename C::Real;
    const int n = c.n(), rows = s.terms;
    const R lambda = in.field(0), rho = in.field(1);
    const R inverse = R(1) / rho;
    auto& d = scratch.d;
    c.template for_each<PointDim>([&](int j) {
      d[j] = x[j] - in.minimiser(j);
      if constexpr (Want::gradient) g[j] = R(0);
    });
    // v_i = (a_iᵀx* − b_i)/ρ and e_i = a_iᵀ(x − x*)/ρ
    const auto then = [&](int i) { return inverse * (in.data(rows * n + rows + i) - in.data(rows * n + i)); };
    const auto change = [&](int i) {
      return inverse * c.template sum<PointDim>([&](int j) { return feature_entry(in, i, j, n) * d[j]; });
    };
    R largest_then = then(0);
    for (int i = 1; i < rows; ++i) largest_then = max(largest_then, then(i));
    R sum_then = R(0);
    for (int i = 0; i < rows; ++i) sum_then = sum_then + exp(then(i) - largest_then);
    const R log_sum = largest_then + log(sum_then);

    // Mean of e under p = softmax(v), largest v + e.
    R mean = R(0), largest_now = then(0) + change(0);
    for (int i = 0; i < rows; ++i) {
      const R v = then(i), e = change(i);
      mean = fma(exp(v - log_sum), e, mean);
      largest_now = max(largest_now, v + e);
    }
    const R shift = max((largest_now - log_sum) - mean, R(0));
    R total = R(0), sum_now = R(0);
    for (int i = 0; i < rows; ++i) {
      const R v = then(i), e = change(i);
      if constexpr (Want::gap) total = total + scaled_excess(v - log_sum, e - mean, shift);
      if constexpr (Want::gradient) {
        const R weight = exp((v + e) - largest_now);
        sum_now = sum_now + weight;
        c.template for_each<PointDim>([&](int j) { g[j] = fma(weight, feature_entry(in, i, j, n), g[j]); });
      }
    }
    if constexpr (Want::gradient) {
      const R scale = R(1) / sum_now;
      c.template for_each<PointDim>([&](int j) { g[j] = fma(lambda, x[j], scale * g[j]); });
    }
    if constexpr (!Want::gap) return R(0);
    return fma(rho, log_one_plus(total, shift), R(0.5) * lambda * dot<PointDim>(c, d, d));
  }

#if !defined(__CUDACC_RTC__)
  static void shape(const FamilyInput& in, Shape& s) { shape_of_data(in, s); }
  static Layout layout(const Shape& s) { return layout_of_data(s, {{"temperature", 1}}); }
  static void draw(const FamilyInput& in, InstanceWriter& out) {
    const std::size_t i = out.index();
    const double lambda = draw_data(in, out), rho = in.positive("temperature", i);
    out.set("temperature", 0, rho);
    // L = max ‖a_i‖²/ρ + λ
    const auto features = in.features(i);
    const auto columns = size_t(in.shape().features);
    double largest = 0;
    for (size_t row = 0; row < features.size(); row += columns) {
      double squares = 0;
      for (size_t j = row; j < row + columns; ++j) squares += features[j] * features[j];
      largest = std::max(largest, squares);
    }
    out.smoothness(largest / rho + lambda);
    out.strong_convexity(lambda);
  }
  static constexpr bool solved = true;
  static constexpr Labels labels = Labels::real;
#endif
};

}  // namespace omg
