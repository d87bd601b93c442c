#pragma once

#include "omg/lane/config.hpp"
#include "omg/lane/math.hpp"

#if !defined(__CUDACC_RTC__)
#include <concepts>
#include <cstddef>
#endif

namespace omg {

// Dimensions of the vectors of a lane, as functions of n. Entries of a vector belong to coordinates: entry(i, k, n),
// k = 0 … entries(n) − 1, to coordinate i. A *replicated* vector is small: where a team of threads shares the lane,
// each of them keeps a copy.
struct PointDim {
  static constexpr bool replicated = false;
  OMG_HD static constexpr int at(int n) { return n; }
  OMG_HD static constexpr int entries(int) { return 1; }
  OMG_HD static constexpr int entry(int i, int, int) { return i; }
};
struct ScalarDim {
  static constexpr bool replicated = true;
  OMG_HD static constexpr int at(int) { return 1; }
};
struct PairDim {
  static constexpr bool replicated = true;
  OMG_HD static constexpr int at(int) { return 2; }
};
struct TwicePointDim {  ///< entries i and n + i belong to coordinate i
  static constexpr bool replicated = false;
  OMG_HD static constexpr int at(int n) { return 2 * n; }
  OMG_HD static constexpr int entries(int) { return 2; }
  OMG_HD static constexpr int entry(int i, int k, int n) { return i + k * n; }
};
struct MatrixDim {  ///< row-major; row i belongs to coordinate i
  static constexpr bool replicated = false;
  OMG_HD static constexpr int at(int n) { return n * n; }
  OMG_HD static constexpr int entries(int n) { return n; }
  OMG_HD static constexpr int entry(int i, int k, int n) { return i * n + k; }
};

/// f(0), …, f(Count − 1) without a loop where there are few, so that what f indexes can stay in registers.
template <int Count, int From = 0, class F>
OMG_HD void unrolled(F&& f) {
  if constexpr (Count - From <= 4) {
    if constexpr (From < Count) {
      f(From);
      unrolled<Count, From + 1>(f);
    }
  } else {
    OMG_UNROLL for (int i = From; i < Count; ++i) f(i);
  }
}

/// A vector held by value: in registers where the loops over it unroll.
template <class R, int N>
struct RegisterVector {
  R v[N > 0 ? N : 1];
  OMG_HD R& operator[](int i) { return v[i]; }
  OMG_HD const R& operator[](int i) const { return v[i]; }
  OMG_HD RegisterVector() {
    unrolled<N>([&](int i) { v[i] = R(0); });
  }
  RegisterVector(const RegisterVector&) = delete;  // vectors are copied coordinate by coordinate
  RegisterVector& operator=(const RegisterVector&) = delete;
};

/// A vector in memory; entry i stands `stride` after entry i − 1.
template <class R, class Stride>
struct MemoryVector {
  R* p;
  [[no_unique_address]] Stride stride;
  OMG_HD R& operator[](int i) const { return p[i * stride()]; }
};
struct Contiguous {
  OMG_HD constexpr int operator()() const { return 1; }
};
struct Strided {
  long long value;
  OMG_HD long long operator()() const { return value; }
};

/// a and b change places; vectors in memory only change their names.
template <class R, int N>
OMG_HD void exchange(RegisterVector<R, N>& a, RegisterVector<R, N>& b) {
  unrolled<N>([&](int i) {
    const R held = a[i];
    a[i] = b[i];
    b[i] = held;
  });
}
template <class R, class Stride>
OMG_HD void exchange(MemoryVector<R, Stride>& a, MemoryVector<R, Stride>& b) {
  R* const held = a.p;
  a.p = b.p;
  b.p = held;
}

// A context says where the vectors of a lane lie and how the execution units that share the lane
// (the team) run over their coordinates. Its members are the only primitives of the lane template:
//
//   Vector<Dim>, vector<Dim>()      a zeroed vector of dimension Dim::at(n)
//   Shared<Dim>, shared<Dim>()      the same, every entry of which the whole team can read after a sync
//   publish<Dim>(x), retire()       x as the whole team can read it, until it is retired: only then may x be written
//   for_each<Dim>(f)                f(i) for every entry
//   sum<Dim>(f), maximum<Dim>(f)    over every entry, on every member of the team
//   sync()                          what the team has written is visible to the team
//
// In for_each a method touches entry i of its vectors only; whatever crosses coordinates goes through sum, maximum,
// publish or a shared vector, so that the same text serves one thread, a warp and a block (team.hpp).

/// One execution unit per lane (or per pack of lanes), n known when the kernel is compiled.
template <class R, int N>
struct RegisterContext {
  using Real = R;
  template <class Dim>
  using Vector = RegisterVector<R, Dim::at(N)>;
  template <class Dim>
  using Shared = Vector<Dim>;

