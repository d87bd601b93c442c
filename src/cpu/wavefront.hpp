#pragma once

#include "omg/families/tridiagonal.hpp"
#include "omg/registry/methods.hpp"

#include "arguments.hpp"

namespace omg::cpu {

/// A method on a family, compiled as a wavefront: one pass over the coordinates makes several iterations.
template <class Method_, class Family_>
struct Wavefront {
  using Method = Classical<Method_>;
  using Family = Family_;
  template <class R>
  using Coordinate = typename Method_::template Coordinate<R>;
};

/// The combinations that run as wavefronts, one a line. The family is a chain (`stiffness`), so that ∂f/∂x_i reads
/// coordinate i and its neighbours only; the method is one of single coordinates (`Coordinate`) that moves with the
/// origin and into which ∇f enters as step · ∇f alone. Lanes run on x − x*, their coordinates times scales: last
/// bits are not those of the general kernels.
using WavefrontKernels = TypeList<            //
    Wavefront<GradientDescent, Tridiagonal>,  //
    Wavefront<HeavyBall, Tridiagonal>,        //
    Wavefront<Nesterov, Tridiagonal>          //
    >;

template <class T>
using WavefrontTable = KernelTable<T, WavefrontKernels>;

}  // namespace omg::cpu
