#include "support/golden.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "omg/catalogue.hpp"
#include "omg/family.hpp"
#include "omg/registry.hpp"

#include "paths.hpp"
#include "reference/minimise.hpp"
#include "study/formula.hpp"

namespace omg::test {

namespace {

using Json = nlohmann::json;
using Numbers = std::vector<double>;

/// A case that the registry cannot express, with the reason.
struct Unsupported : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The golden file's words for the names of the registry; blanks and hyphens are those of a name there.
std::string translated(const std::map<std::string, std::string>& names, std::string word) {
  std::replace_if(
      word.begin(), word.end(), [](char letter) { return letter == ' ' || letter == '-'; }, '_');
  const auto found = names.find(word);
  return found == names.end() ? word : found->second;
}

const std::map<std::string, std::string> family_names{
    {"asymmetric", "asymmetric_huber"},
    {"least_squares", "ridge"},
    {"softmax", "softmax_regression"},
};
const std::map<std::string, std::string> rule_names{
    {"elementwise", "elementwise_step"}, {"log", "log_step"}, {"pair", "momentum_pair"}};
const std::map<std::string, std::string> learner_names{{"aoftrl", "optimistic_ftrl"},
                                                       {"ao_ftrl", "optimistic_ftrl"},
                                                       {"osgd", "optimistic_sgd"},
                                                       {"hyper", "hypergradient"},
                                                       {"adagradnorm", "adagrad_norm"}};
const std::map<std::string, std::string> classical_names{
    {"gd", "gradient_descent"},
    {"heavyball", "heavy_ball"},
    {"nesterov_theta", "nesterov"},
    {"nesterov_const", "nesterov"},
    {"bb1", "barzilai_borwein1"},
    {"bb2", "barzilai_borwein2"},
    {"adgd", "adaptive_gradient_descent"},
    {"schedulefree", "schedule_free"},
    {"triplemomentum", "triple_momentum"},
    {"hdm_hb", "hypergradient_heavy_ball"},
};
const std::map<std::string, std::string> classical_parameter_names{
    {"lr", "step"},    {"m", "momentum"}, {"rho", "decay"}, {"eps", "epsilon"},
    {"lam0", "first"}, {"b", "blend"},    {"b1", "decay1"}, {"b2", "decay2"},
};
/// Parameters of rules and learners.
const std::map<std::string, std::string> loop_parameter_names{
    {"ema", "hint_decay"}, {"eta", "rate"}, {"w_min", "floor"}, {"wmin", "floor"}};

Numbers flat(const Json& value) {
  if (value.is_number()) return {value.get<double>()};
  Numbers out;
  for (const Json& entry : value)
    for (const double number : flat(entry)) out.push_back(number);
  return out;
}

/// A list of numbers or the text "zeros(n)".
Numbers vector_of(const Json& value) {
  if (!value.is_string()) return flat(value);
  int n = 0;
  if (std::sscanf(value.get<std::string>().c_str(), "zeros(%d)", &n) != 1)
    throw Unsupported("vector " + value.get<std::string>());
  return Numbers(static_cast<std::size_t>(n), 0.0);
}

/// A data set as a dense matrix, every column (x − mean)/(population deviation), constant columns 0.
struct DataSet {
  Numbers features;  ///< row-major
  Numbers labels;
  std::size_t columns = 0;
};

DataSet read_data(const std::string& name) {
  const auto path = std::filesystem::path(source_directory) / "studies/data" / (name + ".libsvm");
  std::ifstream in(path);
  if (!in) throw Unsupported("no data file " + path.string());
  DataSet out;
  std::vector<std::map<std::size_t, double>> rows;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    double label = 0, value = 0;
    std::size_t index = 0;
    char colon = 0;
    if (!(words >> label)) continue;
    out.labels.push_back(label);
    auto& row = rows.emplace_back();
    while (words >> index >> colon >> value) {
      row[index - 1] = value;
      out.columns = std::max(out.columns, index);
    }
  }
  out.features.assign(rows.size() * out.columns, 0.0);
  const auto count = static_cast<long double>(rows.size());
  for (std::size_t j = 0; j < out.columns; ++j) {
    const auto entry = [&](std::size_t i) -> long double { return rows[i].contains(j) ? rows[i][j] : 0.0; };
    long double mean = 0, variance = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) mean += entry(i) / count;
    for (std::size_t i = 0; i < rows.size(); ++i) variance += (entry(i) - mean) * (entry(i) - mean) / count;
    // Rounding leaves of a constant column at most the last digits of its mean.
    if (variance <= 1e-30L * mean * mean) continue;
    for (std::size_t i = 0; i < rows.size(); ++i)
      out.features[i * out.columns + j] = static_cast<double>((entry(i) - mean) / std::sqrt(variance));
  }
  return out;
}

