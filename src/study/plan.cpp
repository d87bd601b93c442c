#include "omg/plan.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <new>
#include <numeric>

#include <fmt/format.h>

#include "omg/catalogue.hpp"

#include "method_options.hpp"
#include "schedule.hpp"
#include "traits.hpp"

namespace omg {

namespace {

constexpr std::uint64_t most_settings = 10'000'000;
constexpr double infinity = std::numeric_limits<double>::infinity();

bool in_sweep(const Setting& setting) { return setting.values.size() > 1; }

/// Gives equal items equal numbers, from 0.
template <class Item>
class Numbering {
 public:
  std::uint32_t number(Item item) {
    return numbers_.emplace(std::move(item), static_cast<std::uint32_t>(numbers_.size())).first->second;
  }
  [[nodiscard]] std::vector<Item> items() const {
    std::vector<Item> out(numbers_.size());
    for (const auto& [item, number] : numbers_) out[number] = item;
    return out;
  }

 private:
  std::map<Item, std::uint32_t> numbers_;
};

using Numbers = std::vector<double>;

/// The iterations at which distributions are kept, all of them checkpoints.
std::vector<std::int64_t> distribution_iterations(DistributionAt at, std::int64_t iterations) {
  if (at == DistributionAt::none) return {};
  if (at == DistributionAt::checkpoints) return checkpoints(iterations);
  std::vector<std::int64_t> out{iterations};
  const std::int64_t most = at == DistributionAt::last ? 1 : iterations / 100;
  for (auto t = std::bit_floor(static_cast<std::uint64_t>(iterations - 1)); t > 0 && std::ssize(out) < most; t /= 2)
    out.push_back(static_cast<std::int64_t>(t));
  std::reverse(out.begin(), out.end());
  return out;
}

/// Turns one method on one problem into a cell.
class CellBuilder {
 public:
  CellBuilder(const Study& study, const ProblemSpec& problem_spec, const MethodSpec& method, Options options,
              std::shared_ptr<const Problem> problem)
      : study_(study),
        method_(method),
        problem_(*problem),
        iterations_(iterations(study, problem_spec, method)),
        evaluator_(problem_, iterations_) {
    cell_.problem = std::move(problem);
    cell_.method = method;
    cell_.options = options;
    cell_.options.horizon = static_cast<int>(iterations_);
    cell_.precision = study.precision;
    cell_.iterations = iterations_;
    cell_.best_by = study.best;
  }

  Cell build() {
    meta_dimension_ = method_.classical.empty() ? rule_traits(method_.rule).meta_dimension(problem_.shape.n) : 0;
    if (cell_.options.domain == Domain::simplex && meta_dimension_ == 1)
      throw Error(
          place_of(method_, "domain"),
          fmt::format("the simplex of dimension 1 is a single point; the rule {} has {} meta-parameter on \"{}\"",
                      method_.rule, meta_dimension_, problem_.name));
    read_weights();
    for (const auto& parameter : method_parameters(method_.rule, method_.learner, method_.classical))
      read_parameter(parameter);
    check_domain();
    check_minimiser();
    number_settings();
    read_bound();
    record();
    return std::move(cell_);
  }

 private:
  /// What one entry of a parameter's list contributes to the variant: numbers of tables and vectors; 0 is none.
  struct Swept {
    const Setting* setting = nullptr;
    bool scheduled = false;
    std::vector<std::uint32_t> tables;   ///< scheduled: one for each value
    std::vector<std::uint32_t> vectors;  ///< initial, lower, upper: one for each value
  };

  static std::int64_t iterations(const Study& study, const ProblemSpec& problem, const MethodSpec& method) {
    return method.iterations.value_or(problem.iterations.value_or(study.iterations));
  }

