#include "workloads.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "omg/error.hpp"
#include "omg/plan.hpp"

namespace omg::bench {

namespace {

Setting setting(std::initializer_list<const char*> texts) {
  Setting out;
  for (const char* text : texts) {
    Value value;
    value.text = text;
    out.values.push_back(value);
  }
  return out;
}

/// The list of a sweep from `low` to `high`.
Setting log_spaced(const std::string& low, const std::string& high, int count) {
  Setting out;
  for (int k = 0; k < count; ++k) {
    Value value;
    value.text = low + "*(" + high + "/" + low + ")^(" + std::to_string(k) + "/" + std::to_string(count - 1) + ")";
    out.values.push_back(value);
  }
  return out;
}

Setting between(Value::Kind kind, double low, double high) {
  Value value;
  value.kind = kind;
  value.low = low;
  value.high = high;
  return {{value}, {}};
}

/// The data sets: those of the repository, or where OMG_DATA_DIRECTORY says.
std::filesystem::path data_directory() {
  const char* const elsewhere = std::getenv("OMG_DATA_DIRECTORY");
  return elsewhere != nullptr ? elsewhere : OMG_DATA_DIRECTORY;
}

Study study_of(ProblemSpec problem, MethodSpec method, std::int64_t iterations) {
  Study study;
  study.file = data_directory() / "bench.toml";
  study.iterations = iterations;
  study.seed = 1;
  problem.name = problem.family;
  method.name = method.classical.empty() ? method.learner : method.classical;
  if (method.weights.values.empty()) method.weights = setting({"1"});
  study.problems = {std::move(problem)};
  study.methods = {std::move(method)};
  return study;
}

MethodSpec classical(const char* name) {
  MethodSpec method;
  method.classical = name;
  return method;
}

/// W1: the toy study, n = 2, 360 settings × 100 quadratics.
ProblemSpec toy_problem() {
  ProblemSpec problem;
  problem.family = "quadratic";
  problem.instances = 100;
  problem.normalisation = Normalisation::none;
  problem.parameters["spectrum"] = setting({"list"});
  Value eigenvalues;
  eigenvalues.kind = Value::Kind::vector;
  eigenvalues.numbers = {2, 8};
  problem.parameters["eigenvalues"] = {{eigenvalues}, {}};
  problem.parameters["start"] = setting({"4"});
  return problem;
}
Study w1_heavy_ball() {
  MethodSpec method = classical("heavy_ball");
  method.parameters["step"] = setting({"0.1", "0.03", "0.07", "0.09", "0.11", "0.13"});
  method.parameters["momentum"] = setting({".001", ".003", ".01", ".03", ".1", ".3", ".5", ".6", ".7", ".9"});
  method.parameters["velocity"] = setting({"0", ".1", ".2", ".3", ".4", ".5"});
  return study_of(toy_problem(), method, 100);
}
Study w1_adagrad() {
  MethodSpec method = classical("adagrad");
  method.parameters["step"] = setting({".01", ".03", ".1", ".3", "1", "3"});
  method.parameters["epsilon"] = setting({"1e-8"});
  method.parameters["initial"] =
      setting({"0",  "1e-3", "3e-3", ".01", ".03", ".1", ".2", ".3", ".4", ".5", ".6", ".7", ".8", ".9", "1",
               "2",  "3",    "4",    "5",   "6",   "7",  "8",  "9",  "10", "11", "12", "13", "14", "15", "16",
               "17", "18",   "19",   "20",  "21",  "22", "23", "24", "25", "26", "27", "28", "29", "30", "31",
               "32", "33",   "34",   "35",  "36",  "37", "38", "39", "40", "41", "42", "43", "44", "45", "46"});
  return study_of(toy_problem(), method, 100);
}
Study w1_elementwise() {
  MethodSpec method;
  method.rule = "elementwise_step";
  method.learner = "sgd";
  // No lane diverges: programs that do not look at every gap would have nothing to do for one that does.
  method.parameters["meta_step"] = log_spaced("1e-7", "3e-6", 18);
  method.parameters["initial"] = log_spaced("1e-3", "0.1", 20);
  method.parameters["rate"] = setting({"1"});
  return study_of(toy_problem(), method, 100);
}

/// W2: dense quadratics, n = 64, a matrix for each of 1,024 lanes.
Study w2(const char* method) {
  ProblemSpec problem;
  problem.family = "quadratic";
  problem.instances = 1024;
  problem.parameters["dimension"] = setting({"64"});
  return study_of(problem, classical(method), 1000);
}

/// W3: Nesterov's worst function, n = 1001, 256 lanes.
Study w3(const char* method) {
  ProblemSpec problem;
  problem.family = "tridiagonal";
  problem.instances = 256;
  problem.parameters["dimension"] = setting({"1001"});
  problem.parameters["start"] = between(Value::Kind::uniform, 0, 1);
  return study_of(problem, classical(method), 500);
}

/// W4: logistic regression on breast_cancer, 1,024 steps on the same data.
Study w4() {
  ProblemSpec problem;
  problem.family = "logistic";
  problem.parameters["data"] = setting({"data/breast_cancer.libsvm"});
  problem.parameters["standardise"] = setting({"true"});
  problem.parameters["regularisation"] = setting({"0.01"});
  MethodSpec method = classical("gradient_descent");
  Setting steps;
  for (int k = 1; k <= 1024; ++k) {
    Value value;
    value.text = std::to_string(k) + "/(1024*L)";
    steps.values.push_back(value);
  }
  method.parameters["step"] = steps;
  Study study = study_of(problem, method, 500);
  // The best step size is the one that comes closest: gaps count where they are recorded.
  study.best = BestBy::final_gap;
  return study;
}

/// W5: the huber worst-case study.
Study w5() {
  ProblemSpec problem;
  problem.family = "huber";
  problem.instances = 1 << 20;
  problem.parameters["threshold"] = between(Value::Kind::log_grid, 1e-8, 1);
  MethodSpec method;
  method.rule = "iterate";
  method.learner = "optimistic_ftrl";
  method.hint = "last";
  method.weights = setting({"t"});
  method.parameters["meta_step"] = setting({"1/(4*L)"});
  method.bound = "4*L*R^2/(t*(t+1))";
  return study_of(problem, method, 3000);
}

// Operations of the plain formulas, an entry for each: the difference d = x − x*, the gradient, the gap, the update.
constexpr double n2 = 64, n3 = 1001, rows4 = 569, columns4 = 30;
constexpr double plane = 2 + 6 + 4;  // d, Q d, ½⟨d, Q d⟩ for n = 2
constexpr double dense = n2 + n2 * (2 * n2 - 1) + 2 * n2;
constexpr double chain = 2 * n3;  // v_i = d_i − d_{i+1}, v_i − v_{i−1}; the gap is left out between recorded iterations

constexpr Workload all[] = {
    {"W1/heavy_ball", "n = 2, 36,000 lanes, T = 100", w1_heavy_ball, {plane + 2 * 5, 0, 0, Memory::registers}},
    {"W1/adagrad", "n = 2, 36,000 lanes, T = 100", w1_adagrad, {plane + 2 * 5, 2, 0, Memory::registers}},
    {"W1/elementwise_step", "n = 2, 36,000 lanes, T = 100", w1_elementwise, {plane + 2 * 7, 0, 0, Memory::registers}},
    {"W2/gradient_descent",
     "n = 64, 1,024 lanes, T = 1000",
     [] { return w2("gradient_descent"); },
     {dense + 2 * n2, 0, n2* n2, Memory::first_level}},
    {"W2/nesterov",
     "n = 64, 1,024 lanes, T = 1000",
     [] { return w2("nesterov"); },
     {dense + 5 * n2, 0, n2* n2, Memory::first_level}},
    {"W3/gradient_descent",
     "n = 1001, 256 lanes, T = 500",
     [] { return w3("gradient_descent"); },
     {chain + 2 * n3, 0, 0, Memory::registers}},
    {"W3/nesterov",
     "n = 1001, 256 lanes, T = 500",
     [] { return w3("nesterov"); },
     {chain + 5 * n3, 0, 0, Memory::registers}},
    {"W4/gradient_descent", "569 × 30, 1,024 lanes, T = 500", w4, {4 * rows4 * columns4, 0, 0, Memory::registers}},
    // d 1, clamp 2, slope 1, gradient 2, gap 7, average 3, sum 2, step 4, gap ÷ bound 3
    {"W5/optimistic_ftrl", "n = 1, 1,048,576 lanes, T = 3000", w5, {25, 0, 0, Memory::registers}},
};

}  // namespace

std::span<const Workload> workloads() { return all; }

Plan plan_of(const Workload& workload, Precision precision, std::int64_t iterations, std::int64_t instances,
             std::int64_t dimension) {
  Study study = workload.study();
  study.precision = precision;
  if (iterations > 0) study.iterations = iterations;
  if (instances > 0) study.problems[0].instances = instances;
  if (dimension > 0) {
    auto& parameters = study.problems[0].parameters;
    if (!parameters.contains("dimension"))
      throw Error(std::string(workload.name) + " has one dimension only; W2 and W3 have any");
    parameters["dimension"] = setting({std::to_string(dimension).c_str()});
  }
  return make_plan(std::move(study));
}

Cell without_statistics(Cell cell) {
  cell.record_at = {cell.iterations};
  cell.samples.clear();
  cell.bound_constant.clear();
  cell.bound_table.clear();
  cell.track_best = false;
  return cell;
}

Plan plan_of_early_stops(bool stops) {
  ProblemSpec problem;
  problem.family = "quadratic";
  problem.instances = 4096;
  problem.parameters["dimension"] = setting({"3"});
  problem.parameters["spectrum"] = setting({"wishart"});
  problem.parameters["samples"] = setting({"4"});
  Study study = study_of(problem, classical("gradient_descent"), 10000);
  if (stops) study.stop.gap = 1e-8;
  return make_plan(std::move(study));
}

bool agrees_with_reference(Backend& backend, const Cell& cell) {
  const LaneRange some{0, std::min<std::uint64_t>(cell.lanes(), 4)};
  const bool narrow = cell.precision == Precision::float32;
  const double tolerance = narrow ? 1e-2 : 1e-6, least = narrow ? 1e-4 : 1e-10;
  const auto ours = backend.run(cell, some, {}), theirs = make_reference_backend()->run(cell, some, {});
  for (std::size_t k = 0; k < ours.at.size(); ++k) {
    const double expected = theirs.envelope[k].value;
    if (expected > least && !(std::abs(ours.envelope[k].value - expected) <= tolerance * expected)) return false;
  }
  return true;
}

double attainable(const Floor& floor, const Limits& limits, Precision precision) {
  const double bytes = floor.numbers * static_cast<double>(bytes_of(precision));
  double seconds =
      std::max(floor.operations / limits.operations, floor.roots_and_divisions / limits.roots_and_divisions);
  if (floor.memory == Memory::first_level) seconds = std::max(seconds, bytes / limits.first_level);
  return 1 / seconds;
}

}  // namespace omg::bench
