#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <toml++/toml.h>

#include "omg/study.hpp"

namespace omg {

/// The source name of what came from an override instead of the file.
inline constexpr std::string_view override_source = "--set";

/// "a string", "a list", …
std::string describe_type(const toml::node& node);
/// `a, b, c`
std::string join(const std::vector<std::string>& names);
/// ` (did you mean "x"?)` for the allowed name nearest to a mistyped one, or nothing.
std::string suggestion(std::string_view name, const std::vector<std::string>& allowed);

/// One table of a study file, read key by key; every accessor throws Error, naming the place, what was found and what
/// is allowed.
class Section {
 public:
  /// `key` is the table's own key as messages show it, e.g. "problem.huber"; empty for the top level.
  Section(const toml::table& table, std::string file, std::string key);

  [[nodiscard]] Place place() const;
  /// Where that key stands, or where the table does if the key is missing.
  [[nodiscard]] Place place(std::string_view key) const;
  [[nodiscard]] Place place(const toml::node& node, std::string_view key) const;
  [[nodiscard]] Places places() const;
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] const std::string& key() const { return key_; }

  /// The same table under another name, once its name is known.
  [[nodiscard]] Section named(std::string key) const { return {table_, file_, std::move(key)}; }

  /// Refuses every key that is not in the list.
  void allow_only(const std::vector<std::string>& allowed) const;

  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
  [[nodiscard]] const toml::node* find(std::string_view key) const { return table_.get(key); }
  [[nodiscard]] const toml::table& table() const { return table_; }

  [[nodiscard]] std::optional<std::string> text(std::string_view key) const;
  [[nodiscard]] std::string required_text(std::string_view key) const;
  [[nodiscard]] std::optional<std::int64_t> whole(std::string_view key, std::int64_t least,
                                                  std::int64_t most = std::numeric_limits<std::int64_t>::max()) const;
  [[nodiscard]] std::optional<double> number(std::string_view key) const;
  [[nodiscard]] std::optional<bool> boolean(std::string_view key) const;
  /// A list of different names.
  [[nodiscard]] std::vector<std::string> names(std::string_view key) const;
  /// A list of positive numbers.
  [[nodiscard]] std::vector<double> positive_numbers(std::string_view key) const;
  /// One of a few words: its index in `allowed`.
  [[nodiscard]] std::optional<std::size_t> word(std::string_view key, const std::vector<std::string>& allowed) const;
  [[nodiscard]] std::size_t required_word(std::string_view key, const std::vector<std::string>& allowed) const;
  /// The tables of `[[key]]`; empty if there are none.
  [[nodiscard]] std::vector<const toml::table*> tables(std::string_view key) const;

  /// Texts that are shown, in messages and tables, are of one line.
  void refuse_control_characters(std::string_view key, const toml::node& found) const;
  [[noreturn]] void refuse_type(std::string_view key, const toml::node& found, std::string_view expected) const;

 private:
  const toml::table& table_;
  std::string file_;
  std::string key_;
};

}  // namespace omg
