#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "omg/lane/shape.hpp"
#include "omg/problem.hpp"

namespace omg {

/// Random numbers of one instance: Philox 4×32-10 keyed by (seed, problem, instance). Each named
/// stream is a sequence of its own, so that a new parameter does not shift the others.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t problem, std::uint64_t instance, std::string_view stream);
  /// In (0, 1), 53 bits.
  double uniform();
  /// Standard normal (Box–Muller).
  double normal();

 private:
  void refill();
  std::uint32_t key_[2];
  std::uint32_t counter_[4];
  std::uint32_t words_[4];
  int left_ = 0;
  double spare_ = 0;
  bool has_spare_ = false;
};

/// The parameters of a problem as its family reads them, drawn where the study gives a distribution.
/// Every accessor throws Error, naming file, line and key, if the value is of the wrong kind or range.
class FamilyInput {
 public:
  virtual ~FamilyInput() = default;
  virtual const Shape& shape() const = 0;
  /// A whole number that all instances share, at least `least`.
  virtual int integer(std::string_view name, int least) const = 0;
  /// A word out of `allowed`.
  virtual std::string_view word(std::string_view name, std::span<const std::string_view> allowed) const = 0;
  /// The value for instance i, term k; must be above `above` (or equal, if `or_equal`).
  virtual double number(std::string_view name, std::size_t i, int k = 0) const = 0;
  virtual double positive(std::string_view name, std::size_t i, int k = 0) const = 0;
  virtual double non_negative(std::string_view name, std::size_t i, int k = 0) const = 0;
  /// A stream of random numbers for instance i.
  virtual Random random(std::string_view stream, std::size_t i) const = 0;
  /// A Haar-distributed orthogonal matrix of that order, row-major.
  virtual std::vector<double> haar(std::string_view stream, std::size_t i, int order) const = 0;
  /// The rows of a data set (file or synthetic), dense and row-major, standardised if asked for.
  virtual std::span<const double> features() const = 0;
  virtual std::span<const double> labels() const = 0;
};

/// Where a family writes the record of instance i.
class InstanceWriter {
 public:
  InstanceWriter(Problem& problem, std::size_t i) : problem_(problem), i_(i) {}
  [[nodiscard]] std::size_t index() const { return i_; }
  /// Entry k of a field of the record (or of the shared data, which is written once).
  void set(std::string_view field, std::size_t k, double value);
  void smoothness(double value) { problem_.smoothness[i_] = value; }
  void strong_convexity(double value) { problem_.strong_convexity[i_] = value; }
  void minimum(double value) { problem_.minimum[i_] = value; }
  /// For families that know x*; otherwise it comes from the parameter `minimiser`.
  void minimiser(int i, double value) { set("minimiser", static_cast<std::size_t>(i), value); }
  Problem& problem() { return problem_; }

 private:
  Problem& problem_;
  std::size_t i_;
};

/// Fields of a record after start and minimiser, in the order in which `field(k)` counts; and of the
/// data block, in the order of `data(k)`.
struct Layout {
  std::vector<Field> data;
  std::vector<Field> fields;
};

/// Largest (and smallest) eigenvalue of Σ_k weight_k u_k u_kᵀ, u_k the rows of a terms × n matrix.
struct Spectrum {
  double smallest = 0;
  double largest = 0;
};
Spectrum weighted_gram_spectrum(std::span<const double> rows, std::span<const double> weights, int n);

}  // namespace omg