  OMG_HD static constexpr int n() { return N; }

  template <class Dim>
  OMG_HD Vector<Dim> vector() const {
    return {};
  }
  template <class Dim>
  OMG_HD Shared<Dim> shared() const {
    return {};
  }
  template <class Dim, class X>
  OMG_HD const X& publish(const X& x) const {
    return x;
  }
  OMG_HD void retire() const {}
  template <class Dim, class F>
  OMG_HD void for_each(F&& f) const {
    unrolled<Dim::at(N)>(f);
  }
  template <class Dim, class F>
  OMG_HD R sum(F&& f) const {
    R total = f(0);
    unrolled<Dim::at(N), 1>([&](int i) { total = total + f(i); });
    return total;
  }
  template <class Dim, class F>
  OMG_HD R maximum(F&& f) const {
    R best = f(0);
    unrolled<Dim::at(N), 1>([&](int i) { best = max(best, f(i)); });
    return best;
  }
  OMG_HD void sync() const {}
};

/// One execution unit per lane (or per pack of lanes), vectors taken from an arena. With a null arena
/// it only counts: `used` is then the number of entries that a lane needs.
template <class R, class Stride = Contiguous>
struct ArenaContext {
  using Real = R;
  template <class Dim>
  using Vector = MemoryVector<R, Stride>;
  template <class Dim>
  using Shared = Vector<Dim>;

  int dimension;
  R* arena;
  Stride stride{};
  mutable long long used = 0;

  OMG_HD int n() const { return dimension; }

  template <class Dim>
  OMG_HD Vector<Dim> vector() const {
    const int size = Dim::at(dimension);
    Vector<Dim> out{arena != nullptr ? arena + used * stride() : nullptr, stride};
    used += size;
    if (arena != nullptr)
      for (int i = 0; i < size; ++i) out[i] = R(0);
    return out;
  }
  template <class Dim>
  OMG_HD Shared<Dim> shared() const {
    return vector<Dim>();
  }
  template <class Dim, class X>
  OMG_HD const X& publish(const X& x) const {
    return x;
  }
  OMG_HD void retire() const {}
  template <class Dim, class F>
  OMG_HD void for_each(F&& f) const {
    const int size = Dim::at(dimension);
    for (int i = 0; i < size; ++i) f(i);
  }
  template <class Dim, class F>
  OMG_HD R sum(F&& f) const {
    const int size = Dim::at(dimension);
    R total = f(0);
    for (int i = 1; i < size; ++i) total = total + f(i);
    return total;
  }
  template <class Dim, class F>
  OMG_HD R maximum(F&& f) const {
    const int size = Dim::at(dimension);
    R best = f(0);
    for (int i = 1; i < size; ++i) best = max(best, f(i));
    return best;
  }
  OMG_HD void sync() const {}
};

/// ⟨a, b⟩ over the entries of Dim.
template <class Dim, class C, class A, class B>
OMG_HD typename C::Real dot(const C& c, const A& a, const B& b) {
  return c.template sum<Dim>([&](int i) { return a[i] * b[i]; });
}

/// to ← from.
template <class Dim, class C, class A, class B>
OMG_HD void copy(const C& c, const A& from, B& to) {
  c.template for_each<Dim>([&](int i) { to[i] = from[i]; });
}

}  // namespace omg
