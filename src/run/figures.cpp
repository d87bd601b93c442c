#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "omg/run.hpp"

namespace omg {

std::uint64_t diverged_lanes(const CellStatistics& statistics) {
  return statistics.diverged.empty() ? 0 : statistics.diverged.back();
}

double mean_best_loss(const CellStatistics& statistics) {
  double sum = 0;
  for (const Best& best : statistics.best) sum += best.loss;
  return statistics.best.empty() ? std::nan("") : sum / static_cast<double>(statistics.best.size());
}

std::vector<Winner> winners(const CellStatistics& statistics) {
  std::map<std::uint32_t, std::uint64_t> counts;
  for (const Best& best : statistics.best)
    if (std::isfinite(best.loss)) ++counts[best.setting];
  std::vector<Winner> out;
  for (const auto& [setting, count] : counts) out.push_back({setting, count});
  std::stable_sort(out.begin(), out.end(), [](const Winner& a, const Winner& b) { return a.instances > b.instances; });
  return out;
}

std::string describe_lane(const Cell& cell, std::uint64_t lane) {
  const std::size_t instances = cell.problem->instances;
  const std::string& setting = cell.setting_names[lane / instances];
  return fmt::format("lane {} (instance {}{}{})", lane, lane % instances, setting.empty() ? "" : ", ", setting);
}

}  // namespace omg
