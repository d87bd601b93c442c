#include "text.hpp"

#include <algorithm>
#include <cstdio>
#include <sys/ioctl.h>
#include <unistd.h>

namespace omg::cli {

namespace {

/// Bytes of the first `count` characters.
std::size_t bytes_of(std::string_view text, std::size_t count) {
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (starts && count-- == 0) break;
  }
  return i;
}

}  // namespace

std::optional<std::size_t> terminal_columns(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return size.ws_col;
}

const std::size_t line_width = std::clamp<std::size_t>(terminal_columns(STDOUT_FILENO).value_or(100), 60, 120);

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;  // no continuation byte
  }));
}

std::string fitted(std::string_view text, std::size_t width, bool to_the_right) {
  const std::size_t length = characters(text);
  if (length > width) return std::string(text.substr(0, bytes_of(text, width - 1))) + "…";
  const std::string spaces(width - length, ' ');
  return to_the_right ? spaces + std::string(text) : std::string(text) + spaces;
}

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    const std::size_t length = characters(word);
    if (column > 0 && column + 1 + length > width) {
      out.append("\n").append(indent, ' ');
      column = indent;
    } else if (column > 0) {
      out += ' ';
      ++column;
    }
    out += word;
    column += length;
  }
  return out;
}

std::string grouped(std::uint64_t number) {
  std::string out = std::to_string(number);
  for (std::size_t i = out.size(); i > 3;) out.insert(i -= 3, ",");
  return out;
}

std::vector<std::size_t> Table::column_widths(std::size_t width) const {
  constexpr std::size_t least = 12;
  std::vector<std::size_t> out;
  std::size_t total = 2 * (columns.size() - 1);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    out.push_back(characters(columns[c].heading));
    for (const auto& row : rows) out.back() = std::max(out.back(), characters(row[c]));
    total += out.back();
  }
  for (; total > width; --total) {
    std::size_t widest = columns.size();
    for (std::size_t c = 0; c < columns.size(); ++c)
      if (!columns[c].to_the_right && (widest == columns.size() || out[c] > out[widest])) widest = c;
    if (widest == columns.size() || out[widest] <= least) break;
    --out[widest];
  }
  return out;
}

std::string Table::text(std::size_t width) const {
  const std::vector<std::size_t> widths = column_widths(width);
  std::string out;
  const auto add_line = [&](auto&& entry) {
    std::string line;
    for (std::size_t c = 0; c < columns.size(); ++c)
      line += (c > 0 ? "  " : "") + fitted(entry(c), widths[c], columns[c].to_the_right);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  };
  if (std::any_of(columns.begin(), columns.end(), [](const Column& column) { return !column.heading.empty(); }))
    add_line([&](std::size_t c) { return columns[c].heading; });
  for (const auto& row : rows) add_line([&](std::size_t c) { return row[c]; });
  return out;
}

void print_to_stderr(const std::string& text) { std::fputs(text.c_str(), stderr); }

void complain(const std::string& message) { print_to_stderr("omg: " + message + "\n"); }

}  // namespace omg::cli
