#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "omg/problem.hpp"

#include "user/family_module.hpp"

namespace omg {

/// The instances of a problem as functions of one point, by the family's own evaluation in float64.
class InstanceFunction {
 public:
  InstanceFunction(const FamilyHost& family, const Problem& problem);

  /// Goes to instance i.
  void select(std::size_t i);
  /// f(x) − f*
  [[nodiscard]] double gap(std::span<const double> x);
  void gradient(std::span<const double> x, std::span<double> g);
  [[nodiscard]] double gap_and_gradient(std::span<const double> x, std::span<double> g);

 private:
  const Problem& problem_;
  cpu::FamilyKernels<double> kernels_;
  cpu::FamilyArguments<double> arguments_;
  std::vector<double> record_, scratch_;
};

}  // namespace omg
