#include "problem/input.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "problem/drawn.hpp"
#include "problem/haar.hpp"
#include "study/formula.hpp"

namespace omg {

namespace {

using Kind = Value::Kind;

/// Whether a value of that kind differs between the instances of a problem.
bool varies_over_instances(Kind kind) { return kind != Kind::formula && kind != Kind::vector; }

/// Whether its numbers are drawn by a rule that a device knows too.
bool has_rule(Kind kind) {
  return kind == Kind::grid || kind == Kind::log_grid || kind == Kind::uniform || kind == Kind::log_uniform;
}

/// How the first number of a parameter comes about.
DrawRule first_rule(const Value& value, const RandomStream& stream, std::uint64_t instances) {
  DrawRule out;
  const bool logarithmic = value.kind == Kind::log_grid || value.kind == Kind::log_uniform;
  const bool grid = value.kind == Kind::log_grid || value.kind == Kind::grid;
  if (logarithmic)
    out.kind = grid ? DrawRule::Kind::log_grid : DrawRule::Kind::log_uniform;
  else
    out.kind = grid ? DrawRule::Kind::grid : DrawRule::Kind::uniform;
  out.low = value.low;
  out.high = value.high;
  if (logarithmic) {
    const long double octaves = std::log2(static_cast<long double>(value.high) / static_cast<long double>(value.low));
    out.octaves = static_cast<double>(octaves);
    out.octaves_beyond = static_cast<double>(octaves - static_cast<long double>(out.octaves));
  }
  out.count = instances;
  out.stream = stream;
  return out;
}

}  // namespace

ProblemInput::ProblemInput(const Study& study, std::size_t index, std::span<const Parameter> parameters,
                           std::optional<Labels> labels, const CommonDefaults& defaults, const Shape& shape)
    : study_(study),
      spec_(study.problems[index]),
      shape_(shape),
      labels_(labels),
      // With a seed of its own a problem does not depend on its place in the study.
      seed_(spec_.seed ? Seed{*spec_.seed, 0} : Seed{study.seed, index}),
      start_seed_(spec_.start_seed ? Seed{*spec_.start_seed, 0} : seed_) {
  for (const auto& parameter : parameters) add(parameter.name, parameter.value);
  add("start", defaults.start);
  add("minimiser", defaults.minimiser);
  for (auto& parameter : parameters_) {
    const Seed& seed = parameter.name == "start" ? start_seed_ : seed_;
    parameter.stream = random_stream(seed.seed, seed.problem, parameter.name);
    if (has_rule(parameter.value.kind))
      parameter.rule = first_rule(parameter.value, parameter.stream, static_cast<std::uint64_t>(spec_.instances));
  }
  for (const auto& [name, setting] : spec_.parameters) {
    if (find(name) == nullptr)
      throw Error(place(name), fmt::format("the family {} has no parameter \"{}\"", spec_.family, name));
    if (name == "minimiser" && *defaults.minimiser == 0)
      throw Error(place(name), fmt::format("the minimiser of the family {} follows from its other parameters; "
                                           "leave this key out",
                                           spec_.family));
  }
}

void ProblemInput::add(std::string_view name, const char* default_value) {
  Resolved out;
  out.name = name;
  out.value.text = default_value;
  const auto found = spec_.parameters.find(name);
  if (found != spec_.parameters.end()) {
    if (found->second.values.size() != 1)
      throw Error(place(name),
                  fmt::format("found {} values; a parameter of a problem has one", found->second.values.size()));
    out.value = found->second.values.front();
    out.by_study = true;
  }
  parameters_.push_back(std::move(out));
}

Place ProblemInput::place(std::string_view name) const {
  const auto found = spec_.parameters.find(name);
  if (found != spec_.parameters.end()) {
    const Setting& setting = found->second;
    if (setting.values.size() == 1 && !setting.values.front().place.key.empty()) return setting.values.front().place;
    if (!setting.place.key.empty()) return setting.place;
  }
  Place out = spec_.place;
  if (out.key.empty()) out.key = fmt::format("problem.{}", spec_.name);
  out.key = fmt::format("{}.{}", out.key, name);
  return out;
}

const ProblemInput::Resolved* ProblemInput::find(std::string_view name) const {
  for (const auto& parameter : parameters_)
    if (parameter.name == name) return &parameter;
  return nullptr;
}

const ProblemInput::Resolved& ProblemInput::get(std::string_view name) const {
  const Resolved* found = find(name);
  if (found == nullptr)
    throw Error(spec_.place,
                fmt::format("the family {} reads a parameter \"{}\" that it does not declare", spec_.family, name));
  if (found->value.kind == Kind::formula && found->value.text.empty())
    throw Error(place(name), fmt::format("the key is missing; the family {} needs it", spec_.family));
  found->read = true;
  return *found;
}

void ProblemInput::refuse(const Resolved& parameter, const std::string& message) const {
  throw Error(place(parameter.name), message);
}

void ProblemInput::refuse(std::string_view name, const std::string& message) const {
  throw Error(place(name), message);
}

bool ProblemInput::given(std::string_view name) const {
  const Resolved* found = find(name);
  return found != nullptr && found->by_study;
}

bool ProblemInput::is_vector(std::string_view name) const {
  const Resolved* found = find(name);
  return found != nullptr && found->value.kind == Kind::vector;
}

double ProblemInput::evaluate(const Resolved& parameter) const {
  if (parameter.constant) return *parameter.constant;
  const Formula formula(parameter.value.text, place(parameter.name));
  for (const char* variable : {"t", "T", "L", "mu", "R", "G"})
    if (formula.uses(variable))
      refuse(parameter,
             fmt::format("the formula \"{}\" uses {}; a parameter of a problem may use n", formula.text(), variable));
  if (formula.uses("n") && shape_.n == 0)
    refuse(parameter, fmt::format("the formula \"{}\" uses n, which depends on this parameter", formula.text()));
  FormulaInputs at;
  at.n = shape_.n;
  const double value = formula(at);
  if (!std::isfinite(value))
    refuse(parameter, fmt::format("found \"{}\", which is {}; allowed is a finite number", formula.text(), value));
  parameter.constant = value;
  return value;
}

double ProblemInput::number(const Resolved& parameter, std::size_t i, int k) const {
  const Value& value = parameter.value;
  switch (value.kind) {
    case Kind::formula:
      return evaluate(parameter);
    case Kind::vector: {
      const auto entry = static_cast<std::size_t>(k);
      if (entry >= value.numbers.size())
        refuse(parameter, fmt::format("found a vector of {} numbers, more are needed", value.numbers.size()));
      parameter.entries = std::max(parameter.entries, entry + 1);
      return value.numbers[entry];
    }
    case Kind::log_grid:
    case Kind::grid:
    case Kind::log_uniform:
    case Kind::uniform:
      return drawn(rule_of(parameter, k), i);
    case Kind::normal: {
      Random random(parameter.stream, i);
      random.seek(static_cast<std::uint64_t>(k));
      return value.high * random.normal();
    }
    case Kind::sphere:
      refuse(parameter, "found a sphere, which only the start can lie on");
  }
  throw Error("unknown kind of value");
}

DrawRule ProblemInput::rule_of(const Resolved& parameter, int k) {
  DrawRule out = parameter.rule;
  out.number = static_cast<std::uint32_t>(k);
  return out;
}

Given ProblemInput::given(const Resolved& parameter, double value, int k) const {
  const Kind kind = parameter.value.kind;
  if (has_rule(kind)) return {value, rule_of(parameter, k), parameter.computed_with};
  if (varies_over_instances(kind)) parameter.computed_with = true;
  return {value, DrawRule::of(value), parameter.computed_with};
}

Given ProblemInput::number(std::string_view name, std::size_t i, int k) const {
  const Resolved& parameter = get(name);
  return given(parameter, number(parameter, i, k), k);
}

Given ProblemInput::positive(std::string_view name, std::size_t i, int k) const {
  const Resolved& parameter = get(name);
  const double value = number(parameter, i, k);
  if (!(value > 0)) refuse(parameter, fmt::format("found {}, allowed is a number above 0", value));
  check_all(parameter, parameter.value.low > 0);
  return given(parameter, value, k);
}

Given ProblemInput::non_negative(std::string_view name, std::size_t i, int k) const {
  const Resolved& parameter = get(name);
  const double value = number(parameter, i, k);
  if (!(value >= 0)) refuse(parameter, fmt::format("found {}, allowed is a number of at least 0", value));
  check_all(parameter, parameter.value.low >= 0);
  return given(parameter, value, k);
}

void ProblemInput::check_all(const Resolved& parameter, bool allowed) {
  if (varies_over_instances(parameter.value.kind) && !allowed) parameter.computed_with = true;
}

bool ProblemInput::computed_per_instance() const {
  return drew_streams_ || std::any_of(parameters_.begin(), parameters_.end(), [](const Resolved& parameter) {
           return parameter.computed_with && varies_over_instances(parameter.value.kind);
         });
}

int ProblemInput::integer(std::string_view name, int least) const {
  const Resolved& parameter = get(name);
  constexpr int most = std::numeric_limits<int>::max();
  const std::string allowed = fmt::format("allowed is a whole number from {}, the same for all instances", least);
  if (parameter.value.kind != Kind::formula)
    refuse(parameter, fmt::format("found {}; {}", parameter.value.text, allowed));
  const double value = evaluate(parameter);
  if (value != std::floor(value) || value < least || value > most)
    refuse(parameter, fmt::format("found {}; {}", parameter.value.text, allowed));
  return static_cast<int>(value);
}

std::string_view ProblemInput::text(const Resolved& parameter, std::string_view expected) const {
  if (parameter.value.kind != Kind::formula)
    refuse(parameter, fmt::format("found {}, allowed is {}", parameter.value.text, expected));
  return parameter.value.text;
}

bool ProblemInput::flag(std::string_view name) const {
  const std::string_view allowed[] = {"true", "false"};
  return word(name, allowed) == "true";
}

std::string_view ProblemInput::word(std::string_view name, std::span<const std::string_view> allowed) const {
  const Resolved& parameter = get(name);
  const std::string list = fmt::format("{}", fmt::join(allowed, ", "));
  const std::string_view found = text(parameter, list);
  if (std::find(allowed.begin(), allowed.end(), found) == allowed.end())
    refuse(parameter, fmt::format("found \"{}\", allowed is one of {}", found, list));
  return found;
}

Random ProblemInput::random(std::string_view stream, std::size_t i) const {
  drew_streams_ = true;
  return {random_stream(seed_.seed, seed_.problem, stream), i};
}

std::vector<double> ProblemInput::haar(std::string_view stream, std::size_t i, int order) const {
  return haar_matrix(random(stream, i), order);
}

void ProblemInput::start(std::size_t i, std::span<const double> minimiser, std::span<double> out) const {
  const Resolved& parameter = get("start");
  parameter.computed_with = true;  // R comes of it
  if (parameter.value.kind != Kind::sphere) {
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = number(parameter, i, static_cast<int>(k));
    return;
  }
  // A Gaussian vector, scaled to length R, is uniform on the sphere.
  Random random(parameter.stream, i);
  double squares = 0;
  for (double& entry : out) {
    entry = random.normal();
    squares += entry * entry;
  }
  for (std::size_t k = 0; k < out.size(); ++k)
    out[k] = minimiser[k] + parameter.value.high / std::sqrt(squares) * out[k];
}

void ProblemInput::minimiser(std::size_t i, std::span<double> out) const {
  const Resolved& parameter = get("minimiser");
  parameter.computed_with = true;
  for (std::size_t k = 0; k < out.size(); ++k) out[k] = number(parameter, i, static_cast<int>(k));
}

void ProblemInput::refuse_unused() const {
  for (const auto& parameter : parameters_) {
    if (!parameter.by_study) continue;
    if (!parameter.read)
      refuse(parameter, "the key has no effect beside the other parameters of this problem; leave it out");
    if (parameter.value.kind == Kind::vector && parameter.entries < parameter.value.numbers.size())
      refuse(parameter, fmt::format("found a vector of {} numbers, needed are {}", parameter.value.numbers.size(),
                                    parameter.entries));
  }
}

bool ProblemInput::varies() const {
  return std::any_of(parameters_.begin(), parameters_.end(), [](const Resolved& parameter) {
    return parameter.name != "start" && varies_over_instances(parameter.value.kind);
  });
}

// Data sets

bool ProblemInput::is_synthetic() const { return text(get("data"), "a file or synthetic") == "synthetic"; }

bool ProblemInput::shares_data() const { return spec_.instances == 1 || (!is_synthetic() && !varies()); }

double ProblemInput::intercept() const {
  const Resolved& parameter = get("intercept");
  const std::string_view word = text(parameter, "true, false or the number in the column");
  if (word == "true") return 1;
  if (word == "false") return 0;
  return evaluate(parameter);
}

DataSet ProblemInput::read_file() const {
  const std::filesystem::path given(text(get("data"), "a file or synthetic"));
  const std::filesystem::path file = given.is_absolute() ? given : study_.file.parent_path() / given;
  std::error_code fault;
  if (!std::filesystem::exists(file, fault))
    refuse("data", fmt::format("there is no file {}; expected is a LIBSVM or CSV file, relative to the study file, or "
                               "synthetic",
                               file.string()));
  if (file.extension() == ".csv") return read_csv(file, text(get("label_column"), "a name or a number"));
  return read_libsvm(file);
}

DataSet ProblemInput::load_data(std::size_t i) const {
  DataSet out;
  if (is_synthetic()) {
    SyntheticData what;
    what.rows = integer("rows", 1);
    what.columns = integer("columns", 1);
    what.noise = non_negative("noise", i);
    what.labels = *labels_;
    what.classes = shape_.classes;
    check_size(place("rows"), static_cast<std::size_t>(what.rows), static_cast<std::size_t>(what.columns));
    out = synthetic_data(what, random("features", i), random("planted", i), random("noise", i));
  } else {
    out = read_file();
    check_labels(out, *labels_, shape_.classes, spec_.family);
  }
  if (flag("standardise")) standardise(out);
  if (find("centre_labels") != nullptr && flag("centre_labels")) centre_labels(out);
  if (const double column = intercept(); column != 0) append_intercept(out, column);
  return out;
}

const DataSet& ProblemInput::data(std::size_t i) const {
  const bool same = data_ && (data_instance_ == i || !is_synthetic());
  if (!same) {
    data_ = load_data(i);
    data_instance_ = i;
    data_spectrum_.reset();
  }
  return *data_;
}

Spectrum ProblemInput::data_spectrum(std::size_t i) const {
  const DataSet& set = data(i);
  if (!data_spectrum_) data_spectrum_ = gram_spectrum(set);
  return *data_spectrum_;
}

}  // namespace omg