  void read_weights() {
    if (!method_.classical.empty() || method_.weights.values.empty()) {
      default_weights_ = {{{Value::Kind::formula, "1", {}, 0, 0, method_.place}}, method_.place};
      weights_ = &default_weights_;
    } else {
      weights_ = &method_.weights;
    }
    const double largest = study_.precision == Precision::float32
                               ? static_cast<double>(std::numeric_limits<float>::max())
                               : std::numeric_limits<double>::max();
    for (const auto& value : weights_->values)
      alpha_of_value_.push_back(tables_.number(weights_table(Formula(value.text, value.place), iterations_, largest)));
  }

  void read_parameter(const Parameter& parameter) {
    const std::string name = parameter.name;
    const auto given = method_.parameters.find(name);
    Setting setting;
    if (given != method_.parameters.end()) {
      setting = given->second;
    } else {
      // w₁ of a rule that starts at x₀ has no default and no use.
      const std::string text = *parameter.value == 0 ? "0" : parameter.value;
      setting = {{{Value::Kind::formula, text, {}, 0, 0, method_.place}}, method_.place};
    }
    const bool may_be_infinite = name == "lower" || name == "upper" || name == "radius";
    std::vector<Constant> constants;
    Swept swept;
    swept.scheduled = parameter.scheduled;
    for (const auto& value : setting.values) {
      std::uint32_t vector = 0;
      if (value.kind == Value::Kind::vector) {
        check_vector(name, value);
        vector = vectors_.number(value.numbers);
        constants.push_back({{0.0}});  // the vector takes its place
      } else if (parameter.scheduled) {
        Factors factors = evaluator_.schedule(Formula(value.text, value.place));
        constants.push_back(std::move(factors.constant));
        swept.tables.push_back(tables_.number(std::move(factors.table)));
      } else {
        constants.push_back(evaluator_.constant(Formula(value.text, value.place), may_be_infinite));
        check_range(parameter, value, constants.back());
      }
      swept.vectors.push_back(vector);
    }
    cell_.parameter_names.push_back(name);
    cell_.constants.push_back(std::move(constants));
    settings_.push_back(std::move(setting));
    swept_.push_back(std::move(swept));
  }

  void check_vector(const std::string& name, const Value& value) const {
    if (value.numbers.size() != static_cast<std::size_t>(meta_dimension_))
      throw Error(value.place,
                  fmt::format("found a vector of {} numbers; the rule {} has {} meta-parameters on \"{}\" (n "
                              "= {})",
                              value.numbers.size(), method_.rule, meta_dimension_, problem_.name, problem_.shape.n));
    if (name != "initial") return;
    for (const double entry : value.numbers)
      if (!std::isfinite(entry))
        throw Error(value.place, fmt::format("found {} in w₁, expected finite numbers", entry));
  }

  void check_range(const Parameter& parameter, const Value& value, const Constant& constant) const {
    const auto refuse_unless = [&](auto&& allowed, std::string_view expected) {
      for (std::size_t i = 0; i < constant.values.size(); ++i)
        if (!allowed(constant.values[i]))
          throw Error(value.place, fmt::format("found {} = {} for instance {} of \"{}\"; expected {}", parameter.name,
                                               constant.values[i], i, problem_.name, expected));
    };
    switch (parameter.allowed) {
      case Allowed::any:
        return;
      case Allowed::positive:
        return refuse_unless([](double x) { return x > 0; }, "a number above 0");
      case Allowed::not_negative:
        return refuse_unless([](double x) { return x >= 0; }, "a number from 0 on");
      case Allowed::below_one:
        return refuse_unless([](double x) { return x >= 0 && x < 1; }, "a number in [0, 1)");
      case Allowed::to_one:
        return refuse_unless([](double x) { return x >= 0 && x <= 1; }, "a number in [0, 1]");
    }
  }

  /// lower ≤ upper for every pair of entries of the sweep and every instance.
  void check_domain() const {
    if (cell_.options.domain != Domain::box) return;
    const std::size_t lower = position("lower"), upper = position("upper");
    for (std::size_t a = 0; a < settings_[lower].values.size(); ++a)
      for (std::size_t b = 0; b < settings_[upper].values.size(); ++b) check_box(lower, a, upper, b);
  }