/// The arrays of an instance under the names of the registry's records.
struct Arrays {
  Shape shape;
  std::map<std::string, Numbers> named;
};

void read_rows(const Json& instance, Arrays& out) {
  Shape& shape = out.shape;
  Numbers& features = out.named["features"];
  Numbers& labels = out.named["labels"];
  if (instance.contains("data")) {
    DataSet data = read_data(instance["data"]);
    features = std::move(data.features);
    labels = std::move(data.labels);
    if (instance.value("target", "") == "labels minus their mean") {
      long double mean = 0;
      for (const double label : labels) mean += label / static_cast<long double>(labels.size());
      for (double& label : labels) label = static_cast<double>(label - mean);
    }
  } else {
    features = flat(instance["A"]);
    labels = flat(instance.contains("classes") ? instance["classes"] : instance["b"]);
  }
  shape.terms = static_cast<int>(labels.size());
  shape.features = static_cast<int>(features.size() / labels.size());
  shape.classes = instance.value("K", 1);
  shape.shared = true;
  out.named["regularisation"] = {instance.value("lam", 0.0)};
}

Arrays arrays_of(const Json& instance, const std::string& family) {
  Arrays out;
  Shape& shape = out.shape;
  auto& named = out.named;
  const auto copy = [&](const char* from, const char* to) {
    if (instance.contains(from)) named[to] = flat(instance[from]);
  };
  named["start"] = vector_of(instance["x0"]);
  shape.n = static_cast<int>(named["start"].size());
  shape.terms = shape.n;
  if (family == "quadratic") {
    shape.rotated = true;
    copy("Q", "matrix");
  } else if (family == "tridiagonal") {
    copy("L", "smoothness");
  } else if (instance.contains("A") || instance.contains("data")) {
    read_rows(instance, out);
    copy("rho", "temperature");
    copy("delta", "smoothing");
    const bool mean = instance.value("reduction", instance.value("mean", false) ? "mean" : "sum") == "mean";
    named["row_weight"] = {mean ? 1.0 / shape.terms : 1.0};
  } else {
    // A sum over directions.
    copy("c", "weight");
    copy("delta", "threshold");
    named["strong_convexity"] = {instance.value("mu", 0.0)};
    copy("m", "curvature");
    copy("delta1", "right");
    copy("delta2", "left");
    copy("sign", "sign");
    copy("p", "exponent");
    for (const char* key : {"weight", "right"})
      if (named.contains(key)) shape.terms = static_cast<int>(named[key].size());
    if (instance.contains("U") && !instance["U"].is_string()) {
      shape.rotated = true;
      copy("U", "directions");
    }
  }
  return out;
}

/// Σ_j a_ij x*[j · classes + k] for each row i and class k.
Numbers scores(const Arrays& arrays, const Numbers& minimiser) {
  const Numbers& features = arrays.named.at("features");
  const auto rows = static_cast<std::size_t>(arrays.shape.terms);
  const auto columns = static_cast<std::size_t>(arrays.shape.features);
  const auto classes = static_cast<std::size_t>(arrays.shape.classes);
  Numbers out(rows * classes);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j)
      for (std::size_t k = 0; k < classes; ++k)
        out[i * classes + k] += features[i * columns + j] * minimiser[j * classes + k];
  return out;
}

/// The record layout of the family of that name.
template <class... Entries>
Layout layout_of(TypeList<Entries...>, const std::string& family, const Shape& shape) {
  Layout out;
  const bool known = ((family == Entries::entry.name ? (out = Entries::layout(shape), true) : false) || ...);
  if (!known) throw Unsupported("no family " + family + " yet");
  return out;
}

/// Appends the fields that the layout names; `minimiser` must be known by then.
void append(const Arrays& arrays, const std::vector<Field>& layout, std::vector<Field>& fields, Numbers& values) {
  for (const Field& field : layout) {
    const auto found = arrays.named.find(field.name);
    if (found == arrays.named.end()) throw Unsupported("the golden file has nothing for the field " + field.name);
    if (found->second.size() != field.size)
      throw Unsupported("field " + field.name + " wants " + std::to_string(field.size) +
                        " numbers, the golden file has " + std::to_string(found->second.size()));
    fields.push_back(field);
    values.insert(values.end(), found->second.begin(), found->second.end());
  }
}

