#pragma once

#include "omg/lane/coefficients.hpp"
#include "omg/lane/context.hpp"
#include "omg/lane/domain.hpp"
#include "omg/lane/entry.hpp"
#include "omg/lane/options.hpp"

namespace omg {

/// Where an update rule is applied: φ(x, ·) with x = `x`, its predecessor and ∇f(x).
template <class Point>
struct Base {
  const Point& x;
  const Point& previous;
  const Point& gradient;
};

/// The parameters that every meta-gradient method has, whatever its rule and learner.
struct MetaParameters {
  static constexpr Parameter parameters[] = {
      {"meta_step", "", "β_t, step of the meta-learner", true},
      {"initial", "", "w₁, one number for all coordinates or a vector (iterate: x₀)"},
      {"lower", "-inf", "lower bound of the box"},
      {"upper", "inf", "upper bound of the box"},
      {"radius", "inf", "radius of the ball round w₁", false, Allowed::positive},
      {"hint_decay", "0.5", "θ of the hint `average`", false, Allowed::below_one},
  };
  static constexpr int meta_step = 0, initial = 1, lower = 2, upper = 3, radius = 4, hint_decay = 5;
  static constexpr int count = 6;
};

/// A method with a meta-learned update rule: the loop of the spec, section 2,
///
///   x_t = φ(y_{t-1}, w_t)
///   y_t = (1 − ρ_t) y_{t-1} + ρ_t x_t        (online: ρ_t = 1)
///   u_t = ∇f(y_t)
///   g_t = D_wφ(y_{t-1}, w_t)ᵀ u_t
///   w_{t+1} from the meta-learner.
template <class Rule_, class Learner_>
struct MetaGradient {
  using Rule = Rule_;
  using Learner = Learner_;

  static constexpr int rule_offset = MetaParameters::count;
  static constexpr int learner_offset = rule_offset + parameter_count<Rule>();
  static constexpr int parameters = learner_offset + parameter_count<Learner>();

  /// Parameter k in the order common, rule, learner.
  static constexpr Parameter parameter(int k) {
    if (k < rule_offset) return MetaParameters::parameters[k];
    if constexpr (parameter_count<Rule>() > 0)
      if (k < learner_offset) return Rule::parameters[k - rule_offset];
    if constexpr (parameter_count<Learner>() > 0) return Learner::parameters[k - learner_offset];
    return {};
  }

  template <class C, class F, class O>
  struct Lane {
    using Context = C;
    using Real = typename C::Real;
    using Point = typename C::template Vector<PointDim>;
    using Dim = typename Rule::Meta;
    using Meta = typename C::template Vector<Dim>;
    using K = Coefficients<Real, parameters, steady<O>>;
    static constexpr bool rule_uses_gradient = Rule_::uses_gradient;

    const C& c;
    F& f;
    const O& o;
    const K& k;
    Bounds<Real> bounds;

    Point y;         ///< y_{t-1}; between iterations the output
    Point previous;  ///< y_{t-2}
    Point next;      ///< y_t
    Point x;         ///< x_t
    Point gradient;  ///< ∇f(y_{t-1})
    Point u;         ///< u_t = ∇f(y_t)
    Meta w;          ///< w_t
    Meta first;      ///< w₁
    Meta g;          ///< room for a meta-gradient
    Real gap;        ///< f(y_{t-1}) − f*, for the null step
    typename Learner_::template State<Lane> state;

    OMG_HD Lane(const C& context, F& family, const O& options, const K& coefficients, const Bounds<Real>& domain)
        : c(context),
          f(family),
          o(options),
          k(coefficients),
          bounds(domain),
          y(c.template vector<PointDim>()),
          previous(c.template vector<PointDim>()),
          next(c.template vector<PointDim>()),
          x(c.template vector<PointDim>()),
          gradient(c.template vector<PointDim>()),
          u(c.template vector<PointDim>()),
          w(c.template vector<Dim>()),
          first(c.template vector<Dim>()),
          g(c.template vector<Dim>()),
          gap(0),
          state(c) {}

