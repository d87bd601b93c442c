#include "reference/lane.hpp"

#include <utility>

#include "reference/meta_gradient.hpp"
#include "reference/registry.hpp"

namespace omg::reference {

template <class S>
Lane<S>::Lane(const Cell& cell, std::uint64_t lane)
    : Lane(cell, lane, make_family<S>(*cell.problem, lane % cell.problem->instances)) {}

template <class S>
Lane<S>::Lane(const Cell& cell, std::uint64_t lane, std::shared_ptr<const Family<S>> family)
    : family_(std::move(family)),
      oracle_(std::make_unique<Oracle<S>>(*family_)),
      coefficients_(std::make_unique<Coefficients<S>>(cell, lane)) {
  const Problem& problem = *cell.problem;
  const MethodSpec& method = cell.method;
  const Coefficients<S>& k = *coefficients_;
  if (method.classical.empty())
    method_ = std::make_unique<MetaGradient<S>>(*oracle_, k, cell.options, problem.shape.n,
                                                make_rule<S>(method.rule, k), make_learner<S>(method.learner, k));
  else
    method_ = make_classical<S>(method.classical, *oracle_, k);
  minimiser_ = required_vector<S>(problem, "minimiser", lane % problem.instances, problem.shape.n);
  method_->start(required_vector<S>(problem, "start", lane % problem.instances, problem.shape.n));
}

template <class S>
void Lane<S>::step() {
  method_->step(++t_);
}

template <class S>
std::vector<S> gaps(const Cell& cell, std::uint64_t lane) {
  Lane<S> run(cell, lane);
  std::vector<S> out;
  out.reserve(static_cast<std::size_t>(cell.iterations));
  for (std::int64_t t = 1; t <= cell.iterations; ++t) {
    run.step();
    out.push_back(run.gap());
  }
  return out;
}

template class Lane<double>;
template class Lane<long double>;
template std::vector<double> gaps(const Cell&, std::uint64_t);
template std::vector<long double> gaps(const Cell&, std::uint64_t);

}  // namespace omg::reference
