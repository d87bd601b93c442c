#include "omg/study.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <ostream>
#include <string>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "omg/catalogue.hpp"
#include "omg/lane/meta_gradient.hpp"
#include "omg/plan.hpp"

#include "paths.hpp"
#include "study/schedule.hpp"

namespace omg {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// A study file that lasts as long as the object.
class StudyFile {
 public:
  explicit StudyFile(const std::string& text) {
    static std::atomic<int> count = 0;
    path_ = std::filesystem::path(::testing::TempDir()) /
            ("omg-study-" + std::to_string(::getpid()) + "-" + std::to_string(++count) + ".toml");
    std::ofstream(path_) << text;
  }
  ~StudyFile() { std::filesystem::remove(path_); }
  StudyFile(const StudyFile&) = delete;
  StudyFile& operator=(const StudyFile&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

Study load(const std::string& text, const std::vector<std::string>& overrides = {}) {
  const StudyFile file(text);
  return load_study(file.path(), overrides);
}

Plan plan(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return make_plan(load(text, overrides));
}

/// What the library says to a faulty study; empty if it takes it.
std::string complaint(const std::string& text, const std::vector<std::string>& overrides = {}) {
  const StudyFile file(text);
  try {
    make_plan(load_study(file.path(), overrides));
  } catch (const Error& error) {
    // The name of the file is not the same twice.
    std::string message = error.what();
    const std::string name = file.path().string();
    if (message.starts_with(name)) message.replace(0, name.size(), "study.toml");
    return message;
  }
  return "";
}

// One instance with L = R = 1, mu = 0.
const std::string one_problem = R"toml([[problem]]
name = "huber"
family = "huber"
threshold = 0.1
start = 1
)toml";
const std::string one_method = R"toml([[method]]
name = "plain"
classical = "gradient_descent"
)toml";
// Instances that differ in L and mu.
const std::string many_smoothness = R"toml(iterations = 50
[[problem]]
name = "tri"
family = "tridiagonal"
dimension = 3
smoothness = { log_grid = [0.3, 30] }
instances = 7
start = 0
)toml";

// Reading

TEST(LoadStudy, ReadsEveryKey) {
  const Study study = load(R"toml(
title = "Everything"
iterations = 3000
seed = 7
precision = "float32"
envelope = "every"
fit = [100, 3000]
best = "final_gap"

[[problem]]
name = "huber"
family = "huber"
dimension = 1
instances = 4096
iterations = 20
seed = 3
start_seed = 4
normalise = "initial gap + mu R^2/2"
methods = ["optimistic", "classic"]
threshold = { log_grid = [1e-8, 1.0] }
start = { sphere = 2 }
minimiser = { vector = [0.5] }

[[problem]]
name = "data"
family = "logistic"
data = "data/breast_cancer.libsvm"
standardise = true
regularisation = 0.01

[[method]]
name = "optimistic"
rule = "iterate"
learner = "optimistic_ftrl"
hint = "average"
hint_decay = [0.5, 0.9]
domain = "ball"
radius = 2
averaged = true
weights = ["t", "t^2"]
meta_step = "(t-1)/(2*t*L)"
bound = "2*L*R^2/(t^2-1)"
bound_at = "last"
iterations = 100
problems = ["huber"]

[[method]]
name = "boot"
rule = "elementwise_step"
learner = "bmg"
target = "bootstrap"
bootstrap_steps = 5
initial = { vector = [0.1, 0.2] }
meta_step = { log_grid = [1e-3, 1], count = 4 }

[[method]]
name = "hyper"
rule = "step"
learner = "hypergradient"
null_step = false
initial = 1
meta_step = 0.5

[[method]]
name = "classic"
classical = "nesterov"

[[claim]]
name = "C4"
statement = "optimism accelerates"
checks = [
  { quantity = "certificate", problem = "huber", method = "optimistic", at_least = 0.99, at_most = 1.000000001, note = "theorem" },
  { quantity = "constant", problem = "huber", method = "classic", power = 2, at = 10, equals = 4, tolerance = 0.25 },
  { quantity = "trajectory_difference", problem = "huber", method = "optimistic", other = "classic", shift = -1, at_most = 1e-12 },
]
)toml");
  EXPECT_EQ(study.title, "Everything");
  EXPECT_EQ(study.iterations, 3000);
  EXPECT_EQ(study.seed, 7u);
  EXPECT_EQ(study.precision, Precision::float32);
  EXPECT_TRUE(study.envelope_every_iteration);
  EXPECT_EQ(study.fit_from, 100);
  EXPECT_EQ(study.fit_to, 3000);
  EXPECT_EQ(study.best, BestBy::final_gap);

  ASSERT_EQ(study.problems.size(), 2u);
  const ProblemSpec& huber = study.problems[0];
  EXPECT_EQ(huber.instances, 4096);
  EXPECT_EQ(huber.iterations, 20);
  EXPECT_EQ(huber.seed, 3u);
  EXPECT_EQ(huber.start_seed, 4u);
  EXPECT_EQ(huber.normalisation, Normalisation::initial_gap_plus_mu);
  EXPECT_THAT(huber.methods, ElementsAre("optimistic", "classic"));
  const Value& threshold = huber.parameters.at("threshold").values.at(0);
  EXPECT_EQ(threshold.kind, Value::Kind::log_grid);
  EXPECT_EQ(threshold.low, 1e-8);
  EXPECT_EQ(threshold.high, 1.0);
  EXPECT_EQ(threshold.place.line, 20);
  EXPECT_EQ(threshold.place.key, "problem.huber.threshold");
  EXPECT_EQ(huber.parameters.at("start").values.at(0).kind, Value::Kind::sphere);
  EXPECT_EQ(huber.parameters.at("start").values.at(0).high, 2.0);
  EXPECT_THAT(huber.parameters.at("minimiser").values.at(0).numbers, ElementsAre(0.5));
  EXPECT_EQ(huber.parameters.at("dimension").values.at(0).text, "1");
  EXPECT_EQ(study.problems[1].parameters.at("data").values.at(0).text, "data/breast_cancer.libsvm");
  EXPECT_EQ(study.problems[1].parameters.at("standardise").values.at(0).text, "true");

  ASSERT_EQ(study.methods.size(), 4u);
  const MethodSpec& optimistic = study.methods[0];
  EXPECT_EQ(optimistic.hint, "average");
  EXPECT_EQ(optimistic.domain, "ball");
  EXPECT_EQ(optimistic.averaged, true);
  EXPECT_EQ(optimistic.weights.values.at(1).text, "t^2");
  EXPECT_EQ(optimistic.parameters.at("hint_decay").values.size(), 2u);
  EXPECT_EQ(optimistic.bound, "2*L*R^2/(t^2-1)");
  EXPECT_TRUE(optimistic.bound_at_last);
  EXPECT_EQ(optimistic.iterations, 100);
  EXPECT_THAT(optimistic.problems, ElementsAre("huber"));
  EXPECT_EQ(study.methods[1].bootstrap_steps, 5);
  EXPECT_EQ(study.methods[1].target, "bootstrap");
  EXPECT_THAT(study.methods[1].parameters.at("initial").values.at(0).numbers, ElementsAre(0.1, 0.2));
  const auto& grid = study.methods[1].parameters.at("meta_step").values;
  ASSERT_EQ(grid.size(), 4u);
  EXPECT_EQ(grid.front().text, "0.001");
  EXPECT_EQ(grid.back().text, "1");
  EXPECT_FALSE(study.methods[2].null_step);
  EXPECT_EQ(study.methods[3].classical, "nesterov");

  ASSERT_EQ(study.claims.size(), 1u);
  const auto& checks = study.claims[0].checks;
  ASSERT_EQ(checks.size(), 3u);
  EXPECT_EQ(checks[0].quantity, Check::Quantity::certificate);
  EXPECT_EQ(checks[0].note, "theorem");
  EXPECT_EQ(checks[1].power, 2);
  EXPECT_EQ(checks[1].at, 10);
  EXPECT_EQ(checks[1].at_least, 3.0);
  EXPECT_EQ(checks[1].at_most, 5.0);
  EXPECT_EQ(checks[2].other, "classic");
  EXPECT_EQ(checks[2].shift, -1);
}

TEST(LoadStudy, NamesTheFileThatIsMissing) {
  try {
    load_study("no/such/study.toml");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "no/such/study.toml: there is no such file; expected a study file");
  }
  EXPECT_THROW(load_study(::testing::TempDir()), Error);
}

