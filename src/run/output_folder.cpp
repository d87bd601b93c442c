#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "omg/run.hpp"

namespace omg {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& folder, const std::string& reason) {
  throw Error(Place{folder.string(), 0, ""},
              fmt::format("results cannot be written here: {}; choose a folder by --out", reason));
}

std::string last_fault() { return std::strerror(errno); }

/// The folder itself, or the nearest one above it that exists.
fs::path existing_part(const fs::path& folder) {
  fs::path here = fs::absolute(folder).lexically_normal();
  std::error_code fault;
  while (!fs::exists(fs::symlink_status(here, fault)) && here.has_relative_path()) here = here.parent_path();
  return here;
}

/// Files under temporary names, which vanish unless they are put in place.
class PendingFiles {
 public:
  explicit PendingFiles(const fs::path& folder) : folder_(folder) {}
  ~PendingFiles() {
    for (const auto& [temporary, name] : files_) ::unlink(temporary.c_str());
  }
  PendingFiles(const PendingFiles&) = delete;
  PendingFiles& operator=(const PendingFiles&) = delete;

  void add(const OutputFile& file) {
    const std::string temporary = (folder_ / fmt::format(".{}-{}", file.name, ::getpid())).string();
    const int descriptor = ::open(temporary.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (descriptor < 0) refuse(folder_, fmt::format("{}: {}", file.name, last_fault()));
    files_.emplace_back(temporary, file.name);
    const bool written = write_all(descriptor, file.text) && ::fsync(descriptor) == 0;
    const std::string fault = written ? "" : last_fault();
    ::close(descriptor);
    if (!written) refuse(folder_, fmt::format("{}: {}", file.name, fault));
  }

  /// The last one first: the first file of a list is there only if all are.
  void put_in_place() {
    while (!files_.empty()) {
      const auto& [temporary, name] = files_.back();
      if (std::rename(temporary.c_str(), (folder_ / name).c_str()) != 0)
        refuse(folder_, fmt::format("{}: {}", name, last_fault()));
      files_.pop_back();
    }
  }

 private:
  static bool write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
      const auto count = ::write(descriptor, text.data(), text.size());
      if (count < 0 && errno != EINTR) return false;
      if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  const fs::path& folder_;
  std::vector<std::pair<std::string, std::string>> files_;
};

/// Makes a folder with those above it, and takes them away again unless they are kept.
class NewFolders {
 public:
  explicit NewFolders(const fs::path& folder) {
    const fs::path existing = existing_part(folder);
    for (fs::path here = fs::absolute(folder).lexically_normal(); here != existing; here = here.parent_path())
      if (here.has_filename()) made_.push_back(here);
    std::error_code fault;
    fs::create_directories(folder, fault);
    if (fault) {
      remove();
      refuse(folder, fault.message());
    }
  }
  ~NewFolders() { remove(); }
  NewFolders(const NewFolders&) = delete;
  NewFolders& operator=(const NewFolders&) = delete;

  void keep() { made_.clear(); }

 private:
  /// Innermost first; what is not empty stays.
  void remove() {
    for (const auto& folder : made_) ::rmdir(folder.c_str());
    made_.clear();
  }
  std::vector<fs::path> made_;
};

}  // namespace

OutputFolder::OutputFolder(fs::path folder) : folder_(std::move(folder)) {
  if (folder_.empty()) throw Error("the name of the output folder is empty");
  const fs::path existing = existing_part(folder_);
  std::error_code fault;
  if (!fs::is_directory(existing, fault)) refuse(folder_, fmt::format("\"{}\" is not a folder", existing.string()));
  for (const std::string_view name : result_files)
    if (fs::is_directory(fs::symlink_status(folder_ / name, fault)))
      refuse(folder_, fmt::format("\"{}\" is a folder in it", name));
  // Permissions do not tell of a full or read-only disk, of names that are too long, …: a trial does.
  const NewFolders folders(folder_);
  PendingFiles(folder_).add({"trial", ""});
}

void OutputFolder::write(const std::vector<OutputFile>& files) const {
  NewFolders folders(folder_);
  PendingFiles pending(folder_);
  for (const auto& file : files) pending.add(file);
  pending.put_in_place();
  folders.keep();
}

void OutputFolder::discard(std::string_view name) const { ::unlink((folder_ / name).c_str()); }

}  // namespace omg
