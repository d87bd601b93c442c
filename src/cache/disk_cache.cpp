#include "cache/disk_cache.hpp"

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <unistd.h>

#include "cache/fnv1a.hpp"

namespace omg {

namespace {

std::string hexadecimal(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(value));
  return text;
}

}  // namespace

std::filesystem::path part_of(const std::filesystem::path& final) {
  static std::atomic<unsigned> serial = 0;
  std::filesystem::path out = final;
  out += "." + std::to_string(getpid()) + "." + std::to_string(serial++);
  return out;
}

/// A file is this line, then the key, then what was made. The key itself is compared, so that two keys with one hash do
/// no harm.
std::string DiskCache::header_line(const std::string& key, const std::string& made) const {
  return "omg " + kind_ + " 1 " + std::to_string(key.size()) + " " + std::to_string(made.size()) + " " +
         hexadecimal(fnv1a(made)) + "\n";
}

std::filesystem::path DiskCache::file(const std::string& key) const {
  return folder_ / (hexadecimal(fnv1a(key)) + "." + kind_);
}

std::optional<std::string> DiskCache::find(const std::string& key) const {
  if (folder_.empty()) return std::nullopt;
  std::ifstream in(file(key), std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream buffer;
  buffer << in.rdbuf();
  const std::string all = std::move(buffer).str();
  const std::size_t line_end = all.find('\n');
  if (line_end == std::string::npos || all.size() < line_end + 1 + key.size()) return std::nullopt;
  std::string made = all.substr(line_end + 1 + key.size());
  if (all.compare(line_end + 1, key.size(), key) != 0) return std::nullopt;
  if (all.compare(0, line_end + 1, header_line(key, made)) != 0) return std::nullopt;
  return made;
}

void DiskCache::store(const std::string& key, const std::string& made) const {
  if (folder_.empty()) return;
  std::error_code ignored;
  std::filesystem::create_directories(folder_, ignored);
  const std::filesystem::path final = file(key), part = part_of(final);
  bool whole = false;
  {
    std::ofstream out(part, std::ios::binary);
    out << header_line(key, made) << key << made;
    out.close();
    whole = out.good();
  }
  if (whole) std::filesystem::rename(part, final, ignored);
  if (!whole || ignored) std::filesystem::remove(part, ignored);
}

}  // namespace omg
