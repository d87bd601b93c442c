#pragma once

#include "omg/lane/entry.hpp"
#if !defined(__CUDACC_RTC__)
#include "omg/family.hpp"
#endif

namespace omg {

// What the families over the rows of a data set share. Their data block is: features (rows × columns,
// row-major), labels (rows), scores (rows × classes: what the rows say at x*).

/// The parameters of a family over a data set: where the data comes from, λ, and `Own` more.
template <int Own>
struct DataParameters {
  static constexpr int common = 8;
  Parameter list[common + Own];
  constexpr const Parameter& operator[](int k) const { return list[k]; }
  constexpr const Parameter* begin() const { return list; }
  constexpr const Parameter* end() const { return list + common + Own; }
};

/// The common parameters followed by those of the family.
template <int Own>
constexpr DataParameters<Own> data_parameters(const Parameter (&own)[Own]) {
  DataParameters<Own> out{{
      {"data", "", "a LIBSVM or CSV file, relative to the study file; or synthetic"},
      {"label_column", "1", "of a CSV file: the column of the labels, its name or its number from 1"},
      {"standardise", "false", "features to zero mean and unit population variance"},
      {"intercept", "false", "append a constant column: true (ones) or the number in it"},
      {"rows", "100", "rows of a synthetic data set"},
      {"columns", "10", "columns of a synthetic data set"},
      {"noise", "1", "standard deviation of the noise on the scores of a synthetic data set"},
      {"regularisation", "0", "λ ≥ 0"},
  }};
  for (int k = 0; k < Own; ++k) out.list[DataParameters<Own>::common + k] = own[k];
  return out;
}
constexpr DataParameters<0> data_parameters() {
  const auto filled = data_parameters<1>({{"", "", ""}});
  DataParameters<0> out{};
  for (int k = 0; k < DataParameters<0>::common; ++k) out.list[k] = filled[k];
  return out;
}

#if !defined(__CUDACC_RTC__)
/// Reads the data set; terms = rows, features = columns, n = columns · classes (which are set before).
void shape_of_data(const FamilyInput& in, Shape& s);
/// The data block, then λ and the given fields of the record.
Layout layout_of_data(const Shape& s, std::vector<Field> fields = {});
/// Writes features and labels and the regularisation λ; returns λ.
double draw_data(const FamilyInput& in, InstanceWriter& out);
/// Writes the scores a_iᵀx*, for each class k with the entries x*[j · classes + k].
void write_scores(const Shape& s, InstanceWriter& out, std::span<const double> minimiser);
#endif

}  // namespace omg
