#include "text_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "omg/error.hpp"

namespace omg {

std::string read_text(const std::filesystem::path& file, std::string_view kind) {
  const auto refuse = [&](const std::string& reason) { throw Error(Place{file.string(), 0, ""}, reason); };
  std::error_code fault;
  const auto status = std::filesystem::status(file, fault);
  if (file.empty() || status.type() == std::filesystem::file_type::not_found)
    refuse(fmt::format("there is no such file; expected {}", kind));
  if (std::filesystem::is_directory(status)) refuse(fmt::format("this is a folder, expected {}", kind));
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream out;
  if (stream && stream.peek() != std::ifstream::traits_type::eof()) out << stream.rdbuf();
  if (!stream.is_open() || stream.bad())
    refuse(fmt::format("{} cannot be read: {}", kind, errno != 0 ? std::strerror(errno) : "unknown fault"));
  std::string text = std::move(out).str();
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  return text;
}

}  // namespace omg
