#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace omg {

/// The whole text of a file, without a byte order mark. `kind` is what it should be, such as "a study file". Throws
/// Error, naming the file, if it cannot be read.
std::string read_text(const std::filesystem::path& file, std::string_view kind);

}  // namespace omg
