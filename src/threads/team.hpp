#pragma once

#include <functional>

namespace omg {

/// Threads of a team where none are asked for: what OpenMP takes, which is every processor that the program may use or
/// what OMP_NUM_THREADS says.
unsigned team_threads();

/// Calls work(member) for member = 0 … members − 1, side by side on as many threads as OpenMP gives, and waits for all;
/// member 0 is the calling thread. The threads stay for the next team. `work` must not throw.
void in_team(unsigned members, const std::function<void(unsigned)>& work);

}  // namespace omg
