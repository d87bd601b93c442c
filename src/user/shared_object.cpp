#include "user/shared_object.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <fstream>
#include <spawn.h>
#include <sstream>
#include <sys/stat.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "cache/cache_folder.hpp"
#include "cache/disk_cache.hpp"
#include "cache/fnv1a.hpp"
#include "user/embedded.hpp"

namespace omg {

namespace {

namespace fs = std::filesystem;

/// FNV-1a from two starting points: 128 bits in all.
std::string hash_of(const std::string& text) {
  return fmt::format("{:016x}{:016x}", fnv1a(text), fnv1a(text, 0x9ae16a3b2f90404fU));
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

void write(const fs::path& file, std::string_view text) {
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  out << text;
  if (!out.flush()) throw Error("cannot write " + file.string());
}

/// As the rest of the library is compiled: the source decides the bits.
std::vector<std::string> compiler_options() {
  std::vector<std::string> out{"-std=c++20", "-O3", "-fPIC", "-shared", "-DNDEBUG", "-ffp-contract=off", "-w",
                               "-fno-math-errno", "-fno-trapping-math",
                               // Two headers may name a family alike: neither sees the tables of the other.
                               "-fvisibility=hidden"};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    out.emplace_back("-march=x86-64-v4");
  else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    out.emplace_back("-march=x86-64-v3");
#endif
  return out;
}

/// $CXX where it is set, else what may be there.
std::vector<std::string> compilers() {
  if (const char* given = std::getenv("CXX"); given != nullptr && *given != 0) return {given};
  return {"c++", OMG_CXX_COMPILER};
}

/// Runs a program with its output in `log`; its exit code, or −1 if there is no such program.
int run(const std::vector<std::string>& words, const fs::path& log) {
  std::vector<char*> arguments;
  for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t child = 0;
  const int fault = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (fault != 0) return -1;
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// The embedded headers as files.
fs::path header_folder(const fs::path& cache) {
  const fs::path final = cache / ("headers-" + std::string(embedded_digest()).substr(0, 16));
  if (fs::exists(final)) return final;
  const fs::path part = part_of(final);
  for (const auto& file : embedded_files()) write(part / file.name, file.text);
  std::error_code taken;  // by another process, with the same files
  fs::rename(part, final, taken);
  if (taken) fs::remove_all(part);
  return final;
}

/// A library in the cache ends in the hash of what comes before, which loaders do not read: one that was cut off could
/// be loaded and fail when it is used.
void seal(const fs::path& file) {
  const std::string content = text_of(file);
  write(file, content + hash_of(content));
}
bool is_sealed(const fs::path& file) {
  const std::string text = text_of(file);
  const std::size_t length = hash_of("").size(), size = text.size() - std::min(text.size(), length);
  return size > 0 && text.substr(size) == hash_of(text.substr(0, size));
}

std::shared_ptr<void> open(const fs::path& file) {
  if (!is_sealed(file)) return nullptr;
  return {dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL), [](void* handle) {
            if (handle != nullptr) dlclose(handle);
          }};
}

void compile(const fs::path& object, const fs::path& cache, const std::string& source, const std::string& subject,
             const Place& place) {
  const fs::path part = part_of(object), text = part.string() + ".cpp", log = part.string() + ".log";
  write(text, source);
  std::string tried;
  int code = -1;
  for (const auto& compiler : compilers()) {
    std::vector<std::string> words{compiler};
    for (const auto& option : compiler_options()) words.push_back(option);
    words.insert(words.end(), {"-I", header_folder(cache).string(), "-o", part.string(), text.string()});
    code = run(words, log);
    if (code >= 0 && code != 127) break;
    tried += (tried.empty() ? "" : ", ") + compiler;
    code = -1;
  }
  const std::string messages = text_of(log);
  std::error_code ignored;
  fs::remove(text, ignored);
  fs::remove(log, ignored);
  if (code < 0)
    throw Error(place, fmt::format("{} needs a C++20 compiler when the study is read, and none was found (tried {}); "
                                   "install one or name it in the environment variable CXX",
                                   subject, tried));
  if (code != 0) {
    fs::remove(part, ignored);
    throw Error(place, fmt::format("{} does not compile", subject), messages);
  }
  seal(part);
  fs::rename(part, object);
}

/// Where there is no cache folder: one among the temporary files that nobody else can write to, for what lies in it is
/// run.
fs::path temporary_folder() {
  const fs::path folder = fs::temp_directory_path() / fmt::format("omg-{}", geteuid());
  struct stat found {};
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    throw Error(fmt::format("cannot make {}: {}", folder.string(), std::strerror(errno)));
  if (lstat(folder.c_str(), &found) != 0 || !S_ISDIR(found.st_mode) || found.st_uid != geteuid() ||
      (found.st_mode & 022) != 0)
    throw Error(
        fmt::format("{} is not a folder that only you can write to; set HOME or XDG_CACHE_HOME", folder.string()));
  return folder;
}

}  // namespace

std::shared_ptr<void> load_compiled(const std::string& source, const std::string& subject, const Place& place) {
  try {
    const fs::path kept = cache_folder(), cache = kept.empty() ? temporary_folder() : kept;
    std::string key = std::string(embedded_digest()) + "\n" + compilers().front();
    for (const auto& option : compiler_options()) key += " " + option;
    const fs::path object = cache / ("family-" + hash_of(key + "\n" + source) + ".so");
    if (auto found = open(object)) return found;  // a damaged one does not load and is made again
    compile(object, cache, source, subject, place);
    if (auto found = open(object)) return found;
    const char* const fault = dlerror();
    throw Error(place, fmt::format("{} cannot be loaded: {}", subject, fault != nullptr ? fault : "the disk is full"));
  } catch (const fs::filesystem_error& error) {
    throw Error(place, fmt::format("{} cannot be compiled: {}", subject, error.what()));
  }
}

void* symbol_of(void* library, const char* name) { return dlsym(library, name); }

}  // namespace omg
