#include "values.hpp"

#include <cmath>
#include <optional>

#include <fmt/format.h>

namespace omg {

namespace {

using Kind = Value::Kind;

struct KindName {
  std::string_view name;
  Kind kind;
};
constexpr KindName kinds[] = {
    {"vector", Kind::vector},           {"log_grid", Kind::log_grid}, {"grid", Kind::grid},
    {"log_uniform", Kind::log_uniform}, {"uniform", Kind::uniform},   {"normal", Kind::normal},
    {"sphere", Kind::sphere},
};

constexpr std::string_view problem_forms =
    "a number, a text, true or false, { vector = [...] }, { log_grid = [a, b] }, { grid = [a, b] }, "
    "{ log_uniform = [a, b] }, { uniform = [a, b] }, { normal = s } or { sphere = R }";
constexpr std::string_view method_forms =
    "a number, a formula, { vector = [...] }, { log_grid = [a, b], count = k }, { grid = [a, b], count = k } or a list "
    "of these";

/// The shortest text that reads as the same number.
std::string number_text(double value) { return fmt::format("{}", value); }

class ValueReader {
 public:
  ValueReader(const Section& section, std::string_view key, bool of_problem)
      : section_(section), key_(key), of_problem_(of_problem) {}

  /// A value, or for a grid of a method its points.
  void read(const toml::node& node, std::vector<Value>& out) const {
    if (const toml::table* table = node.as_table()) return read_table(*table, out);
    Value value;
    value.place = section_.place(node, key_);
    if (node.is_string()) {
      section_.refuse_control_characters(key_, node);
      value.text = node.as_string()->get();
    } else if (node.is_integer()) {
      value.text = fmt::format("{}", node.as_integer()->get());
    } else if (node.is_floating_point() && !std::isnan(node.as_floating_point()->get())) {
      value.text = number_text(node.as_floating_point()->get());
    } else if (of_problem_ && node.is_boolean()) {
      value.text = node.as_boolean()->get() ? "true" : "false";
    } else {
      section_.refuse_type(key_, node, forms());
    }
    out.push_back(std::move(value));
  }

  [[nodiscard]] std::string_view forms() const { return of_problem_ ? problem_forms : method_forms; }

 private:
  void read_table(const toml::table& table, std::vector<Value>& out) const {
    const KindName* found = nullptr;
    for (const auto& kind : kinds) {
      if (!table.contains(kind.name)) continue;
      if (found != nullptr) fail(table, fmt::format("found both {} and {}", found->name, kind.name));
      found = &kind;
    }
    const bool sweeps =
        found != nullptr && !of_problem_ && (found->kind == Kind::grid || found->kind == Kind::log_grid);
    for (const auto& [name, entry] : table)
      if (found == nullptr || (name.str() != found->name && !(sweeps && name.str() == "count")))
        throw Error(section_.place(entry, key_), fmt::format("unknown key \"{}\"; expected {}", name.str(), forms()));
    if (found == nullptr) fail(table, "found an empty table");

    Value value;
    value.kind = found->kind;
    value.place = section_.place(table, key_);
    const toml::node& given = *table.get(found->name);
    switch (found->kind) {
      case Kind::vector:
        value.numbers = numbers(given, !of_problem_);  // a bound of a box may be infinite
        if (value.numbers.empty()) fail(given, "found a vector without entries");
        value.text = fmt::format("[{}]", fmt::join(value.numbers, ", "));
        break;
      case Kind::normal:
      case Kind::sphere:
        value.high = number(given);
        if (!(value.high > 0))
          fail(given, fmt::format("found {} = {}, which must be above 0", found->name, value.high));
        value.text = fmt::format("{}({})", found->name, value.high);
        break;
      default:
        read_interval(given, *found, value);
    }
    if (of_problem_ || found->kind == Kind::vector) {
      out.push_back(std::move(value));
    } else if (sweeps) {
      expand(table, value, out);
    } else {
      fail(table,
           fmt::format("\"{}\" draws over the instances of a problem; a method takes {}", found->name, method_forms));
    }
  }

