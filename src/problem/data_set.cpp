#include "problem/data_set.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "problem/physical_memory.hpp"

namespace omg {

void standardise(DataSet& data) {
  const std::size_t rows = data.rows();
  const auto count = static_cast<long double>(rows);
  for (std::size_t j = 0; j < data.columns; ++j) {
    const auto entry = [&](std::size_t i) -> double& { return data.features[i * data.columns + j]; };
    long double mean = 0;
    bool constant = true;
    for (std::size_t i = 0; i < rows; ++i) {
      mean += entry(i);
      constant = constant && entry(i) == entry(0);
    }
    mean /= count;
    long double variance = 0;
    for (std::size_t i = 0; i < rows; ++i) variance += (entry(i) - mean) * (entry(i) - mean);
    const long double deviation = std::sqrt(variance / count);
    for (std::size_t i = 0; i < rows; ++i)
      entry(i) = constant ? 0.0 : static_cast<double>((entry(i) - mean) / deviation);
  }
}

void centre_labels(DataSet& data) {
  long double mean = 0;
  for (const double label : data.labels) mean += label;
  mean /= static_cast<long double>(data.rows());
  for (double& label : data.labels) label = static_cast<double>(label - mean);
}

void append_intercept(DataSet& data, double value) {
  std::vector<double> wider;
  wider.reserve(data.rows() * (data.columns + 1));
  for (std::size_t i = 0; i < data.rows(); ++i) {
    const auto row = data.features.begin() + static_cast<std::ptrdiff_t>(i * data.columns);
    wider.insert(wider.end(), row, row + static_cast<std::ptrdiff_t>(data.columns));
    wider.push_back(value);
  }
  data.features = std::move(wider);
  ++data.columns;
}

DataSet synthetic_data(const SyntheticData& what, Random features, Random planted, Random noise) {
  const auto rows = static_cast<std::size_t>(what.rows), columns = static_cast<std::size_t>(what.columns);
  const auto classes = static_cast<std::size_t>(what.labels == Labels::classes ? what.classes : 1);
  DataSet out;
  out.columns = columns;
  out.features.resize(rows * columns);
  for (double& entry : out.features) entry = features.normal();
  std::vector<double> weights(columns * classes);
  for (double& weight : weights) weight = planted.normal() / std::sqrt(static_cast<double>(columns));

  std::vector<double> scores(classes);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t k = 0; k < classes; ++k) {
      scores[k] = what.noise * noise.normal();
      for (std::size_t j = 0; j < columns; ++j) scores[k] += out.features[i * columns + j] * weights[j * classes + k];
    }
    if (what.labels == Labels::real)
      out.labels.push_back(scores[0]);
    else if (what.labels == Labels::signs)
      out.labels.push_back(scores[0] < 0 ? -1.0 : 1.0);
    else
      out.labels.push_back(static_cast<double>(std::max_element(scores.begin(), scores.end()) - scores.begin()));
  }
  return out;
}

void check_labels(const DataSet& data, Labels labels, int classes, std::string_view family) {
  for (std::size_t i = 0; i < data.rows(); ++i) {
    const double label = data.labels[i];
    const bool is_sign = label == -1 || label == 1;
    const bool is_class = label == std::floor(label) && label >= 0 && label < classes;
    if (labels == Labels::real || (labels == Labels::signs ? is_sign : is_class)) continue;
    const int line = i < data.lines.size() ? data.lines[i] : 0;
    throw Error(
        {data.file.string(), line, ""},
        fmt::format("found the label {}; the family {} allows {}", label, family,
                    labels == Labels::signs ? "-1 and 1"
                                            : fmt::format("the classes 0 to {} (classes = {})", classes - 1, classes)));
  }
}

Spectrum gram_spectrum(const DataSet& data) {
  return weighted_gram_spectrum(data.features, std::vector<double>(data.rows(), 1.0), static_cast<int>(data.columns));
}

bool Lines::next() {
  if (rest_.empty()) return false;
  const std::size_t end = rest_.find('\n');
  line_ = rest_.substr(0, end);
  rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
  if (!line_.empty() && line_.back() == '\r') line_.remove_suffix(1);
  ++number_;
  return true;
}

bool parse_number(std::string_view text, double& value) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  return fault == std::errc{} && end == text.data() + text.size();
}

void check_size(const Place& place, std::size_t rows, std::size_t columns) {
  // Lanes count the entries of features, labels and scores in an int.
  constexpr auto most = static_cast<std::size_t>(std::numeric_limits<int>::max());
  if (columns > most || rows > most / (columns + 3))
    throw Error(place, fmt::format("found {} rows and {} columns; held dense, at most 2^31 numbers are allowed", rows,
                                   columns));
  // Read, standardised and laid out for the lanes they stand in memory several times.
  const double bytes = 4.0 * sizeof(double) * static_cast<double>(rows) * static_cast<double>(columns);
  if (!fits_physical_memory(bytes))
    throw Error(place, fmt::format("found {} rows and {} columns; read and laid out for the lanes they take {:.3g} GB, "
                                   "and this machine has {:.3g}",
                                   rows, columns, 1e-9 * bytes, 1e-9 * physical_memory()));
}

}  // namespace omg
