#include "omg/error.hpp"

#include <fmt/format.h>

namespace omg {

namespace {

/// A message is one line on any terminal: control characters are written as \xNN.
std::string one_line(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7f)
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(code));
    else
      out += c;
  }
  return out;
}

std::string compose(const Place& place, const std::string& message) {
  const std::string where = place.text();
  return where.empty() ? message : where + ": " + message;
}

}  // namespace

std::string Place::text() const {
  std::string out = file;
  if (line > 0) out += (out.empty() ? "line " : ":") + std::to_string(line);
  if (!key.empty()) out += (out.empty() ? "" : ": ") + key;
  return out;
}

Error::Error(const std::string& message) : std::runtime_error(one_line(message)) {}

Error::Error(const Place& place, const std::string& message) : Error(compose(place, message)) {}

}  // namespace omg
