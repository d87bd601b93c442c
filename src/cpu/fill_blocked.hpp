#pragma once

#include "blocked.hpp"
#include "family_kernel.hpp"
#include "kernel.hpp"
#include "type_at.hpp"

namespace omg::cpu {

/// K: registers of the general kernels.
template <class T, class Arch, int K>
void fill_blocked(BlockedTable<T>& table) {
  if constexpr (K == 1) {
    using R = Pack<T, Arch, 2>;
    table.width = R::width;
    table.register_width = R::register_width;
    for_each_position<BlockedMethods::size>([&]<int I>(std::integral_constant<int, I>) {
      table.methods[I] = method_kernel<TypeAt<I, BlockedMethods>, R>();
    });
    for_each_position<BlockedFamilies::size>([&]<int I>(std::integral_constant<int, I>) {
      table.families[I] = family_kernels<TypeAt<I, BlockedFamilies>, R>();
    });
  }
}

}  // namespace omg::cpu
