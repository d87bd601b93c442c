#pragma once

#include "omg/classical/gradient_descent.hpp"
#include "omg/classical/heavy_ball.hpp"
#include "omg/families/quadratic.hpp"
#include "omg/lane/classical.hpp"

#include "prepared.hpp"

namespace omg::cpu {

/// On f(x) − f* = ½ (x − x*)ᵀQ(x − x*) a method whose parameters are constant is
///
///   x_{t+1} − x* = (p I − a Q) (x_t − x*) + q (x_{t−1} − x*),   x_{−1} = x₀ − v (1, …, 1).
template <class R>
struct RecurrenceNumbers {
  R a, p, q, v;
};

/// These numbers out of the parameters of a lane; `remembers`: q ≠ 0.
template <class Method>
struct Recurrence;

template <>
struct Recurrence<GradientDescent> {
  static constexpr bool remembers = false;
  template <class R>
  OMG_HD static RecurrenceNumbers<R> of(const R* k) {
    return {k[0], R(1), R(0), R(0)};
  }
};
template <>
struct Recurrence<HeavyBall> {
  static constexpr bool remembers = true;
  template <class R>
  OMG_HD static RecurrenceNumbers<R> of(const R* k) {
    return {k[0], R(1) + k[1], -k[1], k[2]};
  }
};

/// A quadratic of the plane on its principal axes, Q = Uᵀ diag(λ) U: of z = κ diag(√λ) U (x − x*) with κ² = ½ ÷ scale,
/// ‖z‖² is the normalised gap, and the recurrence of z_i is one of numbers, p − a λ_i. Prepared once for an instance,
/// however many settings run on it.
struct PrincipalAxes {
  static constexpr int n = 2, eigenvalue = 0, start = n, ones = 2 * n, scale = 3 * n, lines = 3 * n + 1;

  /// From records [x₀, x*, Q] of a register's lanes [λ, z of x₀, z of x* + (1, …, 1), scale]; Q is positive
  /// semidefinite and not zero, and squares of its entries are within the range of numbers.
  template <class R>
  static void prepare(const typename R::T* record, const typename R::T* inverse_scale, typename R::T* to) {
    using T = typename R::T;
    const auto at = [&](int k) { return R::load(record + k * R::width); };
    const R a = at(2 * n), b = at(2 * n + 1), c = at(2 * n + 3);
    // λ = (a + c)/2 ± √(δ² + b²), δ = (a − c)/2; the smaller one as det Q ÷ the larger, without cancellation
    // (Kahan's a c − b²).
    const R half(T(0.5)), delta = (a - c) * half, root = sqrt(fma(delta, delta, b * b));
    const R larger = fma(a + c, half, root), square = b * b;
    const R determinant = fma(a, c, -square) + nmadd(b, b, square);
    const R lambda[] = {larger, max(determinant, R(0)) / larger};
    // The axis of the larger one is along (|δ| + √…, b), with coordinates exchanged where δ < 0.
    const R side = abs(delta) + root, length = sqrt(fma(side, side, square));
    const auto turned = length > R(0);
    const R cosine = select(turned, side / length, R(1)), sine = select(turned, b / length, R(0));
    const auto first = delta >= R(0);
    const R axis[] = {select(first, cosine, sine), select(first, sine, cosine)};
    const R away[] = {at(0) - at(n), at(1) - at(n + 1)};
    const R along[] = {fma(axis[0], away[0], axis[1] * away[1]), nmadd(axis[1], away[0], axis[0] * away[1])};
    const R one[] = {axis[0] + axis[1], axis[0] - axis[1]};
    const R weight = half * R::load(inverse_scale);
    for (int i = 0; i < n; ++i) {
      const R measure = sqrt(weight * lambda[i]);
      lambda[i].store(to + (eigenvalue + i) * R::width);
      (measure * along[i]).store(to + (start + i) * R::width);
      (measure * one[i]).store(to + (ones + i) * R::width);
    }
    (R(1) / R::load(inverse_scale)).store(to + scale * R::width);
  }
};

/// A method as its recurrence on principal axes, in the place of Classical<Method>.
template <class Method>
struct Recurrent : Classical<Method> {
  using Prepared = PrincipalAxes;
  static constexpr bool remembers = Recurrence<Method>::remembers;

  template <class C, class F, class O>
  struct Lane {
    using Context = C;
    using Real = typename C::Real;
    using Point = typename C::template Vector<PointDim>;
    using K = Coefficients<Real, Classical<Method>::parameters, steady<O>>;

    const C& c;
    F& f;
    const typename F::Instance in;  // a copy, of which the compiler sees that nothing changes it
    Point z, before;
    Real sum = Real(0);  ///< Σ gap

    OMG_HD Lane(const C& context, F& family, const O&, const K&, const Bounds<Real>&)
        : c(context), f(family), in(family.instance) {}

    OMG_HD const Point& output() const { return z; }
    OMG_HD void start() {
      f.start(z);
      if constexpr (remembers) c.template for_each<PointDim>([&](int i) { before[i] = in.before(i); });
    }
    OMG_HD void step(int) {
      ++f.gradients;
      c.template for_each<PointDim>([&](int i) {
        const Real held = z[i];
        if constexpr (remembers) {
          z[i] = fma(in.field(i), held, in.memory() * before[i]);
          before[i] = held;
        } else {
          z[i] = in.field(i) * held;
        }
      });
    }
    OMG_HD Real gap() const {
      Real square = z[0] * z[0];
      for (int i = 1; i < C::n(); ++i) square = fma(z[i], z[i], square);
      return square;
    }
    OMG_HD Real advance(int t) {
      step(t);
      return gap();
    }
    OMG_HD void add_loss() {
      for (int i = 0; i < C::n(); ++i) sum = fma(z[i], z[i], sum);
    }
    OMG_HD void add_loss(const Real& gap) { sum = sum + gap; }
    OMG_HD Real loss() const { return sum; }
  };

  /// Gaps are normalised; the matrix is p − a λ.
  template <class Kernel, class R>
  struct Group : PreparedGroup<R, PrincipalAxes::n> {
    using T = typename R::T;
    using Axes = PrincipalAxes;
    static constexpr int n = Axes::n;

    alignas(64) T start[n * R::width], before[n * R::width], memory[R::width];

    template <class One>
    struct Instance : PreparedInstance<Group, One> {
      using PreparedInstance<Group, One>::PreparedInstance;
      OMG_HD One before(int i) const { return this->at(this->group.before, i); }
      OMG_HD One memory() const { return this->at(this->group.memory, 0); }
    };

    template <class K>
    OMG_HD Group(const GroupArguments<T>& arguments, const K& k) {
      const PreparedLines<R> at{arguments};
      const auto numbers = Recurrence<Method>::of(k.constant);
      for (int i = 0; i < n; ++i) {
        nmadd(numbers.a, at(Axes::eigenvalue + i), numbers.p).store(this->matrix + i * R::width);
        at(Axes::start + i).store(start + i * R::width);
        if constexpr (remembers) nmadd(numbers.v, at(Axes::ones + i), at(Axes::start + i)).store(before + i * R::width);
      }
      if constexpr (remembers) numbers.q.store(memory);
      this->measure(R(1), at(Axes::scale), arguments);
    }
    template <class One>
    OMG_HD One shown(const One& gap, int) const {
      return gap;
    }
    template <class One>
    OMG_HD One shown_above(const One& low, const One& gap, int) const {
      return gap - low;
    }
  };
};

}  // namespace omg::cpu
