#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "omg/lane/observer.hpp"
#include "omg/lane/options.hpp"
#include "omg/problem.hpp"
#include "omg/study.hpp"

namespace omg {

/// A parameter's value over the lanes of a cell: for each entry of the sweep either one number or
/// one per instance.
struct Constant {
  std::vector<double> values;  ///< size 1: the same for all instances; else one per instance
  [[nodiscard]] double at(std::size_t instance) const { return values.size() == 1 ? values[0] : values[instance]; }
};

/// What depends on t (and on the setting, not on the instance). A scheduled coefficient is
/// constant(lane) × table[t]; tables have T + 2 entries, t = 0 … T + 1.
struct Variant {
  std::vector<double> alpha;                ///< α_t, t = 0 … T + 1 (α_0 unused)
  std::vector<double> rho;                  ///< ρ_t; 1 for online output
  std::vector<std::vector<double>> tables;  ///< one per scheduled parameter, in the method's order
  std::vector<double> initial;              ///< w₁ if given as a vector, else empty
  std::vector<double> lower;                ///< box bounds if given as vectors, else empty
  std::vector<double> upper;
};

/// An iteration at which every lane's gap is looked at, by its position in `record_at`.
struct Sample {
  std::uint32_t record = 0;
  bool distribution = false;  ///< its histogram is kept
  bool fit = false;           ///< it is a point of the lanes' exponents
  double log2_t = 0;
};

/// A list of a sweep. Settings are the product of the lists: value ⌊setting / stride⌋ mod their number.
struct SweptParameter {
  std::string parameter;
  std::vector<std::string> values;  ///< as the study gives them
  std::uint64_t stride = 1;
  [[nodiscard]] std::size_t value_of(std::uint64_t setting) const { return setting / stride % values.size(); }
};

/// One problem × one method: its lanes are numbered setting · instances + instance.
struct Cell {
  std::size_t index = 0;
  std::shared_ptr<const Problem> problem;
  MethodSpec method;
  Options options;
  Precision precision = Precision::float64;
  std::int64_t iterations = 0;  ///< T
  std::uint64_t settings = 1;
  std::vector<std::string> parameter_names;        ///< the method's parameters, in its order
  std::vector<std::vector<Constant>> constants;    ///< [parameter][index of the value in its list]
  std::vector<std::vector<std::uint32_t>> choice;  ///< [setting][parameter]: which value of the list
  std::vector<std::uint32_t> variant_of;           ///< [setting]
  std::vector<Variant> variants;
  std::vector<SweptParameter> swept;       ///< parameters with more than one value, weights among them
  std::vector<std::string> setting_names;  ///< "step = 0.1, initial = 3"; "" without a sweep

  // The certificate: bound(lane, t) = bound_constant(lane) · bound_table[t]; empty: none.
  std::vector<Constant> bound_constant;  ///< one entry (the bound does not depend on the sweep)
  std::vector<double> bound_table;       ///< t = 0 … T; +inf where the bound does not apply

  std::vector<std::int64_t> record_at;  ///< the iterations at which the envelope is kept
  std::vector<Sample> samples;          ///< those at which every lane's gap is looked at, ascending
  LaneFigures figures;                  ///< what is counted of single lanes
  std::vector<double> targets;          ///< the ε of iterations-to-ε; at most `most_targets`
  double sup_power = 0;                 ///< p of the supremum
  std::vector<double> sup_table;        ///< t^p within the window of the supremum, else 0; t = 0 … T
  std::optional<double> stop_gap;       ///< a lane converges at a normalised gap of this or less
  std::optional<double> stop_gradient;  ///< or at a norm of ∇f(y_t) of this or less
  BestBy best_by = BestBy::cumulative_loss;
  bool track_best = false;      ///< a sweep: keep the best setting of each instance
  bool keep_instances = false;  ///< keep what every instance leaves behind, for comparisons

  [[nodiscard]] std::uint64_t lanes() const { return settings * problem->instances; }
  /// What lanes must observe for all of this.
  [[nodiscard]] ObserverOptions observer() const {
    return {.certificate = !bound_table.empty(),
            .loss = figures.loss || (track_best && best_by == BestBy::cumulative_loss),
            .sup = figures.sup,
            .regret = figures.regret,
            .stop_gap = stop_gap.has_value(),
            .stop_gradient = stop_gradient.has_value(),
            .targets = static_cast<int>(targets.size())};
  }
  [[nodiscard]] double constant(std::size_t parameter, std::uint64_t setting, std::size_t instance) const {
    return constants[parameter][choice[setting][parameter]].at(instance);
  }
};

/// A validated study: every formula evaluated, every instance drawn, every lane numbered.
struct Plan {
  Study study;
  std::vector<Cell> cells;
};

/// The iterations over which the envelope of a cell with T iterations is judged: the study's `fit`, cut
/// at T; by default the last two decades.
struct Window {
  std::int64_t from = 0;
  std::int64_t to = 0;
};
Window fit_window(const Study& study, std::int64_t iterations);

/// Whether a comparison looks at that cell.
bool compares(const ComparisonSpec& comparison, const std::string& problem, const std::string& method);

/// The checkpoints of the spec (section 6): every t ≤ 32, then round(32 · 2^(k/8)), and T.
std::vector<std::int64_t> checkpoints(std::int64_t iterations);

/// Validates a study and draws its instances. Throws Error naming file, line and key.
Plan make_plan(Study study);

}  // namespace omg
