#pragma once

#include "omg/registry.hpp"

#include "arguments.hpp"

namespace omg::cpu {

// Kernels are found by position in the registry's lists: families in theirs; methods in the order
// rule · learners + learner, the classical ones behind them.
inline constexpr int meta_gradients = Rules::size * Learners::size;
inline constexpr int methods = meta_gradients + ClassicalMethods::size;

/// Every kernel of one instruction set and precision. The tables are filled by translation units that
/// are compiled for that instruction set, each with its share of the methods (a shard).
template <class T>
struct Table {
  int width = 0;  ///< lanes in a group
  int register_width = 0;
  MethodKernel<T> methods[cpu::methods];
  FamilyKernels<T> families[Families::size];
};

/// Fills the entries whose position is `Shard` modulo `Shards`.
template <class T, class Arch, int K, int Shard, int Shards>
void fill_table(Table<T>& table);

}  // namespace omg::cpu
