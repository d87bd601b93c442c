#include "team.hpp"

#include <algorithm>
#include <exception>
#include <omp.h>
#include <vector>

namespace omg {

unsigned team_threads(unsigned asked) {
  const auto wanted = asked > 0 ? asked : static_cast<unsigned>(omp_get_max_threads());
  return std::clamp(wanted, 1U, static_cast<unsigned>(omp_get_thread_limit()));
}

void in_team(unsigned members, const std::function<void(unsigned)>& work) {
  std::vector<std::exception_ptr> failures(members);
  const int threads = static_cast<int>(members);
#pragma omp parallel num_threads(threads)
  {
    // A team may be smaller than was asked for, as within a parallel region of the caller.
    const auto step = static_cast<unsigned>(omp_get_num_threads());
    for (auto member = static_cast<unsigned>(omp_get_thread_num()); member < members; member += step) {
      try {
        work(member);
      } catch (...) {  // nothing may leave the region
        failures[member] = std::current_exception();
      }
    }
  }
  for (const auto& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

}  // namespace omg
