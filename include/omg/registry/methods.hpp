#pragma once

#include "omg/classical/adagrad.hpp"
#include "omg/classical/adam.hpp"
#include "omg/classical/adaptive_gradient_descent.hpp"
#include "omg/classical/barzilai_borwein1.hpp"
#include "omg/classical/barzilai_borwein2.hpp"
#include "omg/classical/gradient_descent.hpp"
#include "omg/classical/heavy_ball.hpp"
#include "omg/classical/hypergradient_heavy_ball.hpp"
#include "omg/classical/nesterov.hpp"
#include "omg/classical/nesterov_dual.hpp"
#include "omg/classical/ogm.hpp"
#include "omg/classical/polyak.hpp"
#include "omg/classical/rmsprop.hpp"
#include "omg/classical/schedule_free.hpp"
#include "omg/classical/silver.hpp"
#include "omg/classical/triple_momentum.hpp"
#include "omg/learners/adagrad_norm.hpp"
#include "omg/learners/adam.hpp"
#include "omg/learners/bmg.hpp"
#include "omg/learners/ftrl.hpp"
#include "omg/learners/hypergradient.hpp"
#include "omg/learners/optimistic_ftrl.hpp"
#include "omg/learners/optimistic_sgd.hpp"
#include "omg/learners/sgd.hpp"
#include "omg/registry/type_list.hpp"
#include "omg/rules/adagrad.hpp"
#include "omg/rules/affine.hpp"
#include "omg/rules/elementwise_step.hpp"
#include "omg/rules/iterate.hpp"
#include "omg/rules/log_step.hpp"
#include "omg/rules/matrix.hpp"
#include "omg/rules/momentum_pair.hpp"
#include "omg/rules/step.hpp"

namespace omg {

// The registry of update rules, meta-learners and classical methods. A new one is one header and one line here; the CPU
// engine, the CUDA kernels, the study files, `omg list`, the docs table and the tests go through these lists.

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
    ScheduleFree,                   //
    Silver,                         //
    HypergradientHeavyBall          //
    >;

}  // namespace omg
