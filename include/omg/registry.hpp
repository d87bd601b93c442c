#pragma once

#include "omg/classical/adagrad.hpp"
#include "omg/classical/adam.hpp"
#include "omg/classical/adaptive_gradient_descent.hpp"
#include "omg/classical/barzilai_borwein1.hpp"
#include "omg/classical/barzilai_borwein2.hpp"
#include "omg/classical/gradient_descent.hpp"
#include "omg/classical/heavy_ball.hpp"
#include "omg/classical/nesterov.hpp"
#include "omg/classical/nesterov_dual.hpp"
#include "omg/classical/ogm.hpp"
#include "omg/classical/polyak.hpp"
#include "omg/classical/rmsprop.hpp"
#include "omg/classical/schedule_free.hpp"
#include "omg/classical/triple_momentum.hpp"
#include "omg/families/asymmetric_huber.hpp"
#include "omg/families/huber.hpp"
#include "omg/families/log_cosh.hpp"
#include "omg/families/log_sum_exp.hpp"
#include "omg/families/logistic.hpp"
#include "omg/families/power.hpp"
#include "omg/families/quadratic.hpp"
#include "omg/families/ridge.hpp"
#include "omg/families/smoothed_hinge.hpp"
#include "omg/families/softmax_regression.hpp"
#include "omg/families/squared_hinge.hpp"
#include "omg/families/tridiagonal.hpp"
#include "omg/learners/adagrad_norm.hpp"
#include "omg/learners/adam.hpp"
#include "omg/learners/bmg.hpp"
#include "omg/learners/ftrl.hpp"
#include "omg/learners/hypergradient.hpp"
#include "omg/learners/optimistic_ftrl.hpp"
#include "omg/learners/optimistic_sgd.hpp"
#include "omg/learners/sgd.hpp"
#include "omg/rules/adagrad.hpp"
#include "omg/rules/affine.hpp"
#include "omg/rules/elementwise_step.hpp"
#include "omg/rules/iterate.hpp"
#include "omg/rules/log_step.hpp"
#include "omg/rules/matrix.hpp"
#include "omg/rules/momentum_pair.hpp"
#include "omg/rules/step.hpp"

namespace omg {

template <class... Entries>
struct TypeList {
  static constexpr int size = sizeof...(Entries);
};

// The registry. A new family, update rule, meta-learner or classical method is one header and one
// line here; the CPU engine, the CUDA kernels, the study files, `omg list`, the docs table and the
// tests go through these lists.

using Families = TypeList<  //
    Huber,                  //
    AsymmetricHuber,        //
    Quadratic,              //
    Tridiagonal,            //
    LogCosh,                //
    Power,                  //
    Logistic,               //
    Ridge,                  //
    SoftmaxRegression,      //
    LogSumExp,              //
    SmoothedHinge,          //
    SquaredHinge            //
    >;

using Rules = TypeList<  //
    Iterate,             //
    Step,                //
    ElementwiseStep,     //
    LogStep,             //
    AdagradRule,         //
    MomentumPair,        //
    Affine,              //
    MatrixRule           //
    >;

using Learners = TypeList<  //
    Sgd,                    //
    Ftrl,                   //
    OptimisticFtrl,         //
    OptimisticSgd,          //
    Bmg,                    //
    Hypergradient,          //
    AdamLearner,            //
    AdagradNorm             //
    >;

using ClassicalMethods = TypeList<  //
    GradientDescent,                //
    HeavyBall,                      //
    Nesterov,                       //
    NesterovDual,                   //
    Ogm,                            //
    TripleMomentum,                 //
    AdagradMethod,                  //
    RmsProp,                        //
    AdamMethod,                     //
    Polyak,                         //
    BarzilaiBorwein1,               //
    BarzilaiBorwein2,               //
    AdaptiveGradientDescent,        //
    ScheduleFree                    //
    >;

}  // namespace omg
