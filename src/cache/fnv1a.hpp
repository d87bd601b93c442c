#pragma once

#include <cstdint>
#include <string_view>

namespace omg {

/// The FNV-1a hash, 64 bits; from another `start` it is another hash.
inline std::uint64_t fnv1a(std::string_view text, std::uint64_t start = 0xcbf29ce484222325U) {
  for (const char c : text) start = (start ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return start;
}

}  // namespace omg
