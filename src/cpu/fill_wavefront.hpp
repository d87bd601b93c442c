#pragma once

#include "type_at.hpp"
#include "wavefront.hpp"
#include "wavefront_kernel.hpp"

namespace omg::cpu {

template <class T, class Arch>
void fill_wavefront(WavefrontTable<T>& table) {
  using R = Pack<T, Arch, 1>;
  table.width = R::width;
  for_each_position<WavefrontKernels::size>([&]<int I>(std::integral_constant<int, I>) {
    using Kernel = TypeAt<I, WavefrontKernels>;
    table.kernels[I] = {&run_wavefront<Kernel, R>, &wavefront_room<Kernel, R>};
  });
}

}  // namespace omg::cpu
