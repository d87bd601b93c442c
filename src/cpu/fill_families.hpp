#pragma once

#include "family_kernel.hpp"
#include "family_table.hpp"
#include "type_at.hpp"

namespace omg::cpu {

template <class T, class Arch, int K>
void fill_families(FamilyTable<T>& table) {
  using R = Pack<T, Arch, K>;
  for_each_position<Families::size>(
      [&]<int I>(std::integral_constant<int, I>) { table.families[I] = family_kernels<TypeAt<I, Families>, R>(); });
}

}  // namespace omg::cpu
