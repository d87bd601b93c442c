#include "traits.hpp"

#include <string>

#include "omg/error.hpp"
#include "omg/registry.hpp"

namespace omg {

namespace {

template <class Rule>
RuleTraits traits_of_rule() {
  RuleTraits out{Rule::starts_at_point, false, [](int n) { return Rule::Meta::at(n); }};
  if constexpr (requires { Rule::needs_positive_weights; }) out.needs_positive_weights = Rule::needs_positive_weights;
  return out;
}

template <class Learner>
LearnerTraits traits_of_learner() {
  LearnerTraits out{Learner::uses_hint, Learner::has_null_step, false};
  if constexpr (requires { Learner::has_target; }) out.has_target = Learner::has_target;
  return out;
}

template <class... Rules_>
RuleTraits find_rule(TypeList<Rules_...>, std::string_view name) {
  RuleTraits out;
  ((name == Rules_::entry.name ? void(out = traits_of_rule<Rules_>()) : void()), ...);
  if (out.meta_dimension == nullptr) throw Error("unknown update rule \"" + std::string(name) + "\"");
  return out;
}

template <class... Learners_>
LearnerTraits find_learner(TypeList<Learners_...>, std::string_view name) {
  LearnerTraits out;
  bool found = false;
  ((name == Learners_::entry.name ? void((out = traits_of_learner<Learners_>(), found = true)) : void()), ...);
  if (!found) throw Error("unknown meta-learner \"" + std::string(name) + "\"");
  return out;
}

}  // namespace

RuleTraits rule_traits(std::string_view rule) { return find_rule(Rules{}, rule); }
LearnerTraits learner_traits(std::string_view learner) { return find_learner(Learners{}, learner); }

}  // namespace omg
