#include "section.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "control_characters.hpp"

namespace omg {

namespace {

/// Levenshtein's distance: insertions, deletions and replacements that turn a into b.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string describe_type(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string:
      return fmt::format("the text \"{}\"", node.as_string()->get());
    case toml::node_type::integer:
      return fmt::format("the number {}", node.as_integer()->get());
    case toml::node_type::floating_point:
      return fmt::format("the number {:#}", node.as_floating_point()->get());  // 1e9 is 1000000000.0, no whole number
    case toml::node_type::boolean:
      return node.as_boolean()->get() ? "true" : "false";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::table:
      return "a table";
    default:
      return "a date or time";
  }
}

std::string join(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ", ")); }

std::string suggestion(std::string_view name, const std::vector<std::string>& allowed) {
  const std::string* nearest = nullptr;
  std::size_t best = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const auto& candidate : allowed) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best && distance < candidate.size()) best = distance, nearest = &candidate;
  }
  return nearest == nullptr ? "" : fmt::format(" (did you mean \"{}\"?)", *nearest);
}

Section::Section(const toml::table& table, std::string file, std::string key)
    : table_(table), file_(std::move(file)), key_(std::move(key)) {}

Place Section::place(const toml::node& node, std::string_view key) const {
  const toml::source_region& source = node.source();
  const std::string full = key_.empty() ? std::string(key) : key.empty() ? key_ : key_ + "." + std::string(key);
  if (source.path && *source.path == override_source) return {std::string(override_source), 0, full};
  return {file_, static_cast<int>(source.begin.line), full};
}

Place Section::place() const { return place(table_, ""); }

Place Section::place(std::string_view key) const {
  const toml::node* node = find(key);
  return node != nullptr ? place(*node, key) : place();
}

Places Section::places() const {
  Places out;
  for (const auto& [key, node] : table_) out.emplace(std::string(key.str()), place(node, key.str()));
  return out;
}

void Section::allow_only(const std::vector<std::string>& allowed) const {
  for (const auto& [key, node] : table_) {
    if (std::find(allowed.begin(), allowed.end(), key.str()) != allowed.end()) continue;
    throw Error(place(node, key.str()), fmt::format("unknown key \"{}\"{}; allowed: {}", key.str(),
                                                    suggestion(key.str(), allowed), join(allowed)));
  }
}

void Section::refuse_type(std::string_view key, const toml::node& found, std::string_view expected) const {
  throw Error(place(found, key), fmt::format("found {}, expected {}", describe_type(found), expected));
}

void Section::refuse_control_characters(std::string_view key, const toml::node& found) const {
  const std::string& text = found.as_string()->get();
  bool has_some = false;
  for (std::size_t i = 0; i < text.size(); ++i) has_some = has_some || is_control(text, i);
  if (has_some)
    throw Error(place(found, key),
                fmt::format("found \"{}\" with a line break or another control character; allowed is "
                            "a text in one line",
                            text));
}

std::optional<std::string> Section::text(std::string_view key) const {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_string()) refuse_type(key, *node, "a text");
  refuse_control_characters(key, *node);
  return node->as_string()->get();
}

std::string Section::required_text(std::string_view key) const {
  const auto value = text(key);
  if (!value) throw Error(place(), fmt::format("the key \"{}\" is missing", key));
  if (value->empty()) throw Error(place(key), "found an empty text");
  return *value;
}

std::optional<std::int64_t> Section::whole(std::string_view key, std::int64_t least, std::int64_t most) const {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_integer()) refuse_type(key, *node, "a whole number");
  const std::int64_t value = node->as_integer()->get();
  if (value < least || value > most) {
    const std::string range = most == std::numeric_limits<std::int64_t>::max() ? fmt::format("{} or more", least)
                                                                               : fmt::format("{} to {}", least, most);
    throw Error(place(key), fmt::format("found {}, allowed is {}", value, range));
  }
  return value;
}

std::optional<double> Section::number(std::string_view key) const {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_number()) refuse_type(key, *node, "a number");
  const double value = *node->value<double>();
  if (!std::isfinite(value)) throw Error(place(key), fmt::format("found {}, expected a finite number", value));
  return value;
}

std::optional<bool> Section::boolean(std::string_view key) const {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_boolean()) refuse_type(key, *node, "true or false");
  return node->as_boolean()->get();
}

std::vector<std::string> Section::names(std::string_view key) const {
  const toml::node* node = find(key);
  if (node == nullptr) return {};
  const toml::array* list = node->as_array();
  if (list == nullptr) refuse_type(key, *node, "a list of names");
  if (list->empty()) throw Error(place(key), "found an empty list; leave the key out instead");
  std::vector<std::string> out;
  for (const toml::node& entry : *list) {
    if (!entry.is_string()) refuse_type(key, entry, "a name");
    refuse_control_characters(key, entry);
    const std::string& name = entry.as_string()->get();
    if (std::find(out.begin(), out.end(), name) != out.end())
      throw Error(place(entry, key), fmt::format("\"{}\" is listed twice", name));
    out.push_back(name);
  }
  return out;
}

std::vector<double> Section::positive_numbers(std::string_view key) const {
  const toml::node* node = find(key);
  if (node == nullptr) return {};
  const toml::array* list = node->as_array();
  if (list == nullptr || list->empty()) refuse_type(key, *node, "a list of positive numbers");
  std::vector<double> out;
  for (const toml::node& entry : *list) {
    if (!entry.is_number()) refuse_type(key, entry, "a positive number");
    out.push_back(*entry.value<double>());
    if (!(out.back() > 0 && std::isfinite(out.back())))
      throw Error(place(entry, key), fmt::format("found {}, expected a positive number", out.back()));
    if (std::find(out.begin(), out.end() - 1, out.back()) != out.end() - 1)
      throw Error(place(entry, key), fmt::format("{} is listed twice", out.back()));
  }
  return out;
}

std::optional<std::size_t> Section::word(std::string_view key, const std::vector<std::string>& allowed) const {
  const auto value = text(key);
  if (!value) return std::nullopt;
  const auto found = std::find(allowed.begin(), allowed.end(), *value);
  if (found == allowed.end())
    throw Error(place(key),
                fmt::format("found \"{}\"{}; allowed: {}", *value, suggestion(*value, allowed), join(allowed)));
  return static_cast<std::size_t>(found - allowed.begin());
}

std::size_t Section::required_word(std::string_view key, const std::vector<std::string>& allowed) const {
  const auto value = word(key, allowed);
  if (!value) throw Error(place(), fmt::format("the key \"{}\" is missing; allowed: {}", key, join(allowed)));
  return *value;
}

std::vector<const toml::table*> Section::tables(std::string_view key) const {
  const toml::node* node = find(key);
  if (node == nullptr) return {};
  const toml::array* list = node->as_array();
  if (list == nullptr) refuse_type(key, *node, fmt::format("tables headed [[{}]]", key));
  std::vector<const toml::table*> out;
  for (const toml::node& entry : *list) {
    if (!entry.is_table()) refuse_type(key, entry, "a table");
    out.push_back(entry.as_table());
  }
  return out;
}

}  // namespace omg
