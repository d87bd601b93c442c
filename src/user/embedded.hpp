#pragma once

#include <string_view>
#include <vector>

namespace omg {

/// A header or kernel that the library carries within itself, under the name by which sources include it.
struct EmbeddedFile {
  const char* name;
  const char* text;
};

/// All of them; defined in a file that the build generates (cmake/embed.cmake).
const std::vector<EmbeddedFile>& embedded_files();

/// One SHA-256 over all names and texts.
std::string_view embedded_digest();

}  // namespace omg
