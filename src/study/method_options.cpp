#include "method_options.hpp"

#include <fmt/format.h>

#include "omg/catalogue.hpp"

#include "section.hpp"
#include "traits.hpp"

namespace omg {

namespace {

/// The enumerator of that name: the catalogue lists them in the order of the enumeration.
template <class Choice>
Choice choice_of(const std::vector<CatalogueEntry>& entries, const std::string& name, const Place& place) {
  std::vector<std::string> names;
  for (std::size_t k = 0; k < entries.size(); ++k) {
    if (entries[k].name == name) return static_cast<Choice>(k);
    names.push_back(entries[k].name);
  }
  throw Error(place, fmt::format("found \"{}\"; allowed: {}", name, join(names)));
}

class OptionReader {
 public:
  explicit OptionReader(const MethodSpec& method)
      : method_(method), rule_(rule_traits(method.rule)), learner_(learner_traits(method.learner)) {}

  Options read() {
    out_.domain = choice_of<Domain>(catalogue().domains, method_.domain, place_of(method_, "domain"));
    read_target();
    read_hint();
    read_averaging();
    check_domain();
    check_initial();
    return out_;
  }

 private:
  [[noreturn]] void refuse(std::string_view key, const std::string& reason) const {
    throw Error(place_of(method_, key), reason);
  }
  [[nodiscard]] bool given(std::string_view key) const {
    return method_.parameters.contains(key) || method_.places.contains(key);
  }

  void read_target() {
    if (!learner_.has_target) {
      if (!method_.target.empty())
        refuse("target", fmt::format("the meta-learner {} has no target; only bmg does", method_.learner));
      if (method_.bootstrap_steps != 1 || given("bootstrap_steps"))
        refuse("bootstrap_steps", fmt::format("the meta-learner {} has no bootstrap; only bmg does", method_.learner));
      return;
    }
    if (method_.target.empty())
      throw Error(method_.place,
                  fmt::format("the key \"target\" is missing; the meta-learner {} needs one of bootstrap, "
                              "optimistic, kl",
                              method_.learner));
    out_.target = choice_of<Target>(catalogue().targets, method_.target, place_of(method_, "target"));
    if (method_.bootstrap_steps < 1)
      refuse("bootstrap_steps", fmt::format("found {}, allowed is 1 or more", method_.bootstrap_steps));
    if (out_.target != Target::bootstrap && (method_.bootstrap_steps != 1 || given("bootstrap_steps")))
      refuse("bootstrap_steps", fmt::format("the target {} takes no steps; only bootstrap does", method_.target));
    if (out_.target == Target::optimistic && given("inner_step"))
      refuse("inner_step", "the target optimistic takes no inner step");
    if (out_.target == Target::kl && !(rule_.starts_at_point && out_.domain == Domain::simplex))
      refuse("target",
             fmt::format("the target kl compares points of the simplex: it needs rule = \"iterate\" and domain "
                         "= \"simplex\", found rule = \"{}\" and domain = \"{}\"",
                         method_.rule, method_.domain));
    out_.bootstrap_steps = static_cast<int>(method_.bootstrap_steps);
  }

  void read_hint() {
    const bool targets_hint = learner_.has_target && out_.target == Target::optimistic;
    const bool takes_hint = learner_.uses_hint && (!learner_.has_target || targets_hint);
    if (!method_.hint.empty()) {
      if (!learner_.uses_hint)
        refuse("hint",
               fmt::format("the meta-learner {} takes no hint; optimistic_ftrl, optimistic_sgd and bmg with the "
                           "target optimistic do",
                           method_.learner));
      if (!takes_hint) refuse("hint", fmt::format("the target {} takes no hint; only optimistic does", method_.target));
      out_.hint = choice_of<Hint>(catalogue().hints, method_.hint, place_of(method_, "hint"));
    } else if (targets_hint) {
      refuse("target", "the target optimistic needs a hint; give the key \"hint\" (\"none\" is allowed)");
    }
    if (out_.hint != Hint::average && given("hint_decay")) refuse("hint_decay", "only the hint average has a decay");
  }

  void read_averaging() {
    if (!learner_.has_null_step && (!method_.null_step || given("null_step")))
      refuse("null_step",
             fmt::format("the meta-learner {} has no null step; only hypergradient does", method_.learner));
    out_.null_step = learner_.has_null_step && method_.null_step;
    // With it u_t belongs to the trial point x_t, which an average would move away from.
    if (out_.null_step && method_.averaged.value_or(false))
      refuse("averaged",
             fmt::format("with its null step the meta-learner {} takes its gradient at the trial point x_t and cannot "
                         "be averaged; null_step = false is allowed",
                         method_.learner));
    out_.averaged = method_.averaged.value_or(rule_.starts_at_point && !learner_.has_null_step);
  }

  void check_domain() const {
    const bool box = out_.domain == Domain::box, ball = out_.domain == Domain::ball;
    for (const char* key : {"lower", "upper"})
      if (!box && given(key))
        refuse(key, fmt::format("only domain = \"box\" has a bound {}, found \"{}\"", key, method_.domain));
    if (!ball && given("radius"))
      refuse("radius", fmt::format("only domain = \"ball\" has a radius, found \"{}\"", method_.domain));
    if (box && !given("lower") && !given("upper")) refuse("domain", "a box needs at least one of lower and upper");
    if (ball && !given("radius")) refuse("domain", "a ball needs a radius");
    if (out_.domain == Domain::simplex && !rule_.per_coordinate())
      refuse("domain",
             fmt::format("the meta-parameters of the rule {} are no weights of coordinates; a simplex makes no "
                         "sense for them",
                         method_.rule));
    if (out_.domain == Domain::simplex && rule_.needs_positive_weights)
      refuse("domain", fmt::format("the rule {} needs positive weights, and most points of a simplex's border have "
                                   "zeros; use a box with lower > 0",
                                   method_.rule));
  }

  void check_initial() const {
    if (rule_.starts_at_point && given("initial"))
      refuse("initial", fmt::format("the rule {} starts at x₀; give the start of the problem instead", method_.rule));
    if (!rule_.starts_at_point && !given("initial"))
      throw Error(method_.place, fmt::format("the key \"initial\" is missing; the rule {} needs w₁", method_.rule));
  }

  const MethodSpec& method_;
  RuleTraits rule_;
  LearnerTraits learner_;
  Options out_;
};

}  // namespace

Place place_of(const MethodSpec& method, std::string_view key) {
  if (const auto found = method.places.find(key); found != method.places.end()) return found->second;
  Place out = method.place;
  if (!out.key.empty() && !key.empty()) out.key.append(".").append(key);
  return out;
}

Options method_options(const MethodSpec& method) {
  Options out;
  if (method.classical.empty()) out = OptionReader(method).read();
  for (const auto& parameter : method_parameters(method.rule, method.learner, method.classical)) {
    const std::string name = parameter.name;
    // `initial` has been judged with the rule.
    if (*parameter.value == 0 && name != "initial" && !method.parameters.contains(name))
      throw Error(method.place, fmt::format("the key \"{}\" is missing: {}", name, parameter.meaning));
  }
  return out;
}

}  // namespace omg
