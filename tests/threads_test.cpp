// Teams of threads on the host.

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "threads/team.hpp"

namespace omg {
namespace {

TEST(HostTeam, CallsEveryMemberOnceAndTheFirstOnTheCallingThread) {
  for (const unsigned members : {1u, 2u, 3u, 17u}) {
    std::vector<std::atomic<int>> calls(members);
    std::thread::id first;
    in_team(members, [&](unsigned member) {
      ++calls[member];
      if (member == 0) first = std::this_thread::get_id();
    });
    for (const auto& count : calls) EXPECT_EQ(count, 1);
    EXPECT_EQ(first, std::this_thread::get_id());
  }
  EXPECT_GE(team_threads(), 1u);
}

// A team within a team may have one thread for all its members.
TEST(HostTeam, CallsEveryMemberWithinATeam) {
  std::atomic<int> calls = 0;
  in_team(3, [&](unsigned) { in_team(5, [&](unsigned) { ++calls; }); });
  EXPECT_EQ(calls, 15);
}

TEST(HostTeam, ThrowsOnWhatTheLowestMemberThrows) {
  std::atomic<int> calls = 0;
  const auto work = [&](unsigned member) {
    ++calls;
    if (member % 2 == 1) throw std::out_of_range(std::to_string(member));
  };
  try {
    in_team(6, work);
    FAIL() << "nothing thrown";
  } catch (const std::out_of_range& error) {
    EXPECT_STREQ(error.what(), "1");
  }
  EXPECT_EQ(calls, 6);
}

// Programs may call the library from threads of their own.
TEST(HostTeam, ServesSeveralThreads) {
  std::atomic<int> calls = 0;
  {
    std::vector<std::jthread> callers;
    for (int k = 0; k < 4; ++k)
      callers.emplace_back([&] {
        for (int round = 0; round < 10; ++round) in_team(2, [&](unsigned) { ++calls; });
      });
  }
  EXPECT_EQ(calls, 80);
}

}  // namespace
}  // namespace omg