std::shared_ptr<const Problem> build_problem(const std::string& name, const Json& instance) {
  const std::string family = translated(family_names, instance["family"]);
  Arrays arrays = arrays_of(instance, family);
  const Layout layout = layout_of(Families{}, family, arrays.shape);

  const auto assemble = [&] {
    auto problem = std::make_shared<Problem>();
    problem->name = name;
    problem->family = family;
    problem->shape = arrays.shape;
    problem->instances = 1;
    const auto n = static_cast<std::size_t>(arrays.shape.n);
    Numbers record;
    append(arrays, {{"start", n}, {"minimiser", n}}, problem->fields, record);
    if (arrays.shape.shared)
      append(arrays, layout.data, problem->shared_fields, problem->shared);
    else
      append(arrays, layout.data, problem->fields, record);
    append(arrays, layout.fields, problem->fields, record);
    for (const double entry : record) problem->rules.push_back(DrawRule::of(entry));
    problem->smoothness = {instance.value("L", 1.0)};
    problem->strong_convexity = {instance.value("mu", 0.0)};
    problem->minimum = {instance.value("fstar", 0.0)};
    problem->distance = {instance.value("R", 1.0)};
    problem->scale = {problem->smoothness[0] * problem->distance[0] * problem->distance[0]};
    return problem;
  };

  const auto set_minimiser = [&](Numbers minimiser) {
    if (arrays.named.contains("features")) arrays.named["scores"] = scores(arrays, minimiser);
    arrays.named["minimiser"] = std::move(minimiser);
  };
  for (const char* key : {"xstar_value", "xstar"}) {
    if (!instance.contains(key)) continue;
    set_minimiser(flat(instance[key]));
    return assemble();
  }
  set_minimiser(Numbers(static_cast<std::size_t>(arrays.shape.n), 0.0));
  set_minimiser(reference::minimise(*assemble(), 0).x);
  return assemble();
}

/// A parameter of a method: constant × schedule(t).
struct Coefficient {
  double constant = 0;
  std::function<double(int)> schedule = [](int) { return 1.0; };
};

/// A number, "L:4" for 1/(4L), or a formula in L, mu, n.
double number_of(const Json& value, const Json& instance) {
  if (value.is_number()) return value.get<double>();
  const std::string text = value;
  const double smoothness = instance.value("L", 1.0);
  double number = 0;
  if (std::sscanf(text.c_str(), "L:%lf", &number) == 1) return 1.0 / (number * smoothness);
  return Formula(text)({.L = smoothness,
                        .mu = instance.value("mu", 0.0),
                        .R = instance.value("R", 1.0),
                        .n = static_cast<double>(vector_of(instance["x0"]).size())});
}

/// "const" or a formula in t.
std::function<double(int)> schedule_of(const std::string& text) {
  const auto formula = std::make_shared<Formula>(text == "const" ? "1" : text);
  return [formula](int t) { return (*formula)({.t = static_cast<double>(t)}); };
}

/// A formula in t, ["pow", p] for t^p or ["geom", r] for r^t.
std::function<double(int)> weight_of(const Json& value) {
  if (!value.is_array()) return schedule_of(value.is_number() ? value.dump() : value.get<std::string>());
  const double number = value.at(1);
  if (value.at(0) == "pow") return [number](int t) { return std::pow(t, number); };
  if (value.at(0) == "geom") return [number](int t) { return std::pow(number, t); };
  throw Unsupported("weights " + value.dump());
}

/// θ₁ = 1, θ_{t+1} = (1 + √(1 + 4θ_t²))/2
double theta(int t) {
  double value = 1;
  for (int s = 1; s < t; ++s) value = (1 + std::sqrt(1 + 4 * value * value)) / 2;
  return value;
}

/// θ₀ = 1, the same recursion, the factor 4 replaced by 8 at the horizon.
double ogm_theta(int t, int horizon) {
  double value = 1;
  for (int s = 1; s <= t; ++s) value = (1 + std::sqrt(1 + (s == horizon ? 8 : 4) * value * value)) / 2;
  return value;
}

using Coefficients = std::map<std::string, Coefficient>;

