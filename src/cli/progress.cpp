#include "progress.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <unistd.h>

#include <fmt/format.h>

#include "text.hpp"

namespace omg::cli {

namespace {

std::string duration(double seconds) {
  const long long whole = std::llround(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02} h", whole / 3600, whole / 60 % 60);
}

}  // namespace

ProgressDisplay::ProgressDisplay() : terminal_(::isatty(STDERR_FILENO) == 1) {}

void ProgressDisplay::show(const Progress& progress) {
  using namespace std::chrono_literals;
  const auto now = Clock::now();
  if (progress.total == 0 || now - last_ < (terminal_ ? 100ms : 1000ms)) return;
  const double share = static_cast<double>(progress.done) / static_cast<double>(progress.total);
  const double seconds = std::chrono::duration<double>(now - start_).count();
  if (terminal_) {
    draw(progress, share, seconds);
  } else {
    const int tenths = static_cast<int>(10 * share);
    if (tenths <= tenths_) return;
    tenths_ = tenths;
    print_to_stderr(fmt::format("{:.0f} % after {}: {} on {}\n", 100 * share, duration(seconds),
                                progress.cell.method.name, progress.cell.problem->name));
  }
  last_ = now;
}

void ProgressDisplay::draw(const Progress& progress, double share, double seconds) {
  constexpr std::size_t bar = 24;
  const auto filled = std::min(bar, static_cast<std::size_t>(share * bar));
  const std::string line = fmt::format(
      "[{}{}] {:3.0f} %, {} left, {:.2g} lane-iterations/s, {} on {}", std::string(filled, '#'),
      std::string(bar - filled, '.'), 100 * share, share > 0 ? duration(seconds * (1 - share) / share) : "?",
      static_cast<double>(progress.done) / seconds, progress.cell.method.name, progress.cell.problem->name);
  print_to_stderr("\r" + fitted(line, terminal_columns(STDERR_FILENO).value_or(80) - 1));
  std::fflush(stderr);
  drawn_ = true;
}

void ProgressDisplay::clear() {
  if (drawn_) print_to_stderr("\r\033[K");
  drawn_ = false;
}

}  // namespace omg::cli
