#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

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
  std::vector<std::string> setting_names;  ///< "step = 0.1, initial = 3"; "" without a sweep

  // The certificate: bound(lane, t) = bound_constant(lane) · bound_table[t]; empty: none.
  std::vector<Constant> bound_constant;  ///< one entry (the bound does not depend on the sweep)
  std::vector<double> bound_table;       ///< t = 0 … T; +inf where the bound does not apply

  std::vector<std::int64_t> record_at;  ///< the iterations at which the envelope is kept
  bool best_by_loss = true;             ///< best setting by cumulative loss, else by final gap
  bool track_best = false;              ///< a sweep: keep the best setting of each instance

  [[nodiscard]] std::uint64_t lanes() const { return settings * problem->instances; }
  [[nodiscard]] double constant(std::size_t parameter, std::uint64_t setting, std::size_t instance) const {
    return constants[parameter][choice[setting][parameter]].at(instance);
  }
};

/// A validated study: every formula evaluated, every instance drawn, every lane numbered.
struct Plan {
  Study study;
  std::vector<Cell> cells;
};

/// The checkpoints of the spec (section 6): every t ≤ 32, then round(32 · 2^(k/8)), and T.
std::vector<std::int64_t> checkpoints(std::int64_t iterations);

/// Validates a study and draws its instances. Throws Error naming file, line and key.
Plan make_plan(Study study);

}  // namespace omg
