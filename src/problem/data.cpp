#include "omg/families/data.hpp"

namespace omg {

void shape_of_data(const FamilyInput& in, Shape& s) {
  s.shared = in.shares_data();
  s.terms = static_cast<int>(in.labels(0).size());
  s.features = static_cast<int>(in.features(0).size() / in.labels(0).size());
  s.n = s.features * s.classes;
}

Layout layout_of_data(const Shape& s, std::vector<Field> fields) {
  const auto rows = static_cast<std::size_t>(s.terms);
  fields.insert(fields.begin(), {"regularisation", 1});
  return {{{"features", rows * static_cast<std::size_t>(s.features)},
           {"labels", rows},
           {"scores", rows * static_cast<std::size_t>(s.classes)}},
          std::move(fields)};
}

double draw_data(const FamilyInput& in, InstanceWriter& out) {
  const std::size_t i = out.index();
  if (!in.shape().shared || i == 0) {
    out.set("features", in.features(i));
    out.set("labels", in.labels(i));
  }
  const double lambda = in.non_negative("regularisation", i);
  out.set("regularisation", 0, lambda);
  return lambda;
}

void write_scores(const Shape& s, InstanceWriter& out, std::span<const double> minimiser) {
  const auto rows = static_cast<std::size_t>(s.terms), columns = static_cast<std::size_t>(s.features);
  const auto classes = static_cast<std::size_t>(s.classes);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t k = 0; k < classes; ++k) {
      long double score = 0;
      for (std::size_t j = 0; j < columns; ++j)
        score += static_cast<long double>(out.get("features", i * columns + j)) * minimiser[j * classes + k];
      out.set("scores", i * classes + k, static_cast<double>(score));
    }
  }
}

}  // namespace omg
