#include "user/function.hpp"

namespace omg {

InstanceFunction::InstanceFunction(const FamilyHost& family, const Problem& problem)
    : problem_(problem), kernels_(family.one), record_(problem.record_size()) {
  arguments_.shape = problem.shape;
  arguments_.n = problem.shape.n;
  arguments_.data_size = problem.data_size;
  arguments_.record = record_.data();
  arguments_.shared = problem.shared.empty() ? nullptr : problem.shared.data();
  // Never empty, as a null arena is counted and not used.
  scratch_.resize(static_cast<std::size_t>(kernels_.scratch(arguments_)) + 1);
}

void InstanceFunction::select(std::size_t i) {
  for (std::size_t k = 0; k < record_.size(); ++k) record_[k] = problem_.entry(k, i);
}

double InstanceFunction::gap(std::span<const double> x) {
  double gap = 0;
  kernels_.gap(arguments_, x.data(), nullptr, &gap, scratch_.data());
  return gap;
}

void InstanceFunction::gradient(std::span<const double> x, std::span<double> g) {
  kernels_.gradient(arguments_, x.data(), g.data(), nullptr, scratch_.data());
}

double InstanceFunction::gap_and_gradient(std::span<const double> x, std::span<double> g) {
  double gap = 0;
  kernels_.both(arguments_, x.data(), g.data(), &gap, scratch_.data());
  return gap;
}

}  // namespace omg
