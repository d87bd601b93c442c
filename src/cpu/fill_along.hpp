#pragma once

#include "along.hpp"
#include "along_kernel.hpp"
#include "type_at.hpp"

namespace omg::cpu {

template <class T, class Arch>
void fill_along(AlongTable<T>& table) {
  using R = Pack<T, Arch, 1>;
  for_each_position<AlongKernels::size>([&]<int I>(std::integral_constant<int, I>) {
    using Kernel = TypeAt<I, AlongKernels>;
    table.kernels[I] = {&run_along<Kernel, R>, &along_room<Kernel, R>};
  });
}

}  // namespace omg::cpu
