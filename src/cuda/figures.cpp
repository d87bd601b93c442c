#include "cuda/figures.hpp"

#include <algorithm>
#include <cstdio>
#include <sstream>

#include "omg/catalogue.hpp"
#include "omg/error.hpp"
#include "omg/registry.hpp"

#include "study/method_options.hpp"
#include "study/traits.hpp"

namespace omg::cuda {

namespace {

Setting number(const char* text) {
  Value value;
  value.text = text;
  return {{value}, {}};
}

/// What is given for a parameter does not matter where a kernel is compiled only; that it is given does.
MethodSpec method_of(const std::string& rule, const std::string& learner, const std::string& target,
                     const std::string& hint, const std::string& domain) {
  MethodSpec method;
  method.rule = rule;
  method.learner = learner;
  method.target = target;
  method.hint = hint;
  method.domain = domain;
  method.parameters["meta_step"] = number("1");
  if (!rule_traits(rule).starts_at_point) method.parameters["initial"] = number("1");
  if (domain == "box") method.parameters["lower"] = number("0");
  if (domain == "ball") method.parameters["radius"] = number("1");
  method.name = rule + " + " + learner;
  for (const auto& word : {target, hint})
    if (!word.empty()) method.name += " " + word;
  method.name += ", " + domain;
  return method;
}

template <class Family>
void append_family(const std::vector<MethodSpec>& methods, int n, Precision precision, std::vector<KernelChoice>& out) {
  Shape shape;
  shape.n = shape.terms = shape.features = n;
  if (!Family::layout(shape).data.empty()) {
    shape.shared = true;
    shape.terms = 20;
  }
  const auto size = [](const Layout& layout) {
    std::size_t entries = 0;
    for (const auto& field : layout.fields) entries += field.size;
    return entries;
  };
  for (const bool rotated : {false, true}) {
    Shape this_shape = shape;
    this_shape.rotated = rotated;
    const std::size_t fields = size(Family::layout(this_shape));
    if (rotated && fields == size(Family::layout(shape))) continue;
    for (const auto& method : methods) {
      KernelChoice choice;
      choice.family = std::string(Family::entry.name) + (rotated ? ", rotated" : "");
      choice.method = method.name;
      Specialisation& chosen = choice.chosen;
      chosen.precision = precision;
      chosen.family = Family::entry.name;
      chosen.rule = method.rule;
      chosen.learner = method.learner;
      chosen.classical = method.classical;
      if (method.classical.empty()) chosen.options = method_options(method);
      chosen.shape = this_shape;
      chosen.record_size = 2 * static_cast<std::size_t>(n) + fields;
      chosen.observer.certificate = true;
      chosen.observer.loss = true;
      chosen.one_variant = false;
      out.push_back(choice);
    }
  }
}

template <class... Families_>
void append_families(TypeList<Families_...>, const std::vector<MethodSpec>& methods, int n, Precision precision,
                     std::vector<KernelChoice>& out) {
  (append_family<Families_>(methods, n, precision, out), ...);
}

}  // namespace

std::vector<KernelFigures> read_figures(const std::string& log) {
  std::vector<KernelFigures> out;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    if (const auto at = line.find("entry function '"); at != std::string::npos) {
      const auto begin = at + 16;
      out.emplace_back().kernel = line.substr(begin, line.find('\'', begin) - begin);
    }
    if (out.empty()) continue;
    KernelFigures& figures = out.back();
    int stack = 0, stores = 0, loads = 0, shared = 0;
    if (const auto at = line.find_first_of("0123456789"); at != std::string::npos)
      if (std::sscanf(line.c_str() + at, "%d bytes stack frame, %d bytes spill stores, %d bytes spill loads", &stack,
                      &stores, &loads) == 3) {
        figures.stack = stack;
        figures.spill_stores = stores;
        figures.spill_loads = loads;
      }
    if (const auto at = line.find("Used "); at != std::string::npos)
      std::sscanf(line.c_str() + at, "Used %d registers", &figures.registers);
    if (const auto at = line.find(" bytes smem"); at != std::string::npos)
      if (std::sscanf(line.c_str() + line.rfind(' ', at - 1), "%d", &shared) == 1) figures.shared = shared;
  }
  for (const auto& figures : out)
    if (figures.registers == 0) throw Error("the compiler reports no registers for " + figures.kernel + ":\n" + log);
  if (out.empty()) throw Error("the compiler reports no kernels:\n" + log);
  return out;
}

std::vector<MethodSpec> registry_methods() {
  std::vector<MethodSpec> out;
  std::vector<Options> seen;  // of the rule and learner at hand
  const auto try_method = [&](const MethodSpec& method) {
    Options options;
    try {
      options = method_options(method);
    } catch (const Error&) {
      return;  // makes no sense, as a study would be told
    }
    // A hint that is not given is the same kernel as the hint `none`.
    if (std::find(seen.begin(), seen.end(), options) != seen.end()) return;
    seen.push_back(options);
    out.push_back(method);
  };
  const Catalogue& all = catalogue();
  const auto names_or_none = [](const std::vector<CatalogueEntry>& entries) {
    std::vector<std::string> names{""};
    for (const auto& entry : entries) names.push_back(entry.name);
    return names;
  };
  for (const auto& rule : all.rules)
    for (const auto& learner : all.learners) {
      seen.clear();
      for (const auto& target : names_or_none(all.targets))
        for (const auto& hint : names_or_none(all.hints))
          for (const auto& domain : all.domains) {
            MethodSpec method = method_of(rule.name, learner.name, target, hint, domain.name);
            try_method(method);
            if (target == "bootstrap") {
              method.bootstrap_steps = 3;
              method.name += ", 3 steps";
              try_method(method);
            }
            if (learner_traits(learner.name).has_null_step) {
              method.null_step = false;
              method.name += ", no null step";
              try_method(method);
            }
          }
    }
  for (const auto& classical : all.classical) {
    MethodSpec method;
    method.name = method.classical = classical.name;
    out.push_back(method);
  }
  return out;
}

std::vector<KernelChoice> registry_kernels(const std::vector<MethodSpec>& methods, int n, Precision precision) {
  std::vector<KernelChoice> out;
  append_families(Families{}, methods, n, precision, out);
  return out;
}

}  // namespace omg::cuda
