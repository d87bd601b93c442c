#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "problem/data_set.hpp"
#include "study/text_file.hpp"

namespace omg {

namespace {

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char letter) { return letter == ' ' || letter == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> out;
  for (;;) {
    const std::size_t comma = line.find(',');
    out.push_back(trimmed(line.substr(0, comma)));
    if (comma == std::string_view::npos) return out;
    line.remove_prefix(comma + 1);
  }
}

/// A name of the header, without its quotation marks.
std::string_view unquoted(std::string_view name) {
  if (name.size() >= 2 && name.front() == '"' && name.back() == '"') return name.substr(1, name.size() - 2);
  return name;
}

/// A line that holds some numbers is a row with a fault rather than a header.
bool is_header(const std::vector<std::string_view>& cells) {
  double value = 0;
  return std::none_of(cells.begin(), cells.end(), [&](std::string_view cell) { return parse_number(cell, value); });
}

std::size_t find_label_column(std::string_view wanted, const std::vector<std::string_view>& header, std::size_t width,
                              const Place& place) {
  for (std::size_t j = 0; j < header.size(); ++j)
    if (unquoted(header[j]) == wanted) return j;
  double number = 0;
  const bool counts = parse_number(wanted, number) && number == std::floor(number);
  if (!counts || number < 1 || number > static_cast<double>(width))
    throw Error(place, fmt::format("there is no label column \"{}\"; allowed is a name of the header or a number from "
                                   "1 to {}",
                                   wanted, width));
  return static_cast<std::size_t>(number) - 1;
}

}  // namespace

DataSet read_csv(const std::filesystem::path& file, std::string_view label_column) {
  const std::string text = read_text(file, "a data file");
  DataSet out;
  out.file = file;
  std::vector<std::string_view> header;
  std::size_t width = 0, label = 0;
  for (Lines lines(text); lines.next();) {
    if (trimmed(lines.text()).empty()) continue;
    const Place place{file.string(), lines.number(), ""};
    const std::vector<std::string_view> cells = cells_of(lines.text());
    if (width == 0) {
      width = cells.size();
      if (width < 2) throw Error(place, "found one column; expected a label and at least one feature");
      if (is_header(cells)) header = cells;
      label = find_label_column(label_column, header, width, place);
      if (!header.empty()) continue;
    }
    if (cells.size() != width)
      throw Error(place, fmt::format("found {} columns, {} in the lines before", cells.size(), width));
    for (std::size_t j = 0; j < width; ++j) {
      double value = 0;
      if (!parse_number(cells[j], value) || !std::isfinite(value))
        throw Error(place, fmt::format("found \"{}\" in column {}; allowed is a finite number", cells[j], j + 1));
      (j == label ? out.labels : out.features).push_back(value);
    }
    out.lines.push_back(lines.number());
  }
  const Place whole{file.string(), 0, ""};
  if (out.labels.empty()) throw Error(whole, "the file has no rows; expected lines of comma-separated numbers");
  out.columns = width - 1;
  check_size(whole, out.rows(), out.columns);
  return out;
}

}  // namespace omg