struct Fault {
  std::string name;
  std::string text;
  std::vector<std::string> message;  ///< all of these must be in it
};
void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }

class FaultyStudy : public ::testing::TestWithParam<Fault> {};

TEST_P(FaultyStudy, IsRefusedWithPlaceFindingAndWhatIsAllowed) {
  const std::string message = complaint(GetParam().text);
  for (const auto& part : GetParam().message) EXPECT_THAT(message, HasSubstr(part));
}

std::string name_of(const ::testing::TestParamInfo<Fault>& info) { return info.param.name; }

/// A study of one problem, with further lines for it; its own lines are 1 to 5.
std::string problem_with(const std::string& lines) { return one_problem + lines + "\n" + one_method; }
/// A study of one problem and one meta-gradient, with further lines for that; these begin in line 11.
std::string method_with(const std::string& lines, const std::string& rule = "iterate",
                        const std::string& learner = "ftrl") {
  return one_problem + "[[method]]\nname = \"m\"\nrule = \"" + rule + "\"\nlearner = \"" + learner +
         "\"\nmeta_step = \"1/L\"\n" + lines + "\n";
}
/// A study with one check; it stands in line 12.
std::string check_with(const std::string& entries) {
  return one_problem + one_method +
         "[[claim]]\nname = \"C\"\nstatement = \"S\"\nchecks = [{ problem = \"huber\", method = \"plain\", " + entries +
         " }]\n";
}

