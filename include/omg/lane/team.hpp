#pragma once

#include "omg/lane/context.hpp"

namespace omg {

// Contexts of a team that shares one lane: coordinate i belongs to member i mod size. What a team must offer is
//
//   size, warp            members, and how many of them exchange numbers without memory; powers of two, size ≤ warp²
//   rank()                0 … size − 1
//   exchange(v, distance) v of the member rank() ^ distance, distance < warp
//   sync()                what the team has written to memory is visible to the team
//
// Reductions have one fixed shape: a member's own coordinates in ascending order, then a tree over the warp, then a
// tree over the warps. Every member gets the same bits.

/// Entries of memory that a team of `size`, in warps of `warp`, exchanges its reductions through, and n published
/// coordinates.
constexpr long long team_entries(int size, int warp, int published) {
  return (size > warp ? 2LL * (size / warp) : 0) + 2LL * published;
}

/// The lowest finite number of a type.
OMG_HD constexpr double lowest(double) { return -0x1.fffffffffffffp1023; }
OMG_HD constexpr float lowest(float) { return -0x1.fffffep127f; }

/// Room that grows by taking; with a null base it only counts.
template <class R>
struct TeamArena {
  R* base;
  long long used = 0;

  OMG_HD R* take(long long entries) {
    R* const out = base != nullptr ? base + used : nullptr;
    used += entries;
    return out;
  }
};

/// Reductions over the members of a team.
template <class R, class Team>
class TeamReduction {
 public:
  static constexpr int warps = Team::size / Team::warp > 1 ? Team::size / Team::warp : 1;
  static_assert(warps <= Team::warp);

  OMG_HD TeamReduction(const Team& team, TeamArena<R>& arena)
      : team_(team), room_(warps > 1 ? arena.take(2 * warps) : nullptr) {}

  OMG_HD const Team& team() const { return team_; }

  /// op(op(v₀, v₁), …) over the members' v, on every member.
  template <class Op>
  OMG_HD R reduce(R value, Op&& op) const {
    value = over<(Team::size < Team::warp ? Team::size : Team::warp)>(value, op);
    if constexpr (warps > 1) {
      // Two rooms in turn: who still reads one is waited for at the sync of the next.
      R* const room = room_ + turn_ * warps;
      turn_ ^= 1;
      if (team_.rank() % Team::warp == 0) room[team_.rank() / Team::warp] = value;
      team_.sync();
      value = over<warps>(room[team_.rank() % warps], op);
    }
    return value;
  }

 private:
  template <int Width, class Op>
  OMG_HD R over(R value, Op& op) const {
#pragma unroll
    for (int distance = 1; distance < Width; distance *= 2) {
      const R other = team_.exchange(value, distance);
      value = (team_.rank() & distance) != 0 ? op(other, value) : op(value, other);
    }
    return value;
  }

  Team team_;
  R* room_;
  mutable int turn_ = 0;
};

/// The primitives of a team context from `each(f)`, which calls f for the coordinates of a member in ascending order.
template <class R, class Team, class Derived>
class TeamLoops {
 public:
  using Real = R;

  template <class Dim, class F>
  OMG_HD void for_each(F&& f) const {
    const int n = self().n();
    if constexpr (Dim::replicated) {
      for (int i = 0; i < Dim::at(0); ++i) f(i);
    } else {
      self().each([&](int i) {
        for (int k = 0; k < Dim::entries(n); ++k) f(Dim::entry(i, k, n));
      });
    }
  }
  template <class Dim, class F>
  OMG_HD R sum(F&& f) const {
    R total = R(0);
    for_each<Dim>([&](int i) { total = total + f(i); });
    if constexpr (Dim::replicated) return total;
    return self().reduction().reduce(total, [](const R& a, const R& b) { return a + b; });
  }
  template <class Dim, class F>
  OMG_HD R maximum(F&& f) const {
    R best = R(lowest(Scalar<R>(0)));
    for_each<Dim>([&](int i) { best = max(best, f(i)); });
    if constexpr (Dim::replicated) return best;
    return self().reduction().reduce(best, [](const R& a, const R& b) { return max(a, b); });
  }
  OMG_HD void sync() const { self().reduction().team().sync(); }

 private:
  OMG_HD const Derived& self() const { return static_cast<const Derived&>(*this); }
};

/// Where a team keeps a vector: points as the context says, small ones with every member, the rest in memory.
template <class R, class Dim, class Point>
struct TeamPlace {
  using type = MemoryVector<R, Contiguous>;
};
template <class R, class Dim, class Point>
requires(Dim::replicated) struct TeamPlace<R, Dim, Point> {
  using type = RegisterVector<R, Dim::at(0)>;
};
template <class R, class Point>
struct TeamPlace<R, PointDim, Point> {
  using type = Point;
};
template <class Dim>
inline constexpr bool is_point = false;
template <>
inline constexpr bool is_point<PointDim> = true;

/// A context whose lane a team shares.
template <class C>
concept SharedByTeam = requires {
  C::members;
};

/// The vectors of a lane in memory that the whole team sees: shared memory, or global memory where they do not fit.
template <class R, class Team>
class TeamMemoryContext : public TeamLoops<R, Team, TeamMemoryContext<R, Team>> {
 public:
  static constexpr int members = Team::size;
  template <class Dim>
  using Vector = typename TeamPlace<R, Dim, MemoryVector<R, Contiguous>>::type;
  template <class Dim>
  using Shared = MemoryVector<R, Contiguous>;

