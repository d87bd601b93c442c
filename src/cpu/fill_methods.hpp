#pragma once

#include "kernel.hpp"
#include "method_table.hpp"
#include "type_at.hpp"

namespace omg::cpu {

/// The method at position I, as a null pointer to its type.
template <int I>
constexpr auto method_at() {
  if constexpr (I < meta_gradients)
    return static_cast<MetaGradient<TypeAt<I / Learners::size, Rules>, TypeAt<I % Learners::size, Learners>>*>(nullptr);
  else
    return static_cast<Classical<TypeAt<I - meta_gradients, ClassicalMethods>>*>(nullptr);
}

/// Fills the entries whose position is `Shard` modulo `Shards`.
template <class T, class Arch, int K, int Shard, int Shards>
void fill_methods(MethodTable<T>& table) {
  using R = Pack<T, Arch, K>;
  table.width = R::width;
  table.register_width = R::register_width;
  for_each_position<methods>([&]<int I>(std::integral_constant<int, I>) {
    if constexpr (I % Shards == Shard) {
      using Method = std::remove_pointer_t<decltype(method_at<I>())>;
      table.methods[I] = method_kernel<Method, R>();
    }
  });
}

}  // namespace omg::cpu
