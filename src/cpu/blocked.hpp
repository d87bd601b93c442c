#pragma once

#include "omg/families/logistic.hpp"
#include "omg/families/ridge.hpp"
#include "omg/families/smoothed_hinge.hpp"
#include "omg/families/squared_hinge.hpp"
#include "omg/registry/methods.hpp"

#include "arguments.hpp"

namespace omg::cpu {

// Methods and families over data that are compiled once more for two registers of lanes, where the general kernels have
// one: many lanes that share their data make products of matrices with it, in which every number of the data that is
// read then serves both registers. The bits are the same.
using BlockedMethods = TypeList<                   //
    Classical<GradientDescent>,                    //
    Classical<HeavyBall>,                          //
    Classical<Nesterov>,                           //
    Classical<AdagradMethod>,                      //
    Classical<AdamMethod>,                         //
    MetaGradient<Iterate, OptimisticFtrl>,         //
    MetaGradient<Step, Hypergradient>,             //
    MetaGradient<ElementwiseStep, Hypergradient>,  //
    MetaGradient<ElementwiseStep, Sgd>             //
    >;
using BlockedFamilies = TypeList<Logistic, Ridge, SmoothedHinge, SquaredHinge>;

/// The kernels of one instruction set and precision, by position in the lists.
template <class T>
struct BlockedTable {
  int width = 0;  ///< lanes in a group; 0: the general kernels have as many registers
  int register_width = 0;
  MethodKernel<T> methods[BlockedMethods::size];
  FamilyKernels<T> families[BlockedFamilies::size];
};

}  // namespace omg::cpu
