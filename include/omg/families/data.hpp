#pragma once

#include "omg/lane/family.hpp"
#include "omg/lane/team.hpp"
#if !defined(__CUDACC_RTC__)
#include "omg/family.hpp"
#endif

namespace omg {

// What the families over the rows of a data set share. Their data block is: features (rows × columns,
// row-major), labels (rows), scores (rows × classes: what the rows say at x*).

/// The parameters of a family over a data set: where the data comes from, λ, and `Own` more.
template <int Own>
struct DataParameters {
  static constexpr int common = 8;
  Parameter list[common + Own];
  constexpr const Parameter& operator[](int k) const { return list[k]; }
  constexpr const Parameter* begin() const { return list; }
  constexpr const Parameter* end() const { return list + common + Own; }
};

/// The common parameters followed by those of the family.
template <int Own>
constexpr DataParameters<Own> data_parameters(const Parameter (&own)[Own]) {
  DataParameters<Own> out{{
      {"data", "", "a LIBSVM or CSV file, relative to the study file; or synthetic"},
      {"label_column", "1", "of a CSV file: the column of the labels, its name or its number from 1"},
      {"standardise", "false", "features to zero mean and unit population variance"},
      {"intercept", "false", "append a constant column: true (ones) or the number in it"},
      {"rows", "100", "rows of a synthetic data set"},
      {"columns", "10", "columns of a synthetic data set"},
      {"noise", "1", "standard deviation of the noise on the scores of a synthetic data set"},
      {"regularisation", "0", "λ ≥ 0"},
  }};
  for (int k = 0; k < Own; ++k) out.list[DataParameters<Own>::common + k] = own[k];
  return out;
}
constexpr DataParameters<0> data_parameters() {
  const auto filled = data_parameters<1>({{"", "", ""}});
  DataParameters<0> out{};
  for (int k = 0; k < DataParameters<0>::common; ++k) out.list[k] = filled[k];
  return out;
}

/// Room for x − x*, which every row reads.
template <class C>
struct DifferenceScratch {
  typename C::template Shared<PointDim> d;
  template <class S>
  OMG_HD DifferenceScratch(const C& c, const S&) : d(c.template shared<PointDim>()) {}
};

/// How the members of a team split Aᵀ(slopes): each takes two columns (and every 2 · columns-th after them) of the rows
/// of its part.
template <class C>
struct GradientParts {
  int n;
  int columns = 1;
  int parts;