void read_loop(const Json& method, const Json& instance, Cell& cell, Coefficients& coefficients) {
  MethodSpec& spec = cell.method;
  Options& options = cell.options;
  Variant& variant = cell.variants[0];
  spec.rule = translated(rule_names, method["rule"]);
  spec.learner = translated(learner_names, method["learner"]);
  coefficients["meta_step"] = {number_of(method["beta"][0], instance), schedule_of(method["beta"][1])};
  coefficients["initial"] = {};
  if (method.contains("w1") && !method["w1"].is_null()) variant.initial = flat(method["w1"]);

  options.averaged = method["averaged"];
  const auto weight = weight_of(method["alpha"]);
  long double total = 0;
  for (std::size_t t = 1; t < variant.alpha.size(); ++t) {
    variant.alpha[t] = weight(static_cast<int>(t));
    total += variant.alpha[t];
    variant.rho[t] = options.averaged ? static_cast<double>(variant.alpha[t] / total) : 1.0;
  }

  const std::map<std::string, Hint> hints{{"none", Hint::none},
                                          {"last", Hint::last},
                                          {"extrapolated", Hint::extrapolated},
                                          {"average", Hint::average},
                                          {"lookahead", Hint::lookahead}};
  options.hint = hints.at(method.value("hint", "none"));
  options.null_step = method.value("guard", true);

  const Json domain = method.value("domain", Json("all"));
  const std::string kind = domain.is_string() ? domain.get<std::string>() : domain.at(0).get<std::string>();
  if (kind == "box") {
    options.domain = Domain::box;
    if (domain.at(1).is_array()) {
      variant.lower = flat(domain.at(1));
      variant.upper = flat(domain.at(2));
    } else {
      coefficients["lower"] = {number_of(domain.at(1), instance)};
      coefficients["upper"] = {number_of(domain.at(2), instance)};
    }
  } else if (kind == "ball") {
    options.domain = Domain::ball;
    coefficients["radius"] = {number_of(domain.at(1), instance)};
  } else if (kind == "simplex") {
    options.domain = Domain::simplex;
  } else if (kind != "all") {
    throw Unsupported("domain " + kind);
  }

  // What is left belongs to the rule or the learner; the inner step of the target kl is one of them.
  const bool kl = method.value("breg", "euclid") == "kl";
  const std::set<std::string> read{"kind",     "rule", "learner", "beta",   "w1",     "alpha",
                                   "averaged", "hint", "guard",   "target", "domain", "breg"};
  for (const auto& [key, value] : method.items())
    if (!read.contains(key) && !(kl && key == "eta"))
      coefficients[translated(loop_parameter_names, key)] = {number_of(value, instance)};

  if (spec.learner != "bmg") return;
  const Json target = method.value("target", Json::array({"bootstrap", 1, 1.0}));
  const bool named = target.is_string();  // a target without arguments
  const std::string word = named ? target : target.at(0);
  if (kl || word == "kl") {
    options.target = Target::kl;
    coefficients["inner_step"] = {number_of(method.contains("eta") ? method["eta"] : target.back(), instance)};
  } else if (word == "bootstrap" && !named) {
    options.target = Target::bootstrap;
    options.bootstrap_steps = target.at(1);
    coefficients["inner_step"] = {number_of(target.at(2), instance)};
  } else if (word == "optimistic") {
    options.target = Target::optimistic;
    coefficients["inner_step"] = {1.0};
  } else {
    throw Unsupported("target " + target.dump());
  }
}

void read_classical(const Json& method, const Json& instance, Cell& cell, Coefficients& coefficients) {
  const std::string name = method["name"];
  cell.method.classical = translated(classical_names, name);
  for (const auto& [key, value] : method.items()) {
    if (key == "kind" || key == "name" || key == "horizon") continue;
    coefficients[translated(classical_parameter_names, key)] = {number_of(value, instance)};
  }
  if (name == "nesterov") coefficients["momentum"] = {1, [](int t) { return (t - 1.0) / (t + 2.0); }};
  if (name == "nesterov_theta") coefficients["momentum"] = {1, [](int t) { return (theta(t) - 1) / theta(t + 1); }};
  if (name == "nesterov_const") {
    coefficients["momentum"] = {number_of("(1-sqrt(mu/L))/(1+sqrt(mu/L))", instance)};
  }
  if (name == "ogm") {
    const int horizon = method.value("horizon", 100);
    coefficients["momentum"] = {1,
                                [horizon](int t) { return (ogm_theta(t - 1, horizon) - 1) / ogm_theta(t, horizon); }};
    coefficients["correction"] = {1, [horizon](int t) { return ogm_theta(t - 1, horizon) / ogm_theta(t, horizon); }};
  }
}

