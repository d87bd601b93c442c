#include "omg/error.hpp"

#include <string_view>

#include <fmt/format.h>

#include "control_characters.hpp"

namespace omg {

namespace {

/// A message is one line on any terminal: control characters, but for those in `kept`, are written as \xNN.
std::string one_line(const std::string& text, std::string_view kept = "") {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kept.find(text[i]) != std::string_view::npos || !is_control(text, i)) {
      out += text[i];
      continue;
    }
    out += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(text[i])));
    if (text[i] == '\xc2')
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(text[++i])));
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

Error::Error(const Place& place, const std::string& message, const std::string& log)
    : std::runtime_error(one_line(compose(place, message)) + ":\n" + one_line(log, "\n\t")) {}

}  // namespace omg
