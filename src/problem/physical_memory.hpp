#pragma once

#include <unistd.h>

namespace omg {

/// Bytes of memory that the machine has; 0: not known.
inline double physical_memory() {
  const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0 ? static_cast<double>(pages) * static_cast<double>(size) : 0;
}

/// Whether so many bytes can be touched at all. What is asked for beyond that is not refused by the system, which ends
/// the program once it is written to.
inline bool fits_physical_memory(double bytes) {
  const double there = physical_memory();
  return there == 0 || bytes <= there;
}

}  // namespace omg