  void check_box(std::size_t lower, std::size_t a, std::size_t upper, std::size_t b) const {
    const Value& low = settings_[lower].values[a];
    const Value& high = settings_[upper].values[b];
    const auto entries = std::max(low.numbers.size(), high.numbers.size());
    const Constant& lows = cell_.constants[lower][a];
    const Constant& highs = cell_.constants[upper][b];
    const std::size_t instances = std::max(lows.values.size(), highs.values.size());
    for (std::size_t k = 0; k < std::max<std::size_t>(entries, 1); ++k)
      for (std::size_t i = 0; i < instances; ++i) {
        const double from = low.numbers.empty() ? lows.at(i) : low.numbers[k];
        const double to = high.numbers.empty() ? highs.at(i) : high.numbers[k];
        if (!(from <= to) || from == infinity || to == -infinity)
          throw Error(
              low.place.line > 0 ? low.place : high.place,
              fmt::format("the box is empty: lower = {}, upper = {} for coordinate {} and instance {} of \"{}\"", from,
                          to, k + 1, i, problem_.name));
      }
  }

  /// Gaps count from f(x*), so x* must be the minimiser over the set on which the points lie: W for the rule `iterate`,
  /// else the whole space. It is one if x* ∈ W and ⟨c, w − x*⟩ ≥ 0 for all w ∈ W, c = ∇f(x*) the tilt of the problem.
  void check_minimiser() const {
    const bool constrained = method_.classical.empty() && rule_traits(method_.rule).starts_at_point;
    const Domain domain = constrained ? cell_.options.domain : Domain::all;
    if (domain == Domain::all && problem_.array("tilt", 0).empty()) return;
    const auto values = [&](const char* name) { return settings_[position(name)].values.size(); };
    const std::size_t firsts = domain == Domain::box ? values("lower") : domain == Domain::ball ? values("radius") : 1;
    const std::size_t seconds = domain == Domain::box ? values("upper") : 1;
    for (std::size_t i = 0; i < problem_.instances; ++i) {
      const Numbers minimiser = problem_.array("minimiser", i), tilt = problem_.array("tilt", i);
      for (std::size_t a = 0; a < firsts; ++a)
        for (std::size_t b = 0; b < seconds; ++b) check_minimiser_over(domain, i, a, b, minimiser, tilt);
    }
  }

