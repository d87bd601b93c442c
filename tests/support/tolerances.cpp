#include "support/tolerances.hpp"

#include <algorithm>
#include <cmath>

#include "reference/lane.hpp"

namespace omg::test {

std::vector<double> tolerances(const Cell& cell, std::uint64_t lane, double epsilon, double least) {
  const auto wide = reference::gaps<long double>(cell, lane);
  const auto narrow = reference::gaps<double>(cell, lane);
  std::vector<double> out(wide.size());
  double worst = 0x1p-53;
  for (std::size_t t = 0; t < wide.size(); ++t) {
    const auto lost = static_cast<double>(std::abs(narrow[t] - wide[t]) / wide[t]);
    worst = std::max(worst, std::isfinite(lost) ? lost : 1.0);
    out[t] = std::max(least, 1000 * worst * (epsilon / 0x1p-53));
  }
  return out;
}

}  // namespace omg::test
