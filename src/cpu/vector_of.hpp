#pragma once

namespace omg::cpu {

/// Numbers side by side with the compiler's own operations, which are complete for every instruction set.
template <class N, int Width>
struct VectorOf {
  typedef N type __attribute__((vector_size(sizeof(N) * Width)));
};

}  // namespace omg::cpu
