#pragma once

#include "fused.hpp"
#include "fused_kernel.hpp"
#include "type_at.hpp"

namespace omg::cpu {

template <class T, class Arch, int K>
void fill_fused(FusedTable<T>& table) {
  using R = Pack<T, Arch, K>;
  table.width = R::width;
  table.register_width = R::register_width;
  for_each_position<FusedKernels::size>([&]<int I>(std::integral_constant<int, I>) {
    using Kernel = TypeAt<I, FusedKernels>;
    table.kernels[I] = {&run_fused<Kernel, R>, &watch_fused<Kernel, R>};
    if constexpr (requires { typename Kernel::Method::Prepared; }) {
      using Prepared = typename Kernel::Method::Prepared;
      table.kernels[I].prepared = Prepared::lines;
      table.kernels[I].prepare = &Prepared::template prepare<R>;
    }
  });
}

}  // namespace omg::cpu
