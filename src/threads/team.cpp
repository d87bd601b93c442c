#include "team.hpp"

#include <algorithm>
#include <omp.h>

namespace omg {

unsigned team_threads() { return static_cast<unsigned>(std::max(1, omp_get_max_threads())); }

void in_team(unsigned members, const std::function<void(unsigned)>& work) {
#pragma omp parallel num_threads(static_cast <int>(members))
  {
    // A team may be smaller than was asked for, as within a parallel region of the caller.
    const auto step = static_cast<unsigned>(omp_get_num_threads());
    for (auto member = static_cast<unsigned>(omp_get_thread_num()); member < members; member += step) work(member);
  }
}

}  // namespace omg
