#pragma once

#include <cstddef>
#include <cstdint>

#include "omg/draw_rule.hpp"

namespace omg::cpu {

/// What brings the numbers of a group's lanes side by side, in the registers of one instruction set; the bits are those
/// of plain loops.
template <class T>
struct Placing {
  /// to[k · width + i] = from[lines[k] · stride + i], i < count
  void (*copy)(const double* from, const std::size_t* lines, std::size_t size, std::size_t stride, std::size_t count,
               T* to, std::size_t width) = nullptr;
  void (*copy_own)(const T* from, const std::size_t* lines, std::size_t size, std::size_t stride, std::size_t count,
                   T* to, std::size_t width) = nullptr;
  /// to[i · to_stride + k] = from[k · stride + i], k < size, i < count
  void (*transpose)(const double* from, std::size_t size, std::size_t stride, std::size_t count, T* to,
                    std::size_t to_stride) = nullptr;
  /// to[i] = value, i < count
  void (*fill)(T value, std::size_t count, T* to) = nullptr;
  /// The numbers of instances from `first` on (`drawn`), not of a constant; uniform[i]: the random number of instance
  /// first + i, where the rule takes one.
  void (*draw)(const DrawRule& rule, const double* uniform, std::uint64_t first, std::size_t count, T* to) = nullptr;
};

}  // namespace omg::cpu
