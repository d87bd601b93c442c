#include "omg/families/terms.hpp"

#include <algorithm>

#include <Eigen/Eigenvalues>
#include <fmt/format.h>

namespace omg {

namespace {

constexpr std::string_view kinds[] = {"identity", "haar"};

Spectrum range(std::span<const double> weights, int n) {
  const auto [smallest, largest] = std::minmax_element(weights.begin(), weights.end());
  return {weights.size() < static_cast<std::size_t>(n) ? 0.0 : *smallest, *largest};
}

}  // namespace

void shape_of_terms(const FamilyInput& in, Shape& s) {
  s.n = in.integer("dimension", 1);
  s.terms = in.integer("terms", 0);
  if (s.terms == 0) s.terms = s.n;
  s.rotated = in.is_vector("directions") || in.word("directions", kinds) == "haar";
  if (!s.rotated && s.terms != s.n)
    in.refuse("terms", fmt::format("found {} terms in dimension {}; the directions identity need as many terms as "
                                   "coordinates, directions = \"haar\" allows any number",
                                   s.terms, s.n));
}

Layout layout_of_terms(const Shape& s, std::vector<Field> fields) {
  if (s.rotated) fields.push_back({"directions", static_cast<std::size_t>(s.terms) * static_cast<std::size_t>(s.n)});
  return {{}, std::move(fields)};
}

Spectrum draw_directions(const FamilyInput& in, InstanceWriter& out, const std::vector<double>& weights) {
  const auto n = static_cast<std::size_t>(in.shape().n), terms = static_cast<std::size_t>(in.shape().terms);
  if (!in.shape().rotated) return range(weights, in.shape().n);
  std::vector<double> rows;
  if (in.is_vector("directions")) {
    for (std::size_t k = 0; k < terms * n; ++k)
      rows.push_back(in.number("directions", out.index(), static_cast<int>(k)));
  } else {
    // The rows of as many Haar matrices as it takes: every u_k is uniform on the sphere, and within a
    // matrix they are orthogonal.
    for (std::size_t block = 0; rows.size() < terms * n; ++block) {
      const std::string stream = block == 0 ? "directions" : fmt::format("directions {}", block);
      const std::vector<double> more = in.haar(stream, out.index(), in.shape().n);
      rows.insert(rows.end(), more.begin(), more.end());
    }
    rows.resize(terms * n);
  }
  out.set("directions", rows);
  if (terms <= n && !in.is_vector("directions")) return range(weights, in.shape().n);  // orthonormal rows
  return weighted_gram_spectrum(rows, weights, in.shape().n);
}

Layout layout_with_thresholds(const Shape& s) {
  const auto terms = static_cast<std::size_t>(s.terms);
  return layout_of_terms(s, {{"weight", terms}, {"threshold", terms}, {"strong_convexity", 1}});
}

void draw_with_thresholds(const FamilyInput& in, InstanceWriter& out) {
  const std::size_t i = out.index();
  const double mu = in.non_negative("strong_convexity", i);
  out.set("strong_convexity", 0, mu);
  std::vector<double> weights;
  for (int k = 0; k < in.shape().terms; ++k) {
    weights.push_back(in.positive("weight", i, k));
    out.set("weight", static_cast<std::size_t>(k), weights.back());
    out.set("threshold", static_cast<std::size_t>(k), in.positive("threshold", i, k));
  }
  out.smoothness(draw_directions(in, out, weights).largest + mu);
  out.strong_convexity(mu);  // beyond the thresholds nothing else curves
}

Spectrum weighted_gram_spectrum(std::span<const double> rows, std::span<const double> weights, int n) {
  if (rows.empty()) return range(weights, n);
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto terms = static_cast<Eigen::Index>(weights.size());
  // Σ w u uᵀ = BᵀB with B = diag(√w) U; BBᵀ has the same eigenvalues but for zeros and may be smaller.
  const Eigen::MatrixXd scaled = Eigen::Map<const Eigen::VectorXd>(weights.data(), terms).cwiseSqrt().asDiagonal() *
                                 Eigen::Map<const RowMajor>(rows.data(), terms, n);
  Eigen::MatrixXd gram;
  if (terms < n)
    gram.noalias() = scaled * scaled.transpose();
  else
    gram.noalias() = scaled.transpose() * scaled;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(gram, Eigen::EigenvaluesOnly);
  const auto& values = solver.eigenvalues();
  return {terms < n ? 0.0 : std::max(0.0, values[0]), values[values.size() - 1]};
}

}  // namespace omg
