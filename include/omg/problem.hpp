#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "omg/lane/shape.hpp"

namespace omg {

/// A named array of an instance's record (or of the data shared by all instances).
struct Field {
  std::string name;
  std::size_t size = 0;
};

/// The instances of one problem, drawn and ready to run.
///
/// An instance is a record: the concatenation of `fields`, the first two always "start" (x0, n
/// values) and "minimiser" (x*, n values), the rest the family's. Records are stored across
/// instances: entry k of instance i is `records[k * instances + i]`. Data that all instances share
/// (the matrix of a data set) stands once, in `shared`, laid out by `shared_fields`.
struct Problem {
  std::string name;
  std::string family;
  Shape shape;
  std::size_t instances = 0;
  std::vector<Field> fields;
  std::vector<double> records;
  std::vector<Field> shared_fields;
  std::vector<double> shared;
  int data_size = 0;  ///< entries of the data block in the record, after start and minimiser; 0 if shared

  // One entry per instance.
  std::vector<double> smoothness;        ///< L
  std::vector<double> strong_convexity;  ///< μ
  std::vector<double> minimum;           ///< f*
  std::vector<double> distance;          ///< R = ‖x₀ − x*‖
  std::vector<double> initial_gap;       ///< f(x₀) − f*
  std::vector<double> initial_slope;     ///< ‖∇f(x₀)‖
  std::vector<double> scale;             ///< what the gap is divided by

  [[nodiscard]] std::size_t record_size() const { return instances ? records.size() / instances : 0; }
  /// The named array of instance i; empty if the family has none of that name.
  [[nodiscard]] std::vector<double> array(std::string_view field, std::size_t i) const;
  /// The named shared array; empty if there is none.
  [[nodiscard]] std::vector<double> shared_array(std::string_view field) const;
};

struct Study;

/// Draws the instances of problem `index` of a study: records, L, μ, x*, f*, R, the initial gap and the
/// scale of the normalisation. Throws Error naming file, line and key.
std::shared_ptr<const Problem> make_problem(const Study& study, std::size_t index);

}  // namespace omg
