// The performance workloads, in lane-iterations per second, statistics included as a study runs them;
// instances are drawn and formulas evaluated beforehand. Each answer is checked against the reference
// on some of its lanes, and a wrong one is not timed.

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "omg/backend.hpp"
#include "omg/error.hpp"
#include "omg/plan.hpp"

namespace omg {
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

Value between(Value::Kind kind, double low, double high) {
  Value value;
  value.kind = kind;
  value.low = low;
  value.high = high;
  return value;
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
Study w1_elementwise() {
  MethodSpec method;
  method.rule = "elementwise_step";
  method.learner = "sgd";
  method.parameters["meta_step"] = setting({"1e-6", "3e-6", "1e-5", "3e-5", "1e-4", "3e-4"});
  method.parameters["initial"] = setting({".01", ".02", ".03", ".04", ".05", ".06", ".07", ".08", ".09", ".1"});
  method.parameters["rate"] = setting({".5", ".6", ".7", ".8", ".9", "1"});
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
  problem.parameters["start"] = {{between(Value::Kind::uniform, 0, 1)}, {}};
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
  return study_of(problem, method, 500);
}

/// W5: the huber worst-case study with `instances` thresholds.
Study w5(std::int64_t instances) {
  ProblemSpec problem;
  problem.family = "huber";
  problem.instances = instances;
  problem.parameters["threshold"] = {{between(Value::Kind::log_grid, 1e-8, 1)}, {}};
  MethodSpec method;
  method.rule = "iterate";
  method.learner = "optimistic_ftrl";
  method.hint = "last";
  method.weights = setting({"t"});
  method.parameters["meta_step"] = setting({"1/(4*L)"});
  method.bound = "4*L*R^2/(t*(t+1))";
  return study_of(problem, method, 3000);
}

std::unique_ptr<Backend> backend_of(const std::string& name) {
  if (name == "cuda") return make_cuda_backend();
  return name == "cpu" ? make_cpu_backend() : make_reference_backend();
}

/// The first lanes on both backends: envelopes agree while they are above the rounding of the gap.
bool agrees_with_reference(Backend& backend, const Cell& cell) {
  const bool single = cell.precision == Precision::float32;
  const double noise = single ? 1e-4 : 1e-10, tolerance = single ? 1e-2 : 1e-6;
  const LaneRange some{0, std::min<std::uint64_t>(cell.lanes(), 4)};
  const auto ours = backend.run(cell, some, {}), theirs = make_reference_backend()->run(cell, some, {});
  for (std::size_t k = 0; k < ours.at.size(); ++k) {
    const double expected = theirs.envelope[k].value;
    if (expected > noise && std::abs(ours.envelope[k].value - expected) > tolerance * expected) return false;
  }
  return true;
}

void run_workload(benchmark::State& state, Study (*make)(), const std::string& backend_name, Precision precision,
                  unsigned threads) {
  const auto backend = backend_of(backend_name);
  Study study = make();
  study.precision = precision;
  const Plan plan = make_plan(study);
  const Cell& cell = plan.cells[0];
  if (!agrees_with_reference(*backend, cell)) {
    state.SkipWithError("wrong answer");
    return;
  }
  // The reference goes one lane at a time: a slice of the lanes tells its rate.
  const std::uint64_t share = backend_name == "reference" ? 64 : 1;
  const LaneRange lanes{0, std::max<std::uint64_t>(cell.lanes() / share, 1)};
  RunControl control;
  control.threads = threads;
  for (auto _ : state) benchmark::DoNotOptimize(backend->run(cell, lanes, control));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(lanes.size()) * cell.iterations);
  state.SetLabel("lane-iterations");
}

struct Workload {
  const char* name;
  Study (*make)();
};

constexpr Workload workloads[] = {
    {"W1/heavy_ball", w1_heavy_ball},
    {"W1/elementwise_step", w1_elementwise},
    {"W2/gradient_descent", [] { return w2("gradient_descent"); }},
    {"W2/nesterov", [] { return w2("nesterov"); }},
    {"W3/gradient_descent", [] { return w3("gradient_descent"); }},
    {"W3/nesterov", [] { return w3("nesterov"); }},
    {"W4/gradient_descent", w4},
    {"W5/optimistic_ftrl", [] { return w5(1 << 16); }},
    {"W5/optimistic_ftrl/full", [] { return w5(1 << 20); }},
};

}  // namespace
}  // namespace omg

int main(int argc, char** argv) {
  using omg::Precision;
  const auto add = [](const omg::Workload& workload, const std::string& backend, Precision precision, unsigned threads,
                      const char* suffix) {
    const std::string name =
        std::string(workload.name) + (precision == Precision::float32 ? "/float32/" : "/") + backend + suffix;
    benchmark::RegisterBenchmark(
        name.c_str(),
        [=](benchmark::State& state) { omg::run_workload(state, workload.make, backend, precision, threads); })
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  };
  const bool has_gpu = omg::make_cuda_backend()->availability().available;
  for (const auto& workload : omg::workloads) {
    for (const Precision precision : {Precision::float64, Precision::float32}) {
      if (has_gpu) add(workload, "cuda", precision, 0, "");
      add(workload, "cpu", precision, 1, "/one_thread");
      add(workload, "cpu", precision, 0, "/all_cores");
    }
    add(workload, "reference", Precision::float64, 1, "/one_thread");
    add(workload, "reference", Precision::float64, 0, "/all_cores");
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
