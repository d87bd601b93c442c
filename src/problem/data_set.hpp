#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "omg/error.hpp"
#include "omg/family.hpp"

namespace omg {

/// The rows of a data set, dense and row-major, and one label for each.
struct DataSet {
  std::size_t columns = 0;
  std::vector<double> features;  ///< rows × columns
  std::vector<double> labels;
  std::filesystem::path file;  ///< empty if synthetic
  std::vector<int> lines;      ///< where each row stands in the file

  [[nodiscard]] std::size_t rows() const { return labels.size(); }
};

/// Reads LIBSVM text: `label index:value index:value …` a line, indices counting from 1 and increasing,
/// features that are left out zero, comments from # to the end of the line.
/// Throws Error, naming file and line, for anything else.
DataSet read_libsvm(const std::filesystem::path& file);

/// Reads comma-separated numbers, one row a line, all of the same length. A first line without any
/// number is a header. `label_column` is the name of a column in the header or its number
/// from 1. Throws Error, naming file and line, for anything else.
DataSet read_csv(const std::filesystem::path& file, std::string_view label_column = "1");

/// Gives every column mean 0 and population variance 1; constant columns become 0.
void standardise(DataSet& data);

/// Takes the mean off the labels.
void centre_labels(DataSet& data);

/// Appends a constant column.
void append_intercept(DataSet& data, double value);

/// What a synthetic data set is drawn from.
struct SyntheticData {
  int rows = 1;
  int columns = 1;
  double noise = 0;
  Labels labels = Labels::real;
  int classes = 1;
};

/// Features N(0, 1); a planted weight vector x of N(0, 1/columns), one for each class, and scores
/// aᵀx + noise · N(0, 1), so that without noise they have variance 1. Labels are the scores, their signs,
/// or the class with the largest one.
DataSet synthetic_data(const SyntheticData& what, Random features, Random planted, Random noise);

/// Throws Error, naming file and line, if there is a label that the family cannot take.
void check_labels(const DataSet& data, Labels labels, int classes, std::string_view family);

/// The spectrum of AᵀA.
Spectrum gram_spectrum(const DataSet& data);

// Common to the readers.

/// One line after the other, without its end (\n or \r\n), numbered from 1.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  bool next();
  [[nodiscard]] std::string_view text() const { return line_; }
  [[nodiscard]] int number() const { return number_; }

 private:
  std::string_view rest_;
  std::string_view line_;
  int number_ = 0;
};

/// Whether all of `text` is a number (a leading + is allowed); NaN and infinities are numbers too.
bool parse_number(std::string_view text, double& value);

/// Throws Error unless that many numbers can be held dense and be counted by the lanes.
void check_size(const Place& place, std::size_t rows, std::size_t columns);

}  // namespace omg
