#pragma once

#include "omg/families/asymmetric_huber.hpp"
#include "omg/families/huber.hpp"
#include "omg/families/quadratic.hpp"
#include "omg/registry/methods.hpp"

#include "arguments.hpp"
#include "jacobi_scaling.hpp"
#include "recurrence.hpp"

namespace omg::cpu {

/// A method on a family, compiled as one kernel: n, the sizes of the problem and the options are constants of the
/// machine code, the state of a lane stays in registers. `steady`: neither parameters nor weights change with t.
template <class Method_, class Family_, Shape Sizes, Options Choices = Options{}, bool Steady = false>
struct Fused {
  using Method = Method_;
  using Family = Family_;
  static constexpr Shape shape = Sizes;
  static constexpr Options options = Choices;
  static constexpr bool steady = Steady;
};

template <class Family, Options Choices = Options{}>
struct OnALine {
  static constexpr Shape shape{};
  template <class Rule, class Learner>
  using Meta = Fused<MetaGradient<Rule, Learner>, Family, shape, Choices>;
  template <class Method>
  using Plain = Fused<Classical<Method>, Family, shape, Choices>;
};
inline constexpr Options online{.null_step = false};
inline constexpr Options boxed{.domain = Domain::box, .null_step = false};
inline constexpr Options averaged{.averaged = true, .null_step = false};
inline constexpr Options last_hint{.hint = Hint::last, .averaged = true, .null_step = false};
inline constexpr Options optimistic_target{
    .hint = Hint::last, .target = Target::optimistic, .averaged = true, .null_step = false};
inline constexpr Shape plane{.n = 2, .rotated = true};

/// The combinations that are fused, one a line. Lanes run on x − x*, constant factors stand where they cost nothing:
/// last bits are not those of the general kernels, in which every other combination runs.
using FusedKernels = TypeList<
    // Worst cases of smooth convex functions
    OnALine<Huber>::Plain<GradientDescent>,                              //
    OnALine<Huber>::Plain<HeavyBall>,                                    //
    OnALine<Huber>::Plain<Nesterov>,                                     //
    OnALine<Huber>::Plain<Ogm>,                                          //
    OnALine<Huber, averaged>::Meta<Iterate, Ftrl>,                       //
    OnALine<Huber, last_hint>::Meta<Iterate, OptimisticFtrl>,            //
    OnALine<Huber, optimistic_target>::Meta<Iterate, Bmg>,               //
    OnALine<Huber, boxed>::Meta<Step, Hypergradient>,                    //
    OnALine<AsymmetricHuber>::Plain<GradientDescent>,                    //
    OnALine<AsymmetricHuber>::Plain<HeavyBall>,                          //
    OnALine<AsymmetricHuber>::Plain<Nesterov>,                           //
    OnALine<AsymmetricHuber>::Plain<Ogm>,                                //
    OnALine<AsymmetricHuber, averaged>::Meta<Iterate, Ftrl>,             //
    OnALine<AsymmetricHuber, last_hint>::Meta<Iterate, OptimisticFtrl>,  //
    OnALine<AsymmetricHuber, optimistic_target>::Meta<Iterate, Bmg>,     //
    // The toy study
    Fused<Recurrent<GradientDescent>, Quadratic, plane, Options{}, true>,  //
    Fused<Recurrent<HeavyBall>, Quadratic, plane, Options{}, true>,        //
    Fused<ScaledAdagrad, Quadratic, plane, Options{}, true>,               //
    Fused<ScaledElementwiseStep, Quadratic, plane, online, true>,          //
    Fused<MetaGradient<AdagradRule, Sgd>, Quadratic, plane, online, true>  //
    >;

/// `run` is for groups of which nothing is asked but loss and certificate; false if a lane may have diverged: then
/// `watch`, which looks at every iteration, has to run it. Both have the same bits.
template <class T>
struct FusedKernel {
  bool (*run)(const GroupArguments<T>&) = nullptr;
  RunGroup<T> watch = nullptr;
  /// Where instances are prepared for it, the numbers of one that it reads in the place of the record, and what makes
  /// them of those of a group: records and 1 ÷ scale.
  std::size_t prepared = 0;
  void (*prepare)(const T* records, const T* inverse_scale, T* to) = nullptr;
};

/// The kernels of one instruction set and precision, by position in the list.
template <class T>
struct FusedTable {
  int width = 0;  ///< lanes in a group
  int register_width = 0;
  FusedKernel<T> kernels[FusedKernels::size];
};

}  // namespace omg::cpu
