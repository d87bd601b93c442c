#include "reference/registry.hpp"

#include <string>
#include <utility>

#include "reference/classical/adagrad.hpp"
#include "reference/classical/adam.hpp"
#include "reference/classical/adaptive_gradient_descent.hpp"
#include "reference/classical/barzilai_borwein1.hpp"
#include "reference/classical/barzilai_borwein2.hpp"
#include "reference/classical/gradient_descent.hpp"
#include "reference/classical/heavy_ball.hpp"
#include "reference/classical/hypergradient_heavy_ball.hpp"
#include "reference/classical/nesterov.hpp"
#include "reference/classical/nesterov_dual.hpp"
#include "reference/classical/ogm.hpp"
#include "reference/classical/polyak.hpp"
#include "reference/classical/rmsprop.hpp"
#include "reference/classical/schedule_free.hpp"
#include "reference/classical/triple_momentum.hpp"
#include "reference/families/asymmetric_huber.hpp"
#include "reference/families/huber.hpp"
#include "reference/families/log_cosh.hpp"
#include "reference/families/log_sum_exp.hpp"
#include "reference/families/logistic.hpp"
#include "reference/families/piecewise_quadratic.hpp"
#include "reference/families/power.hpp"
#include "reference/families/quadratic.hpp"
#include "reference/families/ridge.hpp"
#include "reference/families/smoothed_hinge.hpp"
#include "reference/families/softmax_regression.hpp"
#include "reference/families/squared_hinge.hpp"
#include "reference/families/tridiagonal.hpp"
#include "reference/learners/adagrad_norm.hpp"
#include "reference/learners/adam.hpp"
#include "reference/learners/bmg.hpp"
#include "reference/learners/ftrl.hpp"
#include "reference/learners/hypergradient.hpp"
#include "reference/learners/optimistic_ftrl.hpp"
#include "reference/learners/optimistic_sgd.hpp"
#include "reference/learners/sgd.hpp"
#include "reference/rules/adagrad.hpp"
#include "reference/rules/affine.hpp"
#include "reference/rules/elementwise_step.hpp"
#include "reference/rules/iterate.hpp"
#include "reference/rules/log_step.hpp"
#include "reference/rules/matrix.hpp"
#include "reference/rules/momentum_pair.hpp"
#include "reference/rules/step.hpp"
#include "reference/user_function.hpp"