  /// `local` holds what reductions exchange, `memory` the vectors; either may be null to count.
  OMG_HD TeamMemoryContext(int n, const Team& team, TeamArena<R>& local, R* memory)
      : n_(n), reduction_(team, local), arena_{memory} {}

  OMG_HD int n() const { return n_; }
  OMG_HD long long used() const { return arena_.used; }
  OMG_HD const TeamReduction<R, Team>& reduction() const { return reduction_; }

  template <class F>
  OMG_HD void each(F&& f) const {
    for (int i = reduction_.team().rank(); i < n_; i += Team::size) f(i);
  }
  template <class Dim>
  OMG_HD Vector<Dim> vector() const {
    if constexpr (Dim::replicated) {
      return {};
    } else {
      return take<Dim>();
    }
  }
  template <class Dim>
  OMG_HD Shared<Dim> shared() const {
    return take<Dim>();
  }
  /// So many entries that the whole team sees, not zeroed.
  OMG_HD MemoryVector<R, Contiguous> room(int entries) const { return {arena_.take(entries), {}}; }
  template <class Dim, class X>
  OMG_HD const X& publish(const X& x) const {
    this->sync();
    return x;
  }
  OMG_HD void retire() const { this->sync(); }

 private:
  template <class Dim>
  OMG_HD MemoryVector<R, Contiguous> take() const {
    MemoryVector<R, Contiguous> out{arena_.take(Dim::at(n_)), {}};
    if (out.p != nullptr) this->template for_each<Dim>([&](int i) { out[i] = R(0); });
    return out;
  }

  int n_;
  TeamReduction<R, Team> reduction_;
  mutable TeamArena<R> arena_;
};

/// The coordinates of a member, held by value: entry i of the vector is known to member i mod Size only.
template <class R, int Held, int Size>
struct TeamVector {
  R v[Held];
  OMG_HD R& operator[](int i) { return v[static_cast<unsigned>(i) / static_cast<unsigned>(Size)]; }
  OMG_HD const R& operator[](int i) const { return v[static_cast<unsigned>(i) / static_cast<unsigned>(Size)]; }
  OMG_HD TeamVector() { OMG_UNROLL for (int k = 0; k < Held; ++k) v[k] = R(0); }
  TeamVector(const TeamVector&) = delete;
  TeamVector& operator=(const TeamVector&) = delete;
};

template <class R, int Held, int Size>
OMG_HD void exchange(TeamVector<R, Held, Size>& a, TeamVector<R, Held, Size>& b) {
  OMG_UNROLL for (int k = 0; k < Held; ++k) {
    const R held = a.v[k];
    a.v[k] = b.v[k];
    b.v[k] = held;
  }
}

/// The vectors of a lane in the registers of its team, n known when the kernel is compiled. Longer ones, such as a
/// matrix of meta-parameters, and what the whole team must see lie in memory.
template <class R, int N, class Team>
class TeamRegisterContext : public TeamLoops<R, Team, TeamRegisterContext<R, N, Team>> {
 public:
  static constexpr int members = Team::size;
  static constexpr int held = (N + Team::size - 1) / Team::size;
  template <class Dim>
  using Vector = typename TeamPlace<R, Dim, TeamVector<R, held, Team::size>>::type;
  template <class Dim>
  using Shared = MemoryVector<R, Contiguous>;

  OMG_HD TeamRegisterContext(const Team& team, TeamArena<R>& local, R* memory)
      : reduction_(team, local), board_(local.take(2 * N)), arena_{memory} {}

  OMG_HD static constexpr int n() { return N; }
  OMG_HD long long used() const { return arena_.used; }
  OMG_HD const TeamReduction<R, Team>& reduction() const { return reduction_; }

  template <class F>
  OMG_HD void each(F&& f) const {
    const int rank = reduction_.team().rank();
    OMG_UNROLL for (int k = 0; k < held; ++k) {
      const int i = rank + k * Team::size;
      if (N % Team::size == 0 || k + 1 < held || i < N) f(i);
    }
  }
  template <class Dim>
  OMG_HD Vector<Dim> vector() const {
    if constexpr (Dim::replicated || is_point<Dim>) {
      return {};
    } else {
      return take<Dim>();
    }
  }
  template <class Dim>
  OMG_HD Shared<Dim> shared() const {
    return take<Dim>();
  }
  /// So many entries that the whole team sees, not zeroed.
  OMG_HD MemoryVector<R, Contiguous> room(int entries) const { return {arena_.take(entries), {}}; }
  template <class Dim, class X>
  OMG_HD MemoryVector<R, Contiguous> publish(const X& x) const {
    // Two boards in turn, as in TeamReduction.
    const MemoryVector<R, Contiguous> out{board_ + turn_ * N, {}};
    turn_ ^= 1;
    this->template for_each<Dim>([&](int i) { out[i] = x[i]; });
    this->sync();
    return out;
  }
  OMG_HD void retire() const {}

 private:
  template <class Dim>
  OMG_HD MemoryVector<R, Contiguous> take() const {
    MemoryVector<R, Contiguous> out{arena_.take(Dim::at(N)), {}};
    if (out.p != nullptr) this->template for_each<Dim>([&](int i) { out[i] = R(0); });
    return out;
  }

  TeamReduction<R, Team> reduction_;
  R* board_;
  mutable int turn_ = 0;
  mutable TeamArena<R> arena_;
};

}  // namespace omg
