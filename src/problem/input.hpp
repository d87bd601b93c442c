#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "omg/family.hpp"
#include "omg/lane/entry.hpp"
#include "omg/study.hpp"

#include "problem/data_set.hpp"

namespace omg {

/// Defaults of the parameters that every problem has beside its family's; empty: not allowed.
struct CommonDefaults {
  const char* start = "1";
  const char* minimiser = "0";
};

/// The parameters of a problem of a study, as its family reads them. Not for several threads at once.
class ProblemInput final : public FamilyInput {
 public:
  /// `shape` is filled in by the family while this object is in use. `labels` is set for the families over a data set.
  ProblemInput(const Study& study, std::size_t index, std::span<const Parameter> parameters,
               std::optional<Labels> labels, const CommonDefaults& defaults, const Shape& shape);

  const Shape& shape() const override { return shape_; }
  bool given(std::string_view name) const override;
  bool is_vector(std::string_view name) const override;
  int integer(std::string_view name, int least) const override;
  bool flag(std::string_view name) const override;
  std::string_view word(std::string_view name, std::span<const std::string_view> allowed) const override;
  Given number(std::string_view name, std::size_t i, int k = 0) const override;
  Given positive(std::string_view name, std::size_t i, int k = 0) const override;
  Given non_negative(std::string_view name, std::size_t i, int k = 0) const override;
  [[noreturn]] void refuse(std::string_view name, const std::string& message) const override;
  Random random(std::string_view stream, std::size_t i) const override;
  std::vector<double> haar(std::string_view stream, std::size_t i, int order) const override;
  std::span<const double> features(std::size_t i) const override { return data(i).features; }
  std::span<const double> labels(std::size_t i) const override { return data(i).labels; }
  Spectrum data_spectrum(std::size_t i) const override;
  bool shares_data() const override;

  /// x₀ of instance i; `minimiser` is needed for a start on a sphere round x*.
  void start(std::size_t i, std::span<const double> minimiser, std::span<double> out) const;
  /// x* of instance i by the parameter `minimiser`.
  void minimiser(std::size_t i, std::span<double> out) const;

  /// To be called once the first instance is drawn: refuses what the study gives and nothing has read.
  void refuse_unused() const;

  /// Whether anything was computed so far out of what differs between the instances, or drawn otherwise than by a rule.
  [[nodiscard]] bool computed_per_instance() const;

  [[nodiscard]] Place place(std::string_view name) const;

 private:
  /// A parameter and what is known of its value.
  struct Resolved {
    std::string_view name;
    Value value;
    bool by_study = false;
    RandomStream stream;
    DrawRule rule;                           ///< of its first number, where the kind of value has one
    mutable std::optional<double> constant;  ///< of a formula, once evaluated
    mutable bool computed_with = false;
    mutable bool read = false;
    mutable std::size_t entries = 0;  ///< of a vector that have been read
  };
  struct Seed {
    std::uint64_t seed;
    std::uint64_t problem;
  };

  void add(std::string_view name, const char* default_value);
  [[nodiscard]] const Resolved* find(std::string_view name) const;
  [[nodiscard]] const Resolved& get(std::string_view name) const;
  [[noreturn]] void refuse(const Resolved& parameter, const std::string& message) const;
  [[nodiscard]] double evaluate(const Resolved& parameter) const;
  [[nodiscard]] double number(const Resolved& parameter, std::size_t i, int k) const;
  /// How entry k comes about, where the kind of value has a rule.
  [[nodiscard]] static DrawRule rule_of(const Resolved& parameter, int k);
  [[nodiscard]] Given given(const Resolved& parameter, double value, int k) const;
  /// Unless all numbers of a distribution are allowed, they are looked at one after the other.
  static void check_all(const Resolved& parameter, bool allowed);
  [[nodiscard]] std::string_view text(const Resolved& parameter, std::string_view expected) const;
  [[nodiscard]] bool varies() const;

  [[nodiscard]] bool is_synthetic() const;
  [[nodiscard]] const DataSet& data(std::size_t i) const;
  [[nodiscard]] DataSet load_data(std::size_t i) const;
  [[nodiscard]] DataSet read_file() const;
  [[nodiscard]] double intercept() const;

  const Study& study_;
  const ProblemSpec& spec_;
  const Shape& shape_;
  std::optional<Labels> labels_;
  Seed seed_;
  Seed start_seed_;
  std::vector<Resolved> parameters_;
  mutable bool drew_streams_ = false;
  // The data set of the instance asked for last.
  mutable std::optional<DataSet> data_;
  mutable std::size_t data_instance_ = 0;
  mutable std::optional<Spectrum> data_spectrum_;
};

}  // namespace omg