namespace omg::reference {

namespace {

/// A name and the function that makes the entry.
template <class Maker>
using Named = std::pair<std::string_view, Maker>;

/// Calls the maker of that name.
template <class Table, class... Arguments>
auto make(const Table& table, std::string_view kind, std::string_view name, Arguments&&... arguments) {
  std::string known;
  for (const auto& [entry, maker] : table) {
    if (entry == name) return maker(std::forward<Arguments>(arguments)...);
    known += (known.empty() ? "" : ", ") + std::string(entry);
  }
  throw Error("no reference for " + std::string(kind) + " " + std::string(name) + "; it has: " + known);
}

template <class S, template <class> class Entry>
std::unique_ptr<Family<S>> family(const Problem& problem, std::size_t i) {
  return std::make_unique<Entry<S>>(problem, i);
}

template <class S, template <class> class Entry>
std::unique_ptr<Rule<S>> rule(const Coefficients<S>& k) {
  return std::make_unique<Entry<S>>(k);
}

template <class S, template <class> class Entry>
std::unique_ptr<Learner<S>> learner(const Coefficients<S>& k) {
  return std::make_unique<Entry<S>>(k);
}

template <class S, template <class> class Entry>
std::unique_ptr<Method<S>> classical(Oracle<S>& f, const Coefficients<S>& k) {
  return std::make_unique<Entry<S>>(f, k);
}

}  // namespace

template <class S>
std::unique_ptr<Family<S>> make_family(const Problem& problem, std::size_t i) {
  static constexpr Named<decltype(&family<S, Huber>)> table[] = {
      {"huber", family<S, Huber>},
      {"asymmetric_huber", family<S, AsymmetricHuber>},
      {"piecewise_quadratic", family<S, PiecewiseQuadratic>},
      {"quadratic", family<S, Quadratic>},
      {"tridiagonal", family<S, Tridiagonal>},
      {"logistic", family<S, Logistic>},
      {"ridge", family<S, Ridge>},
      {"log_cosh", family<S, LogCosh>},
      {"power", family<S, Power>},
      {"softmax_regression", family<S, SoftmaxRegression>},
      {"log_sum_exp", family<S, LogSumExp>},
      {"smoothed_hinge", family<S, SmoothedHinge>},
      {"squared_hinge", family<S, SquaredHinge>},
  };
  if (problem.user_family) return std::make_unique<UserFunction<S>>(problem, i);
  return make(table, "family", problem.family, problem, i);
}

template <class S>
std::unique_ptr<Rule<S>> make_rule(std::string_view name, const Coefficients<S>& k) {
  static constexpr Named<decltype(&rule<S, Step>)> table[] = {
      {"iterate", rule<S, Iterate>},  {"step", rule<S, Step>},           {"elementwise_step", rule<S, ElementwiseStep>},
      {"log_step", rule<S, LogStep>}, {"adagrad", rule<S, AdagradRule>}, {"momentum_pair", rule<S, MomentumPair>},
      {"affine", rule<S, Affine>},    {"matrix", rule<S, MatrixRule>},
  };
  return make(table, "update rule", name, k);
}

template <class S>
std::unique_ptr<Learner<S>> make_learner(std::string_view name, const Coefficients<S>& k) {
  static constexpr Named<decltype(&learner<S, Sgd>)> table[] = {
      {"sgd", learner<S, Sgd>},
      {"ftrl", learner<S, Ftrl>},
      {"optimistic_ftrl", learner<S, OptimisticFtrl>},
      {"optimistic_sgd", learner<S, OptimisticSgd>},
      {"bmg", learner<S, Bmg>},
      {"hypergradient", learner<S, Hypergradient>},
      {"adam", learner<S, AdamLearner>},
      {"adagrad_norm", learner<S, AdagradNorm>},
  };
  return make(table, "meta-learner", name, k);
}

template <class S>
std::unique_ptr<Method<S>> make_classical(std::string_view name, Oracle<S>& f, const Coefficients<S>& k) {
  static constexpr Named<decltype(&classical<S, Ogm>)> table[] = {
      {"gradient_descent", classical<S, GradientDescent>},
      {"heavy_ball", classical<S, HeavyBall>},
      {"nesterov", classical<S, Nesterov>},
      {"nesterov_dual", classical<S, NesterovDual>},
      {"ogm", classical<S, Ogm>},
      {"triple_momentum", classical<S, TripleMomentum>},
      {"adagrad", classical<S, AdagradMethod>},
      {"rmsprop", classical<S, RmsProp>},
      {"adam", classical<S, AdamMethod>},
      {"polyak", classical<S, Polyak>},
      {"barzilai_borwein1", classical<S, BarzilaiBorwein1>},
      {"barzilai_borwein2", classical<S, BarzilaiBorwein2>},
      {"adaptive_gradient_descent", classical<S, AdaptiveGradientDescent>},
      {"schedule_free", classical<S, ScheduleFree>},
      {"silver", classical<S, GradientDescent>},
      {"hypergradient_heavy_ball", classical<S, HypergradientHeavyBall>},
  };
  return make(table, "classical method", name, f, k);
}

template std::unique_ptr<Family<double>> make_family(const Problem&, std::size_t);
template std::unique_ptr<Family<long double>> make_family(const Problem&, std::size_t);
template std::unique_ptr<Rule<double>> make_rule(std::string_view, const Coefficients<double>&);
template std::unique_ptr<Rule<long double>> make_rule(std::string_view, const Coefficients<long double>&);
template std::unique_ptr<Learner<double>> make_learner(std::string_view, const Coefficients<double>&);
template std::unique_ptr<Learner<long double>> make_learner(std::string_view, const Coefficients<long double>&);
template std::unique_ptr<Method<double>> make_classical(std::string_view, Oracle<double>&, const Coefficients<double>&);
template std::unique_ptr<Method<long double>> make_classical(std::string_view, Oracle<long double>&,
                                                             const Coefficients<long double>&);

}  // namespace omg::reference
