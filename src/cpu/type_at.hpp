#pragma once

#include <type_traits>
#include <utility>

#include "omg/registry/type_list.hpp"

namespace omg::cpu {

/// The type at position I of a list, as a null pointer to it.
template <int I, class First, class... Rest>
constexpr auto pointer_at(TypeList<First, Rest...>) {
  if constexpr (I == 0)
    return static_cast<First*>(nullptr);
  else
    return pointer_at<I - 1>(TypeList<Rest...>{});
}
template <int I, class List>
using TypeAt = std::remove_pointer_t<decltype(pointer_at<I>(List{}))>;

/// f(integral_constant) for 0 … Count − 1.
template <int Count, class F>
void for_each_position(F f) {
  [&]<int... I>(std::integer_sequence<int, I...>) { (f(std::integral_constant<int, I>{}), ...); }
  (std::make_integer_sequence<int, Count>{});
}

}  // namespace omg::cpu
