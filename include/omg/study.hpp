#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "omg/error.hpp"

namespace omg {

/// One value of a parameter: a formula (a plain number is one too), a vector of numbers, or a
/// distribution over the instances of a problem.
struct Value {
  enum class Kind {
    formula,      ///< `text`, evaluated in t, T, L, mu, R, n
    vector,       ///< `numbers`, one per coordinate
    log_grid,     ///< instance i takes the i-th of `instances` log-spaced points of [low, high]
    grid,         ///< the same, evenly spaced
    log_uniform,  ///< drawn for each instance, log-uniform in [low, high]
    uniform,      ///< drawn for each instance, uniform in [low, high]
    normal,       ///< drawn for each instance and coordinate, standard normal times `high`
    sphere,       ///< a start on the sphere of radius `high` round x*, uniformly distributed
  };
  Kind kind = Kind::formula;
  std::string text;             ///< the formula; for the other kinds how the user wrote it
  std::vector<double> numbers;  ///< for `vector`
  double low = 0;
  double high = 0;
  Place place;
};

/// A parameter as the study gives it: one value, or the list of a sweep.
struct Setting {
  std::vector<Value> values;
  Place place;
};

using Parameters = std::map<std::string, Setting, std::less<>>;

/// Where the keys of a table stand, for messages; a key that is not here was not given.
using Places = std::map<std::string, Place, std::less<>>;

/// What the gap is divided by (spec, section 1).
enum class Normalisation { LR2, R2, initial_gap, initial_gap_plus_mu, none };

struct UserFamily;

/// `[[problem]]`: instances drawn from one family.
struct ProblemSpec {
  std::string name;
  std::string family;
  std::shared_ptr<const UserFamily> user_family;  ///< from `family_header`, else null
  Parameters parameters;                          ///< of the family: threshold, spectrum, regularisation, data, …
  std::int64_t instances = 1;
  std::optional<std::int64_t> iterations;
  std::optional<std::uint64_t> seed;        ///< of the problems; the study's by default
  std::optional<std::uint64_t> start_seed;  ///< of the starts; the problems' by default
  Normalisation normalisation = Normalisation::LR2;
  std::vector<std::string> methods;  ///< names; empty: every method of the study
  Place place;
  Places places;
};

/// Tolerances on which a lane stops: the first that it meets.
struct Stop {
  std::optional<double> gap;            ///< normalised
  std::optional<double> gradient_norm;  ///< ‖∇f(y_t)‖
};

/// What is counted of single lanes (LaneStatistics).
struct LaneFigures {
  bool exponent = false, sup = false, first = false, loss = false, regret = false, ratio = false, evaluations = false;
};

/// How the best setting of a sweep is judged.
enum class BestBy {
  cumulative_loss,  ///< Σ_t f(y_t) − f*
  final_gap,        ///< f(y_T) − f*
  iterations,       ///< first t with normalised gap ≤ the first ε
};

/// `[[comparison]]`: methods against each other on the same instances.
struct ComparisonSpec {
  std::string name;
  std::vector<std::string> problems;  ///< names; empty: every problem that two of the methods run on
  std::vector<std::string> methods;   ///< names; empty: every method
  double confidence = 0.95;           ///< of the intervals
  std::int64_t resamples = 2000;
  Place place;
  Places places;
};

/// At which iterations the distribution of the gaps over the lanes is kept.
enum class DistributionAt {
  automatic,    ///< at T and at the powers of two before it, one for each hundred iterations
  checkpoints,  ///< at every checkpoint
  last,         ///< at T
  none,
};

/// `[[method]]`: update rule + meta-learner + weights + meta-step + hint or target, or a classical
/// method.
struct MethodSpec {
  std::string name;
  std::string rule;       ///< empty for a classical method
  std::string learner;    ///< empty for a classical method
  std::string classical;  ///< empty for a meta-gradient
  std::string hint;       ///< empty: none
  std::string target;     ///< bmg only: bootstrap, optimistic or kl
  std::string domain = "all";
  std::optional<bool> averaged;  ///< default: true for `iterate`, false otherwise
  bool null_step = true;         ///< hypergradient only
  std::int64_t bootstrap_steps = 1;
  Setting weights;        ///< formula(s) in t, T
  Parameters parameters;  ///< step, meta_step, initial, radius, lower, upper, …
  std::string bound;      ///< formula in t, T, L, mu, R, n; empty: no certificate
  bool bound_at_last = false;
  std::optional<double> claimed_rate;  ///< p of a claimed O(t^−p); else that of the bound, if it has one
  Place bound_place;
  std::optional<std::int64_t> iterations;
  std::optional<Stop> stop;           ///< instead of the study's
  std::optional<double> sup_power;    ///< instead of the study's
  std::vector<std::string> problems;  ///< names; empty: every problem of the study
  Place place;
  Places places;
};

/// One figure that a claim demands, judged after the run.
struct Check {
  enum class Quantity {
    exponent,               ///< least-squares slope of log envelope on log t over the window
    certificate,            ///< largest gap ÷ bound over all lanes and iterations
    sup,                    ///< largest t^power · envelope(t) over the window
    constant,               ///< t^power · envelope(t) at `at` (0: the last iteration)
    envelope,               ///< envelope(t) at `at` (0: the last iteration)
    trajectory_difference,  ///< largest |y_t − y'_t| between `method` and `other`
    best_loss,              ///< mean over instances of the best setting's cumulative loss
    share_worse,            ///< share of instances where `method`'s best loss exceeds `other`'s
    diverged,               ///< number of diverged lanes
    rate,                   ///< whether the envelope is O(t^-power), by the verdict of judge_rate
    speedup,                ///< geometric mean of `other`'s gap at T, or iterations to ε, over `method`'s
  };
  Quantity quantity = Quantity::exponent;
  std::string problem;
  std::string method;
  std::string other;
  double power = 0;
  std::int64_t at = 0;
  std::int64_t shift = 0;  ///< trajectory_difference: y_{t+shift} of `method` against y'_t of `other`
  double epsilon = 0;      ///< speedup: compares iterations to ε; 0: gaps at T
  double confidence = 0.95;
  std::string verdict = "confirmed";  ///< rate: what must come out
  std::optional<double> at_least;
  std::optional<double> at_most;
  std::string note;  ///< printed beside the figure
  Place place;
};

/// `[[claim]]`: a statement and the checks that confirm it.
struct Claim {
  std::string name;
  std::string statement;
  std::vector<Check> checks;
  Place place;
};

enum class Precision { float64, float32 };
constexpr std::size_t bytes_of(Precision precision) {
  return precision == Precision::float64 ? sizeof(double) : sizeof(float);
}

/// A study file, parsed and checked for form; formulas are kept as text.
struct Study {
  std::string title;
  std::filesystem::path file;
  std::int64_t iterations = 1000;
  std::uint64_t seed = 0;
  Precision precision = Precision::float64;
  bool envelope_every_iteration = false;  ///< else at the checkpoints only
  std::int64_t fit_from = 0;              ///< window of the exponents; 0: the last two decades
  std::int64_t fit_to = 0;                ///< 0: the last iteration
  BestBy best = BestBy::cumulative_loss;  ///< how the best setting of a sweep is judged
  Stop stop;
  DistributionAt distribution = DistributionAt::automatic;
  LaneFigures lane_statistics;
  double sup_power = 1;  ///< p of sup t^p · gap
  std::vector<double> quantiles{0.05, 0.25, 0.5, 0.75, 0.95};
  std::vector<double> epsilon;  ///< of iterations-to-ε, normalised gaps
  std::vector<ProblemSpec> problems;
  std::vector<MethodSpec> methods;
  std::vector<ComparisonSpec> comparisons;
  std::vector<Claim> claims;
};

/// Whether that cell is part of the study: both lists of names, `methods` and `problems`, let it.
bool runs_on(const MethodSpec& method, const ProblemSpec& problem);

/// Reads a study file; each of `overrides` is KEY=VALUE with a dotted key, as `--set` gives it
/// (problem and method tables are named by their `name` or their index: `problem.huber.instances=64`).
/// Throws Error with file, line and key for anything unknown, of a wrong type or out of range.
Study load_study(const std::filesystem::path& file, const std::vector<std::string>& overrides = {});

}  // namespace omg
