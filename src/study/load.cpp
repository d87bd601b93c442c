#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <set>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "omg/catalogue.hpp"
#include "omg/lane/observer.hpp"
#include "omg/study.hpp"
#include "omg/user_family.hpp"

#include "formula.hpp"
#include "overrides.hpp"
#include "section.hpp"
#include "text_file.hpp"
#include "values.hpp"

namespace omg {

namespace {

/// Tables over t = 0 … T + 1 are held in memory and lanes count iterations in an int.
constexpr std::int64_t most_iterations = 100'000'000;
constexpr std::int64_t most_instances = 4'000'000'000;

const std::vector<std::string> normalisations = {"L R^2", "R^2", "initial gap", "initial gap + mu R^2/2", "none"};

/// What a quantity of a check needs beside problem, method and the limits.
struct QuantityKeys {
  const char* name;
  std::vector<std::string> required;
  std::vector<std::string> optional;
};
/// In the order of Check::Quantity.
const std::vector<QuantityKeys> quantities = {
    {"exponent", {}, {}},
    {"certificate", {}, {}},
    {"sup", {"power"}, {}},
    {"constant", {"power"}, {"at"}},
    {"envelope", {}, {"at"}},
    {"trajectory_difference", {"other"}, {"shift"}},
    {"best_loss", {}, {}},
    {"share_worse", {"other"}, {}},
    {"diverged", {}, {}},
    {"rate", {"power"}, {"verdict"}},
    {"speedup", {"other"}, {"epsilon", "confidence"}},
};

std::vector<std::string> names_of(const std::vector<CatalogueEntry>& entries) {
  std::vector<std::string> out;
  for (const auto& entry : entries) out.push_back(entry.name);
  return out;
}

template <class Named>
std::vector<std::string> names_of(const std::vector<Named>& tables) {
  std::vector<std::string> out;
  for (const auto& table : tables) out.push_back(table.name);
  return out;
}

template <class Named>
const Named* find_named(const std::vector<Named>& tables, std::string_view name) {
  const auto found = std::find_if(tables.begin(), tables.end(), [&](const Named& table) { return table.name == name; });
  return found == tables.end() ? nullptr : &*found;
}

void extend(std::vector<std::string>& to, const std::vector<Parameter>& parameters) {
  for (const auto& parameter : parameters) to.emplace_back(parameter.name);
}

/// The table under the name that the user gave it: "problem.huber" instead of "problem.0".
Section named_section(const toml::table& table, const std::string& file, const std::string& kind, std::size_t index) {
  const Section numbered(table, file, fmt::format("{}.{}", kind, index));
  return numbered.named(fmt::format("{}.{}", kind, numbered.required_text("name")));
}

template <class Named>
void refuse_duplicate(const std::vector<Named>& tables, const std::string& name, const Section& section) {
  if (const Named* earlier = find_named(tables, name))
    throw Error(section.place("name"), fmt::format("the name is taken already in line {}", earlier->place.line));
}

// [[problem]]

ProblemSpec read_problem(const Section& section) {
  ProblemSpec out;
  out.name = section.required_text("name");
  out.place = section.place();
  out.places = section.places();
  std::vector<std::string> given_by_family{"start", "minimiser"};
  const auto& families = catalogue().families;
  if (const auto header = section.text("family_header")) {
    out.family = section.required_text("family");
    if (find_entry(families, out.family) != nullptr)
      throw Error(section.place("family"),
                  fmt::format("\"{}\" is a family of omg; one of your own needs another name", out.family));
    const std::filesystem::path file = std::filesystem::path(section.file()).parent_path() / *header;
    out.user_family = load_user_family(file, out.family, section.place("family_header"));
    extend(given_by_family, parameters_of(*out.user_family));
  } else {
    const CatalogueEntry& family = families[section.required_word("family", names_of(families))];
    out.family = family.name;
    extend(given_by_family, family.parameters);
  }
  std::vector<std::string> allowed{"name", "family",     "family_header", "instances", "iterations",
                                   "seed", "start_seed", "normalise",     "methods"};
  allowed.insert(allowed.end(), given_by_family.begin(), given_by_family.end());
  section.allow_only(allowed);

  out.instances = section.whole("instances", 1, most_instances).value_or(out.instances);
  out.iterations = section.whole("iterations", 1, most_iterations);
  if (const auto seed = section.whole("seed", 0)) out.seed = static_cast<std::uint64_t>(*seed);
  if (const auto seed = section.whole("start_seed", 0)) out.start_seed = static_cast<std::uint64_t>(*seed);
  if (const auto word = section.word("normalise", normalisations))
    out.normalisation = static_cast<Normalisation>(*word);
  out.methods = section.names("methods");
  for (const auto& name : given_by_family)
    if (section.has(name)) out.parameters.emplace(name, read_problem_value(section, name));
  return out;
}

// Statistics

std::optional<Stop> read_stop(const Section& section) {
  const toml::node* node = section.find("stop");
  if (node == nullptr) return std::nullopt;
  const toml::table* table = node->as_table();
  if (table == nullptr) section.refuse_type("stop", *node, "a table such as { gap = 1e-10 }");
  const Section inside(*table, section.file(), section.key().empty() ? "stop" : section.key() + ".stop");
  inside.allow_only({"gap", "gradient_norm"});
  Stop out{inside.number("gap"), inside.number("gradient_norm")};
  for (const char* key : {"gap", "gradient_norm"})
    if (const auto tolerance = inside.number(key); tolerance && *tolerance < 0)
      throw Error(inside.place(key), fmt::format("found {}, allowed is 0 or more", *tolerance));
  return out;
}

LaneFigures read_lane_figures(const Section& section) {
  LaneFigures out;
  const std::pair<const char*, bool*> known[] = {{"exponent", &out.exponent},
                                                 {"sup", &out.sup},
                                                 {"first", &out.first},
                                                 {"loss", &out.loss},
                                                 {"regret", &out.regret},
                                                 {"ratio", &out.ratio},
                                                 {"evaluations", &out.evaluations}};
  std::vector<std::string> allowed;
  for (const auto& [name, flag] : known) allowed.emplace_back(name);
  for (const auto& name : section.names("lane_statistics")) {
    const auto at = std::find(allowed.begin(), allowed.end(), name) - allowed.begin();
    if (at == std::ssize(allowed))
      throw Error(section.place("lane_statistics"),
                  fmt::format("found \"{}\"{}; allowed: {}", name, suggestion(name, allowed), join(allowed)));
    *known[at].second = true;
  }
  return out;
}

void read_statistics(const Section& section, Study& out) {
  out.stop = read_stop(section).value_or(Stop{});
  if (const auto word = section.word("distribution", {"auto", "checkpoints", "last", "none"}))
    out.distribution = static_cast<DistributionAt>(*word);
  out.lane_statistics = read_lane_figures(section);
  out.sup_power = section.number("sup_power").value_or(out.sup_power);
  out.epsilon = section.positive_numbers("epsilon");
  if (section.has("quantiles")) out.quantiles = section.positive_numbers("quantiles");
  for (const double q : out.quantiles)
    if (!(q < 1)) throw Error(section.place("quantiles"), fmt::format("found {}, expected numbers between 0 and 1", q));
  if (out.epsilon.size() > static_cast<std::size_t>(most_targets))
    throw Error(section.place("epsilon"),
                fmt::format("found {} numbers, allowed are {}", out.epsilon.size(), most_targets));
  if (out.lane_statistics.first && out.epsilon.empty())
    throw Error(section.place("lane_statistics"), "\"first\" needs a list of gaps under the key epsilon");
}

// [[method]]

void check_formula(const Value& value, std::string_view subject, const std::vector<std::string>& refused,
                   std::string_view reason) {
  const Formula formula(value.text, value.place);
  for (const auto& variable : refused)
    if (formula.uses(variable))
      throw Error(value.place,
                  fmt::format("the formula \"{}\" uses {}, but {} {}", value.text, variable, subject, reason));
}

void read_parameters(const Section& section, const std::vector<Parameter>& parameters, MethodSpec& out) {
  const bool meta = out.classical.empty();
  for (const auto& parameter : parameters) {
    const std::string name = parameter.name;
    if (!section.has(name)) continue;
    Setting setting = read_method_value(section, name);
    const bool may_be_vector = meta && (name == "initial" || name == "lower" || name == "upper");
    for (const auto& value : setting.values) {
      if (value.kind == Value::Kind::vector) {
        if (!may_be_vector)
          throw Error(value.place,
                      fmt::format("{} takes no vector; only initial, lower and upper of a meta-gradient do", name));
      } else if (parameter.scheduled) {
        check_formula(value, name, {}, "");
      } else {
        check_formula(value, name, {"t"}, "is the same at every iteration");
      }
    }
    out.parameters.emplace(name, std::move(setting));
  }
}

void read_kind(const Section& section, MethodSpec& out) {
  const Catalogue& all = catalogue();
  const bool classical = section.has("classical");
  for (const char* key : {"rule", "learner"}) {
    if (classical && section.has(key))
      throw Error(section.place(key), "a method is either classical or has a rule and a learner");
    if (!classical && !section.has(key))
      throw Error(section.place(), fmt::format("the key \"{}\" is missing; a method has a rule and a learner, or "
                                               "classical",
                                               key));
  }
  if (classical) {
    out.classical = all.classical[section.required_word("classical", names_of(all.classical))].name;
  } else {
    out.rule = all.rules[section.required_word("rule", names_of(all.rules))].name;
    out.learner = all.learners[section.required_word("learner", names_of(all.learners))].name;
  }
}

/// The word of a list of the catalogue, or "" if the key is not given.
std::string choice_of(const Section& section, std::string_view key, const std::vector<CatalogueEntry>& entries) {
  const auto word = section.word(key, names_of(entries));
  return word ? entries[*word].name : "";
}

MethodSpec read_method(const Section& section) {
  const Catalogue& all = catalogue();
  MethodSpec out;
  out.name = section.required_text("name");
  out.place = section.place();
  out.places = section.places();
  read_kind(section, out);

  std::vector<std::string> allowed{"name"};
  if (out.classical.empty())
    allowed.insert(allowed.end(), {"rule", "learner", "hint", "target", "domain", "averaged", "null_step",
                                   "bootstrap_steps", "weights"});
  else
    allowed.emplace_back("classical");
  allowed.insert(allowed.end(), {"bound", "bound_at", "claimed_rate", "iterations", "problems", "stop", "sup_power"});
  const std::vector<Parameter> parameters = method_parameters(out.rule, out.learner, out.classical);
  extend(allowed, parameters);
  section.allow_only(allowed);

  out.hint = choice_of(section, "hint", all.hints);
  out.target = choice_of(section, "target", all.targets);
  if (section.has("domain")) out.domain = choice_of(section, "domain", all.domains);
  out.averaged = section.boolean("averaged");
  out.null_step = section.boolean("null_step").value_or(out.null_step);
  out.bootstrap_steps = section.whole("bootstrap_steps", 1, 1'000'000).value_or(out.bootstrap_steps);
  if (section.has("weights")) {
    out.weights = read_method_value(section, "weights");
    for (const auto& value : out.weights.values) {
      if (value.kind == Value::Kind::vector) throw Error(value.place, "weights are formulas in t and T, not a vector");
      check_formula(value, "weights", {"L", "mu", "R", "n", "G"}, "depend on t and T only");
    }
  } else {
    out.weights.values.push_back({Value::Kind::formula, "1", {}, 0, 0, out.place});
    out.weights.place = out.place;
  }
  read_parameters(section, parameters, out);

  if (section.has("bound")) {
    const toml::node& node = *section.find("bound");
    if (!node.is_string() && !node.is_number()) section.refuse_type("bound", node, "a formula");
    const Value value = read_method_value(section, "bound").values.front();
    out.bound = value.text;
    out.bound_place = value.place;
    check_formula(value, "bound", {}, "");
  }
  if (const auto word = section.word("bound_at", {"every", "last"})) {
    if (out.bound.empty()) throw Error(section.place("bound_at"), "there is no bound that it could be about");
    out.bound_at_last = *word == 1;
  }
  out.iterations = section.whole("iterations", 1, most_iterations);
  out.problems = section.names("problems");
  out.stop = read_stop(section);
  out.sup_power = section.number("sup_power");
  out.claimed_rate = section.number("claimed_rate");
  if (out.claimed_rate && *out.claimed_rate <= 0)
    throw Error(section.place("claimed_rate"),
                fmt::format("found {}, expected the p > 0 of a rate O(t^-p)", *out.claimed_rate));
  return out;
}

// [[claim]]

double read_confidence(const Section& section) {
  const double confidence = section.number("confidence").value_or(0.95);
  if (!(confidence > 0 && confidence < 1))
    throw Error(section.place("confidence"), fmt::format("found {}, expected a number between 0 and 1", confidence));
  return confidence;
}

void read_limits(const Section& section, Check& out) {
  out.at_least = section.number("at_least");
  out.at_most = section.number("at_most");
  const auto equals = section.number("equals");
  const auto tolerance = section.number("tolerance");
  if (tolerance && !equals) throw Error(section.place("tolerance"), "a tolerance belongs to equals");
  if (tolerance && *tolerance < 0)
    throw Error(section.place("tolerance"), fmt::format("found {}, allowed is 0 or more", *tolerance));
  if (equals) {
    if (out.at_least || out.at_most)
      throw Error(section.place("equals"), "a check has either equals or at_least and at_most");
    if (tolerance && *tolerance > 0 && *equals == 0)
      throw Error(section.place("tolerance"),
                  "the tolerance is relative and means nothing at 0; use at_least and at_most");
    const double margin = tolerance.value_or(0) * std::abs(*equals);
    out.at_least = *equals - margin;
    out.at_most = *equals + margin;
  }
  if (!out.at_least && !out.at_most)
    throw Error(section.place(), "the check has no limit; give at_least, at_most or equals (with tolerance)");
  if (out.at_least && out.at_most && *out.at_least > *out.at_most)
    throw Error(section.place("at_least"),
                fmt::format("at_least = {} is above at_most = {}", *out.at_least, *out.at_most));
}

Check read_check(const Section& section) {
  Check out;
  out.place = section.place();
  std::vector<std::string> known;
  for (const auto& quantity : quantities) known.emplace_back(quantity.name);
  const std::size_t index = section.required_word("quantity", known);
  out.quantity = static_cast<Check::Quantity>(index);

  const bool has_limits = out.quantity != Check::Quantity::rate;
  std::vector<std::string> allowed{"quantity", "problem", "method", "note"};
  if (has_limits) allowed.insert(allowed.end(), {"at_least", "at_most", "equals", "tolerance"});
  for (const auto& key : quantities[index].required) {
    if (!section.has(key))
      throw Error(section.place(), fmt::format("the key \"{}\" is missing; {} needs it", key, known[index]));
    allowed.push_back(key);
  }
  allowed.insert(allowed.end(), quantities[index].optional.begin(), quantities[index].optional.end());
  section.allow_only(allowed);

  out.problem = section.required_text("problem");
  out.method = section.required_text("method");
  out.other = section.text("other").value_or("");
  out.power = section.number("power").value_or(out.power);
  out.at = section.whole("at", 1, most_iterations).value_or(out.at);
  out.shift = section.whole("shift", -most_iterations, most_iterations).value_or(out.shift);
  out.note = section.text("note").value_or("");
  if (section.has("epsilon")) out.epsilon = section.number("epsilon").value();
  out.confidence = read_confidence(section);
  const std::vector<std::string> verdicts{"confirmed", "refuted", "undecided"};
  if (const auto word = section.word("verdict", verdicts)) out.verdict = verdicts[*word];
  if (has_limits) read_limits(section, out);
  return out;
}

Claim read_claim(const Section& section) {
  section.allow_only({"name", "statement", "checks"});
  Claim out;
  out.name = section.required_text("name");
  out.place = section.place();
  out.statement = section.required_text("statement");
  const auto checks = section.tables("checks");
  if (checks.empty()) throw Error(section.place("checks"), "a claim needs at least one check in its list \"checks\"");
  for (std::size_t i = 0; i < checks.size(); ++i)
    out.checks.push_back(read_check({*checks[i], section.file(), fmt::format("{}.checks.{}", section.key(), i)}));
  return out;
}

// [[comparison]]

ComparisonSpec read_comparison(const Section& section) {
  section.allow_only({"name", "problems", "methods", "confidence", "resamples"});
  ComparisonSpec out;
  out.name = section.required_text("name");
  out.place = section.place();
  out.places = section.places();
  out.problems = section.names("problems");
  out.methods = section.names("methods");
  if (out.methods.size() == 1) throw Error(section.place("methods"), "a comparison needs at least two methods");
  out.confidence = read_confidence(section);
  out.resamples = section.whole("resamples", 100, 1'000'000).value_or(out.resamples);
  return out;
}

// The whole

Place key_place(const Places& places, std::string_view key, const Place& fallback) {
  const auto found = places.find(key);
  return found == places.end() ? fallback : found->second;
}

template <class Named>
const Named& resolve(const std::vector<Named>& tables, const std::string& name, std::string_view kind,
                     const Place& place) {
  if (const Named* found = find_named(tables, name)) return *found;
  const auto names = names_of(tables);
  throw Error(place,
              fmt::format("unknown {} \"{}\"{}; the study has: {}", kind, name, suggestion(name, names), join(names)));
}

Place with_key(Place place, std::string_view key) {
  place.key.append(".").append(key);
  return place;
}

void resolve_names(const Study& study) {
  for (const auto& problem : study.problems)
    for (const auto& name : problem.methods)
      resolve(study.methods, name, "method", key_place(problem.places, "methods", problem.place));
  for (const auto& method : study.methods)
    for (const auto& name : method.problems)
      resolve(study.problems, name, "problem", key_place(method.places, "problems", method.place));
  for (const auto& comparison : study.comparisons) {
    for (const auto& name : comparison.problems)
      resolve(study.problems, name, "problem", key_place(comparison.places, "problems", comparison.place));
    for (const auto& name : comparison.methods)
      resolve(study.methods, name, "method", key_place(comparison.places, "methods", comparison.place));
  }
  for (const auto& claim : study.claims)
    for (const auto& check : claim.checks) {
      if (check.epsilon != 0 &&
          std::find(study.epsilon.begin(), study.epsilon.end(), check.epsilon) == study.epsilon.end())
        throw Error(with_key(check.place, "epsilon"),
                    fmt::format("found {}, which is not in the list epsilon of the study", check.epsilon));
      const ProblemSpec& problem = resolve(study.problems, check.problem, "problem", with_key(check.place, "problem"));
      const MethodSpec& method = resolve(study.methods, check.method, "method", with_key(check.place, "method"));
      const auto runs = [&](const MethodSpec& candidate, std::string_view key) {
        if (!runs_on(candidate, problem))
          throw Error(with_key(check.place, key), fmt::format("the method \"{}\" does not run on the problem \"{}\"",
                                                              candidate.name, problem.name));
      };
      runs(method, "method");
      if (!check.other.empty())
        runs(resolve(study.methods, check.other, "method", with_key(check.place, "other")), "other");
      if (check.quantity == Check::Quantity::certificate && method.bound.empty())
        throw Error(with_key(check.place, "method"),
                    fmt::format("the method \"{}\" has no bound that a certificate could be about", method.name));
    }
}

toml::table parse_file(const std::filesystem::path& file) {
  const std::string text = read_text(file, "a study file");
  try {
    return toml::parse(text, file.string());
  } catch (const toml::parse_error& error) {
    throw Error({file.string(), static_cast<int>(error.source().begin.line), ""},
                fmt::format("this is not TOML: {} (column {})", error.description(), error.source().begin.column));
  }
}

void read_window(const Section& section, Study& out) {
  const toml::node* node = section.find("fit");
  if (node == nullptr) return;
  const toml::array* list = node->as_array();
  const auto entry = [&](std::size_t i) { return list == nullptr ? nullptr : list->get_as<std::int64_t>(i); };
  if (list == nullptr || list->size() != 2 || entry(0) == nullptr || entry(1) == nullptr)
    section.refuse_type("fit", *node, "a list [from, to] of two whole numbers");
  out.fit_from = entry(0)->get();
  out.fit_to = entry(1)->get();
  if (out.fit_from < 1 || out.fit_to <= out.fit_from)
    throw Error(section.place("fit"),
                fmt::format("found [{}, {}], allowed is 1 ≤ from < to", out.fit_from, out.fit_to));
}

}  // namespace

bool runs_on(const MethodSpec& method, const ProblemSpec& problem) {
  const auto lets = [](const std::vector<std::string>& names, const std::string& name) {
    return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
  };
  return lets(problem.methods, method.name) && lets(method.problems, problem.name);
}

Study load_study(const std::filesystem::path& file, const std::vector<std::string>& overrides) {
  toml::table root = parse_file(file);
  for (const auto& assignment : overrides) apply_override(root, assignment);

  const Section section(root, file.string(), "");
  section.allow_only({"title", "iterations", "seed", "precision", "envelope", "fit", "best", "stop", "distribution",
                      "lane_statistics", "sup_power", "quantiles", "epsilon", "problem", "method", "comparison",
                      "claim"});
  Study out;
  out.file = file;
  out.title = section.text("title").value_or(file.stem().string());
  out.iterations = section.whole("iterations", 1, most_iterations).value_or(out.iterations);
  out.seed = static_cast<std::uint64_t>(section.whole("seed", 0).value_or(0));
  if (const auto word = section.word("precision", {"float64", "float32"}))
    out.precision = *word == 0 ? Precision::float64 : Precision::float32;
  if (const auto word = section.word("envelope", {"every", "checkpoints"})) out.envelope_every_iteration = *word == 0;
  read_window(section, out);
  read_statistics(section, out);
  if (const auto word = section.word("best", {"cumulative_loss", "final_gap", "iterations"}))
    out.best = static_cast<BestBy>(*word);
  if (out.best == BestBy::iterations && out.epsilon.empty())
    throw Error(section.place("best"), "iterations to which gap? The key epsilon lists it");

  const Place whole{file.string(), 0, ""};
  const auto read_all = [&](const std::string& kind, auto& into, auto read) {
    const auto tables = section.tables(kind);
    for (std::size_t i = 0; i < tables.size(); ++i) {
      const Section entry = named_section(*tables[i], file.string(), kind, i);
      auto spec = read(entry);
      refuse_duplicate(into, spec.name, entry);
      into.push_back(std::move(spec));
    }
  };
  read_all("problem", out.problems, read_problem);
  read_all("method", out.methods, read_method);
  read_all("comparison", out.comparisons, read_comparison);
  read_all("claim", out.claims, read_claim);
  if (out.problems.empty()) throw Error(whole, "a study needs at least one [[problem]]");
  if (out.methods.empty()) throw Error(whole, "a study needs at least one [[method]]");
  resolve_names(out);
  return out;
}

}  // namespace omg