  /// For value a of the list of `lower` or `radius` and value b of that of `upper`.
  void check_minimiser_over(Domain domain, std::size_t i, std::size_t a, std::size_t b, const Numbers& minimiser,
                            const Numbers& tilt) const {
    constexpr double rounding = 1e-12;
    const std::size_t n = minimiser.size();
    const auto refuse = [&](const std::string& what) {
      throw Error(
          place_of(method_, "domain"),
          fmt::format("gaps count from the minimum over the set of the points, and x* of instance {} of \"{}\" is "
                      "not known to be its minimiser: {}",
                      i, problem_.name, what));
    };
    const auto bound = [&](const char* name, std::size_t which, std::size_t k) {
      const Value& value = settings_[position(name)].values[which];
      return value.numbers.empty() ? cell_.constants[position(name)][which].at(i) : value.numbers[k];
    };
    double along = 0, squares = 0;  // ⟨c, x*⟩ and ‖c‖²
    for (std::size_t k = 0; k < tilt.size(); ++k) along += tilt[k] * minimiser[k], squares += tilt[k] * tilt[k];
    double least = 0;  // the least of ⟨c, w⟩ over W
    switch (domain) {
      case Domain::all:
        least = squares > 0 ? -infinity : 0;
        break;
      case Domain::box:
        for (std::size_t k = 0; k < n; ++k) {
          const double low = bound("lower", a, k), high = bound("upper", b, k), at = minimiser[k];
          const double margin = rounding * (1 + std::abs(at));
          if (at < low - margin || at > high + margin)
            refuse(fmt::format("coordinate {} of x* is {}, the box is {} to {}", k + 1, at, low, high));
          if (!tilt.empty() && tilt[k] != 0) least += tilt[k] * (tilt[k] > 0 ? low : high);
        }
        break;
      case Domain::ball: {
        const double radius = bound("radius", a, 0);
        if (problem_.distance[i] > radius * (1 + rounding))
          refuse(fmt::format("R = {}, the ball has the radius {}", problem_.distance[i], radius));
        if (squares > 0) {
          const Numbers centre = problem_.array("start", i);
          least = std::inner_product(tilt.begin(), tilt.end(), centre.begin(), -radius * std::sqrt(squares));
        }
        break;
      }
      case Domain::simplex: {
        const double sum = std::accumulate(minimiser.begin(), minimiser.end(), 0.0);
        const double lowest = *std::min_element(minimiser.begin(), minimiser.end());
        if (lowest < -rounding || std::abs(sum - 1) > rounding * static_cast<double>(n))
          refuse(fmt::format("its coordinates sum to {} and the least is {}, on the simplex 1 and 0 or more", sum,
                             lowest));
        if (squares > 0) least = *std::min_element(tilt.begin(), tilt.end());
        break;
      }
    }
    // Rounding of sums of as many terms.
    if (least < along - 1e-9 * (std::abs(along) + std::sqrt(squares)))
      refuse(fmt::format("f falls from there into the set, <c, x*> = {} for the tilt c and at least {} in the set",
                         along, least));
  }

  [[nodiscard]] std::size_t position(std::string_view name) const {
    const auto& names = cell_.parameter_names;
    return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  }

  /// Settings are the product of the lists, weights first, the last parameter fastest.
  void number_settings() {
    std::uint64_t settings = weights_->values.size();
    for (const auto& setting : settings_) {
      settings *= setting.values.size();
      if (settings > most_settings)
        throw Error(method_.place, fmt::format("the sweep has more than {} settings", most_settings));
    }
    cell_.settings = settings;
    Numbering<std::vector<std::uint32_t>> variants;
    for (std::uint64_t s = 0; s < settings; ++s) {
      std::vector<std::uint32_t> choice(settings_.size());
      std::uint64_t rest = s;
      for (std::size_t p = settings_.size(); p-- > 0;) {
        choice[p] = static_cast<std::uint32_t>(rest % settings_[p].values.size());
        rest /= settings_[p].values.size();
      }
      cell_.variant_of.push_back(variants.number(variant_key(rest, choice)));
      cell_.setting_names.push_back(setting_name(rest, choice));
      cell_.choice.push_back(std::move(choice));
    }
    make_variants(variants.items());
    std::uint64_t stride = 1;
    const auto add = [&](const std::string& name, const Setting& setting) {
      if (in_sweep(setting)) {
        SweptParameter& swept = cell_.swept.emplace_back(SweptParameter{name, {}, stride});
        for (const Value& value : setting.values) swept.values.push_back(value.text);
      }
      stride *= setting.values.size();
    };
    for (std::size_t p = settings_.size(); p-- > 0;) add(cell_.parameter_names[p], settings_[p]);
    add("weights", *weights_);
    std::reverse(cell_.swept.begin(), cell_.swept.end());
  }

  /// The numbers of everything that a variant holds: α, the tables in order, initial, lower, upper.
  [[nodiscard]] std::vector<std::uint32_t> variant_key(std::uint64_t weight,
                                                       const std::vector<std::uint32_t>& choice) const {
    std::vector<std::uint32_t> key{alpha_of_value_[weight]};
    for (std::size_t p = 0; p < swept_.size(); ++p)
      if (swept_[p].scheduled) key.push_back(swept_[p].tables[choice[p]]);
    if (method_.classical.empty())
      for (const char* name : {"initial", "lower", "upper"}) {
        const std::size_t p = position(name);
        key.push_back(swept_[p].vectors[choice[p]]);
      }
    return key;
  }

