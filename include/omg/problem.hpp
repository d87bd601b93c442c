#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "omg/draw_rule.hpp"
#include "omg/lane/shape.hpp"

namespace omg {

struct UserFamily;

/// A named array of an instance's record (or of the data shared by all instances).
struct Field {
  std::string name;
  std::size_t size = 0;
};

/// A number for each instance, held once as long as all are the same: most studies of millions of instances share L, μ
/// and R.
class InstanceNumbers {
 public:
  InstanceNumbers() = default;
  InstanceNumbers(std::initializer_list<double> values) : size_(0) {
    for (const double value : values) push_back(value);
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  double operator[](std::size_t i) const { return held_.size() == 1 ? held_[0] : held_[i]; }
  /// What is held: one number, or one for each instance.
  [[nodiscard]] std::span<const double> distinct() const { return held_; }

  void assign(std::size_t size, double value) {
    size_ = size;
    held_.assign(size == 0 ? 0 : 1, value);
  }
  /// The number of instance 0 is that of all until another one is set.
  void set(std::size_t i, double value) {
    if (held_.size() == 1 && size_ > 1) {
      if (i == 0 || std::bit_cast<std::uint64_t>(value) == std::bit_cast<std::uint64_t>(held_[0])) {
        held_[0] = value;
        return;
      }
      held_.resize(size_, held_[0]);
    }
    held_[i] = value;
  }
  void push_back(double value) {
    const std::size_t i = size_++;
    if (i == 0) held_ = {value};
    if (held_.size() > 1) held_.push_back(value);
    set(i, value);
  }

 private:
  std::size_t size_ = 0;
  std::vector<double> held_;
};

/// The instances of one problem, ready to run.
///
/// An instance is a record: the concatenation of `fields`, the first two always "start" (x0, n
/// values) and "minimiser" (x*, n values), the rest the family's. Where no number of a record takes more than a draw,
/// `rules` say how each comes about, and records are held from when the host asks for them, if it does. Data that all
/// instances share (the matrix of a data set) stands once, in `shared`, laid out by `shared_fields`.
struct Problem {
  std::string name;
  std::string family;
  std::shared_ptr<const UserFamily> user_family;  ///< of a family that is not of the registry, else null
  Shape shape;
  std::size_t instances = 0;
  std::vector<Field> fields;
  std::vector<DrawRule> rules;  ///< [entry of a record]; empty where instances were computed one after the other
  std::vector<Field> shared_fields;
  std::vector<double> shared;
  int data_size = 0;  ///< entries of the data block in the record, after start and minimiser; 0 if shared

  // One entry per instance.
  InstanceNumbers smoothness;        ///< L
  InstanceNumbers strong_convexity;  ///< μ
  InstanceNumbers minimum;           ///< f*
  InstanceNumbers distance;          ///< R = ‖x₀ − x*‖
  InstanceNumbers scale;             ///< what the gap is divided by

  /// While ‖x − x*‖² is at most this, no gap is beyond 1e30 times its scale, as f(x) − f* ≤ L/2 ‖x − x*‖² where L holds
  /// everywhere; a number of either precision.
  double safe_distance = 0;

  [[nodiscard]] std::size_t record_size() const;
  /// Entry k of the record of instance i.
  [[nodiscard]] double entry(std::size_t k, std::size_t i) const;
  /// The entries of the record in which the instances differ, in ascending order; for several threads too.
  [[nodiscard]] const std::vector<std::size_t>& varying() const;
  /// Entry k of `count` instances from `first` on, in either precision.
  template <class T>
  void entries(std::size_t k, std::size_t first, std::size_t count, T* to) const;
  /// All of them, entry k of instance i at [k * instances + i]; for several threads too. Throws Error if they do not
  /// fit the memory.
  [[nodiscard]] const std::vector<double>& records() const;
  /// Whether they are held, or are so few that it costs little.
  [[nodiscard]] bool holds_records() const;
  /// The named array of instance i; empty if the family has none of that name.
  [[nodiscard]] std::vector<double> array(std::string_view field, std::size_t i) const;
  /// The named shared array; empty if there is none.
  [[nodiscard]] std::vector<double> shared_array(std::string_view field) const;

  /// Makes room for the records of the instances, to be written (InstanceWriter).
  void hold_records();

 private:
  friend class InstanceWriter;
  struct Held {
    std::vector<double> numbers;
    std::vector<std::size_t> varying;
    std::once_flag drawn, compared;
  };
  std::shared_ptr<Held> held_ = std::make_shared<Held>();  ///< with the copies of this problem
};

/// f(x₀) − f* of instance i, as initial_slope.
double initial_gap(const Problem& problem, std::size_t i);

/// ‖∇f(x₀)‖ of instance i, by the family's own evaluation. Throws Error for a family that is not in the registry.
double initial_slope(const Problem& problem, std::size_t i);

struct Study;

/// Draws the instances of problem `index` of a study: records (or their rules), L, μ, x*, f*, R and the scale of the
/// normalisation. Throws Error naming file, line and key.
std::shared_ptr<const Problem> make_problem(const Study& study, std::size_t index);

}  // namespace omg
