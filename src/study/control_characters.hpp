#pragma once

#include <cstddef>
#include <string_view>

namespace omg {

/// Whether a control character begins at that byte of a text in UTF-8: those of ASCII, and the two bytes of U+0080 to
/// U+009F, which terminals obey, too.
constexpr bool is_control(std::string_view text, std::size_t at) {
  const auto code = static_cast<unsigned char>(text[at]);
  if (code < 0x20 || code == 0x7f) return true;
  const auto next = at + 1 < text.size() ? static_cast<unsigned char>(text[at + 1]) : 0;
  return code == 0xc2 && next >= 0x80 && next <= 0x9f;
}

}  // namespace omg