  void read_interval(const toml::node& given, const KindName& kind, Value& value) const {
    const std::vector<double> ends = numbers(given);
    if (ends.size() != 2)
      fail(given, fmt::format("{} takes two numbers [low, high], found {}", kind.name, ends.size()));
    value.low = ends[0];
    value.high = ends[1];
    const bool logarithmic = kind.kind == Kind::log_grid || kind.kind == Kind::log_uniform;
    if (logarithmic && !(value.low > 0)) fail(given, fmt::format("{} needs low > 0, found {}", kind.name, value.low));
    if (!(value.low <= value.high))
      fail(given, fmt::format("{} needs low ≤ high, found [{}, {}]", kind.name, value.low, value.high));
    value.text = fmt::format("{}[{}, {}]", kind.name, value.low, value.high);
  }

  /// The points of a grid as entries of a sweep; both ends are exact.
  void expand(const toml::table& table, const Value& grid, std::vector<Value>& out) const {
    const toml::node* given = table.get("count");
    if (given == nullptr) fail(table, "a grid of a method needs its number of points, e.g. count = 10");
    if (!given->is_integer() || given->as_integer()->get() < 2 || given->as_integer()->get() > 1'000'000)
      fail(*given, fmt::format("count: found {}, allowed is a whole number from 2 to 1000000", describe_type(*given)));
    const std::int64_t count = given->as_integer()->get();
    for (std::int64_t k = 0; k < count; ++k) {
      const double share = static_cast<double>(k) / static_cast<double>(count - 1);
      double point = grid.kind == Kind::grid ? grid.low + share * (grid.high - grid.low)
                                             : grid.low * std::pow(grid.high / grid.low, share);
      if (k == count - 1) point = grid.high;
      Value value;
      value.text = number_text(point);
      value.place = grid.place;
      out.push_back(std::move(value));
    }
  }

  [[nodiscard]] double number(const toml::node& node, bool may_be_infinite = false) const {
    if (!node.is_number()) section_.refuse_type(key_, node, "a number");
    const double value = *node.value<double>();
    if (!std::isfinite(value) && !(may_be_infinite && std::isinf(value)))
      fail(node, fmt::format("found {}, expected a finite number", value));
    return value;
  }

  [[nodiscard]] std::vector<double> numbers(const toml::node& node, bool may_be_infinite = false) const {
    const toml::array* list = node.as_array();
    if (list == nullptr) section_.refuse_type(key_, node, "a list of numbers");
    std::vector<double> out;
    for (const toml::node& entry : *list) out.push_back(number(entry, may_be_infinite));
    return out;
  }

  [[noreturn]] void fail(const toml::node& node, const std::string& message) const {
    throw Error(section_.place(node, key_), message);
  }

  const Section& section_;
  std::string_view key_;
  bool of_problem_;
};

}  // namespace

Setting read_problem_value(const Section& section, std::string_view key) {
  const toml::node& node = *section.find(key);
  const ValueReader reader(section, key, true);
  if (node.is_array())
    throw Error(section.place(key), fmt::format("found a list; a problem has no sweep (a vector is written "
                                                "{{ vector = [...] }}). Expected {}",
                                                reader.forms()));
  Setting out;
  out.place = section.place(key);
  reader.read(node, out.values);
  return out;
}

Setting read_method_value(const Section& section, std::string_view key) {
  const toml::node& node = *section.find(key);
  const ValueReader reader(section, key, false);
  Setting out;
  out.place = section.place(key);
  if (const toml::array* list = node.as_array()) {
    if (list->empty()) throw Error(out.place, "found an empty list");
    for (const toml::node& entry : *list) reader.read(entry, out.values);
  } else {
    reader.read(node, out.values);
  }
  return out;
}

}  // namespace omg
