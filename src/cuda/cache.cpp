#include "cuda/cache.hpp"

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <unistd.h>

#include "user/embedded.hpp"

namespace omg::cuda {

namespace {

/// FNV-1a.
std::uint64_t hash(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return h;
}

std::string hexadecimal(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(value));
  return text;
}

/// A file is this line, then the key, then the machine code. The key itself is compared, so that two keys
/// with one hash do no harm.
std::string header_line(const std::string& key, const std::string& cubin) {
  return "omg kernel 1 " + std::to_string(key.size()) + " " + std::to_string(cubin.size()) + " " +
         hexadecimal(hash(cubin)) + "\n";
}

}  // namespace

std::filesystem::path KernelCache::file(const std::string& key) const {
  return folder_ / (hexadecimal(hash(key)) + ".kernel");
}

std::optional<std::string> KernelCache::find(const std::string& key) const {
  if (folder_.empty()) return std::nullopt;
  std::ifstream in(file(key), std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream buffer;
  buffer << in.rdbuf();
  const std::string all = std::move(buffer).str();
  const std::size_t line_end = all.find('\n');
  if (line_end == std::string::npos || all.size() < line_end + 1 + key.size()) return std::nullopt;
  std::string cubin = all.substr(line_end + 1 + key.size());
  if (all.compare(line_end + 1, key.size(), key) != 0) return std::nullopt;
  if (all.compare(0, line_end + 1, header_line(key, cubin)) != 0) return std::nullopt;
  return cubin;
}

void KernelCache::store(const std::string& key, const std::string& cubin) const {
  if (folder_.empty()) return;
  std::error_code ignored;
  std::filesystem::create_directories(folder_, ignored);
  static std::atomic<unsigned> serial = 0;
  const std::filesystem::path final = file(key);
  std::filesystem::path part = final;
  part += "." + std::to_string(getpid()) + "." + std::to_string(serial++);
  bool whole = false;
  {
    std::ofstream out(part, std::ios::binary);
    out << header_line(key, cubin) << key << cubin;
    out.close();
    whole = out.good();
  }
  if (whole) std::filesystem::rename(part, final, ignored);
  if (!whole || ignored) std::filesystem::remove(part, ignored);
}

std::filesystem::path default_cache_folder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/')
    return std::filesystem::path(cache) / "omg";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
    return std::filesystem::path(home) / ".cache" / "omg";
  return {};
}

std::string cache_key(const KernelSource& source, int architecture) {
  std::string key = "headers " + std::string(embedded_digest()) + "\nnvrtc " + compiler_version() + "\noptions";
  for (const auto& option : compiler_options()) key += " " + option;
  key += "\narchitecture sm_" + std::to_string(architecture) + "\nsource " + source.file + "\n" + source.header_text;
  return key;
}

std::string cached_cubin(const KernelCache& cache, const KernelSource& source, int architecture) {
  const std::string key = cache_key(source, architecture);
  if (auto found = cache.find(key)) return *std::move(found);
  std::string cubin = compile(source, architecture).cubin;
  cache.store(key, cubin);
  return cubin;
}

}  // namespace omg::cuda
