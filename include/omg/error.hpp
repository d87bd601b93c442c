#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace omg {

/// Where in the user's input something was found: a file, a line in it (0: unknown) and the key.
struct Place {
  std::string file;
  int line = 0;
  std::string key;

  /// "study.toml:12: problem.huber.threshold", leaving out what is unknown.
  [[nodiscard]] std::string text() const;
};

/// A fault in what the user gave: study file, argument, data file, output folder or device state.
/// The message is one line that names the place, what was found and what is allowed. Programs end with exit code 2.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message);
  Error(const Place& place, const std::string& message);
  /// With what a compiler printed, which keeps its lines, below the message.
  Error(const Place& place, const std::string& message, const std::string& log);
};

}  // namespace omg