  void make_variants(const std::vector<std::vector<std::uint32_t>>& keys) {
    const auto tables = tables_.items();
    const auto vectors = vectors_.items();
    const auto scheduled = static_cast<std::size_t>(
        std::count_if(swept_.begin(), swept_.end(), [](const Swept& swept) { return swept.scheduled; }));
    for (const auto& key : keys) {
      Variant variant;
      variant.alpha = tables[key[0]];
      variant.rho = cell_.options.averaged ? averaging_table(variant.alpha) : Numbers(variant.alpha.size(), 1.0);
      for (std::size_t k = 0; k < scheduled; ++k) variant.tables.push_back(tables[key[1 + k]]);
      if (method_.classical.empty()) {
        variant.initial = vectors[key[1 + scheduled]];
        variant.lower = vectors[key[2 + scheduled]];
        variant.upper = vectors[key[3 + scheduled]];
      }
      cell_.variants.push_back(std::move(variant));
    }
  }

  [[nodiscard]] std::string setting_name(std::uint64_t weight, const std::vector<std::uint32_t>& choice) const {
    std::string out;
    const auto add = [&](const std::string& name, const Setting& setting, std::uint64_t which) {
      if (in_sweep(setting)) out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", name, setting.values[which].text);
    };
    add("weights", *weights_, weight);
    for (std::size_t p = 0; p < settings_.size(); ++p) add(cell_.parameter_names[p], settings_[p], choice[p]);
    return out;
  }

  void read_bound() {
    if (method_.bound.empty()) return;
    Factors factors = evaluator_.bound(Formula(method_.bound, method_.bound_place), method_.bound_at_last);
    cell_.bound_constant.push_back(std::move(factors.constant));
    cell_.bound_table = std::move(factors.table);
  }

  void record() {
    if (study_.envelope_every_iteration) {
      cell_.record_at.resize(static_cast<std::size_t>(iterations_));
      std::iota(cell_.record_at.begin(), cell_.record_at.end(), std::int64_t{1});
    } else {
      cell_.record_at = checkpoints(iterations_);
    }
    watch();
    cell_.track_best = cell_.settings > 1;
    for (const auto& claim : study_.claims)
      for (const auto& check : claim.checks) {
        const bool compares =
            check.quantity == Check::Quantity::best_loss || check.quantity == Check::Quantity::share_worse;
        const bool ours =
            check.problem == problem_.name && (check.method == method_.name || check.other == method_.name);
        if (compares && ours) cell_.track_best = true;
        if (check.quantity == Check::Quantity::speedup && ours) cell_.keep_instances = true;
      }
    for (const auto& comparison : study_.comparisons)
      if (compares(comparison, problem_.name, method_.name)) cell_.keep_instances = true;
    if (cell_.figures.first || cell_.keep_instances || (cell_.track_best && cell_.best_by == BestBy::iterations))
      cell_.targets = study_.epsilon;
  }

