#pragma once

#include "omg/lane/coefficients.hpp"
#include "omg/lane/context.hpp"
#include "omg/lane/domain.hpp"
#include "omg/lane/entry.hpp"
#include "omg/lane/options.hpp"

namespace omg {

/// A classical method as a lane: a rule with a state of its own and no meta-learner. `Method` is the
/// registry entry; its State has start(lane), advance(lane, t) → gap at the output, and output().
template <class Method_>
struct Classical {
  using Method = Method_;
  static constexpr int parameters = parameter_count<Method_>();

  static constexpr Parameter parameter(int k) {
    if constexpr (parameters > 0) return Method_::parameters[k];
    return {};
  }

  template <class C, class F, class O>
  struct Lane {
    using Context = C;
    using Real = typename C::Real;
    using Point = typename C::template Vector<PointDim>;
    using K = Coefficients<Real, parameters, steady<O>>;
    static constexpr bool affine_gradient = F::affine_gradient;

    const C& c;
    F& f;
    const O& o;
    const K& k;
    typename Method_::template State<Lane> state;

    OMG_HD Lane(const C& context, F& family, const O& options, const K& coefficients, const Bounds<Real>&)
        : c(context), f(family), o(options), k(coefficients), state(c) {}

    OMG_HD Real parameter(int j) const { return k.at(j); }
    OMG_HD Real parameter(int j, int t) const { return k.at(j, t); }

    OMG_HD const Point& output() const { return state.output(); }
    /// ∇f at the output, where the method holds it between iterations.
    OMG_HD const Point& output_gradient() const requires requires { state.output_gradient(); }
    { return state.output_gradient(); }
    OMG_HD void start() {
      state.start(*this);
      // What is evaluated here belongs to iteration 1: each iteration evaluates at its output, one ahead of its use.
      f.gradients = 0;
      f.functions = 0;
    }
    OMG_HD Real advance(int t) { return state.advance(*this, t); }
  };
};

}  // namespace omg
