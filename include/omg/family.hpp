#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "omg/draw_rule.hpp"
#include "omg/lane/shape.hpp"
#include "omg/problem.hpp"

namespace omg {

/// Random numbers of the instances of a problem: Philox 4×32-10 (Salmon et al., SC 2011) as a function of a key and a
/// counter, so that any number can be drawn without the ones before it. Each named stream is a sequence
/// of its own: a new parameter does not shift the others.
///
///   key      seed + problem · 0x9E3779B97F4A7C15 mod 2⁶⁴, low word first
///   counter  block, instance, then the FNV-1a hash (64 bits) of the stream's name, low word first
///
/// A block of four words holds two numbers: number k of a stream comes from block ⌊k/2⌋.
RandomStream random_stream(std::uint64_t seed, std::uint64_t problem, std::string_view name);

/// The numbers of a stream for one instance.
class Random {
 public:
  /// Throws Error unless instance < 2³².
  Random(const RandomStream& stream, std::uint64_t instance);
  Random(std::uint64_t seed, std::uint64_t problem, std::uint64_t instance, std::string_view stream)
      : Random(random_stream(seed, problem, stream), instance) {}
  /// In (0, 1): an odd multiple of 2⁻⁵³.
  double uniform();
  /// Standard normal (Box–Muller on the two uniform numbers of a block).
  double normal();
  /// The next number is number k of the stream.
  void seek(std::uint64_t k);

 private:
  void draw_block();
  RandomStream stream_;
  std::uint32_t instance_;
  std::uint64_t next_ = 0;  ///< number of the stream that comes next
  std::uint32_t block_ = 0;
  double uniform_[2];   ///< the uniform numbers of that block
  bool drawn_ = false;  ///< whether they are
};

/// A number that the study gives for an instance. A family that hands it on to the record as it is lets the engines
/// draw it where they need it; it is noted if one computes with it, as what comes of it may be another number for every
/// instance.
class Given {
 public:
  /// `computed_with` is set when the number is used and must outlive this.
  Given(double value, const DrawRule& rule, bool& computed_with)
      : value_(value), rule_(rule), computed_with_(&computed_with) {}
  operator double() const {
    *computed_with_ = true;
    return value_;
  }

 private:
  friend class InstanceWriter;
  double value_;
  DrawRule rule_;
  bool* computed_with_;
};

/// Largest and smallest eigenvalue of a symmetric matrix.
struct Spectrum {
  double smallest = 0;
  double largest = 0;
};

/// What a family takes the labels of a data set for.
enum class Labels {
  real,     ///< any number
  signs,    ///< −1 or 1
  classes,  ///< 0, 1, …, classes − 1
};

/// The parameters of a problem as its family reads them, drawn where the study gives a distribution.
/// Every accessor throws Error, naming file, line and key, if the value is of the wrong kind or range.
class FamilyInput {
 public:
  virtual ~FamilyInput() = default;
  /// The sizes as far as they are known: while a family fills in its shape, what it has set so far.
  virtual const Shape& shape() const = 0;
  /// Whether the parameter has a value, from the study or by default.
  virtual bool given(std::string_view name) const = 0;
  /// Whether the study gives it as a vector of numbers.
  virtual bool is_vector(std::string_view name) const = 0;
  /// A whole number that all instances share, at least `least`.
  virtual int integer(std::string_view name, int least) const = 0;
  /// true or false.
  virtual bool flag(std::string_view name) const = 0;
  /// A word out of `allowed`.
  virtual std::string_view word(std::string_view name, std::span<const std::string_view> allowed) const = 0;
  /// The value for instance i, entry k (a term, a coordinate): entry k of a vector, or a number of its own
  /// for every i and k where the study gives a distribution, else the same for all k. Finite.
  virtual Given number(std::string_view name, std::size_t i, int k = 0) const = 0;
  /// A number above 0.
  virtual Given positive(std::string_view name, std::size_t i, int k = 0) const = 0;
  /// A number of at least 0.
  virtual Given non_negative(std::string_view name, std::size_t i, int k = 0) const = 0;
  /// Refuses the value of a parameter for a reason that only the family knows.
  [[noreturn]] virtual void refuse(std::string_view name, const std::string& message) const = 0;
  /// A stream of random numbers for instance i.
  virtual Random random(std::string_view stream, std::size_t i) const = 0;
  /// A Haar-distributed orthogonal matrix of that order, row-major.
  virtual std::vector<double> haar(std::string_view stream, std::size_t i, int order) const = 0;
  /// The rows of the data set of instance i (a file's are the same for all), dense and row-major,
  /// standardised if asked for. Valid until the data of another instance is asked for.
  virtual std::span<const double> features(std::size_t i) const = 0;
  virtual std::span<const double> labels(std::size_t i) const = 0;
  /// The spectrum of AᵀA, A the rows of the data set of instance i.
  virtual Spectrum data_spectrum(std::size_t i) const = 0;
  /// Whether data set and parameters are the same for all instances, so that they share data and x*.
  virtual bool shares_data() const = 0;
};

/// Writes the records of a problem, one instance after the other.
class InstanceWriter {
 public:
  explicit InstanceWriter(Problem& problem);
  /// Goes to instance i.
  void select(std::size_t i) { i_ = i; }
  [[nodiscard]] std::size_t index() const { return i_; }
  /// Entry k of a field of the record, or of the shared data.
  void set(std::string_view field, std::size_t k, double value);
  void set(std::string_view field, std::size_t k, const Given& value);
  /// All entries of a field.
  void set(std::string_view field, std::span<const double> values);
  [[nodiscard]] double get(std::string_view field, std::size_t k) const;
  void smoothness(double value) { problem_.smoothness.set(i_, value); }
  void strong_convexity(double value) { problem_.strong_convexity.set(i_, value); }
  void minimum(double value) { problem_.minimum.set(i_, value); }
  /// Coordinate i of x*, by families that know it (`knows_minimiser`).
  void minimiser(int i, double value) { set("minimiser", static_cast<std::size_t>(i), value); }
  /// R = ‖x₀ − x*‖, for families whose minimiser comes from the parameter `minimiser`.
  [[nodiscard]] double distance() const;

 private:
  struct Slot {
    std::string_view name;
    std::size_t size;
    double* first;       ///< entry 0 of instance 0
    std::size_t stride;  ///< from an entry to the next
    std::size_t step;    ///< from an instance to the next; 0: shared
    DrawRule* rules;     ///< how its entries come about, where that is kept
  };
  [[nodiscard]] const Slot& slot(std::string_view field, std::size_t size) const;
  Problem& problem_;
  std::vector<Slot> slots_;
  std::size_t i_ = 0;
};

/// The arrays that a family keeps of an instance: those of the data block, in the order in which
/// `data(k)` counts, and those of the record after start and minimiser, in the order of `field(k)`.
struct Layout {
  std::vector<Field> data;
  std::vector<Field> fields;
};

/// The spectrum of Σ_k weight_k u_k u_kᵀ, u_k the rows of a terms × n matrix (empty: the identity).
Spectrum weighted_gram_spectrum(std::span<const double> rows, std::span<const double> weights, int n);

}  // namespace omg
