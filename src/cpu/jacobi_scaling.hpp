#pragma once

#include "omg/classical/adagrad.hpp"
#include "omg/lane/meta_gradient.hpp"
#include "omg/learners/sgd.hpp"
#include "omg/rules/elementwise_step.hpp"

#include "prepared.hpp"

namespace omg::cpu {

/// A quadratic of the plane in units of its own for each coordinate of points and gradients (Jacobi scaling, with two
/// scales instead of one), such that its matrix has ones on the diagonal. With q_i = Q_ii and p_i = q_i^{Power/2}
///
///   y_i = κ p_i (x_i − x*_i),   h_i = κ p_i ÷ q_i ∇f_i = y_i + Σ_{j≠i} M_ij y_j,   M_ij = p_i Q_ij ÷ (q_i p_j),
///   f − f* = Σ_i ω_i y_i h_i ÷ (2 κ² p₀² ÷ q₀),   ω_i = (p₀² ÷ q₀) ÷ (p_i² ÷ q_i).
///
/// Prepared once for an instance, however many settings run on it; κ is a setting's.
template <int Power>
struct UnitDiagonal {
  static_assert(Power == 0 || Power == 3);
  static constexpr int n = 2, diagonal = 0, start = n, entries = 2 * n, weights = entries + n * (n - 1),
                       unit = weights + n - 1, scale = unit + 1, lines = scale + 1;

  /// From records [x₀, x*, Q] of a register's lanes [q, p (x₀ − x*), M without its diagonal, ω₁ …,
  /// ½ q₀ ÷ (scale p₀²), scale].
  template <class R>
  static void prepare(const typename R::T* record, const typename R::T* inverse_scale, typename R::T* to) {
    const auto at = [&](int k) { return R::load(record + k * R::width); };
    const auto keep = [&](int line, const R& value) { value.store(to + line * R::width); };
    R q[n], p[n], quotient[n];  // p ÷ q
    for (int i = 0; i < n; ++i) {
      q[i] = at(2 * n + i * n + i);
      quotient[i] = Power == 3 ? sqrt(q[i]) : R(1) / q[i];
      p[i] = Power == 3 ? q[i] * quotient[i] : R(1);
    }
    for (int i = 0, entry = entries; i < n; ++i) {
      keep(diagonal + i, q[i]);
      keep(start + i, p[i] * (at(i) - at(n + i)));
      for (int j = 0; j < n; ++j)
        if (j != i) keep(entry++, quotient[i] / p[j] * at(2 * n + i * n + j));
    }
    for (int i = 1; i < n; ++i) keep(weights + i - 1, Power == 3 ? q[0] / q[i] * (q[0] / q[i]) : q[i] / q[0]);
    const R inverse = R::load(inverse_scale), half = inverse * R(0.5);
    keep(unit, Power == 3 ? half / (q[0] * q[0]) : half * q[0]);
    keep(scale, R(1) / inverse);
  }
};

/// What methods on such quadratics share: point, gradient and the sum of the losses. A method has step(t).
template <class C, class F, class Method>
struct UnitDiagonalLane {
  using Context = C;
  using Real = typename C::Real;
  using Point = typename C::template Vector<PointDim>;

  const C& c;
  F& f;
  const typename F::Instance in;  // a copy, of which the compiler sees that nothing changes it
  Point y, h;
  Point sums;  ///< Σ y_i h_i

  OMG_HD UnitDiagonalLane(const C& context, F& family) : c(context), f(family), in(family.instance) {}

