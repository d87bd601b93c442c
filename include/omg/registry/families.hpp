#pragma once

#include "omg/families/asymmetric_huber.hpp"
#include "omg/families/huber.hpp"
#include "omg/families/log_cosh.hpp"
#include "omg/families/log_sum_exp.hpp"
#include "omg/families/logistic.hpp"
#include "omg/families/piecewise_quadratic.hpp"
#include "omg/families/power.hpp"
#include "omg/families/quadratic.hpp"
#include "omg/families/ridge.hpp"
#include "omg/families/smoothed_hinge.hpp"
#include "omg/families/softmax_regression.hpp"
#include "omg/families/squared_hinge.hpp"
#include "omg/families/tridiagonal.hpp"
#include "omg/registry/type_list.hpp"

namespace omg {

// The registry of families. A new one is one header and one line here; the CPU engine, the CUDA
// kernels, the study files, `omg list`, the docs table and the tests go through these lists.

using Families = TypeList<  //
    Huber,                  //
    AsymmetricHuber,        //
    PiecewiseQuadratic,     //
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

}  // namespace omg
