#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "problem/data_set.hpp"
#include "study/text_file.hpp"

namespace omg {

namespace {

constexpr std::string_view blanks = " \t\v\f";

/// Cuts the next word off the front of a line.
std::string_view take_word(std::string_view& line) {
  const std::size_t begin = line.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return line = {};
  line.remove_prefix(begin);
  const std::string_view word = line.substr(0, line.find_first_of(blanks));
  line.remove_prefix(word.size());
  return word;
}

struct Entry {
  std::size_t column;
  double value;
};

class LineReader {
 public:
  LineReader(const std::filesystem::path& file, int line) : place_{file.string(), line, ""} {}

  [[nodiscard]] double label(std::string_view word) const {
    double value = 0;
    if (!parse_number(word, value)) fail(fmt::format("found \"{}\" in place of the label; allowed is a number", word));
    if (!std::isfinite(value)) fail(fmt::format("found the label {}; allowed is a finite number", word));
    return value;
  }

  [[nodiscard]] Entry entry(std::string_view word, std::size_t previous_index) const {
    const std::size_t colon = word.find(':');
    if (colon == std::string_view::npos) fail(fmt::format("found \"{}\"; allowed is index:value", word));
    const std::string_view index_text = word.substr(0, colon), value_text = word.substr(colon + 1);
    long long index = 0;
    const auto [end, fault] = std::from_chars(index_text.data(), index_text.data() + index_text.size(), index);
    if (fault != std::errc{} || end != index_text.data() + index_text.size())
      fail(fmt::format("found the index \"{}\" in \"{}\"; allowed is a whole number from 1", index_text, word));
    if (index < 1) fail(fmt::format("found the index {} in \"{}\"; indices count from 1", index, word));
    const auto position = static_cast<std::size_t>(index);
    if (position <= previous_index)
      fail(
          fmt::format("found the index {} after {}; allowed are increasing indices, each once", index, previous_index));
    double value = 0;
    if (!parse_number(value_text, value))
      fail(fmt::format("found the value \"{}\" in \"{}\"; allowed is a number", value_text, word));
    if (!std::isfinite(value))
      fail(fmt::format("found the value {} in \"{}\"; allowed is a finite number", value_text, word));
    return {position - 1, value};
  }

 private:
  [[noreturn]] void fail(const std::string& message) const { throw Error(place_, message); }
  Place place_;
};

}  // namespace

DataSet read_libsvm(const std::filesystem::path& file) {
  const std::string text = read_text(file, "a data file");
  DataSet out;
  out.file = file;
  std::vector<Entry> entries;
  std::vector<std::size_t> first;  // of each row in `entries`
  int widest = 0;                  // the line that says how many columns there are
  for (Lines lines(text); lines.next();) {
    std::string_view line = lines.text().substr(0, lines.text().find('#'));
    const std::string_view label = take_word(line);
    if (label.empty()) continue;
    const LineReader reader(file, lines.number());
    out.labels.push_back(reader.label(label));
    out.lines.push_back(lines.number());
    first.push_back(entries.size());
    std::size_t index = 0;
    for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
      entries.push_back(reader.entry(word, index));
      index = entries.back().column + 1;
    }
    if (index > out.columns) {
      out.columns = index;
      widest = lines.number();
    }
  }
  const Place whole{file.string(), 0, ""};
  if (out.labels.empty()) throw Error(whole, "the file has no rows; expected lines of the form label index:value …");
  if (out.columns == 0) throw Error(whole, "the file has labels but no features; expected label index:value …");
  check_size({file.string(), widest, ""}, out.rows(), out.columns);
  out.features.assign(out.rows() * out.columns, 0.0);
  first.push_back(entries.size());
  for (std::size_t i = 0; i < out.rows(); ++i)
    for (std::size_t k = first[i]; k < first[i + 1]; ++k)
      out.features[i * out.columns + entries[k].column] = entries[k].value;
  return out;
}

}  // namespace omg