  OMG_HD explicit GradientParts(int columns_of_data) : n(columns_of_data) {
    while (columns < C::members && 2 * columns < n) columns *= 2;
    parts = C::members / columns;
  }
  OMG_HD int entries() const { return parts * n; }
};

/// A team has rooms beside it: for the slope of every row, and for the parts of the gradient that its members sum up.
template <SharedByTeam C>
struct DifferenceScratch<C> {
  typename C::template Shared<PointDim> d, steps, parts;
  template <class S>
  OMG_HD DifferenceScratch(const C& c, const S& s)
      : d(c.template shared<PointDim>()), steps(c.room(s.terms)), parts(c.room(GradientParts<C>(c.n()).entries())) {}
};

/// Rows that a context takes together, so that x − x* and the gradient are read and written once for all of them.
template <class C>
inline constexpr int rows_together = 1;

/// The loss ℓ of a row with one score: slope is weight · ℓ′(then + change), divergence ℓ(then + change) − ℓ(then) −
/// ℓ′(then) change without cancellation, as x approaches x*; then = a_iᵀx*. What an optional rest() returns at the end
/// belongs to the sum of the divergences.
template <class Row, class R>
concept RowLoss = requires(Row row, R number) {
  row.slope(number, number, number, number);
  row.divergence(number, number, number);
};
template <class R, class Row>
OMG_HD R rest_of(Row& row) {
  if constexpr (requires { row.rest(); })
    return row.rest();
  else
    return R(0);
}

/// Row::odds of `count` labels and scores that stand one behind the other, where a divergence takes them and an
/// instance finds them for several rows at a time; else nothing.
template <class Want, class Row, int count, class I>
OMG_HD auto odds_of(const I& in, int labels, int scores) {
  if constexpr (Want::gap && requires { in.template odds<Row, count>(labels, scores); })
    return in.template odds<Row, count>(labels, scores);
  else
    return 0;
}

/// Divergence at x* (f(x) − f*, as x* is stationary) of weight · Σ_i ℓ_i(a_iᵀx) + λ/2 ‖x‖² and, in g, the gradient.
template <class Want, class C, class S, class I, class X, class G, RowLoss<typename C::Real> Row>
OMG_HD typename C::Real evaluate_rows(const C& c, const S& s, const I& in, DifferenceScratch<C>& scratch,
                                      typename C::Real weight, typename C::Real lambda, const X& x, G& g, Row row) {
  using R = typename C::Real;
  const int n = c.n(), rows = s.terms;
  auto& d = scratch.d;
  c.template for_each<PointDim>([&](int j) {
    d[j] = x[j] - in.minimiser(j);
    if constexpr (Want::gradient) g[j] = lambda * x[j];
  });
  R gap = R(0);
  int i = 0;
  if constexpr (constexpr int block = rows_together<C>; block > 1) {
    for (; i + block <= rows; i += block) {
      R change[block], step[block];
      unrolled<block>([&](int b) __attribute__((always_inline)) { change[b] = R(0); });
#pragma GCC unroll 2
      for (int j = 0; j < n; ++j) {
        const R dj = d[j];
        unrolled<block>([&](int b) __attribute__((always_inline)) {
          change[b] = fma(feature_entry(in, i + b, j, n), dj, change[b]);
        });
      }
      const auto odds = odds_of<Want, Row, block>(in, rows * n + i, rows * n + rows + i);
      for (int b = 0; b < block; ++b) {
        const R label = in.data(rows * n + i + b), then = in.data(rows * n + rows + i + b);
        if constexpr (Want::gradient) step[b] = row.slope(weight, label, then, change[b]);
        if constexpr (Want::gap && requires { odds[b]; })
          gap = gap + row.divergence(label, then, change[b], odds[b]);
        else if constexpr (Want::gap)
          gap = gap + row.divergence(label, then, change[b]);
      }
      if constexpr (Want::gradient) {
#pragma GCC unroll 2
        for (int j = 0; j < n; ++j) {
          R gj = g[j];
          unrolled<block>([&](int b) __attribute__((always_inline)) {
            gj = fma(step[b], feature_entry(in, i + b, j, n), gj);
          });
          g[j] = gj;
        }
      }
    }
  }
  for (; i < rows; ++i) {
    const R label = in.data(rows * n + i), then = in.data(rows * n + rows + i);
    const R change = c.template sum<PointDim>([&](int j) { return feature_entry(in, i, j, n) * d[j]; });
    if constexpr (Want::gap) gap = gap + row.divergence(label, then, change);
    if constexpr (Want::gradient) {
      const R step = row.slope(weight, label, then, change);
      c.template for_each<PointDim>([&](int j) { g[j] = fma(step, feature_entry(in, i, j, n), g[j]); });
    }
  }
  if constexpr (!Want::gap) return gap;
  return fma(weight, gap + rest_of<R>(row), R(0.5) * lambda * dot<PointDim>(c, d, d));
}

/// The same by a team, whose members share the rows of A d, then those of Aᵀ(slopes): two products in which every
/// number that is read serves two rows or two columns, and all lanes of a pack.
template <class Want, SharedByTeam C, class S, class I, class X, class G, RowLoss<typename C::Real> Row>
OMG_HD typename C::Real evaluate_rows(const C& c, const S& s, const I& in, DifferenceScratch<C>& scratch,
                                      typename C::Real weight, typename C::Real lambda, const X& x, G& g, Row row) {
  using R = typename C::Real;
  const int n = c.n(), rows = s.terms, rank = c.reduction().team().rank();
  auto &d = scratch.d, &steps = scratch.steps, &parts = scratch.parts;
  c.sync();
  c.template for_each<PointDim>([&](int j) { d[j] = x[j] - in.minimiser(j); });
  c.sync();

  R gap = R(0);
  const auto take = [&](int i, const R& change) {
    const R label = in.data(rows * n + i), then = in.data(rows * n + rows + i);
    if constexpr (Want::gradient) steps[i] = row.slope(weight, label, then, change);
    if constexpr (Want::gap) gap = gap + row.divergence(label, then, change);
  };
  int i = rank;
  for (; i + C::members < rows; i += 2 * C::members) {
    R first = R(0), second = R(0);
    for (int j = 0; j < n; ++j) {
      const R dj = d[j];
      first = fma(feature_entry(in, i, j, n), dj, first);
      second = fma(feature_entry(in, i + C::members, j, n), dj, second);
    }
    take(i, first);
    take(i + C::members, second);
  }
  if (i < rows) {
    R change = R(0);
    for (int j = 0; j < n; ++j) change = fma(feature_entry(in, i, j, n), d[j], change);
    take(i, change);
  }

  if constexpr (Want::gradient) {
    c.sync();
    const GradientParts<C> split(n);
    const int part = rank / split.columns;
    for (int j = rank % split.columns; j < n; j += 2 * split.columns) {
      const int other = j + split.columns < n ? j + split.columns : j;
      R first = R(0), second = R(0);
      for (int k = part; k < rows; k += split.parts) {
        const R step = steps[k];
        first = fma(step, feature_entry(in, k, j, n), first);
        second = fma(step, feature_entry(in, k, other, n), second);
      }
      parts[part * n + j] = first;
      parts[part * n + other] = second;
    }
    c.sync();
    c.template for_each<PointDim>([&](int j) {
      R total = lambda * x[j];
      for (int k = 0; k < split.parts; ++k) total = total + parts[k * n + j];
      g[j] = total;
    });
  }
  if constexpr (!Want::gap) return R(0);
  gap = c.reduction().reduce(gap + rest_of<R>(row), [](const R& a, const R& b) { return a + b; });
  return fma(weight, gap, R(0.5) * lambda * dot<PointDim>(c, d, d));
}

/// The divergence of the logarithm of Σ_k exp(v_k) between v and v + e is log(1 + Σ_k p_k φ(s_k)) with
/// p = softmax(v), s_k = e_k − Σ p e and φ(s) = eˢ − 1 − s ≥ 0. Here p_k φ(s_k) e^{−shift}, whatever the size of s_k as
/// long as log p_k + s_k ≤ shift.
template <class R>
OMG_HD R scaled_excess(R log_p, R s, R shift) {
  const R p = exp(log_p), scale = exp(-shift);
  const R near = scale * p * exp_excess(min(s, R(30)));
  // From s = 30 on nothing cancels.
  const R far = exp(min(log_p + s - shift, R(0))) - scale * p * (R(1) + s);
  return select(s < R(30), near, far);
}

/// log(1 + total e^{shift}) for shift ≥ 0, total the sum of the scaled terms.
template <class R>
OMG_HD R log_one_plus(R total, R shift) {
  return select(shift > R(0), shift + log(exp(-shift) + total), log1p(total));
}

#if !defined(__CUDACC_RTC__)
/// Reads the data set; terms = rows, features = columns, n = columns · classes (which are set before).
void shape_of_data(const FamilyInput& in, Shape& s);
/// The data block, then λ and the given fields of the record.
Layout layout_of_data(const Shape& s, std::vector<Field> fields = {});
/// Writes features and labels and the regularisation λ; returns λ.
double draw_data(const FamilyInput& in, InstanceWriter& out);
/// Writes the scores a_iᵀx*, for each class k with the entries x*[j · classes + k].
void write_scores(const Shape& s, InstanceWriter& out, std::span<const double> minimiser);
#endif

}  // namespace omg
