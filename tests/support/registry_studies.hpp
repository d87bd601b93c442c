#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "omg/catalogue.hpp"
#include "omg/study.hpp"

namespace omg::test {

inline Value formula(const std::string& text) {
  Value value;
  value.text = text;
  return value;
}

inline Setting one(const std::string& text) { return {{formula(text)}, {}}; }

/// A small problem of a family, whatever its parameters are: those that a study must give are drawn
/// from [0.2, 1], data is synthetic.
inline ProblemSpec small_problem(const CatalogueEntry& family, int dimension, int instances) {
  ProblemSpec problem;
  problem.name = problem.family = family.name;
  problem.instances = instances;
  for (const Parameter& parameter : family.parameters) {
    const std::string name = parameter.name;
    if (name == "data") problem.parameters[name] = one("synthetic");
    if (name == "dimension") problem.parameters[name] = one(std::to_string(dimension));
    if (name == "columns") problem.parameters[name] = one(std::to_string(dimension));
    if (name == "rows") problem.parameters[name] = one("20");
    if (name == "directions") problem.parameters[name] = one("haar");
    if (name == "regularisation") problem.parameters[name] = one("0.1");
    if (std::string(parameter.value).empty() && !problem.parameters.contains(name)) {
      Value drawn;
      drawn.kind = Value::Kind::log_uniform;
      drawn.low = 0.2;
      drawn.high = 1;
      problem.parameters[name] = {{drawn}, {}};
    }
  }
  // x* lies on the simplex, where the family leaves it open.
  if (!std::any_of(family.parameters.begin(), family.parameters.end(),
                   [](const Parameter& parameter) { return std::string(parameter.name) == "data"; }) &&
      family.name != "tridiagonal")
    problem.parameters["minimiser"] = one("1/n");
  // Different starts, so that instances of a shared data set are different lanes.
  Value start;
  start.kind = Value::Kind::normal;
  start.high = 1;
  problem.parameters["start"] = {{start}, {}};
  return problem;
}

/// Every method that the registry can form: rule × learner × hint or target × domain, and the classical
/// ones. Some of them make no sense and are refused by make_plan.
inline std::vector<MethodSpec> all_methods() {
  std::vector<MethodSpec> out;
  const Catalogue& c = catalogue();
  for (const auto& rule : c.rules) {
    for (const auto& learner : c.learners) {
      for (const auto& target : c.targets) {
        if (learner.name != "bmg" && &target != &c.targets.front()) continue;
        for (const auto& hint : c.hints) {
          for (const auto& domain : c.domains) {
            MethodSpec method;
            method.rule = rule.name;
            method.learner = learner.name;
            method.hint = hint.name == "none" ? "" : hint.name;
            if (learner.name == "bmg") method.target = target.name;
            method.domain = domain.name;
            method.name =
                rule.name + " + " + learner.name + " " + method.target + " " + hint.name + " in " + domain.name;
            if (method.target == "bootstrap") method.bootstrap_steps = 3;
            method.weights = one(rule.name == "iterate" ? "t" : "1");
            // With weights t, a step that shrinks keeps every learner stable.
            method.parameters["meta_step"] = one(rule.name == "iterate" ? "0.1/(L*t)" : "0.02/L");
            if (rule.name != "iterate") method.parameters["initial"] = one("0.3/L");
            if (domain.name == "box") {
              method.parameters["lower"] = one(rule.name == "iterate" ? "-5" : "0.01");
              method.parameters["upper"] = one(rule.name == "iterate" ? "2" : "1/L");
            }
            if (domain.name == "ball") method.parameters["radius"] = one(rule.name == "iterate" ? "R" : "0.5");
            out.push_back(method);
          }
        }
      }
    }
  }
  for (const auto& classical : c.classical) {
    MethodSpec method;
    method.name = method.classical = classical.name;
    method.weights = one("1");
    out.push_back(method);
  }
  return out;
}

}  // namespace omg::test
