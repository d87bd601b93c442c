#pragma once

#include <utility>

#include "kernel.hpp"
#include "table.hpp"

namespace omg::cpu {

/// The type at position I of a list.
template <int I, class First, class... Rest>
constexpr auto type_at(TypeList<First, Rest...>) {
  if constexpr (I == 0)
    return static_cast<First*>(nullptr);
  else
    return type_at<I - 1>(TypeList<Rest...>{});
}

/// The method at position I, a null pointer to its type.
template <int I>
constexpr auto method_at() {
  if constexpr (I < meta_gradients) {
    using Rule = std::remove_pointer_t<decltype(type_at<I / Learners::size>(Rules{}))>;
    using Learner = std::remove_pointer_t<decltype(type_at<I % Learners::size>(Learners{}))>;
    return static_cast<MetaGradient<Rule, Learner>*>(nullptr);
  } else {
    using Method = std::remove_pointer_t<decltype(type_at<I - meta_gradients>(ClassicalMethods{}))>;
    return static_cast<Classical<Method>*>(nullptr);
  }
}

template <class T, class Arch, int K, int Shard, int Shards>
void fill_table(Table<T>& table) {
  using R = Pack<T, Arch, K>;
  table.width = R::width;
  table.register_width = R::register_width;
  const auto method = [&]<int I>(std::integral_constant<int, I>) {
    if constexpr (I % Shards == Shard) {
      using Method = std::remove_pointer_t<decltype(method_at<I>())>;
      table.methods[I] = {&run_group<Method, R>, &arena_size<Method, R>};
    }
  };
  const auto family = [&]<int I>(std::integral_constant<int, I>) {
    if constexpr (I % Shards == Shard) {
      using Family = std::remove_pointer_t<decltype(type_at<I>(Families{}))>;
      table.families[I] = {&evaluate<Family, WantGap, R>, &evaluate<Family, WantGradient, R>,
                           &evaluate<Family, WantBoth, R>, &family_scratch<Family, R>};
    }
  };
  [&]<int... I>(std::integer_sequence<int, I...>) { (method(std::integral_constant<int, I>{}), ...); }
  (std::make_integer_sequence<int, methods>{});
  [&]<int... I>(std::integer_sequence<int, I...>) { (family(std::integral_constant<int, I>{}), ...); }
  (std::make_integer_sequence<int, Families::size>{});
}

}  // namespace omg::cpu
