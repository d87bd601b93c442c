#pragma once

#include <cstddef>
#include <limits>
#include <utility>

#include "omg/lane/context.hpp"
#include "omg/lane/family.hpp"

#include "pack.hpp"

namespace omg::cpu {

/// A vector held by value whose entries are named by constants only, as GCC takes no array apart that has once been
/// indexed by a variable.
template <class R, int N>
struct UnrolledVector {
  R v[N];
  OMG_HD UnrolledVector() {
    each_register<N>([&](auto i) { v[i] = R(0); });
  }
  OMG_HD R& operator[](int i) { return v[i]; }
  OMG_HD const R& operator[](int i) const { return v[i]; }
};
template <class R, int N>
OMG_HD void exchange(UnrolledVector<R, N>& a, UnrolledVector<R, N>& b) {
  each_register<N>([&](auto i) {
    const R held = a.v[i];
    a.v[i] = b.v[i];
    b.v[i] = held;
  });
}

/// One lane with its coordinates side by side: entry i of a point is the register of coordinates i · width … , and a
/// number of the lane stands in every element of a register. So the text of a method that is written entry by entry
/// runs along coordinates instead of across lanes. Elements behind coordinate n − 1 hold anything and reach nobody:
/// reductions leave them out.
///
/// Points of a constant number of registers are held by value, so that a method's vectors can stay in the processor's
/// registers; points of any size (0) lie in an arena, and so does what is read coordinate by coordinate.
template <class R, int Registers = 0>
class CoordinateContext {
 public:
  using Real = R;
  using T = typename R::T;
  template <class Dim>
  using Shared = MemoryVector<R, Contiguous>;
  template <class Dim>
  using Vector =
      std::conditional_t<Registers == 0, Shared<Dim>, UnrolledVector<R, Dim::replicated ? Dim::at(0) : Registers>>;

  /// With a null arena it only counts.
  CoordinateContext(int n, R* arena) : n_(n), arena_(arena) {
    for (int e = 0; e < R::width; ++e) last_[e] = static_cast<T>((registers(n) - 1) * R::width + e < n);
  }

  OMG_HD static constexpr int registers(int n) { return Registers > 0 ? Registers : (n + R::width - 1) / R::width; }
  OMG_HD int n() const { return n_; }
  [[nodiscard]] long long used() const { return used_; }

  template <class Dim>
  Vector<Dim> vector() const {
    if constexpr (Registers > 0)
      return {};
    else
      return shared<Dim>();
  }
  template <class Dim>
  Shared<Dim> shared() const {
    const int size = count<Dim>();
    Shared<Dim> out{arena_ != nullptr ? arena_ + used_ : nullptr, {}};
    used_ += size;
    if (arena_ != nullptr)
      for (int i = 0; i < size; ++i) out[i] = R(0);
    return out;
  }
  template <class Dim, class X>
  OMG_HD const X& publish(const X& x) const {
    return x;
  }
  OMG_HD void retire() const {}
  template <class Dim, class F>
  OMG_HD void for_each(F&& f) const {
    if constexpr (Registers > 0 && !Dim::replicated)
      each_register<Registers>(f);
    else
      for (int i = 0; i < count<Dim>(); ++i) f(i);
  }
  template <class Dim, class F>
  OMG_HD R sum(F&& f) const {
    return reduce<Dim>(f, R(0), [](const auto& a, const auto& b) { return a + b; });
  }
  template <class Dim, class F>
  OMG_HD R maximum(F&& f) const {
    return reduce<Dim>(f, R(-std::numeric_limits<T>::infinity()), [](const auto& a, const auto& b) {
      using omg::max;
      return max(a, b);
    });
  }
  OMG_HD void sync() const {}

  /// The last register of a point, with `other` behind coordinate n − 1.
  OMG_HD R inside(const R& value, const R& other) const { return select(R::load(last_) > R(0), value, other); }
  /// op over the elements, in a tree: pairs half the width apart.
  template <class Op>
  OMG_HD static R across(const R& value, Op op) {
    return R(fold<R::width / 2>(value, op).v[0].get(0));
  }

