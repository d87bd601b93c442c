#pragma once

#include <cstddef>

namespace omg::cpu {

/// What a core can do at most, measured with the engine's own instructions. Each does some work of its kind and returns
/// how much; `sink` takes results that nobody needs.
template <class T>
struct Probes {
  double (*multiply_add)(T* sink) = nullptr;                            ///< operations, a multiply-add is two
  double (*root_and_division)(T* sink) = nullptr;                       ///< pairs of a square root and a division
  double (*read)(const T* from, std::size_t count, T* sink) = nullptr;  ///< bytes; count a multiple of 512 bytes
};

}  // namespace omg::cpu