  /// What is observed of single lanes.
  void watch() {
    const Stop& stop = method_.stop ? *method_.stop : study_.stop;
    cell_.stop_gap = stop.gap;
    cell_.stop_gradient = stop.gradient_norm;
    cell_.figures = study_.lane_statistics;
    cell_.figures.ratio = cell_.figures.ratio && !method_.bound.empty();
    // w* is known for the rule `iterate`: x*. With a null step g_t belongs to a trial point.
    cell_.figures.regret = cell_.figures.regret && method_.classical.empty() &&
                           rule_traits(method_.rule).starts_at_point && !learner_traits(method_.learner).has_null_step;
    const Window window = fit_window(study_, iterations_);
    if (cell_.figures.sup) {
      cell_.sup_power = method_.sup_power.value_or(study_.sup_power);
      cell_.sup_table.resize(static_cast<std::size_t>(iterations_) + 1);
      for (std::int64_t t = window.from; t <= window.to; ++t)
        cell_.sup_table[static_cast<std::size_t>(t)] = std::pow(static_cast<double>(t), cell_.sup_power);
    }
    const std::vector<std::int64_t> distributions = distribution_iterations(study_.distribution, iterations_);
    for (const std::int64_t t : checkpoints(iterations_)) {
      Sample sample;
      sample.distribution = std::binary_search(distributions.begin(), distributions.end(), t);
      sample.fit = cell_.figures.exponent && t >= window.from && t <= window.to;
      if (!sample.distribution && !sample.fit) continue;
      sample.record = static_cast<std::uint32_t>(std::lower_bound(cell_.record_at.begin(), cell_.record_at.end(), t) -
                                                 cell_.record_at.begin());
      sample.log2_t = std::log2(static_cast<double>(t));
      cell_.samples.push_back(sample);
    }
  }

  const Study& study_;
  const MethodSpec& method_;
  const Problem& problem_;
  std::int64_t iterations_;
  Evaluator evaluator_;
  Cell cell_;
  int meta_dimension_ = 0;
  Setting default_weights_;
  const Setting* weights_ = nullptr;
  std::vector<std::uint32_t> alpha_of_value_;
  std::vector<Setting> settings_;  ///< in the order of parameter_names
  std::vector<Swept> swept_;
  Numbering<Numbers> tables_;
  Numbering<Numbers> vectors_ = with_empty();

  /// Number 0 stands for "no vector".
  static Numbering<Numbers> with_empty() {
    Numbering<Numbers> out;
    out.number({});
    return out;
  }
};

const Cell& cell_of(const Plan& plan, const std::string& problem, const std::string& method) {
  return *std::find_if(plan.cells.begin(), plan.cells.end(),
                       [&](const Cell& cell) { return cell.problem->name == problem && cell.method.name == method; });
}

/// A comparison needs two methods on a problem.
void validate_comparison(const Plan& plan, const ComparisonSpec& comparison) {
  const auto most = [&](const std::string& problem) {
    return std::count_if(plan.cells.begin(), plan.cells.end(), [&](const Cell& cell) {
      return cell.problem->name == problem && compares(comparison, problem, cell.method.name);
    });
  };
  if (std::none_of(plan.study.problems.begin(), plan.study.problems.end(),
                   [&](const ProblemSpec& problem) { return most(problem.name) > 1; }))
    throw Error(comparison.place, "no two of its methods run on the same problem");
}

/// Checks ask for figures that the run keeps.
void validate_check(const Plan& plan, const Check& check) {
  using Quantity = Check::Quantity;
  const Cell& cell = cell_of(plan, check.problem, check.method);
  const auto refuse = [&](std::string_view key, const std::string& reason) {
    Place place = check.place;
    place.key.append(".").append(key);
    throw Error(place, reason);
  };
  if (check.at > cell.iterations)
    refuse("at", fmt::format("found {}, but \"{}\" runs {} iterations", check.at, check.method, cell.iterations));
  if (check.at > 0 && !std::binary_search(cell.record_at.begin(), cell.record_at.end(), check.at))
    refuse("at",
           fmt::format("the envelope is not kept at t = {}; set envelope = \"every\" or take a checkpoint", check.at));
  if (check.quantity == Quantity::exponent || check.quantity == Quantity::sup) {
    const std::int64_t from = plan.study.fit_from;
    const auto& kept = cell.record_at;
    const std::int64_t to = plan.study.fit_to > 0 ? plan.study.fit_to : cell.iterations;
    const auto inside = std::count_if(kept.begin(), kept.end(), [&](std::int64_t t) { return t >= from && t <= to; });
    const int needed = check.quantity == Quantity::exponent ? 2 : 1;
    if (inside < needed)
      refuse("quantity",
             fmt::format("the window [{}, {}] of fit holds {} kept iterations of \"{}\", which runs {}; {} or "
                         "more are needed",
                         from, to, inside, check.method, cell.iterations, needed));
  }
  if (!check.other.empty()) {
    const Cell& other = cell_of(plan, check.problem, check.other);
    if (check.quantity == Quantity::trajectory_difference && other.settings != cell.settings)
      refuse("other",
             fmt::format("\"{}\" has {} settings and \"{}\" has {}; trajectories are compared setting by setting",
                         check.method, cell.settings, check.other, other.settings));
    if (std::abs(check.shift) >= std::min(cell.iterations, other.iterations))
      refuse("shift", fmt::format("found {}, but the runs have {} and {} iterations", check.shift, cell.iterations,
                                  other.iterations));
  }
}

void refuse_idle(const Study& study) {
  for (const auto& problem : study.problems)
    if (std::none_of(study.methods.begin(), study.methods.end(),
                     [&](const MethodSpec& method) { return runs_on(method, problem); }))
      throw Error(problem.place, "no method runs on this problem; see the keys methods and problems");
  for (const auto& method : study.methods)
    if (std::none_of(study.problems.begin(), study.problems.end(),
                     [&](const ProblemSpec& problem) { return runs_on(method, problem); }))
      throw Error(method.place, "this method runs on no problem; see the keys methods and problems");
}

}  // namespace

bool compares(const ComparisonSpec& comparison, const std::string& problem, const std::string& method) {
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
  };
  return has(comparison.problems, problem) && has(comparison.methods, method);
}

