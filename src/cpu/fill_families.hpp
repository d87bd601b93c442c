#pragma once

#include "family_kernel.hpp"
#include "family_table.hpp"
#include "type_at.hpp"

namespace omg::cpu {

template <class T, class Arch, int K>
void fill_families(FamilyTable<T>& table) {
  using R = Pack<T, Arch, K>;
  for_each_position<Families::size>([&]<int I>(std::integral_constant<int, I>) {
    using Family = TypeAt<I, Families>;
    constexpr bool costly_gap = requires { Family::costly_gap; };
    table.families[I] = {&evaluate<Family, WantGap, R>, &evaluate<Family, WantGradient, R>,
                         &evaluate<Family, WantBoth, R>, &family_scratch<Family, R>, costly_gap};
  });
}

}  // namespace omg::cpu
