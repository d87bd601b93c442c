#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace omg::cli {

/// Columns of the terminal at a file descriptor, if it is one that tells them.
std::optional<std::size_t> terminal_columns(int descriptor);

/// Widest line of what is printed, in characters: that of the terminal, between 60 and 120.
extern const std::size_t line_width;

/// Number of characters of a text in UTF-8.
std::size_t characters(std::string_view text);

/// The text with spaces up to that many characters, or cut to them with an ellipsis.
std::string fitted(std::string_view text, std::size_t width, bool to_the_right = false);

/// The text in lines of at most `width` characters, the second and further ones indented.
std::string wrapped(std::string_view text, std::size_t width, std::size_t indent);

/// "12,582,912"
std::string grouped(std::uint64_t number);

/// Rows under a heading, columns as wide as their longest entry. All rows have the size of the heading.
struct Table {
  struct Column {
    std::string heading;
    bool to_the_right = false;
  };
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;

  /// In lines of at most `width` characters: where it takes more, entries of the widest columns of text
  /// are cut. Without any heading there is no line of headings.
  [[nodiscard]] std::string text(std::size_t width) const;

 private:
  [[nodiscard]] std::vector<std::size_t> column_widths(std::size_t width) const;
};

/// To standard error, which may be closed or full: that ends no run.
void print_to_stderr(const std::string& text);
/// "omg: MESSAGE" there.
void complain(const std::string& message);

}  // namespace omg::cli