INSTANTIATE_TEST_SUITE_P(
    Form, FaultyStudy,
    ::testing::Values(
        Fault{"NotToml", "title = \"a\"\niterations = = 3\n", {"study.toml:2: this is not TOML"}},
        Fault{"UnknownTopLevelKey",
              "iteration = 3\n" + one_problem + one_method,
              {"study.toml:1: iteration: unknown key \"iteration\" (did you mean \"iterations\"?)", "allowed: title"}},
        Fault{"IterationsZero",
              "iterations = 0\n" + one_problem + one_method,
              {"study.toml:1: iterations: found 0, allowed is 1 to"}},
        Fault{"IterationsText",
              "iterations = \"many\"\n" + one_problem + one_method,
              {"study.toml:1: iterations: found the text \"many\", expected a whole number"}},
        Fault{"IterationsFraction",
              "iterations = 1.5\n" + one_problem + one_method,
              {"study.toml:1: iterations: found the number 1.5, expected a whole number"}},
        Fault{"SeedNegative", "seed = -1\n" + one_problem + one_method, {"study.toml:1: seed: found -1, allowed is 0"}},
        Fault{"Precision",
              "precision = \"double\"\n" + one_problem + one_method,
              {"study.toml:1: precision: found \"double\"", "allowed: float64, float32"}},
        Fault{"Envelope", "envelope = \"all\"\n" + one_problem + one_method, {"allowed: every, checkpoints"}},
        Fault{"Best", "best = \"gap\"\n" + one_problem + one_method, {"allowed: cumulative_loss, final_gap"}},
        Fault{"FitBackwards",
              "fit = [100, 10]\n" + one_problem + one_method,
              {"study.toml:1: fit: found [100, 10], allowed is 1 ≤ from < to"}},
        Fault{"FitShort", "fit = [100]\n" + one_problem + one_method, {"study.toml:1: fit: found a list, expected"}},
        Fault{"NoProblem", one_method, {"study.toml: a study needs at least one [[problem]]"}},
        Fault{"NoMethod", one_problem, {"study.toml: a study needs at least one [[method]]"}},
        Fault{"ProblemIsNoList", "[problem]\nname = \"a\"\n", {"study.toml:1: problem: found a table", "[[problem]]"}},
        Fault{"NoName", "[[problem]]\nfamily = \"huber\"\n", {"study.toml:1: problem.0: the key \"name\" is missing"}},
        Fault{"NoFamily",
              "[[problem]]\nname = \"a\"\n",
              {"study.toml:1: problem.a: the key \"family\" is missing", "huber"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Problems, FaultyStudy,
    ::testing::Values(
        Fault{"UnknownFamily",
              "[[problem]]\nname = \"a\"\nfamily = \"hubert\"\n",
              {"study.toml:3: problem.a.family: found \"hubert\" (did you mean \"huber\"?); allowed: huber, "}},
        Fault{"UnknownKey",
              problem_with("treshold = 0.1"),
              {"study.toml:6: problem.huber.treshold: unknown key \"treshold\" (did you mean \"threshold\"?)",
               "allowed: name, family"}},
        Fault{"ParameterOfAnotherFamily", problem_with("spectrum = \"list\""), {"unknown key \"spectrum\""}},
        Fault{"InstancesZero",
              problem_with("instances = 0"),
              {"study.toml:6: problem.huber.instances: found 0, allowed is 1"}},
        Fault{"InstancesNegative", problem_with("instances = -4"), {"found -4"}},
        Fault{"ProblemIterations", problem_with("iterations = -1"), {"problem.huber.iterations: found -1"}},
        Fault{"Normalise", problem_with("normalise = \"LR\""), {"allowed: L R^2, R^2, initial gap"}},
        Fault{"SameName",
              one_problem + one_problem + one_method,
              {"study.toml:7: problem.huber.name: the name is taken already in line 1"}},
        Fault{"UnknownMethodInList",
              problem_with("methods = [\"plane\"]"),
              {"study.toml:6: problem.huber.methods: unknown method \"plane\" (did you mean \"plain\"?)"}},
        Fault{"MethodTwiceInList", problem_with("methods = [\"plain\", \"plain\"]"), {"\"plain\" is listed twice"}},
        Fault{"MethodsNoList", problem_with("methods = \"plain\""), {"expected a list of names"}},
        Fault{
            "EmptyMethods", problem_with("methods = []"), {"study.toml:6: problem.huber.methods: found an empty list"}},
        Fault{"ListInProblem", problem_with("weight = [1, 2]"), {"a problem has no sweep", "vector"}},
        Fault{"UnknownDistribution",
              problem_with("weight = { poisson = 3 }"),
              {"study.toml:6: problem.huber.weight: unknown key \"poisson\"", "log_uniform"}},
        Fault{"TwoDistributions", problem_with("weight = { grid = [1, 2], uniform = [1, 2] }"), {"found both"}},
        Fault{"LogGridFromZero", problem_with("weight = { log_grid = [0, 1] }"), {"log_grid needs low > 0, found 0"}},
        Fault{"GridBackwards", problem_with("weight = { grid = [2, 1] }"), {"grid needs low ≤ high, found [2, 1]"}},
        Fault{"GridOfOne", problem_with("weight = { grid = [2] }"), {"takes two numbers [low, high], found 1"}},
        Fault{
            "GridOfText", problem_with("weight = { grid = [\"a\", 2] }"), {"found the text \"a\", expected a number"}},
        Fault{"GridWithNan", problem_with("weight = { grid = [nan, 2] }"), {"found nan, expected a finite number"}},
        Fault{"SphereOfZero",
              one_problem.substr(0, one_problem.rfind("start")) + "start = { sphere = 0 }\n" + one_method,
              {"study.toml:5: problem.huber.start: found sphere = 0, which must be above 0"}},
        Fault{"EmptyVector", problem_with("weight = { vector = [] }"), {"a vector without entries"}},
        Fault{"Date", problem_with("weight = 2024-01-01"), {"found a date or time"}},
        Fault{"Nan", problem_with("weight = nan"), {"study.toml:6: problem.huber.weight: found the number nan"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Methods, FaultyStudy,
    ::testing::Values(
        Fault{"UnknownRule",
              method_with("", "itarate"),
              {"study.toml:8: method.m.rule: found \"itarate\" (did you mean \"iterate\"?)"}},
        Fault{"UnknownLearner",
              method_with("", "iterate", "sgdd"),
              {"study.toml:9: method.m.learner: found \"sgdd\"", "allowed: sgd"}},
        Fault{"UnknownClassical",
              one_problem + "[[method]]\nname = \"a\"\nclassical = \"newton\"\n",
              {"study.toml:8: method.a.classical: found \"newton\"", "gradient_descent"}},
        Fault{
            "UnknownHint",
            method_with("hint = \"first\"", "iterate", "optimistic_ftrl"),
            {"study.toml:11: method.m.hint: found \"first\"", "allowed: none, last, extrapolated, average, lookahead"}},
        Fault{"UnknownTarget", method_with("target = \"x\"", "iterate", "bmg"), {"allowed: bootstrap, optimistic, kl"}},
        Fault{"UnknownDomain", method_with("domain = \"cube\""), {"allowed: all, box, ball, simplex"}},
        Fault{"NoRule",
              one_problem + "[[method]]\nname = \"a\"\nlearner = \"sgd\"\n",
              {"study.toml:6: method.a: the key \"rule\" is missing"}},
        Fault{"NoLearner",
              one_problem + "[[method]]\nname = \"a\"\nrule = \"step\"\n",
              {"the key \"learner\" is missing"}},
        Fault{"RuleAndClassical",
              one_problem + one_method + "rule = \"step\"\n",
              {"study.toml:9: method.plain.rule: a method is either classical or has a rule and a learner"}},
        Fault{"UnknownMethodKey",
              method_with("metastep = 1"),
              {"study.toml:11: method.m.metastep", "did you mean \"meta_step\"?"}},
        Fault{"WeightsForClassical", one_problem + one_method + "weights = \"t\"\n", {"unknown key \"weights\""}},
        Fault{"AveragedText", method_with("averaged = \"yes\""), {"found the text \"yes\", expected true or false"}},
        Fault{"BootstrapStepsZero",
              method_with("target = \"bootstrap\"\nbootstrap_steps = 0", "iterate", "bmg"),
              {"study.toml:12: method.m.bootstrap_steps: found 0, allowed is 1"}},
        Fault{"FormulaDoesNotParse",
              method_with("weights = \"t^\""),
              {"study.toml:11: method.m.weights: the formula \"t^\" does not parse"}},
        Fault{"UnknownVariable",
              one_problem + one_method + "step = \"1/(4*LL)\"\n",
              {"study.toml:9: method.plain.step", "unexpected \"LL\" at position 6", "variables t, T, L, mu, R, n"}},
        Fault{"WeightsInL", method_with("weights = \"t*L\""), {"uses L, but weights depend on t and T only"}},
        Fault{
            "ConstantInT",
            method_with("domain = \"ball\"\nradius = \"1/t\""),
            {"study.toml:12: method.m.radius: the formula \"1/t\" uses t, but radius is the same at every iteration"}},
        Fault{"VectorForStep", one_problem + one_method + "step = { vector = [1] }\n", {"step takes no vector"}},
        Fault{"DistributionInMethod",
              one_problem + one_method + "step = { uniform = [1, 2] }\n",
              {"study.toml:9: method.plain.step: \"uniform\" draws over the instances of a problem"}},
        Fault{"GridWithoutCount",
              one_problem + one_method + "step = { grid = [1, 2] }\n",
              {"needs its number of points"}},
        Fault{"GridOfOnePoint", one_problem + one_method + "step = { grid = [1, 2], count = 1 }\n", {"count"}},
        Fault{"EmptySweep",
              one_problem + one_method + "step = []\n",
              {"study.toml:9: method.plain.step: found an empty list"}},
        Fault{"NestedSweep", one_problem + one_method + "step = [[1, 2]]\n", {"found a list"}},
        Fault{"BooleanStep", one_problem + one_method + "step = true\n", {"found true, expected a number, a formula"}},
        Fault{"BoundText",
              one_problem + one_method + "bound = \"L*\"\n",
              {"study.toml:9: method.plain.bound: the formula \"L*\" does not parse"}},
        Fault{"BoundList", one_problem + one_method + "bound = [1]\n", {"found a list, expected a formula"}},
        Fault{"BoundAtWithoutBound", one_problem + one_method + "bound_at = \"last\"\n", {"there is no bound"}},
        Fault{"BoundAt", one_problem + one_method + "bound = \"L\"\nbound_at = \"first\"\n", {"allowed: every, last"}},
        Fault{"MethodIterations", one_problem + one_method + "iterations = 0\n", {"method.plain.iterations: found 0"}},
        Fault{"UnknownProblemInList",
              one_problem + one_method + "problems = [\"hubert\"]\n",
              {"study.toml:9: method.plain.problems: unknown problem \"hubert\" (did you mean \"huber\"?)"}},
        Fault{"SameMethodName",
              one_problem + one_method + one_method,
              {"study.toml:10: method.plain.name: the name is taken already in line 6"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Statistics, FaultyStudy,
    ::testing::Values(
        Fault{"StopIsNoTable", "stop = 1e-3\n" + one_problem + one_method, {"study.toml:1: stop", "gap = 1e-10"}},
        Fault{
            "StopOfAnUnknownKind", "stop = { norm = 1 }\n" + one_problem + one_method, {"stop.norm", "gradient_norm"}},
        Fault{"NegativeTolerance",
              one_problem + one_method + "stop = { gap = -1 }\n",
              {"found -1, allowed is 0 or more"}},
        Fault{"UnknownFigure",
              "lane_statistics = [\"exponents\"]\n" + one_problem + one_method,
              {"did you mean \"exponent\"?"}},
        Fault{"FirstOfNothing", "lane_statistics = [\"first\"]\n" + one_problem + one_method, {"needs a list of gaps"}},
        Fault{"TooManyTargets",
              "epsilon = [1, 2, 3, 4, 5, 6, 7, 8, 9]\n" + one_problem + one_method,
              {"found 9 numbers, allowed are 8"}},
        Fault{"EpsilonIsNotPositive", "epsilon = [0]\n" + one_problem + one_method, {"expected a positive number"}},
        Fault{"QuantileAboveOne", "quantiles = [0.5, 1.5]\n" + one_problem + one_method, {"found 1.5"}},
        Fault{"BestByIterationsToNothing", "best = \"iterations\"\n" + one_problem + one_method, {"epsilon lists it"}},
        Fault{"RateOfNothing", one_problem + one_method + "claimed_rate = 0\n", {"found 0, expected the p > 0"}},
        Fault{"ComparisonOfOne",
              one_problem + one_method + "[[comparison]]\nname = \"c\"\nmethods = [\"plain\"]\n",
              {"comparison.c.methods", "at least two methods"}},
        Fault{"ComparisonWithoutPair",
              one_problem + one_method + "[[comparison]]\nname = \"c\"\n",
              {"comparison.c: no two of its methods run on the same problem"}},
        Fault{"ConfidenceOfOne",
              one_problem + one_method + "[[comparison]]\nname = \"c\"\nconfidence = 1\n",
              {"a number between 0 and 1"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Claims, FaultyStudy,
    ::testing::Values(
        Fault{"UnknownQuantity",
              check_with("quantity = \"slope\", at_most = 1"),
              {"study.toml:12: claim.C.checks.0.quantity: found \"slope\"", "allowed: exponent, certificate"}},
        Fault{"NoQuantity", check_with("at_most = 1"), {"the key \"quantity\" is missing"}},
        Fault{"NoLimit",
              check_with("quantity = \"exponent\""),
              {"study.toml:12: claim.C.checks.0: the check has no limit"}},
        Fault{"LimitsCrossed",
              check_with("quantity = \"exponent\", at_least = 2, at_most = 1"),
              {"at_least = 2 is above at_most = 1"}},
        Fault{"EqualsAndAtMost", check_with("quantity = \"exponent\", equals = 2, at_most = 1"), {"either equals or"}},
        Fault{"ToleranceAlone",
              check_with("quantity = \"exponent\", tolerance = 0.1, at_most = 1"),
              {"a tolerance belongs to equals"}},
        Fault{"ToleranceAtZero",
              check_with("quantity = \"exponent\", equals = 0, tolerance = 0.1"),
              {"the tolerance is relative"}},
        Fault{"KeyOfAnotherQuantity",
              check_with("quantity = \"exponent\", power = 2, at_most = 1"),
              {"unknown key \"power\""}},
        Fault{"NoPower", check_with("quantity = \"sup\", at_most = 1"), {"the key \"power\" is missing; sup needs it"}},
        Fault{"NoOther",
              check_with("quantity = \"share_worse\", at_most = 1"),
              {"the key \"other\" is missing; share_worse needs it"}},
        Fault{"UnknownOther",
              check_with("quantity = \"share_worse\", other = \"plan\", at_most = 1"),
              {"claim.C.checks.0.other: unknown method \"plan\" (did you mean \"plain\"?)"}},
        Fault{"NoBound", check_with("quantity = \"certificate\", at_most = 1"), {"the method \"plain\" has no bound"}},
        Fault{"BeyondTheEnd",
              "iterations = 50\n" + check_with("quantity = \"envelope\", at = 51, at_most = 1"),
              {"found 51, but \"plain\" runs 50 iterations"}},
        Fault{"NotACheckpoint",
              "iterations = 50\n" + check_with("quantity = \"envelope\", at = 34, at_most = 1"),
              {"the envelope is not kept at t = 34", "envelope = \"every\""}},
        Fault{"OutsideTheWindow",
              "iterations = 50\nfit = [60, 90]\n" + check_with("quantity = \"exponent\", at_most = 1"),
              {"the window [60, 90] of fit holds 0 kept iterations"}},
        Fault{"ShiftTooFar",
              "iterations = 50\n" +
                  check_with("quantity = \"trajectory_difference\", other = \"plain\", shift = 50, at_most = 1"),
              {"claim.C.checks.0.shift: found 50"}},
        Fault{"NoChecks",
              one_problem + one_method + "[[claim]]\nname = \"C\"\nstatement = \"S\"\n",
              {"a claim needs at least one check"}},
        Fault{"NoStatement",
              one_problem + one_method + "[[claim]]\nname = \"C\"\n",
              {"claim.C: the key \"statement\" is missing"}},
        Fault{"UnknownProblem",
              one_problem + one_method +
                  "[[claim]]\nname = \"C\"\nstatement = \"S\"\nchecks = [{ problem = \"h\", method = \"plain\", "
                  "quantity = \"diverged\", equals = 0 }]\n",
              {"study.toml:12: claim.C.checks.0.problem: unknown problem \"h\"", "the study has: huber"}},
        Fault{"CellLeftOut",
              one_problem + one_method + "problems = [\"huber\"]\n" +
                  "[[problem]]\nname = \"b\"\nfamily = \"huber\"\nthreshold = 1\nmethods = [\"n\"]\n[[method]]\nname = "
                  "\"n\"\nclassical = \"polyak\"\n" +
                  "[[claim]]\nname = \"C\"\nstatement = \"S\"\nchecks = [{ problem = \"b\", method = \"plain\", "
                  "quantity = \"diverged\", equals = 0 }]\n",
              {"claim.C.checks.0.method: the method \"plain\" does not run on the problem \"b\""}}),
    name_of);

// Combinations that make no sense

INSTANTIATE_TEST_SUITE_P(
    Combinations, FaultyStudy,
    ::testing::Values(
        Fault{"HintForFtrl",
              method_with("hint = \"last\""),
              {"study.toml:11: method.m.hint: the meta-learner ftrl takes no hint"}},
        Fault{"HintForBootstrap",
              method_with("target = \"bootstrap\"\nhint = \"last\"", "iterate", "bmg"),
              {"study.toml:12: method.m.hint: the target bootstrap takes no hint"}},
        Fault{"TargetForSgd",
              method_with("target = \"bootstrap\"", "iterate", "sgd"),
              {"study.toml:11: method.m.target: the meta-learner sgd has no target"}},
        Fault{"BmgWithoutTarget",
              method_with("", "iterate", "bmg"),
              {"study.toml:6: method.m: the key \"target\" is missing"}},
        Fault{"OptimisticWithoutHint",
              method_with("target = \"optimistic\"", "iterate", "bmg"),
              {"the target optimistic needs a hint"}},
        Fault{"KlWithoutSimplex",
              method_with("target = \"kl\"", "iterate", "bmg"),
              {"domain = \"simplex\"", "found rule = \"iterate\" and domain = \"all\""}},
        Fault{"KlWithStep",
              method_with("target = \"kl\"\ninitial = 1\ndomain = \"simplex\"", "elementwise_step", "bmg"),
              {"it needs rule = \"iterate\""}},
        Fault{"StepsOfOptimistic",
              method_with("target = \"optimistic\"\nhint = \"last\"\nbootstrap_steps = 2", "iterate", "bmg"),
              {"study.toml:13: method.m.bootstrap_steps: the target optimistic takes no steps"}},
        Fault{"StepsOfSgd",
              method_with("bootstrap_steps = 2", "iterate", "sgd"),
              {"the meta-learner sgd has no bootstrap"}},
        Fault{"InnerStepOfOptimistic",
              method_with("target = \"optimistic\"\nhint = \"last\"\ninner_step = 2", "iterate", "bmg"),
              {"the target optimistic takes no inner step"}},
        Fault{"HintDecay",
              method_with("hint = \"last\"\nhint_decay = 0.9", "iterate", "optimistic_ftrl"),
              {"only the hint average has a decay"}},
        Fault{"HintDecayRange",
              method_with("hint = \"average\"\nhint_decay = 1", "iterate", "optimistic_ftrl"),
              {"found hint_decay = 1", "[0, 1)"}},
        Fault{"QuantileTwice",
              "quantiles = [0.5, 0.5]\n" + one_problem + one_method,
              {"study.toml:1: quantiles", "0.5 is listed twice"}},
        Fault{"EpsilonTwice",
              "epsilon = [1e-2, 1e-3, 1e-2]\n" + one_problem + one_method,
              {"study.toml:1: epsilon", "0.01 is listed twice"}},
        Fault{"DecayOfAdam",
              one_problem + "[[method]]\nname = \"m\"\nclassical = \"adam\"\ndecay2 = 1\n",
              {"study.toml:9: method.m.decay2: found decay2 = 1", "[0, 1)"}},
        Fault{"BlendOfScheduleFree",
              one_problem + "[[method]]\nname = \"m\"\nclassical = \"schedule_free\"\nblend = 2\n",
              {"found blend = 2", "[0, 1]"}},
        Fault{"StartOfAdagrad",
              one_problem + "[[method]]\nname = \"m\"\nclassical = \"adagrad\"\ninitial = -1\n",
              {"found initial = -1", "a number from 0 on"}},
        Fault{"FloorOfAdagrad",
              method_with("initial = 1\nfloor = 0", "adagrad", "sgd"),
              {"found floor = 0", "a number above 0"}},
        Fault{"ScaleWithoutRoom",
              "[[problem]]\nname = \"p\"\nfamily = \"huber\"\nthreshold = 0.001\nweight = 1e-306\n" + one_method,
              {"gaps are divided by 1e-306, which float64 has no room around"}},
        // All labels of instance 27 are equal and its columns centred: x* = 0.
        Fault{"StartNextToTheMinimiser",
              "[[problem]]\nname = \"p\"\nfamily = \"logistic\"\ndata = \"synthetic\"\nrows = 5\ncolumns = 5\n"
              "instances = 70\nseed = 98\nstandardise = true\nregularisation = 0.01\nstart = 0\n" +
                  one_method,
              {"problem.p.start: instance 27 starts at the distance R = ", "choose a start elsewhere"}},
        Fault{"AveragedHypergradient",
              method_with("averaged = true\ninitial = 1", "step", "hypergradient"),
              {"study.toml:11: method.m.averaged", "cannot be averaged"}},
        Fault{"NullStepOfSgd",
              method_with("null_step = true", "iterate", "sgd"),
              {"the meta-learner sgd has no null step"}},
        Fault{"BallWithoutRadius",
              method_with("domain = \"ball\""),
              {"study.toml:11: method.m.domain: a ball needs a radius"}},
        Fault{"BallOfZero",
              method_with("domain = \"ball\"\nradius = 0"),
              {"study.toml:12: method.m.radius: found radius = 0", "above 0"}},
        Fault{"RadiusWithoutBall", method_with("radius = 1"), {"only domain = \"ball\" has a radius"}},
        Fault{"BoxWithoutBounds", method_with("domain = \"box\""), {"a box needs at least one of lower and upper"}},
        Fault{"BoundsWithoutBox", method_with("lower = 1"), {"only domain = \"box\" has a bound lower"}},
        Fault{"EmptyBox",
              method_with("domain = \"box\"\nlower = 2\nupper = 1"),
              {"the box is empty: lower = 2, upper = 1"}},
        Fault{"EmptyBoxOfASweep",
              method_with("domain = \"box\"\nlower = [0, 2]\nupper = [3, 1]"),
              {"lower = 2, upper = 1"}},
        Fault{"SimplexOfStep",
              method_with("domain = \"simplex\"\ninitial = 1", "step", "sgd"),
              {"study.toml:11: method.m.domain", "makes no sense"}},
        Fault{"SimplexOfPair",
              method_with("domain = \"simplex\"\ninitial = 1", "momentum_pair", "sgd"),
              {"makes no sense"}},
        Fault{"SimplexOfOne", method_with("domain = \"simplex\""), {"the simplex of dimension 1 is a single point"}},
        Fault{"InitialOfIterate",
              method_with("initial = 1"),
              {"study.toml:11: method.m.initial: the rule iterate starts at x₀"}},
        Fault{"NoInitial", method_with("", "step", "sgd"), {"study.toml:6: method.m: the key \"initial\" is missing"}},
        Fault{"InitialOfAnotherLength",
              method_with("initial = { vector = [1, 2] }", "elementwise_step", "sgd"),
              {"found a vector of 2 numbers", "has 1 meta-parameters"}},
        Fault{"InitialInfinite",
              method_with("initial = { vector = [inf] }", "elementwise_step", "sgd"),
              {"found inf in w₁"}},
        Fault{"NoMetaStep",
              one_problem + "[[method]]\nname = \"m\"\nrule = \"iterate\"\nlearner = \"sgd\"\n",
              {"study.toml:6: method.m: the key \"meta_step\" is missing: β_t"}},
        Fault{"IdleMethod",
              problem_with("methods = [\"plain\"]") + "[[method]]\nname = \"idle\"\nclassical = \"polyak\"\n",
              {"study.toml:10: method.idle: this method runs on no problem"}},
        Fault{"IdleProblem",
              one_problem + "[[problem]]\nname = \"idle\"\nfamily = \"huber\"\nthreshold = 1\n" + one_method +
                  "problems = [\"huber\"]\n",
              {"study.toml:6: problem.idle: no method runs on this problem"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Values, FaultyStudy,
    ::testing::Values(
        Fault{"StepInfinite",
              one_problem + one_method + "step = \"1/mu\"\n",
              {"study.toml:9: method.plain.step: the formula \"1/mu\" is inf for instance 0 of \"huber\"", "mu = 0",
               "expected a finite number"}},
        Fault{"StepInfiniteAtT",
              "iterations = 50\n" + one_problem + one_method + "step = \"1/(t-7)\"\n",
              {"is inf for t = 7, instance 0"}},
        Fault{"WeightsVanish",
              method_with("weights = \"t-1\""),
              {"study.toml:11: method.m.weights: the weight \"t-1\" is 0 at t = 1; weights must be positive"}},
        Fault{"WeightsOverflow",
              "iterations = 2000\n" + method_with("weights = \"2^t\""),
              {"is inf at t = 1024", "r^(t-T/2)"}},
        Fault{"WeightsOverflowInFloat32",
              "precision = \"float32\"\n" + method_with("weights = \"1.1^t\""),
              {"1.1^t", "at most 3.4e+38"}},
        Fault{"ScaleOutOfFloat32",
              "precision = \"float32\"\n[[problem]]\nname = \"p\"\nfamily = \"huber\"\nthreshold = 1\nstart = 1e20\n" +
                  one_method,
              {"study.toml:2: problem.p: gaps are divided by 1e+40", "allowed is 1e-20 to 1e+30", "float64"}},
        Fault{"BoundNegative",
              one_problem + one_method + "bound = \"-L\"\n",
              {"study.toml:9: method.plain.bound: the formula \"-L\" is -1", "expected a positive number"}},
        Fault{"NoProduct",
              many_smoothness + one_method + "step = \"min(1/L, 1/t)\"\n",
              {"study.toml:12: method.plain.step: the formula \"min(1/L, 1/t)\" is not a product of a factor in L, mu, "
               "R, "
               "G and a factor in t"}},
        Fault{"SumIsNoProduct", many_smoothness + one_method + "step = \"1/L + 0.001/t\"\n", {"is not a product"}}),
    name_of);

// Overrides

TEST(Override, TakesNamesIndicesAndNestedKeys) {
  const std::string text = "iterations = 50\n" + many_smoothness.substr(many_smoothness.find('\n') + 1) + one_method;
  const Study study =
      load(text, {"iterations=64", "problem.tri.instances = 8", "problem.0.smoothness.log_grid=[0.5, 2]",
                  "method.plain.step=1/(2*L)", "method.0.iterations=5", "title=a \"new\" title"});
  EXPECT_EQ(study.iterations, 64);
  EXPECT_EQ(study.title, "a \"new\" title");
  EXPECT_EQ(study.problems[0].instances, 8);
  EXPECT_EQ(study.problems[0].parameters.at("smoothness").values[0].low, 0.5);
  EXPECT_EQ(study.methods[0].parameters.at("step").values[0].text, "1/(2*L)");
  EXPECT_EQ(study.methods[0].iterations, 5);
}

TEST(Override, NamesMayHoldDotsAndEqualsSigns) {
  const std::string text = one_problem + one_method +
                           "[[method]]\nname = \"step 0.5\"\nclassical = \"gradient_descent\"\nstep = 0.5\n" +
                           "[[method]]\nname = \"step = 0.7\"\nclassical = \"gradient_descent\"\nstep = 0.7\n" +
                           "[[claim]]\nname = \"C\"\nstatement = \"S\"\nchecks = [{ problem = \"huber\", method = "
                           "\"plain\", quantity = \"diverged\", equals = 0 }]\n";
  const Study study = load(text, {"method.step 0.5.step=0.25", "claim.C.checks.0.quantity=best_loss",
                                  "method.\"step = 0.7\".step = 1/L == 1 ? 3 : 4"});
  EXPECT_EQ(study.methods[1].parameters.at("step").values[0].text, "0.25");
  EXPECT_EQ(study.methods[2].parameters.at("step").values[0].text, "1/L == 1 ? 3 : 4");
  EXPECT_EQ(study.claims[0].checks[0].quantity, Check::Quantity::best_loss);
}

TEST(Override, FaultsNameTheOverride) {
  const std::string text = one_problem + one_method;
  EXPECT_THAT(complaint(text, {"iterations"}), HasSubstr("--set: found \"iterations\", expected KEY=VALUE"));
  EXPECT_THAT(complaint(text, {"=3"}), HasSubstr("expected KEY=VALUE"));
  EXPECT_THAT(complaint(text, {"iteration=3"}), HasSubstr("--set: iteration: unknown key \"iteration\" (did you mean"));
  EXPECT_THAT(complaint(text, {"iterations=0"}), HasSubstr("--set: iterations: found 0"));
  EXPECT_THAT(complaint(text, {"iterations=1\nseed=2"}), HasSubstr("--set: iterations: found the text"));
  EXPECT_THAT(complaint(text, {"problem.hubert.instances=3"}),
              AllOf(HasSubstr("--set: problem.hubert.instances: expected problem.NAME.KEY"), HasSubstr("huber")));
  EXPECT_THAT(complaint(text, {"problem.7.instances=3"}), HasSubstr("the names are: huber"));
  EXPECT_THAT(complaint(text, {"problem.huber.treshold=3"}), HasSubstr("--set: problem.huber.treshold: unknown key"));
  EXPECT_THAT(complaint(text, {"problem.huber.threshold.grid=[1,2]"}), HasSubstr("has no keys of its own"));
  EXPECT_THAT(complaint(text, {"problem.huber=3"}), HasSubstr("expected problem.NAME.KEY"));
  EXPECT_THAT(complaint(text, {"nothing.here=3"}), HasSubstr("there is no table \"nothing\""));
  EXPECT_THAT(complaint(text, {"method.plain.step=1/LL"}), HasSubstr("--set: method.plain.step: the formula \"1/LL\""));
}

// The plan

const Cell& cell_named(const Plan& plan, const std::string& method) {
  return *std::find_if(plan.cells.begin(), plan.cells.end(),
                       [&](const Cell& cell) { return cell.method.name == method; });
}

std::size_t parameter(const Cell& cell, const std::string& name) {
  const auto found = std::find(cell.parameter_names.begin(), cell.parameter_names.end(), name);
  return static_cast<std::size_t>(found - cell.parameter_names.begin());
}

TEST(MakePlan, CellsAreProblemsTimesMethodsAsTheListsLet) {
  const Plan p = plan(R"toml(iterations = 10
[[problem]]
name = "a"
family = "huber"
threshold = 1
methods = ["x", "z"]
iterations = 20
[[problem]]
name = "b"
family = "huber"
threshold = 1
[[method]]
name = "x"
classical = "gradient_descent"
[[method]]
name = "y"
classical = "gradient_descent"
iterations = 30
[[method]]
name = "z"
classical = "gradient_descent"
problems = ["a"]
iterations = 40
)toml");
  std::vector<std::string> names;
  std::vector<std::int64_t> iterations;
  for (const Cell& cell : p.cells) {
    EXPECT_EQ(cell.index, names.size());
    names.push_back(cell.problem->name + cell.method.name);
    iterations.push_back(cell.iterations);
    EXPECT_EQ(cell.options.horizon, cell.iterations);
    EXPECT_EQ(cell.record_at, checkpoints(cell.iterations));
  }
  EXPECT_THAT(names, ElementsAre("ax", "az", "bx", "by"));
  EXPECT_THAT(iterations, ElementsAre(20, 40, 10, 30));
  EXPECT_EQ(p.cells[0].problem, p.cells[1].problem);
}

TEST(MakePlan, OptionsFollowTheMethod) {
  const Plan p = plan(one_problem + R"toml([[method]]
name = "ftrl"
rule = "iterate"
learner = "ftrl"
meta_step = 1
[[method]]
name = "hyper"
rule = "step"
learner = "hypergradient"
meta_step = 1
initial = 1
null_step = false
domain = "box"
lower = 0
[[method]]
name = "optimistic"
rule = "iterate"
learner = "bmg"
target = "optimistic"
hint = "lookahead"
averaged = false
meta_step = 1
[[method]]
name = "bootstrap"
rule = "step"
learner = "bmg"
target = "bootstrap"
bootstrap_steps = 5
meta_step = 1
initial = 1
[[method]]
name = "classic"
classical = "heavy_ball"
)toml");
  EXPECT_EQ(p.cells[0].options, (Options{.averaged = true, .null_step = false, .horizon = 1000}));
  EXPECT_EQ(p.cells[1].options, (Options{.domain = Domain::box, .null_step = false, .horizon = 1000}));
  EXPECT_EQ(p.cells[2].options,
            (Options{.hint = Hint::lookahead, .target = Target::optimistic, .null_step = false, .horizon = 1000}));
  EXPECT_EQ(p.cells[3].options, (Options{.bootstrap_steps = 5, .null_step = false, .horizon = 1000}));
  EXPECT_FALSE(p.cells[4].options.averaged);
}

TEST(MakePlan, ParametersComeInTheOrderOfTheMethodWithDefaults) {
  const Plan p = plan(one_problem + one_method + R"toml([[method]]
name = "adagrad"
rule = "adagrad"
learner = "bmg"
target = "bootstrap"
meta_step = 0.5
initial = 3
inner_step = 2
)toml");
  const Cell& cell = cell_named(p, "adagrad");
  EXPECT_THAT(cell.parameter_names, ElementsAre("meta_step", "initial", "lower", "upper", "radius", "hint_decay",
                                                "rate", "floor", "inner_step"));
  std::vector<double> values;
  for (std::size_t k = 0; k < cell.parameter_names.size(); ++k) values.push_back(cell.constant(k, 0, 0));
  EXPECT_THAT(values, ElementsAre(0.5, 3, -infinity, infinity, infinity, 0.5, 1, 1e-12, 2));
  EXPECT_EQ(cell_named(p, "plain").parameter_names, std::vector<std::string>{"step"});
  EXPECT_EQ(cell_named(p, "plain").constant(0, 0, 0), 1.0);
}

TEST(MakePlan, ConstantsAreOneNumberOrOneForEachInstance) {
  const Plan p =
      plan(many_smoothness + one_method + "step = \"1/L\"\n[[method]]\nname = \"fixed\"\nclassical = \"adam\"\n");
  const Constant& step = cell_named(p, "plain").constants[0][0];
  const auto& L = p.cells[0].problem->smoothness;
  ASSERT_EQ(step.values.size(), 7u);
  for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(step.at(i), 1.0 / L[i]);
  EXPECT_EQ(cell_named(p, "fixed").constants[0][0].values, std::vector<double>{0.01});
}

TEST(Factorisation, AFormulaWithoutInstanceIsTheTable) {
  const Plan p = plan(many_smoothness + "[[method]]\nname = \"n\"\nclassical = \"nesterov\"\n");
  const Cell& cell = p.cells[0];
  const std::size_t momentum = 1;  // of the scheduled parameters step, momentum
  EXPECT_EQ(cell.constants[momentum][0].values, std::vector<double>{1.0});
  const auto& table = cell.variants[0].tables[momentum];
  ASSERT_EQ(table.size(), 52u);
  for (int t = 1; t <= 51; ++t) EXPECT_EQ(table[static_cast<std::size_t>(t)], (t - 1.0) / (t + 2.0));
  EXPECT_THAT(cell.variants[0].tables[0], Each(1.0));
}

TEST(Factorisation, SplitsConstantAndScheduleWhereInstancesDiffer) {
  const Plan p = plan(many_smoothness + R"toml([[method]]
name = "m"
rule = "iterate"
learner = "ftrl"
weights = "t"
meta_step = "(t-1)/(2*t*L)"
)toml");
  const Cell& cell = p.cells[0];
  const auto& L = cell.problem->smoothness;
  const auto& table = cell.variants[0].tables.at(0);
  EXPECT_EQ(table[0], 0);  // no value at t = 0, and none needed
  for (std::size_t t = 1; t <= 51; ++t) {
    const double s = static_cast<double>(t);
    EXPECT_EQ(table[t], (s - 1) / (2 * s));
    for (std::size_t i = 0; i < 7; ++i)
      EXPECT_NEAR(cell.constant(0, 0, i) * table[t], (s - 1) / (2 * s * L[i]), 1e-15 / L[i]);
  }
}

TEST(Factorisation, WorksWhereTheUnitInstanceHasNoValue) {
  // 1 − √(mu/L) vanishes at L = mu = 1.
  const Plan p = plan(many_smoothness + one_method + "step = \"(1-sqrt(mu/L))/(L*sqrt(t))\"\n");
  const Cell& cell = p.cells[0];
  const Problem& problem = *cell.problem;
  for (std::size_t i = 0; i < 7; ++i)
    for (std::size_t t = 1; t <= 50; ++t) {
      const double L = problem.smoothness[i];
      const double expected =
          (1 - std::sqrt(problem.strong_convexity[i] / L)) / (L * std::sqrt(static_cast<double>(t)));
      EXPECT_NEAR(cell.constant(0, 0, i) * cell.variants[0].tables[0][t], expected, 1e-13 * expected);
    }
}

TEST(Factorisation, InstancesThatAreAlikeNeedNoProduct) {
  const Plan p = plan(one_problem + one_method + "step = \"min(1/L, 10/t)\"\n");
  EXPECT_EQ(p.cells[0].constants[0][0].values, std::vector<double>{1.0});
  EXPECT_EQ(p.cells[0].variants[0].tables[0][5], 1.0);
  EXPECT_EQ(p.cells[0].variants[0].tables[0][40], 0.25);
}

TEST(Weights, AveragesAreTheQuotientOfTheSums) {
  const Plan p = plan("iterations = 40\n" + method_with("weights = \"t\""));
  const Variant& variant = p.cells[0].variants[0];
  ASSERT_EQ(variant.alpha.size(), 42u);
  double sum = 0;
  for (std::size_t t = 1; t <= 41; ++t) {
    EXPECT_EQ(variant.alpha[t], static_cast<double>(t));
    sum += static_cast<double>(t);
    EXPECT_EQ(variant.rho[t], static_cast<double>(t) / sum);
  }
}

TEST(Weights, OnlineOutputHasRhoOne) {
  const Plan p = plan("iterations = 40\n" + method_with("weights = \"t\"\naveraged = false"));
  EXPECT_THAT(p.cells[0].variants[0].rho, Each(1.0));
}

TEST(Weights, RhoOutlivesTheOverflowOfTheSums) {
  // α_t = 2^(t+16): the sums overflow at t = 1007, the weights do not.
  std::vector<double> alpha(1008, 0.0);
  for (std::size_t t = 1; t < alpha.size(); ++t) alpha[t] = std::ldexp(1.0, static_cast<int>(t) + 16);
  double sum = 0;
  for (const double a : alpha) sum += a;
  ASSERT_TRUE(std::isinf(sum));
  const auto rho = averaging_table(alpha);
  for (std::size_t t = 1; t < alpha.size(); ++t)
    EXPECT_NEAR(rho[t], 0.5 / (1 - std::ldexp(1.0, -static_cast<int>(t))), 1e-15) << t;
}

TEST(Sweep, IsTheProductOfTheListsWeightsFirstLastParameterFastest) {
  const Plan p = plan(one_problem + R"toml([[method]]
name = "m"
rule = "step"
learner = "sgd"
weights = ["1", "t"]
meta_step = [0.1, "0.2/t", 0.3]
initial = [1, 2]
)toml");
  const Cell& cell = p.cells[0];
  ASSERT_EQ(cell.settings, 12u);
  EXPECT_EQ(cell.lanes(), 12u);
  EXPECT_TRUE(cell.track_best);
  EXPECT_EQ(cell.setting_names[0], "weights = 1, meta_step = 0.1, initial = 1");
  EXPECT_EQ(cell.setting_names[1], "weights = 1, meta_step = 0.1, initial = 2");
  EXPECT_EQ(cell.setting_names[2], "weights = 1, meta_step = 0.2/t, initial = 1");
  EXPECT_EQ(cell.setting_names[11], "weights = t, meta_step = 0.3, initial = 2");
  const std::size_t initial = parameter(cell, "initial"), step = parameter(cell, "meta_step");
  for (std::uint64_t s = 0; s < 12; ++s) {
    const bool weight_one = s < 6;
    EXPECT_EQ(cell.constant(initial, s, 0), s % 2 == 0 ? 1 : 2);
    const Variant& variant = cell.variants[cell.variant_of[s]];
    EXPECT_EQ(variant.alpha[3], weight_one ? 1.0 : 3.0);
    const double expected = s / 2 % 3 == 0 ? 0.1 : s / 2 % 3 == 1 ? 0.2 / 4 : 0.3;
    EXPECT_EQ(cell.constant(step, s, 0) * variant.tables[0][4], expected) << s;
  }
  // Steps 0.1 and 0.3 differ in a constant only: two tables for each of two weights.
  EXPECT_EQ(cell.variants.size(), 4u);
}

TEST(Sweep, OfOneSettingHasNoName) {
  const Plan p = plan(one_problem + one_method);
  EXPECT_EQ(p.cells[0].settings, 1u);
  EXPECT_THAT(p.cells[0].setting_names, ElementsAre(""));
  EXPECT_FALSE(p.cells[0].track_best);
}

TEST(Sweep, VectorsGoIntoTheVariants) {
  const Plan p = plan(R"toml(
[[problem]]
name = "q"
family = "tridiagonal"
dimension = 2
start = 1
[[method]]
name = "m"
rule = "affine"
learner = "sgd"
meta_step = 1
initial = [{ vector = [1, 2, 3, 4] }, 0.5]
domain = "box"
lower = { vector = [0, -inf, 0, 0] }
upper = 9
)toml");
  const Cell& cell = p.cells[0];
  ASSERT_EQ(cell.settings, 2u);
  EXPECT_THAT(cell.variants[cell.variant_of[0]].initial, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(cell.variants[cell.variant_of[1]].initial, IsEmpty());
  EXPECT_THAT(cell.variants[cell.variant_of[1]].lower, ElementsAre(0, -infinity, 0, 0));
  EXPECT_THAT(cell.variants[cell.variant_of[1]].upper, IsEmpty());
  EXPECT_EQ(cell.constant(parameter(cell, "initial"), 1, 0), 0.5);
  EXPECT_EQ(cell.setting_names[0], "initial = [1, 2, 3, 4]");
}

TEST(Sweep, LengthOfW1IsThatOfTheRule) {
  const auto with = [](const std::string& rule, const std::string& vector) {
    return complaint(
        "[[problem]]\nname = \"q\"\nfamily = \"tridiagonal\"\ndimension = 3\nstart = 1\n[[method]]\nname = \"m\"\nrule "
        "= \"" +
        rule + "\"\nlearner = \"sgd\"\nmeta_step = 1\ninitial = { vector = [" + vector + "] }\n");
  };
  EXPECT_EQ(with("step", "1"), "");
  EXPECT_EQ(with("momentum_pair", "1, 2"), "");
  EXPECT_EQ(with("elementwise_step", "1, 2, 3"), "");
  EXPECT_EQ(with("affine", "1, 2, 3, 4, 5, 6"), "");
  EXPECT_EQ(with("matrix", "1, 2, 3, 4, 5, 6, 7, 8, 9"), "");
  EXPECT_THAT(with("matrix", "1, 2, 3"), HasSubstr("has 9 meta-parameters"));
}

TEST(Bound, IsConstantTimesTableAndInfiniteWhereItSaysNothing) {
  const Plan p = plan(many_smoothness + one_method + "bound = \"2*L*R^2/(t^2-1)\"\n");
  const Cell& cell = p.cells[0];
  ASSERT_EQ(cell.bound_constant.size(), 1u);
  ASSERT_EQ(cell.bound_table.size(), 51u);
  EXPECT_EQ(cell.bound_table[0], infinity);
  EXPECT_EQ(cell.bound_table[1], infinity);
  const Problem& problem = *cell.problem;
  for (std::size_t i = 0; i < 7; ++i)
    for (std::size_t t = 2; t <= 50; ++t) {
      const double s = static_cast<double>(t), R = problem.distance[i];
      const double expected = 2 * problem.smoothness[i] * R * R / (s * s - 1);
      EXPECT_NEAR(cell.bound_constant[0].at(i) * cell.bound_table[t], expected, 1e-14 * expected);
    }
}

TEST(Bound, AtTheLastIterationOnly) {
  const Plan p = plan(
      "iterations = 10\n" + one_problem +
      "[[method]]\nname = \"ogm\"\nclassical = \"ogm\"\nbound = \"L*R^2/(2*ogm_theta(t)^2)\"\nbound_at = \"last\"\n");
  const Cell& cell = p.cells[0];
  for (std::size_t t = 0; t < 10; ++t) EXPECT_EQ(cell.bound_table[t], infinity);
  EXPECT_NEAR(cell.bound_constant[0].at(0) * cell.bound_table[10], 0.00628648, 1e-8);
}

TEST(Bound, WithoutTIsTheSameAtEveryIteration) {
  const Plan p = plan("iterations = 3\n" + one_problem + one_method + "bound = \"L*R^2/2\"\n");
  EXPECT_THAT(p.cells[0].bound_table, ElementsAre(infinity, 1, 1, 1));
  EXPECT_EQ(p.cells[0].bound_constant[0].values, std::vector<double>{0.5});
}

TEST(MakePlan, ChecksOfLossesTrackTheBestSetting) {
  const std::string claim =
      "[[claim]]\nname = \"C\"\nstatement = \"S\"\nchecks = [{ problem = \"huber\", method = \"plain\", other = \"b\", "
      "quantity = \"share_worse\", at_most = 1 }]\n";
  const Plan p = plan(
      one_problem + one_method +
      "[[method]]\nname = \"b\"\nclassical = \"polyak\"\n[[method]]\nname = \"c\"\nclassical = \"polyak\"\n" + claim);
  EXPECT_TRUE(cell_named(p, "plain").track_best);
  EXPECT_TRUE(cell_named(p, "b").track_best);
  EXPECT_FALSE(cell_named(p, "c").track_best);
}

TEST(MakePlan, KeepsTheEnvelopeAtEveryIterationOnRequest) {
  const Plan p = plan("iterations = 100\nenvelope = \"every\"\nprecision = \"float32\"\nbest = \"final_gap\"\n" +
                      one_problem + one_method);
  ASSERT_EQ(p.cells[0].record_at.size(), 100u);
  EXPECT_EQ(p.cells[0].record_at.front(), 1);
  EXPECT_EQ(p.cells[0].record_at.back(), 100);
  EXPECT_EQ(p.cells[0].precision, Precision::float32);
  EXPECT_EQ(p.cells[0].best_by, BestBy::final_gap);
}

// The defaults of every classical method give numbers, on a problem that has all of L, mu, R.
TEST(MakePlan, DefaultsOfEveryClassicalMethodHaveValues) {
  for (const auto& entry : catalogue().classical) {
    const std::string text = many_smoothness + "[[method]]\nname = \"m\"\nclassical = \"" + entry.name + "\"\n";
    EXPECT_EQ(complaint(text), "") << entry.name;
  }
}

// The examples of the documentation are studies that can be planned.
TEST(Documentation, ExamplesOfTheStudyFileAreValid) {
  std::ifstream file(std::filesystem::path(test::source_directory) / "docs/study-file.md");
  ASSERT_TRUE(file);
  std::string line, example;
  int examples = 0;
  bool inside = false;
  while (std::getline(file, line)) {
    if (inside && line == "```") {
      EXPECT_EQ(complaint(example), "");
      ++examples;
      inside = false;
    } else if (line == "```toml") {
      inside = true;
      example.clear();
    } else if (inside) {
      example += line + "\n";
    }
  }
  EXPECT_GE(examples, 1);
}

TEST(Documentation, NamesEveryChoiceAndQuantity) {
  std::ifstream file(std::filesystem::path(test::source_directory) / "docs/study-file.md");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  for (const auto* entries : {&catalogue().targets, &catalogue().domains})
    for (const auto& entry : *entries) EXPECT_THAT(text, HasSubstr("`" + entry.name + "`"));
  for (const auto& parameter : MetaParameters::parameters)
    EXPECT_THAT(text, HasSubstr("`" + std::string(parameter.name) + "`"));
}

// The catalogue

TEST(Catalogue, EveryEntryHasItsHeaderAndItsType) {
  const Catalogue& all = catalogue();
  for (const auto* entries :
       {&all.families, &all.rules, &all.learners, &all.classical, &all.hints, &all.targets, &all.domains})
    for (const auto& entry : *entries) {
      const auto header = std::filesystem::path(test::source_directory) / "include" / entry.header;
      std::ifstream file(header);
      ASSERT_TRUE(file) << header;
      const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
      if (entry.type.find("::") == std::string::npos) {
        EXPECT_THAT(text, HasSubstr("struct " + entry.type + " {")) << entry.name;
      }
      EXPECT_FALSE(entry.formula.empty()) << entry.name;
    }
}

TEST(Catalogue, ChoicesComeInTheOrderOfTheirEnumerations) {
  const auto names = [](const std::vector<CatalogueEntry>& entries) {
    std::vector<std::string> out;
    for (const auto& entry : entries) out.push_back(entry.name);
    return out;
  };
  EXPECT_THAT(names(catalogue().hints), ElementsAre("none", "last", "extrapolated", "average", "lookahead"));
  EXPECT_THAT(names(catalogue().targets), ElementsAre("bootstrap", "optimistic", "kl"));
  EXPECT_THAT(names(catalogue().domains), ElementsAre("all", "box", "ball", "simplex"));
  EXPECT_EQ(static_cast<int>(Hint::lookahead), 4);
  EXPECT_EQ(static_cast<int>(Target::kl), 2);
  EXPECT_EQ(static_cast<int>(Domain::simplex), 3);
}

TEST(Catalogue, NamesAreUniqueAndNoParameterHidesAKeyOfTheStudyFile) {
  const std::vector<std::string> of_problems{"name",       "family",    "instances", "iterations", "seed",
                                             "start_seed", "normalise", "methods",   "start",      "minimiser"};
  const std::vector<std::string> of_methods{"name",    "rule",   "learner",  "classical",  "hint",
                                            "target",  "domain", "averaged", "null_step",  "bootstrap_steps",
                                            "weights", "bound",  "bound_at", "iterations", "problems"};
  const auto unique = [](const std::vector<CatalogueEntry>& entries, const std::vector<std::string>& reserved) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      EXPECT_EQ(find_entry(entries, entries[i].name), &entries[i]);
      for (const auto& p : entries[i].parameters)
        EXPECT_THAT(reserved, ::testing::Not(::testing::Contains(std::string(p.name))));
    }
  };
  unique(catalogue().families, of_problems);
  unique(catalogue().rules, of_methods);
  unique(catalogue().learners, of_methods);
  unique(catalogue().classical, of_methods);
  EXPECT_EQ(find_entry(catalogue().rules, "nothing"), nullptr);
}

TEST(Catalogue, ParametersOfAMethodAreCommonRuleLearner) {
  std::vector<std::string> names;
  for (const auto& p : method_parameters("adagrad", "bmg", "")) names.emplace_back(p.name);
  EXPECT_THAT(names, ElementsAre("meta_step", "initial", "lower", "upper", "radius", "hint_decay", "rate", "floor",
                                 "inner_step"));
  names.clear();
  for (const auto& p : method_parameters("", "", "nesterov")) names.emplace_back(p.name);
  EXPECT_THAT(names, ElementsAre("step", "momentum"));
  EXPECT_THROW(method_parameters("nothing", "bmg", ""), Error);
}

TEST(Place, NamesWhatIsKnown) {
  EXPECT_EQ((Place{"study.toml", 12, "problem.huber.threshold"}).text(), "study.toml:12: problem.huber.threshold");
  EXPECT_EQ((Place{"study.toml", 0, ""}).text(), "study.toml");
  EXPECT_EQ((Place{"", 0, "key"}).text(), "key");
  EXPECT_STREQ(Error(Place{}, "message").what(), "message");
}

TEST(CellStatistics, AreKeptWhereTheStudyAsks) {
  const Plan p =
      plan("iterations = 1000\nlane_statistics = [\"exponent\", \"sup\", \"regret\", \"ratio\"]\nsup_power = 2\n" +
           one_problem + one_method);
  const Cell& cell = p.cells.at(0);
  EXPECT_TRUE(cell.figures.exponent);
  EXPECT_FALSE(cell.figures.regret) << "w* is known for the rule iterate only";
  EXPECT_FALSE(cell.figures.ratio) << "there is no bound";
  EXPECT_FALSE(cell.figures.loss);
  EXPECT_FALSE(cell.keep_instances);
  // Distributions at T and the powers of two before it, ten in all; exponents over the checkpoints of [10, 1000].
  std::vector<std::int64_t> distributions, points;
  for (const Sample& sample : cell.samples) {
    const std::int64_t t = cell.record_at[sample.record];
    if (sample.distribution) distributions.push_back(t);
    if (sample.fit) points.push_back(t);
  }
  EXPECT_THAT(distributions, ElementsAre(2, 4, 8, 16, 32, 64, 128, 256, 512, 1000));
  EXPECT_EQ(points.front(), 10);
  EXPECT_EQ(points.back(), 1000);
  EXPECT_EQ(cell.sup_table[9], 0);
  EXPECT_EQ(cell.sup_table[20], 20 * 20);
}

TEST(CellStatistics, AreFewByDefault) {
  for (const char* kind : {"last", "auto"}) {
    const Plan p = plan(std::string("iterations = 100\ndistribution = \"") + kind + "\"\n" + one_problem + one_method);
    ASSERT_EQ(p.cells[0].samples.size(), 1u);
    EXPECT_EQ(p.cells[0].record_at[p.cells[0].samples[0].record], 100);
  }
  EXPECT_TRUE(plan("distribution = \"none\"\n" + one_problem + one_method).cells[0].samples.empty());
  const Plan all = plan("distribution = \"checkpoints\"\n" + one_problem + one_method);
  EXPECT_EQ(all.cells[0].samples.size(), all.cells[0].record_at.size());
}

/// Every key of a table has one meaning.
TEST(Keys, OfMethodsAndProblemsAreNoParametersOfTheRegistry) {
  const std::vector<std::string> of_methods{"name",      "rule",       "learner",  "classical", "hint",
                                            "target",    "domain",     "averaged", "null_step", "bootstrap_steps",
                                            "weights",   "bound",      "bound_at", "stop",      "claimed_rate",
                                            "sup_power", "iterations", "problems"};
  const std::vector<std::string> of_problems{"name", "family",     "instances", "iterations",
                                             "seed", "start_seed", "normalise", "methods"};
  const Catalogue& all = catalogue();
  for (const auto* entries : {&all.rules, &all.learners, &all.classical})
    for (const CatalogueEntry& entry : *entries)
      for (const Parameter& parameter : entry.parameters)
        EXPECT_THAT(of_methods, ::testing::Not(::testing::Contains(parameter.name))) << entry.name;
  for (const CatalogueEntry& entry : all.families)
    for (const Parameter& parameter : entry.parameters)
      EXPECT_THAT(of_problems, ::testing::Not(::testing::Contains(parameter.name))) << entry.name;
}

}  // namespace
}  // namespace omg
