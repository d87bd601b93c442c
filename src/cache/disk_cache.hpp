#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace omg {

/// A name beside `final` that no other process and thread takes: for a file that gets its own name when it is whole.
std::filesystem::path part_of(const std::filesystem::path& final);

/// What was made from a key, kept on disk: one file each, named by a hash of the key. Several processes may use the
/// folder at once: a file appears whole or not at all.
class DiskCache {
 public:
  /// `kind` says what is kept, "kernel", and ends the names of its files. An empty folder keeps nothing.
  DiskCache(std::filesystem::path folder, std::string kind) : folder_(std::move(folder)), kind_(std::move(kind)) {}

  /// What was stored; nothing if there is none or if the file is damaged or of another key.
  [[nodiscard]] std::optional<std::string> find(const std::string& key) const;
  /// Keeps it. A folder that cannot be written is no error: it is made again next time.
  void store(const std::string& key, const std::string& made) const;
  [[nodiscard]] std::filesystem::path file(const std::string& key) const;

 private:
  [[nodiscard]] std::string header_line(const std::string& key, const std::string& made) const;

  std::filesystem::path folder_;
  std::string kind_;
};

}  // namespace omg
