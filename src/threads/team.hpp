#pragma once

#include <functional>

namespace omg {

/// Threads of a team for which so many are asked; 0: what OpenMP takes, which is every processor that the program may
/// use or what OMP_NUM_THREADS says. Never more than OMP_THREAD_LIMIT.
unsigned team_threads(unsigned asked = 0);

/// Calls work(member) for member = 0 … members − 1, side by side on as many threads as OpenMP gives, and waits for all;
/// member 0 is the calling thread. The threads stay for the next team. Of what is thrown that of the lowest member is
/// thrown on.
void in_team(unsigned members, const std::function<void(unsigned)>& work);

}  // namespace omg
