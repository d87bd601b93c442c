#pragma once

#include <chrono>
#include <cstdio>

#include "omg/run.hpp"

namespace omg::cli {

/// Shows on stderr how far a run is: a line that is drawn anew on a terminal, else a plain line now and
/// then.
class ProgressDisplay {
 public:
  ProgressDisplay();
  ~ProgressDisplay() { clear(); }
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  void show(const Progress& progress);
  /// Takes the line off the terminal.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  void draw(const Progress& progress, double share, double seconds);

  bool terminal_;
  bool drawn_ = false;
  int tenths_ = 0;  ///< of the work, when the last plain line was written
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;
};

}  // namespace omg::cli
