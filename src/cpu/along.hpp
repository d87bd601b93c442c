#pragma once

#include "omg/families/quadratic.hpp"
#include "omg/registry/methods.hpp"

#include "arguments.hpp"

namespace omg::cpu {

/// A method on a family, compiled for one lane at a time with its coordinates side by side; and once more for n = 64
/// with the vectors that it iterates with in registers, where `Vectors` says how many these are and there is room.
template <class Method_, class Family_, int Vectors = 0>
struct Along {
  using Method = Method_;
  using Family = Family_;
  static constexpr int vectors = Vectors;
};

/// The combinations that run along coordinates where the instances of several lanes would not fit the first-level
/// cache. Lanes run on x − x*, and sums have another shape than those across lanes: last bits differ.
using AlongKernels = TypeList<                                       //
    Along<Classical<GradientDescent>, Quadratic, 2>,                 //
    Along<Classical<HeavyBall>, Quadratic, 3>,                       //
    Along<Classical<Nesterov>, Quadratic, 3>,                        //
    Along<Classical<Ogm>, Quadratic>,                                //
    Along<Classical<AdagradMethod>, Quadratic>,                      //
    Along<Classical<AdamMethod>, Quadratic>,                         //
    Along<Classical<Polyak>, Quadratic>,                             //
    Along<Classical<BarzilaiBorwein1>, Quadratic>,                   //
    Along<MetaGradient<Iterate, Ftrl>, Quadratic>,                   //
    Along<MetaGradient<Iterate, OptimisticFtrl>, Quadratic>,         //
    Along<MetaGradient<Step, Hypergradient>, Quadratic>,             //
    Along<MetaGradient<ElementwiseStep, Sgd>, Quadratic>,            //
    Along<MetaGradient<ElementwiseStep, Hypergradient>, Quadratic>,  //
    Along<MetaGradient<ElementwiseStep, Bmg>, Quadratic>             //
    >;

/// How many lanes a group has is left to the engine.
template <class T>
using AlongTable = KernelTable<T, AlongKernels>;

}  // namespace omg::cpu