 private:
  template <int Half, class Op>
  OMG_HD static R fold(const R& value, Op op) {
    if constexpr (Half == 0) {
      return value;
    } else {
      R other;
      other.v[0] = registers::rotated<Half>(value.v[0]);
      return fold<Half / 2>(op(value, other), op);
    }
  }
  template <class Dim>
  OMG_HD constexpr int count() const {
    if constexpr (Dim::replicated) return Dim::at(n_);
    static_assert(Dim::replicated || std::is_same_v<Dim, PointDim>, "only points lie along coordinates");
    return registers(n_);
  }
  /// op over the entries, the last of which comes first.
  template <class Dim, class F, class Op>
  OMG_HD R reduce(F& f, const R& neutral, Op op) const {
    const int last = count<Dim>() - 1;
    if constexpr (Dim::replicated) {
      R total = f(0);
      for (int i = 1; i <= last; ++i) total = op(total, f(i));
      return total;
    } else {
      R total = inside(f(last), neutral);
      if constexpr (Registers > 0)
        each_register<Registers - 1>([&](auto i) { total = op(total, f(i)); });
      else
        for (int i = 0; i < last; ++i) total = op(total, f(i));
      return across(total, op);
    }
  }

  int n_;
  R* arena_;
  mutable long long used_ = 0;
  alignas(64) T last_[R::width];  ///< of the last register of a point: 1 where a coordinate stands
};

/// The instance of a lane, entry after entry, centred at its minimiser; 64 bytes behind its end are readable.
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
  OMG_HD R start(int i) const { return at(record + i * R::width) - centre(i); }
  OMG_HD R minimiser(int) const { return R(0); }
  OMG_HD R centre(int i) const { return at(record + n + i * R::width); }
  OMG_HD R field(int i) const { return at(record + 2 * n + i * R::width); }
};

/// `each_row` for `Rows` registers of rows, the first of which heads `matrix`: columns times entries of d, `Chains`
/// columns at a time. Calls at(r, (M d) of register r) for r = 0 … as constants.
template <int Rows, int Chains, class R, class D, class At>
OMG_HD void block_of_rows(const typename R::T* matrix, int n, const D& d, At&& at) {
  using Register = typename R::Register;
  const auto* entry = reinterpret_cast<const typename R::T*>(d.p);
  Register sum[Chains][Rows];
  each_register<Chains>([&](auto c) { each_register<Rows>([&](auto r) { sum[c][r] = Register(0); }); });
  const auto column = [&](int j, auto c) __attribute__((always_inline)) {
    const Register dj(entry[j]);
    const auto* m = matrix + static_cast<std::ptrdiff_t>(j) * n;
    each_register<Rows>(
        [&](auto r) { sum[c][r] = registers::fused(Register::load_unaligned(m + r * R::width), dj, sum[c][r]); });
  };
  int j = 0;
  for (; j + Chains <= n; j += Chains) each_register<Chains>([&](auto c) { column(j + c, c); });
  for (; j < n; ++j) column(j, std::integral_constant<int, 0>{});
  each_register<Rows>([&](auto r) __attribute__((always_inline)) {
    R value;
    value.v[0] = sum[0][r];
    each_register<Chains - 1>([&](auto c) { value.v[0] = value.v[0] + sum[c + 1][r]; });
    at(r, value);
  });
}

/// Sums of a product of matrix and vector that the processor's registers hold beside what they are made of. An entry
/// of d is read once for half as many registers of rows; fewer rows take more columns at a time.
template <class R>
inline constexpr int sums_in_flight = sizeof(typename R::Register) == 64 ? 16 : 8;

/// Along coordinates the matrix is read column after column, once, as it is symmetric.
template <bool Sum, class R, int Registers, class D, class At>
OMG_HD R each_row(const CoordinateContext<R, Registers>& c, const CoordinateInstance<R>& in, const D& d, At&& at) {
  const int n = c.n(), registers = c.registers(n);
  const auto* matrix = in.record + 2 * n;
  R total = R(0);
  const auto add = [&](auto i, const R& value) __attribute__((always_inline)) {
    at(i, value);
    const R term = value * d[i];
    if constexpr (Sum) total = total + (i == registers - 1 ? c.inside(term, R(0)) : term);
  };
  constexpr int sums = sums_in_flight<R>;
  if constexpr (Registers > 0) {
    block_of_rows<Registers, sums / Registers, R>(matrix, n, d, add);
  } else {
    int first = 0;
    const auto blocks = [&](auto rows) __attribute__((always_inline)) {
      for (; first + rows <= registers; first += rows)
        block_of_rows<rows, sums / (rows > 1 ? rows : 2), R>(
            matrix + first * R::width, n,
            d, [&](auto r, const R& value) __attribute__((always_inline)) { add(first + r, value); });
    };
    blocks(std::integral_constant<int, sums / 2>{});
    blocks(std::integral_constant<int, sums / 4>{});
    blocks(std::integral_constant<int, 1>{});
  }
  if constexpr (Sum) return c.across(total, [](const auto& a, const auto& b) { return a + b; });
  return total;
}

}  // namespace omg::cpu
