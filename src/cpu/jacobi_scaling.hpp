#pragma once

#include "omg/lane/meta_gradient.hpp"
#include "omg/learners/sgd.hpp"
#include "omg/rules/elementwise_step.hpp"

#include "prepared.hpp"

namespace omg::cpu {

/// A quadratic of the plane in units of its own for each coordinate of points and gradients (Jacobi scaling, with two
/// scales instead of one), such that its matrix has ones on the diagonal:
///
///   y_i = κ q_i^{3/2} (x_i − x*_i),   h_i = κ q_i^{1/2} ∇f_i = y_i + Σ_{j≠i} M_ij y_j,   q_i = Q_ii,
///   M_ij = Q_ij q_i^{1/2} ÷ q_j^{3/2},   f − f* = Σ_i ω_i y_i h_i ÷ (2 κ² q₀²),   ω_i = (q₀ ÷ q_i)².
///
/// Prepared once for an instance, however many settings run on it; κ is a setting's.
struct UnitDiagonal {
  static constexpr int n = 2, diagonal = 0, start = n, entries = 2 * n, weights = entries + n * (n - 1),
                       unit = weights + n - 1, scale = unit + 1, lines = scale + 1;

  /// From records [x₀, x*, Q] of a register's lanes [q, y of x₀, M without its diagonal, ω₁ …, ½ ÷ (scale q₀²), scale].
  template <class R>
  static void prepare(const typename R::T* record, const typename R::T* inverse_scale, typename R::T* to) {
    const auto at = [&](int k) { return R::load(record + k * R::width); };
    const auto keep = [&](int line, const R& value) { value.store(to + line * R::width); };
    R q[n], root[n];
    for (int i = 0; i < n; ++i) {
      q[i] = at(2 * n + i * n + i);
      root[i] = sqrt(q[i]);
    }
    for (int i = 0, entry = entries; i < n; ++i) {
      keep(diagonal + i, q[i]);
      keep(start + i, q[i] * root[i] * (at(i) - at(n + i)));
      for (int j = 0; j < n; ++j)
        if (j != i) keep(entry++, root[i] / (q[j] * root[j]) * at(2 * n + i * n + j));
    }
    for (int i = 1; i < n; ++i) keep(weights + i - 1, q[0] / q[i] * (q[0] / q[i]));
    const R inverse = R::load(inverse_scale);
    keep(unit, inverse * R(0.5) / (q[0] * q[0]));
    keep(scale, R(1) / inverse);
  }
};

/// SGD on the step sizes of coordinates, x_{t+1} = x_t − η w_t ⊙ ∇f(x_t) and w_{t+1} = w_t + β η ∇f(x_t) ⊙ ∇f(x_{t+1}),
/// on a quadratic with unit diagonal: with v_i = η q_i w_i and κ² = η² β
///
///   y_i ← y_i − v_i h_i,   v_i ← v_i + h_i h⁺_i.
struct ScaledElementwiseStep : MetaGradient<ElementwiseStep, Sgd> {
  using Prepared = UnitDiagonal;
  static constexpr int rate = rule_offset;  ///< η

  template <class C, class F, class O>
  struct Lane {
    using Context = C;
    using Real = typename C::Real;
    using Point = typename C::template Vector<PointDim>;
    using K = Coefficients<Real, parameters, steady<O>>;

    const C& c;
    F& f;
    const typename F::Instance in;  // a copy, of which the compiler sees that nothing changes it
    Point y, h, v;
    Point sums;  ///< Σ y_i h_i

    OMG_HD Lane(const C& context, F& family, const O&, const K&, const Bounds<Real>&)
        : c(context), f(family), in(family.instance) {}

    OMG_HD const Point& output() const { return y; }
    OMG_HD Real slope(int i) const {
      Real sum = y[i];
      for (int j = 0, entry = i * (C::n() - 1); j < C::n(); ++j)
        if (j != i) sum = fma(in.field(entry++), y[j], sum);
      return sum;
    }
    OMG_HD void start() {
      f.start(y);
      ++f.gradients;
      c.template for_each<PointDim>([&](int i) {
        h[i] = slope(i);
        v[i] = in.step(i);
        sums[i] = Real(0);
      });
    }
    OMG_HD void step(int) {
      ++f.gradients;
      c.template for_each<PointDim>([&](int i) { y[i] = nmadd(v[i], h[i], y[i]); });
      c.template for_each<PointDim>([&](int i) {
        const Real next = slope(i);
        v[i] = fma(h[i], next, v[i]);
        h[i] = next;
      });
    }
    OMG_HD Real gap() const {
      Real sum = y[0] * h[0];
      for (int i = 1; i < C::n(); ++i) sum = fma(in.weight(i), y[i] * h[i], sum);
      return sum;
    }
    OMG_HD Real advance(int t) {
      step(t);
      return gap();
    }
    OMG_HD void add_loss() {
      c.template for_each<PointDim>([&](int i) { sums[i] = fma(y[i], h[i], sums[i]); });
    }
    OMG_HD void add_loss(const Real& gap) { sums[0] = sums[0] + gap; }
    OMG_HD Real loss() const {
      Real sum = sums[0];
      for (int i = 1; i < C::n(); ++i) sum = fma(in.weight(i), sums[i], sum);
      return sum;
    }
  };

  /// Gaps are those of f times 2 κ² q₀²; the matrix is M without its diagonal.
  template <class Kernel, class R>
  struct Group : PreparedGroup<R, UnitDiagonal::n*(UnitDiagonal::n - 1)> {
    using T = typename R::T;
    using Lines = UnitDiagonal;
    static constexpr int n = Lines::n;

    alignas(64) T start[n * R::width], step[n * R::width];
    alignas(64) T weights[(n - 1) * R::width];  ///< ω₁ …

    template <class One>
    struct Instance : PreparedInstance<Group, One> {
      using PreparedInstance<Group, One>::PreparedInstance;
      OMG_HD One step(int i) const { return this->at(this->group.step, i); }
      OMG_HD One weight(int i) const { return this->at(this->group.weights, i - 1); }
    };

    template <class K>
    OMG_HD Group(const GroupArguments<T>& arguments, const K& k) {
      const PreparedLines<R> at{arguments};
      const R eta = k.constant[rate], square = eta * eta * k.constant[MetaParameters::meta_step];
      const R inverse = over_root(R(1), square, R(0)), length = square * inverse;
      for (int i = 0; i < n; ++i) {
        (length * at(Lines::start + i)).store(start + i * R::width);
        const R first = k.initial != nullptr ? R(k.initial[i]) : k.constant[MetaParameters::initial];
        (eta * at(Lines::diagonal + i) * first).store(step + i * R::width);
      }
      for (int e = 0; e < n * (n - 1); ++e) at(Lines::entries + e).store(this->matrix + e * R::width);
      for (int i = 1; i < n; ++i) at(Lines::weights + i - 1).store(weights + (i - 1) * R::width);
      const R normal = at(Lines::unit) * (inverse * inverse);
      this->measure(normal, normal * at(Lines::scale), arguments);
    }
  };
};

}  // namespace omg::cpu