Window fit_window(const Study& study, std::int64_t iterations) {
  return {study.fit_from > 0 ? study.fit_from : std::max<std::int64_t>(1, iterations / 100),
          study.fit_to > 0 ? std::min(study.fit_to, iterations) : iterations};
}

namespace {

/// Gaps go down from their scale by many orders, and numbers lose digits below 1e-38 or 1e-308.
void check_scale(const Problem& problem, const ProblemSpec& spec, Precision precision) {
  const bool narrow = precision == Precision::float32;
  const double least = narrow ? 1e-20 : 1e-270, most = narrow ? 1e30 : 1e270;
  for (const double scale : problem.scale.distinct())
    if (scale < least || scale > most)
      throw Error(
          spec.place,
          fmt::format("gaps are divided by {:.3g}, which {} has no room around; allowed is {:g} to {:g}: choose "
                      "another unit for the problem{}",
                      scale, narrow ? "float32" : "float64", least, most, narrow ? ", or float64" : ""));
}

}  // namespace

Plan make_plan(Study study) {
  refuse_idle(study);
  // What can be judged without drawing an instance comes first.
  std::vector<Options> options;
  for (const auto& method : study.methods) options.push_back(method_options(method));

  Plan plan;
  for (std::size_t p = 0; p < study.problems.size(); ++p) {
    const std::shared_ptr<const Problem> problem = make_problem(study, p);
    check_scale(*problem, study.problems[p], study.precision);
    for (std::size_t m = 0; m < study.methods.size(); ++m) {
      if (!runs_on(study.methods[m], study.problems[p])) continue;
      try {
        plan.cells.push_back(CellBuilder(study, study.problems[p], study.methods[m], options[m], problem).build());
      } catch (const std::bad_alloc&) {
        throw Error(study.methods[m].place,
                    "its tables over the iterations do not fit the memory; take fewer iterations "
                    "or a smaller sweep");
      }
      plan.cells.back().index = plan.cells.size() - 1;
    }
  }
  plan.study = std::move(study);
  for (const auto& comparison : plan.study.comparisons) validate_comparison(plan, comparison);
  for (const auto& claim : plan.study.claims)
    for (const auto& check : claim.checks) validate_check(plan, check);
  return plan;
}

}  // namespace omg
