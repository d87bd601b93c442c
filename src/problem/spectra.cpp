#include "omg/families/spectra.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Eigenvalues>
#include <fmt/format.h>

namespace omg {

namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr std::string_view rotations[] = {"haar", "identity"};
constexpr std::string_view spectra[] = {"list", "squares", "log_uniform", "power_law", "wishart"};

bool is_wishart(const FamilyInput& in) { return in.word("spectrum", spectra) == "wishart"; }

std::vector<double> log_uniform_spectrum(const FamilyInput& in, std::size_t i) {
  const int n = in.shape().n;
  const double condition = in.number("condition", i);
  if (!(condition >= 1)) in.refuse("condition", fmt::format("found {}, allowed is a number of at least 1", condition));
  Random random = in.random("spectrum", i);
  std::vector<double> out;
  for (int k = 0; k < n; ++k) out.push_back(std::pow(condition, -random.uniform()));
  // The interval is filled to its ends, so that κ is the condition number.
  if (n >= 2) {
    out.front() = 1.0 / condition;
    out.back() = 1.0;
  }
  return out;
}

std::vector<double> eigenvalues(const FamilyInput& in, std::size_t i) {
  const int n = in.shape().n;
  const std::string_view spectrum = in.word("spectrum", spectra);
  if (spectrum == "log_uniform") return log_uniform_spectrum(in, i);
  std::vector<double> out;
  for (int k = 0; k < n; ++k) {
    if (spectrum == "list")
      out.push_back(in.non_negative("eigenvalues", i, k));
    else if (spectrum == "squares")
      out.push_back(static_cast<double>(k + 1) * static_cast<double>(k + 1));
    else  // power_law
      out.push_back(std::pow(static_cast<double>(k + 1), -in.non_negative("decay", i)));
  }
  return out;
}

void write_matrix(InstanceWriter& out, const Eigen::MatrixXd& q) {
  const RowMajor rows = q;
  out.set("matrix", std::span<const double>(rows.data(), static_cast<std::size_t>(rows.size())));
}

/// Q of the parameter `matrix`, checked for symmetry; differences within rounding are evened out.
Eigen::MatrixXd given_matrix(const FamilyInput& in, std::size_t i) {
  const int n = in.shape().n;
  Eigen::MatrixXd q(n, n);
  for (int row = 0; row < n; ++row)
    for (int column = 0; column < n; ++column) q(row, column) = in.number("matrix", i, row * n + column);
  const double rounding = 8 * std::numeric_limits<double>::epsilon() * q.cwiseAbs().maxCoeff();
  for (int row = 0; row < n; ++row)
    for (int column = 0; column < row; ++column)
      if (std::abs(q(row, column) - q(column, row)) > rounding)
        in.refuse("matrix", fmt::format("found {} in row {}, column {} and {} across the diagonal; allowed is a "
                                        "symmetric matrix",
                                        q(row, column), row + 1, column + 1, q(column, row)));
  return 0.5 * (q + q.transpose());
}

/// Q = GᵀG/samples, G a samples × n matrix of standard normal numbers.
Eigen::MatrixXd wishart_matrix(const FamilyInput& in, std::size_t i) {
  const int n = in.shape().n;
  int samples = in.integer("samples", 0);
  if (samples == 0) samples = 2 * n;
  Random random = in.random("spectrum", i);
  Eigen::MatrixXd gaussian(samples, n);
  for (int row = 0; row < samples; ++row)
    for (int column = 0; column < n; ++column) gaussian(row, column) = random.normal();
  const Eigen::MatrixXd q = gaussian.transpose() * gaussian / samples;
  return 0.5 * (q + q.transpose());
}

/// Q = Uᵀ diag(λ) U, symmetric to the bit.
Eigen::MatrixXd rotated_matrix(const FamilyInput& in, std::size_t i, const std::vector<double>& values) {
  const int n = in.shape().n;
  const std::vector<double> rows = in.haar("rotation", i, n);
  const Eigen::Map<const RowMajor> u(rows.data(), n, n);
  const Eigen::MatrixXd q = u.transpose() * Eigen::Map<const Eigen::VectorXd>(values.data(), n).asDiagonal() * u;
  return 0.5 * (q + q.transpose());
}

}  // namespace

void shape_of_quadratic(const FamilyInput& in, Shape& s) {
  s.n = in.integer("dimension", 1);
  s.rotated = in.given("matrix") || is_wishart(in) || in.word("rotation", rotations) == "haar";
}

void draw_quadratic(const FamilyInput& in, InstanceWriter& out) {
  const std::size_t i = out.index();
  if (in.given("matrix") || is_wishart(in)) {
    const Eigen::MatrixXd q = in.given("matrix") ? given_matrix(in, i) : wishart_matrix(in, i);
    write_matrix(out, q);
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(q, Eigen::EigenvaluesOnly);
    const double smallest = solver.eigenvalues()[0], largest = solver.eigenvalues()[q.rows() - 1];
    const double rounding = 8 * static_cast<double>(q.rows()) * std::numeric_limits<double>::epsilon() * largest;
    if (!(smallest >= -rounding))
      in.refuse("matrix",
                fmt::format("found a matrix with the eigenvalue {}; allowed is a positive semidefinite one", smallest));
    out.smoothness(largest);
    out.strong_convexity(smallest > rounding ? smallest : 0.0);
    return;
  }
  const std::vector<double> values = eigenvalues(in, i);
  if (in.shape().rotated)
    write_matrix(out, rotated_matrix(in, i, values));
  else
    out.set("diagonal", values);
  const auto [smallest, largest] = std::minmax_element(values.begin(), values.end());
  out.smoothness(*largest);
  out.strong_convexity(*smallest);
}

}  // namespace omg
