#include "omg/error.hpp"

namespace omg {

namespace {

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

Error::Error(const Place& place, const std::string& message) : std::runtime_error(compose(place, message)) {}

}  // namespace omg