/// The default of a parameter that the case leaves open.
Coefficient default_of(const Parameter& parameter, const Json& instance) {
  if (*parameter.value == 0)
    throw Unsupported("the golden file gives no value for the parameter " + std::string(parameter.name));
  if (Formula(parameter.value).uses("t")) throw Unsupported("no schedule for " + std::string(parameter.name));
  return {number_of(parameter.value, instance)};
}

Cell build_cell(const Json& method, const std::string& name, const Json& instance, int iterations) {
  const auto entries = static_cast<std::size_t>(iterations) + 2;
  Cell cell;
  cell.iterations = iterations;
  cell.options.horizon = iterations;
  for (int t = 1; t <= iterations; ++t) cell.record_at.push_back(t);
  cell.variants.resize(1);
  cell.variant_of = {0};
  cell.setting_names = {""};
  Variant& variant = cell.variants[0];
  variant.alpha.assign(entries, 1.0);
  variant.rho.assign(entries, 1.0);

  Coefficients coefficients;
  if (method["kind"] == "loop")
    read_loop(method, instance, cell, coefficients);
  else
    read_classical(method, instance, cell, coefficients);
  const MethodSpec& spec = cell.method;
  const Catalogue& all = catalogue();
  for (const auto& [known, entry] : {std::pair{&all.rules, &spec.rule}, std::pair{&all.learners, &spec.learner},
                                     std::pair{&all.classical, &spec.classical}})
    if (!entry->empty() && find_entry(*known, *entry) == nullptr) throw Unsupported("no entry " + *entry + " yet");

  std::size_t used = 0;
  cell.choice.emplace_back();
  for (const Parameter& parameter : method_parameters(spec.rule, spec.learner, spec.classical)) {
    const auto given = coefficients.find(parameter.name);
    const Coefficient value = given != coefficients.end() ? given->second : default_of(parameter, instance);
    used += given != coefficients.end();
    cell.parameter_names.emplace_back(parameter.name);
    cell.constants.push_back({Constant{{value.constant}}});
    cell.choice[0].push_back(0);
    if (!parameter.scheduled) continue;
    auto& table = variant.tables.emplace_back(entries, 0.0);
    for (int t = 1; t <= iterations + 1; ++t) table[static_cast<std::size_t>(t)] = value.schedule(t);
  }
  if (used != coefficients.size()) throw std::runtime_error("a parameter of the case belongs to no entry");
  cell.problem = build_problem(name, instance);
  return cell;
}

Json read_golden(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error("cannot read the golden cases in " + file.string());
  return Json::parse(in);
}

}  // namespace

Cell golden_cell(const std::string& instance, const std::string& method, int iterations) {
  return build_cell(Json::parse(method), "test", Json::parse(instance), iterations);
}

std::filesystem::path golden_file() {
  const char* given = std::getenv("OMG_GOLDEN_CASES");
  if (given != nullptr && *given != 0) return given;
  return std::filesystem::path(source_directory) / "tests/golden-sample.json";
}

std::vector<std::string> golden_ids(const std::filesystem::path& file) {
  const Json all = read_golden(file);
  std::vector<std::string> out;
  for (const Json& entry : all.at("cases")) out.push_back(entry.at("id"));
  return out;
}

GoldenCase load_golden_case(const std::filesystem::path& file, const std::string& id) {
  const Json all = read_golden(file);
  const Json& cases = all.at("cases");
  const auto found = std::find_if(cases.begin(), cases.end(), [&](const Json& entry) { return entry.at("id") == id; });
  if (found == cases.end()) throw std::runtime_error("no golden case " + id + " in " + file.string());
  const Json& entry = *found;
  GoldenCase golden;
  golden.id = id;
  golden.words = entry.value("words", "");
  for (const auto& [t, gap] : entry.at("gaps").items()) {
    if (!entry.at("usable").at(t).get<bool>()) continue;
    const double spread = entry.at("rel_f64_vs_longdouble").at(t);
    golden.expected.push_back({std::stoll(t), gap.get<double>(), std::max(1e-9, 100 * spread)});
  }
  const std::string instance = entry.at("instance");
  try {
    golden.cell = build_cell(entry.at("method"), instance, all.at("instances").at(instance), 100);
  } catch (const Unsupported& reason) {
    golden.skip = reason.what();
  }
  golden.cell.method.name = golden.id;
  return golden;
}

}  // namespace omg::test