  OMG_HD const Point& output() const { return y; }
  OMG_HD Real slope(int i) const {
    Real sum = y[i];
    for (int j = 0, entry = i * (C::n() - 1); j < C::n(); ++j)
      if (j != i) sum = fma(in.field(entry++), y[j], sum);
    return sum;
  }
  OMG_HD void start_point() {
    f.start(y);
    c.template for_each<PointDim>([&](int i) {
      h[i] = slope(i);
      sums[i] = Real(0);
    });
  }
  OMG_HD Real gap() const {
    Real sum = y[0] * h[0];
    for (int i = 1; i < C::n(); ++i) sum = fma(in.weight(i), y[i] * h[i], sum);
    return sum;
  }
  OMG_HD Real advance(int t) {
    static_cast<Method&>(*this).step(t);
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

/// A group of lanes on such quadratics; the matrix is M without its diagonal.
template <class R, class Lines>
struct UnitDiagonalGroup : PreparedGroup<R, Lines::n*(Lines::n - 1)> {
  using T = typename R::T;
  static constexpr int n = Lines::n;

  alignas(64) T start[n * R::width];
  alignas(64) T weights[(n - 1) * R::width];  ///< ω₁ …

  template <class Group, class One>
  struct InstanceOf : PreparedInstance<Group, One> {
    using PreparedInstance<Group, One>::PreparedInstance;
    OMG_HD One weight(int i) const { return this->at(this->group.weights, i - 1); }
  };

  /// `length` is κ, and `inverse_square` 1 ÷ κ².
  OMG_HD void place(const R& length, const R& inverse_square, const GroupArguments<T>& arguments) {
    const PreparedLines<R> at{arguments};
    for (int i = 0; i < n; ++i) (length * at(Lines::start + i)).store(start + i * R::width);
    for (int e = 0; e < n * (n - 1); ++e) at(Lines::entries + e).store(this->matrix + e * R::width);
    for (int i = 1; i < n; ++i) at(Lines::weights + i - 1).store(weights + (i - 1) * R::width);
    const R normal = at(Lines::unit) * inverse_square;
    this->measure(normal, normal * at(Lines::scale), arguments);
  }
};

/// SGD on the step sizes of coordinates, x_{t+1} = x_t − η w_t ⊙ ∇f(x_t) and w_{t+1} = w_t + β η ∇f(x_t) ⊙ ∇f(x_{t+1}),
/// on a quadratic with unit diagonal: with p_i = q_i^{3/2}, v_i = η q_i w_i and κ² = η² β
///
///   y_i ← y_i − v_i h_i,   v_i ← v_i + h_i h⁺_i.
struct ScaledElementwiseStep : MetaGradient<ElementwiseStep, Sgd> {
  using Prepared = UnitDiagonal<3>;
  static constexpr int rate = rule_offset;  ///< η

  template <class C, class F, class O>
  struct Lane : UnitDiagonalLane<C, F, Lane<C, F, O>> {
    using Base = UnitDiagonalLane<C, F, Lane>;
    using Real = typename Base::Real;
    using K = Coefficients<Real, parameters, steady<O>>;
    using Base::c, Base::f, Base::in, Base::y, Base::h, Base::slope;

    typename Base::Point v;

    OMG_HD Lane(const C& context, F& family, const O&, const K&, const Bounds<Real>&) : Base(context, family) {}

    OMG_HD void start() {
      this->start_point();
      ++f.gradients;
      c.template for_each<PointDim>([&](int i) { v[i] = in.step(i); });
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
  };

  template <class Kernel, class R>
  struct Group : UnitDiagonalGroup<R, Prepared> {
    using Base = UnitDiagonalGroup<R, Prepared>;
    using T = typename R::T;

    alignas(64) T step[Base::n * R::width];

    template <class One>
    struct Instance : Base::template InstanceOf<Group, One> {
      using Base::template InstanceOf<Group, One>::InstanceOf;
      OMG_HD One step(int i) const { return this->at(this->group.step, i); }
    };

    template <class K>
    OMG_HD Group(const GroupArguments<T>& arguments, const K& k) {
      const PreparedLines<R> at{arguments};
      const R eta = k.constant[rate], square = eta * eta * k.constant[MetaParameters::meta_step];
      const R inverse = over_large_root(R(1), square, R(0));
      for (int i = 0; i < Base::n; ++i) {
        const R first = k.initial != nullptr ? R(k.initial[i]) : k.constant[MetaParameters::initial];
        (eta * at(Prepared::diagonal + i) * first).store(step + i * R::width);
      }
      this->place(square * inverse, inverse * inverse, arguments);
    }
  };
};

/// AdaGrad, G ← G + ∇f² and x ← x − s ∇f / (√G + ε), on a quadratic with unit diagonal: with p_i = 1, κ = 1/s,
/// Γ_i = G_i ÷ (s q_i)² and ε_i = ε ÷ (s q_i)
///
///   Γ_i ← Γ_i + h_i²,   y_i ← y_i − h_i / (√Γ_i + ε_i).
struct ScaledAdagrad : Classical<AdagradMethod> {
  using Prepared = UnitDiagonal<0>;
  static constexpr int rate = 0, epsilon = 1, initial = 2;  ///< s, ε, G₀

  template <class C, class F, class O>
  struct Lane : UnitDiagonalLane<C, F, Lane<C, F, O>> {
    using Base = UnitDiagonalLane<C, F, Lane>;
    using Real = typename Base::Real;
    using K = Coefficients<Real, parameters, steady<O>>;
    using Base::c, Base::f, Base::in, Base::y, Base::h, Base::slope;

    typename Base::Point squares;  ///< Γ

    OMG_HD Lane(const C& context, F& family, const O&, const K&, const Bounds<Real>&) : Base(context, family) {}

    OMG_HD void start() {
      this->start_point();
      c.template for_each<PointDim>([&](int i) { squares[i] = in.squares(i); });
    }
    OMG_HD void step(int) {
      ++f.gradients;
      c.template for_each<PointDim>([&](int i) {
        squares[i] = fma(h[i], h[i], squares[i]);
        y[i] = y[i] - over_large_root(h[i], squares[i], in.epsilon(i));
      });
      c.template for_each<PointDim>([&](int i) { h[i] = slope(i); });
    }
  };

  template <class Kernel, class R>
  struct Group : UnitDiagonalGroup<R, Prepared> {
    using Base = UnitDiagonalGroup<R, Prepared>;
    using T = typename R::T;

    alignas(64) T squares[Base::n * R::width], epsilon_of[Base::n * R::width];

    template <class One>
    struct Instance : Base::template InstanceOf<Group, One> {
      using Base::template InstanceOf<Group, One>::InstanceOf;
      OMG_HD One squares(int i) const { return this->at(this->group.squares, i); }
      OMG_HD One epsilon(int i) const { return this->at(this->group.epsilon_of, i); }
    };

    template <class K>
    OMG_HD Group(const GroupArguments<T>& arguments, const K& k) {
      const PreparedLines<R> at{arguments};
      const R s = k.constant[rate], inverse = R(1) / s;
      for (int i = 0; i < Base::n; ++i) {
        const R factor = inverse / at(Prepared::diagonal + i);
        (k.constant[initial] * factor * factor).store(squares + i * R::width);
        (k.constant[epsilon] * factor).store(epsilon_of + i * R::width);
      }
      this->place(inverse, s * s, arguments);
    }
  };
};

}  // namespace omg::cpu
