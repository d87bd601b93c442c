#pragma once

#include "omg/lane/domain.hpp"
#include "omg/lane/meta_gradient.hpp"
#include "omg/lane/pack.hpp"

#include "kernels/arguments.hpp"

// From the arguments of a launch to what one lane, or a pack of lanes, runs with.
namespace omg::cuda {

/// A number for each lane of a pack from value(b), or the only one.
template <class R, class F>
__device__ __forceinline__ R gathered(F&& value) {
  if constexpr (requires { R::width; }) {
    R out;
#pragma unroll
    for (int b = 0; b < R::width; ++b) out.v[b] = value(b);
    return out;
  } else {
    return value(0);
  }
}

/// Lanes side by side in a number.
template <class R>
constexpr int lanes_in() {
  if constexpr (requires { R::width; })
    return R::width;
  else
    return 1;
}

/// The instances and settings of `Lanes` consecutive lanes; lanes beyond the last repeat that one.
template <int Lanes>
struct LanePlaces {
  long long instance[Lanes];  ///< counted on the device
  long long setting[Lanes];   ///< counted from first_setting

  template <class T>
  __device__ __forceinline__ LanePlaces(const LaneArguments<T>& a, Count first) {
    const Count instances = static_cast<Count>(a.instances);
#pragma unroll
    for (int b = 0; b < Lanes; ++b) {
      const Count lane = first + b < a.end ? first + b : a.end - 1;
      const long long i = static_cast<long long>(lane % instances) - a.first_instance;
      instance[b] = i < 0 ? i + a.instances : i;
      setting[b] = static_cast<long long>(lane / instances) - a.first_setting;
    }
  }
};

/// Number of scheduled parameters before parameter k: the row of its table.
template <class Method>
constexpr int table_row(int k) {
  int row = 0;
  for (int j = 0; j < k; ++j) row += Method::parameter(j).scheduled;
  return row;
}

template <class Method, int K = 0, class T, class R, class Places>
__device__ __forceinline__ void set_constants(const LaneArguments<T>& a, const Schedule<T>& schedule, const Places& at,
                                              Coefficients<R, Method::parameters>& out) {
  if constexpr (K < Method::parameters) {
    out.constant[K] = gathered<R>([&](int b) {
      const ConstantPlace place = a.places[a.choice[at.setting[b] * Method::parameters + K]];
      return a.constants[place.offset + place.step * at.instance[b]];
    });
    constexpr bool scheduled = Method::parameter(K).scheduled;
    out.table[K] = scheduled ? schedule.tables + table_row<Method>(K) * (a.iterations + 2LL) : nullptr;
    set_constants<Method, K + 1>(a, schedule, at, out);
  }
}

/// The coefficients of lanes that share their schedule.
template <class Method, class R, class T, class Places>
__device__ __forceinline__ Coefficients<R, Method::parameters> coefficients(const LaneArguments<T>& a,
                                                                            const Schedule<T>& schedule,
                                                                            const Places& at) {
  Coefficients<R, Method::parameters> out;
  set_constants<Method>(a, schedule, at, out);
  out.alpha = schedule.alpha;
  out.rho = schedule.rho;
  out.initial = schedule.initial;
  return out;
}

/// The meta-domain of a lane; a classical method has none.
template <class Method, class R, class T>
__device__ __forceinline__ Bounds<R> bounds(const Coefficients<R, Method::parameters>& k, const Schedule<T>& schedule) {
  Bounds<R> out{R(0), R(0), R(0), schedule.lower, schedule.upper};
  if constexpr (requires { Method::rule_offset; }) {
    out.lower = k.at(MetaParameters::lower);
    out.upper = k.at(MetaParameters::upper);
    out.radius = k.at(MetaParameters::radius);
  }
  return out;
}

/// The observer of lanes, `taken(b)` saying which of them exist.
template <class R, class O, class T, class Places, class Mask>
__device__ __forceinline__ Observer<R> observer(const LaneArguments<T>& a, const O& options, const Places& at,
                                                const Mask& taken) {
  const R scale = gathered<R>([&](int b) { return a.inverse_scale[at.instance[b]]; });
  R bound = R(0);
  if (options.certificate)
    bound = gathered<R>([&](int b) { return a.inverse_bound[a.inverse_bound_step * at.instance[b]]; });
  return Observer<R>(options, a.observed, scale, bound, taken);
}

}  // namespace omg::cuda
