#include "overrides.hpp"

#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "omg/error.hpp"

#include "section.hpp"

namespace omg {

namespace {

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// Where a letter stands first, but for what is in double quotes.
std::size_t first_outside_quotes(std::string_view text, char letter) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (text[i] == letter && !quoted) return i;
  }
  return std::string_view::npos;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7f) {
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(code));
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + "\"";
}

/// What follows `name` and a dot in `path`; nothing if the path does not begin with them.
std::optional<std::string_view> after(std::string_view path, std::string_view name) {
  if (path.size() <= name.size() || !path.starts_with(name) || path[name.size()] != '.') return std::nullopt;
  return path.substr(name.size() + 1);
}

class Override {
 public:
  explicit Override(std::string_view assignment) {
    const std::size_t equals = first_outside_quotes(assignment, '=');
    std::string key(trimmed(assignment.substr(0, equals)));
    std::erase(key, '"');
    place_ = {std::string(override_source), 0, key};
    if (equals == std::string_view::npos || key.empty())
      throw Error(Place{std::string(override_source), 0, ""},
                  fmt::format("found \"{}\", expected KEY=VALUE", assignment));
    parse(trimmed(assignment.substr(equals + 1)));
  }

  void apply(toml::table& root) { descend(root, place_.key); }

 private:
  void parse(std::string_view text) {
    try {
      holder_ = toml::parse("value = " + std::string(text), override_source);
      if (holder_.size() == 1 && holder_.contains("value")) return;
    } catch (const toml::parse_error&) {
    }
    try {
      holder_ = toml::parse("value = " + quoted(text), override_source);
    } catch (const toml::parse_error& error) {
      throw Error(place_, fmt::format("the value is not a text in UTF-8: {}", error.description()));
    }
  }

  void descend(toml::table& table, std::string_view path) {
    // Names may hold dots: the longest that fits is meant.
    toml::node* child = nullptr;
    std::string_view rest, name;
    for (auto&& [key, node] : table) {
      const std::string_view here = key.str();
      const auto left = after(path, here);
      if (left && here.size() >= name.size()) child = &node, rest = *left, name = here;
    }
    if (child == nullptr || table.contains(path)) return assign(table, path);
    if (toml::table* inner = child->as_table()) return descend(*inner, rest);
    if (toml::array* list = child->as_array(); list != nullptr && list->is_array_of_tables())
      return descend(*list, rest, name);
    throw Error(place_, fmt::format("\"{}\" is {}, which has no keys of its own", name, describe_type(*child)));
  }

  void descend(toml::array& tables, std::string_view path, std::string_view list) {
    toml::table* found = nullptr;
    std::string_view rest;
    std::size_t longest = 0;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < tables.size(); ++i) {
      toml::table& entry = *tables.get_as<toml::table>(i);
      const std::string index = std::to_string(i);
      const std::string name = entry["name"].value_or(index);
      names.push_back(name);
      if (const auto left = after(path, name); left && name.size() >= longest)
        found = &entry, rest = *left, longest = name.size();
      if (const auto left = after(path, index); left && longest == 0) found = &entry, rest = *left;
    }
    if (found == nullptr)
      throw Error(place_, fmt::format("expected {0}.NAME.KEY or {0}.INDEX.KEY; the names are: {1}", list, join(names)));
    descend(*found, rest);
  }

  void assign(toml::table& table, std::string_view key) {
    if (key.find('.') != std::string_view::npos && !table.contains(key)) {
      std::vector<std::string> keys;
      for (auto&& [known, node] : table) keys.emplace_back(known.str());
      throw Error(place_, fmt::format("there is no table \"{}\" here; the keys are: {}", key.substr(0, key.find('.')),
                                      join(keys)));
    }
    // Moved, not copied: a copy would forget that it comes from an override.
    holder_.get("value")->visit([&](auto& value) { table.insert_or_assign(key, std::move(value)); });
  }

  Place place_;
  toml::table holder_;
};

}  // namespace

void apply_override(toml::table& root, const std::string& assignment) { Override(assignment).apply(root); }

}  // namespace omg
