#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "omg/plan.hpp"

#include "formula.hpp"

namespace omg {

/// A formula split into constant(instance) × table(t).
struct Factors {
  Constant constant;
  std::vector<double> table;
};

/// Evaluates the formulas of a method for the instances of a problem over T iterations. All functions throw Error,
/// naming the formula, the iteration and the instance, where a value is needed and there is none.
class Evaluator {
 public:
  Evaluator(const Problem& problem, std::int64_t iterations) : problem_(problem), iterations_(iterations) {}

  [[nodiscard]] FormulaInputs inputs(std::size_t instance, double t = 1) const;

  /// A parameter without schedule: one value, or one per instance. Infinite values are refused unless allowed.
  [[nodiscard]] Constant constant(const Formula& formula, bool may_be_infinite) const;

  /// A scheduled parameter, t = 0 … T + 1. A formula that does not depend on t has the table 1, one that does not
  /// depend on the instance the constant 1; the other factor is then exact. Where the formula has no finite value at
  /// t = 0 or t = T + 1 the table is 0.
  [[nodiscard]] Factors schedule(const Formula& formula) const;

  /// A bound, t = 0 … T: the table is +inf where the formula gives no positive number, and with `last` everywhere but
  /// at T.
  [[nodiscard]] Factors bound(const Formula& formula, bool last) const;

 private:
  struct Window;
  [[nodiscard]] bool differs(const Formula& formula) const;
  [[nodiscard]] Factors split(const Formula& formula, const Window& window) const;
  [[nodiscard]] bool factors_fit(const Formula& formula, const Window& window, const Factors& factors) const;
  [[nodiscard]] std::vector<std::size_t> sample_instances() const;
  [[nodiscard]] std::vector<std::int64_t> sample_iterations(const Window& window) const;
  [[noreturn]] void refuse(const Formula& formula, const FormulaInputs& at, std::size_t instance, bool with_t,
                           const char* expected) const;

  const Problem& problem_;
  mutable std::vector<double> slopes_;  ///< G of each instance, once a formula has asked
  std::int64_t iterations_;
};

/// α_t for t = 1 … T + 1 (entry 0 is 0): positive, finite and no more than `largest`, or Error; where only the last
/// one is not it is α_T, as it acts on w_{T+1} alone, which nobody sees.
std::vector<double> weights_table(const Formula& formula, std::int64_t iterations, double largest);

/// ρ_t = α_t / α_{1:t}. Where the sums overflow, by 1/ρ_t = 1 + (α_{t-1}/α_t)/ρ_{t-1}.
std::vector<double> averaging_table(const std::vector<double>& alpha);

}  // namespace omg
