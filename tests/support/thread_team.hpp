#pragma once

#include <barrier>
#include <cstddef>
#include <cstring>
#include <thread>
#include <vector>

namespace omg::test {

/// What the members of a ThreadTeam share.
template <int Size>
struct Meeting {
  std::barrier<> barrier{Size};
  alignas(64) std::byte slots[Size][256];
};

/// A team of threads in place of those of a warp or a block: the same primitives, so that the very code of the lanes
/// that a GPU runs is tested without one. Warps are smaller, so that few threads make several of them.
template <int Size, int Warp>
struct ThreadTeam {
  static constexpr int size = Size, warp = Warp;
  Meeting<Size>* meeting;
  int member;

  int rank() const { return member; }
  void sync() const { meeting->barrier.arrive_and_wait(); }
  template <class R>
  R exchange(const R& value, int distance) const {
    static_assert(sizeof(R) <= sizeof(meeting->slots[0]));
    std::memcpy(meeting->slots[member], &value, sizeof(R));
    sync();
    R out;
    std::memcpy(&out, meeting->slots[member ^ distance], sizeof(R));
    sync();
    return out;
  }
};

/// Calls f(team) on every member at the same time.
template <class Team, class F>
void run_team(F&& f) {
  Meeting<Team::size> meeting;
  std::vector<std::jthread> members;
  for (int rank = 0; rank < Team::size; ++rank) members.emplace_back([&, rank] { f(Team{&meeting, rank}); });
}

}  // namespace omg::test
