#pragma once

#include "omg/registry/methods.hpp"

#include "arguments.hpp"

namespace omg::cpu {

// Methods stand by position in the registry's lists: rule · learners + learner, the classical ones
// behind them.
inline constexpr int meta_gradients = Rules::size * Learners::size;
inline constexpr int methods = meta_gradients + ClassicalMethods::size;

/// Every method for one instruction set, precision and number of registers in flight.
template <class T>
struct MethodTable {
  int width = 0;  ///< lanes in a group
  int register_width = 0;
  MethodKernel<T> methods[cpu::methods];
};

}  // namespace omg::cpu
