#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "omg/catalogue.hpp"
#include "omg/plan.hpp"

#include "reference/vector.hpp"

namespace omg::reference {

/// The parameters of one lane by name, and its weights α_t and ρ_t.
template <class S>
class Coefficients {
 public:
  /// Throws Error if the cell's tables do not fit its method.
  Coefficients(const Cell& cell, std::uint64_t lane) : variant_(variant_of(cell, lane)) {
    const std::uint64_t setting = lane / cell.problem->instances;
    const std::size_t instance = lane % cell.problem->instances;
    const MethodSpec& method = cell.method;
    const std::vector<Parameter> declared = method_parameters(method.rule, method.learner, method.classical);
    std::size_t scheduled = 0;
    for (std::size_t k = 0; k < cell.parameter_names.size(); ++k) {
      const std::vector<double>* table = nullptr;
      if (declared.at(k).scheduled) table = &variant_.tables.at(scheduled++);
      entries_.push_back({cell.parameter_names[k], S(cell.constant(k, setting, instance)), table});
    }
  }

  /// A parameter that does not depend on t.
  [[nodiscard]] S value(std::string_view name) const { return find(name).constant; }
  /// A scheduled parameter at iteration t = 1 … T + 1: constant × table[t].
  [[nodiscard]] S value(std::string_view name, int t) const {
    const Entry& entry = find(name);
    return entry.constant * S(entry.table->at(static_cast<std::size_t>(t)));
  }
  [[nodiscard]] S alpha(int t) const { return S(variant_.alpha.at(static_cast<std::size_t>(t))); }
  [[nodiscard]] S rho(int t) const { return S(variant_.rho.at(static_cast<std::size_t>(t))); }

  /// A parameter over the coordinates of w: the vector if the study gave one, else the number in each.
  [[nodiscard]] Vector<S> initial(Eigen::Index size) const { return spread(variant_.initial, "initial", size); }
  [[nodiscard]] Vector<S> lower(Eigen::Index size) const { return spread(variant_.lower, "lower", size); }
  [[nodiscard]] Vector<S> upper(Eigen::Index size) const { return spread(variant_.upper, "upper", size); }

 private:
  struct Entry {
    std::string name;
    S constant;
    const std::vector<double>* table;  ///< null without a schedule
  };

  static const Variant& variant_of(const Cell& cell, std::uint64_t lane) {
    return cell.variants.at(cell.variant_of.at(lane / cell.problem->instances));
  }

  const Entry& find(std::string_view name) const {
    for (const Entry& entry : entries_)
      if (entry.name == name) return entry;
    throw Error("the cell has no parameter " + std::string(name));
  }

  Vector<S> spread(const std::vector<double>& values, std::string_view name, Eigen::Index size) const {
    if (values.empty()) return Vector<S>::Constant(size, value(name));
    if (static_cast<Eigen::Index>(values.size()) != size)
      throw Error(std::string(name) + ": found " + std::to_string(values.size()) + " numbers, w has " +
                  std::to_string(size) + " coordinates");
    return to_vector<S>(values);
  }

  const Variant& variant_;
  std::vector<Entry> entries_;
};

}  // namespace omg::reference
