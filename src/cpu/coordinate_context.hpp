#pragma once

#include <cstddef>
#include <limits>
#include <utility>

#include "omg/lane/context.hpp"
#include "omg/lane/family.hpp"

#include "pack.hpp"

namespace omg::cpu {

/// One lane with its coordinates side by side: entry i of a point is the register of coordinates i · width … , and a
/// number of the lane stands in every element of a register. So the text of a method that is written entry by entry
/// runs along coordinates instead of across lanes. Elements behind coordinate n − 1 hold anything and reach nobody:
/// reductions leave them out.
template <class R>
class CoordinateContext {
 public:
  using Real = R;
  using T = typename R::T;
  template <class Dim>
  using Vector = MemoryVector<R, Contiguous>;
  template <class Dim>
  using Shared = Vector<Dim>;

  /// With a null arena it only counts.
  CoordinateContext(int n, R* arena) : n_(n), arena_(arena) {
    for (int e = 0; e < R::width; ++e) last_[e] = static_cast<T>((registers(n) - 1) * R::width + e < n);
  }

  static int registers(int n) { return (n + R::width - 1) / R::width; }
  OMG_HD int n() const { return n_; }
  [[nodiscard]] long long used() const { return used_; }

  template <class Dim>
  Vector<Dim> vector() const {
    const int size = count<Dim>();
    Vector<Dim> out{arena_ != nullptr ? arena_ + used_ : nullptr, {}};
    used_ += size;
    if (arena_ != nullptr)
      for (int i = 0; i < size; ++i) out[i] = R(0);
    return out;
  }
  template <class Dim>
  Shared<Dim> shared() const {
    return vector<Dim>();
  }
  template <class Dim, class X>
  OMG_HD const X& publish(const X& x) const {
    return x;
  }
  OMG_HD void retire() const {}
  template <class Dim, class F>
  OMG_HD void for_each(F&& f) const {
    const int size = count<Dim>();
    for (int i = 0; i < size; ++i) f(i);
  }
  template <class Dim, class F>
  OMG_HD R sum(F&& f) const {
    const int size = count<Dim>();
    if constexpr (Dim::replicated) {
      R total = f(0);
      for (int i = 1; i < size; ++i) total = total + f(i);
      return total;
    }
    R total = inside(f(size - 1), R(0));
    for (int i = 0; i < size - 1; ++i) total = total + f(i);
    return across(total, [](T a, T b) { return a + b; });
  }
  template <class Dim, class F>
  OMG_HD R maximum(F&& f) const {
    const int size = count<Dim>();
    if constexpr (Dim::replicated) {
      R best = f(0);
      for (int i = 1; i < size; ++i) best = max(best, f(i));
      return best;
    }
    R best = inside(f(size - 1), R(-std::numeric_limits<T>::infinity()));
    for (int i = 0; i < size - 1; ++i) best = max(best, f(i));
    return across(best, [](T a, T b) { return a > b ? a : b; });
  }
  OMG_HD void sync() const {}

  /// The last register of a point, with `other` behind coordinate n − 1.
  OMG_HD R inside(const R& value, const R& other) const { return select(R::load(last_) > R(0), value, other); }
  /// op over the elements, in a tree: pairs half the width apart.
  template <class Op>
  OMG_HD static R across(const R& value, Op op) {
    alignas(64) T element[R::width];
    value.store(element);
    for (int half = R::width / 2; half > 0; half /= 2)
      for (int e = 0; e < half; ++e) element[e] = op(element[e], element[e + half]);
    return R(element[0]);
  }

 private:
  template <class Dim>
  OMG_HD int count() const {
    if constexpr (Dim::replicated) return Dim::at(n_);
    static_assert(Dim::replicated || std::is_same_v<Dim, PointDim>, "only points lie along coordinates");
    return registers(n_);
  }

  int n_;
  R* arena_;
  mutable long long used_ = 0;
  alignas(64) T last_[R::width];  ///< of the last register of a point: 1 where a coordinate stands
};

/// The instance of a lane, entry after entry; 64 bytes behind its end are readable.
template <class R>
struct CoordinateInstance {
  using T = typename R::T;
  const T* record;
  int n;

  OMG_HD static R at(const T* from) {
    R out;
    out.v[0] = R::Register::load_unaligned(from);
    return out;
  }
  OMG_HD R start(int i) const { return at(record + i * R::width); }
  OMG_HD R minimiser(int i) const { return at(record + n + i * R::width); }
  OMG_HD R field(int i) const { return at(record + 2 * n + i * R::width); }
};

/// `each_row` for `Rows` registers of rows from the first on: columns times entries of d, `Chains` columns at a time.
template <int Rows, int Chains, class R, class D, class At>
OMG_HD void block_of_rows(const typename R::T* matrix, int n, int first, const D& d, At& at) {
  using Register = typename R::Register;
  const auto* entry = reinterpret_cast<const typename R::T*>(d.p);
  Register sum[Chains][Rows];
  each_register<Chains>([&](auto c) { each_register<Rows>([&](auto r) { sum[c][r] = Register(0); }); });
  const auto column = [&](int j, auto c) __attribute__((always_inline)) {
    const Register dj(entry[j]);
    const auto* m = matrix + static_cast<std::ptrdiff_t>(j) * n + first * R::width;
    each_register<Rows>(
        [&](auto r) { sum[c][r] = registers::fused(Register::load_unaligned(m + r * R::width), dj, sum[c][r]); });
  };
  int j = 0;
  for (; j + Chains <= n; j += Chains) each_register<Chains>([&](auto c) { column(j + c, c); });
  for (; j < n; ++j) column(j, std::integral_constant<int, 0>{});
  each_register<Rows>([&](auto r) {
    R value;
    value.v[0] = sum[0][r];
    each_register<Chains - 1>([&](auto c) { value.v[0] = value.v[0] + sum[c + 1][r]; });
    at(first + r, value);
  });
}

/// Along coordinates the matrix is read column after column, once, as it is symmetric.
template <bool Sum, class R, class D, class At>
OMG_HD R each_row(const CoordinateContext<R>& c, const CoordinateInstance<R>& in, const D& d, At&& at) {
  using T = typename R::T;
  const int n = c.n(), registers = c.registers(n);
  const T* matrix = in.record + 2 * n;
  R total = R(0);
  const auto add = [&](int i, const R& value) {
    const R term = at(i, value);
    if constexpr (Sum) total = total + (i == registers - 1 ? c.inside(term, R(0)) : term);
  };
  constexpr int rows = sizeof(typename R::Register) == 64 ? 8 : 4;  // as many as there are registers for
  int first = 0;
  for (; first + rows <= registers; first += rows) block_of_rows<rows, 2, R>(matrix, n, first, d, add);
  for (; first < registers; ++first) block_of_rows<1, 8, R>(matrix, n, first, d, add);
  if constexpr (Sum) return c.across(total, [](T a, T b) { return a + b; });
  return total;
}

}  // namespace omg::cpu
