#pragma once

#include <string_view>

namespace omg {

/// What the registry's update rule says of itself to the planner.
struct RuleTraits {
  bool starts_at_point = false;            ///< w₁ = x₀
  bool needs_positive_weights = false;     ///< w = 0 makes no sense
  int (*meta_dimension)(int n) = nullptr;  ///< dimension of w

  /// The meta-parameters belong to the coordinates of x (or to pairs of them).
  [[nodiscard]] bool per_coordinate() const { return meta_dimension(1) != meta_dimension(2); }
};

/// What the registry's meta-learner says of itself to the planner.
struct LearnerTraits {
  bool uses_hint = false;
  bool has_null_step = false;
  bool has_target = false;
};

/// Throws Error for a name that is not in the registry.
RuleTraits rule_traits(std::string_view rule);
LearnerTraits learner_traits(std::string_view learner);

}  // namespace omg