    OMG_HD const Point& output() const { return y; }
    /// ∇f(y_t)
    OMG_HD const Point& output_gradient() const { return gradient; }
    /// α_t ⟨g_t, w_t − w*⟩ after iteration t, where w* is known: for the rule `iterate` it is x*, and g_t = ∇f(y_t).
    OMG_HD Real regret(int t) const requires(Rule_::starts_at_point && !Learner_::has_null_step) {
      return alpha(t) * c.template sum<PointDim>([&](int i) { return gradient[i] * (x[i] - f.minimiser(i)); });
    }
    OMG_HD Real meta_step(int t) const { return k.at(MetaParameters::meta_step, t); }
    OMG_HD Real alpha(int t) const { return k.alpha_at(t); }
    OMG_HD Real rho(int t) const { return Real(k.rho[t]); }
    OMG_HD Real hint_decay() const { return k.at(MetaParameters::hint_decay); }
    OMG_HD Real rule_parameter(int j) const { return k.at(rule_offset + j); }
    OMG_HD Real learner_parameter(int j) const { return k.at(learner_offset + j); }

    OMG_HD Base<Point> before() const { return {y, previous, gradient}; }  ///< φ(y_{t-1}, ·)
    OMG_HD Base<Point> after() const { return {next, y, u}; }              ///< φ(y_t, ·)

    /// out = φ(base, weights)
    template <class W, class X>
    OMG_HD void propose(const Base<Point>& base, const W& weights, X& out) const {
      Rule_::propose(*this, base, weights, out);
    }
    /// out = D_wφ(base, weights)ᵀ v
    template <class W, class V, class M>
    OMG_HD void pullback(const Base<Point>& base, const W& weights, const V& v, M& out) const {
      Rule_::pullback(*this, base, weights, v, out);
    }
    /// w ← w − step g_t; rules with a shorter way than by g_t have a `descend`.
    OMG_HD void descend(const Real& step) {
      if constexpr (requires { Rule_::descends; }) {
        Rule_::descend(*this, before(), step, u, w);
      } else {
        pullback(before(), w, u, g);
        c.template for_each<Dim>([&](int i) { w[i] = nmadd(step, g[i], w[i]); });
      }
    }
    /// Whether y_t is chosen by f.
    OMG_HD bool chooses() const {
      if constexpr (Learner_::has_null_step)
        return o.null_step;
      else
        return false;
    }
    /// Rules that have a `least` bound every coordinate of w from below, whatever W is.
    OMG_HD void project_meta(Meta& weights) const {
      project<Dim>(c, o, bounds, first, weights);
      if constexpr (requires(const Lane& lane) { Rule_::least(lane); }) {
        const Real least = Rule_::least(*this);
        c.template for_each<Dim>([&](int i) { weights[i] = max(least, weights[i]); });
      }
    }

    /// y₀ = y_{-1} = x₀; w₁, projected on W.
    OMG_HD void start() {
      f.start(y);
      copy<PointDim>(c, y, previous);
      if constexpr (Rule_::starts_at_point) {
        copy<Dim>(c, y, w);
      } else {
        c.template for_each<Dim>(
            [&](int i) { w[i] = k.initial != nullptr ? Real(k.initial[i]) : k.at(MetaParameters::initial); });
      }
      copy<Dim>(c, w, first);
      project_meta(w);
      copy<Dim>(c, w, first);
      if constexpr (Learner_::has_null_step) {
        gap = f.known_gap_and_gradient(y, gradient);
        if (o.null_step) f.count_function();
      } else if constexpr (Rule_::uses_gradient) {
        f.gradient(y, gradient);
      }
    }

    /// Iteration t = 1 … T. Returns f(y_t) − f*.
    OMG_HD Real advance(int t) {
      propose(before(), w, x);  // x_t = φ(y_{t-1}, w_t)
      if (o.averaged) {
        // y_t = (1 − ρ_t) y_{t-1} + ρ_t x_t
        const Real r = rho(t);
        const Real rest = Real(1) - r;
        c.template for_each<PointDim>([&](int i) { next[i] = fma(r, x[i], rest * y[i]); });
      } else {
        copy<PointDim>(c, x, next);  // online: y_t = x_t
      }
      // u_t = ∇f(y_t)
      Real reached = chooses() ? f.known_gap_and_gradient(next, u) : f.gap_and_gradient(next, u);
      state.update(*this, t);  // w_{t+1}
      if constexpr (Learner_::has_null_step) {
        if (o.null_step) {
          // y_t is the better of x_t and y_{t-1}; w has been updated in both cases.
          f.count_function();
          const auto better = reached <= gap;
          c.template for_each<PointDim>([&](int i) {
            next[i] = select(better, next[i], y[i]);
            u[i] = select(better, u[i], gradient[i]);
          });
          reached = select(better, reached, gap);
        }
        gap = reached;
      }
      exchange(previous, y);
      exchange(y, next);
      exchange(gradient, u);
      return reached;
    }
  };
};

}  // namespace omg
