// Gradient descent of ensmallen on workload W2, a lane at a time on all cores.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <omp.h>
#include <string>

#define ARMA_NO_DEBUG
#include <ensmallen.hpp>

namespace {

struct Quadratic {
  const arma::mat& q;
  const arma::vec& center;
  double Evaluate(const arma::mat& x) const { return 0.5 * arma::dot(x - center, q * (x - center)); }
  void Gradient(const arma::mat& x, arma::mat& g) const { g = q * (x - center); }
  double EvaluateWithGradient(const arma::mat& x, arma::mat& g) const {
    const arma::vec d = x - center;
    g = q * d;
    return 0.5 * arma::dot(d, g);
  }
};

/// The number behind "key": in a flat JSON text, from `from` on.
double number(const std::string& text, const std::string& key, std::size_t from = 0) {
  return std::stod(text.substr(text.find("\"" + key + "\":", from) + key.size() + 3));
}

}  // namespace

/// Without an argument: the version. With the path of a workload less its extension: the lane-iterations per second, or
/// nothing where it is another workload than W2; 1 where the answer is not omg's.
int main(int argc, char** argv) {
  if (argc != 2) {
    std::printf("ensmallen %s: a lane at a time on all cores\n", ens::version::as_string().c_str());
    return 0;
  }
  const std::string base = argv[1], known = "W2_gradient_descent";
  if (base.size() < known.size() || base.substr(base.size() - known.size()) != known) return 0;
  std::ifstream file(base + ".json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto n = static_cast<arma::uword>(number(text, "n")), lanes = static_cast<arma::uword>(number(text, "lanes"));
  const auto iterations = static_cast<std::size_t>(number(text, "iterations"));
  const auto array = [&](const std::string& key, arma::uword size) {
    std::ifstream numbers(base + ".bin", std::ios::binary);
    numbers.seekg(8 * static_cast<long>(number(text, "at", text.find("\"" + key + "\": {"))));
    arma::mat out(lanes, size);  // an instance a row: entries stand across instances
    numbers.read(reinterpret_cast<char*>(out.memptr()), static_cast<long>(8 * lanes * size));
    return out;
  };
  const arma::mat matrices = array("matrix", n * n), centers = array("minimiser", n), starts = array("start", n),
                  steps = array("parameter step", 1), scales = array("scale", 1);
  double largest = 0;
  const auto began = std::chrono::steady_clock::now();
#pragma omp parallel for reduction(max : largest) schedule(dynamic, 8)
  for (arma::uword l = 0; l < lanes; ++l) {
    const arma::mat q = arma::reshape(matrices.row(l), n, n);
    const arma::vec center = centers.row(l).t();
    Quadratic f{q, center};
    arma::mat x = starts.row(l).t();
    ens::GradientDescent descent(steps(l, 0), iterations, -1);
    descent.Optimize(f, x);
    largest = std::max(largest, f.Evaluate(x) / scales(l, 0));
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const double expected = number(text, "largest");
  if (!(std::abs(largest - expected) <= 1e-6 * expected)) {
    std::fprintf(stderr, "%g in place of %g\n", largest, expected);
    return 1;
  }
  std::printf("%.9g\n", static_cast<double>(lanes * iterations) / seconds);
}
