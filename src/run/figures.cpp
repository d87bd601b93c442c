#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "omg/run.hpp"

namespace omg {

std::uint64_t diverged_lanes(const CellStatistics& statistics) {
  return statistics.diverged.empty() ? 0 : statistics.diverged.back();
}

std::uint64_t converged_lanes(const CellStatistics& statistics) {
  return statistics.converged.empty() ? 0 : statistics.converged.back();
}

double gap_quantile(const CellStatistics& statistics, const Distribution& at, double q) {
  const double found = at.gaps.quantile(q);
  const auto k = std::lower_bound(statistics.at.begin(), statistics.at.end(), at.t) - statistics.at.begin();
  if (std::isnan(found) || k == std::ssize(statistics.at)) return found;
  const auto record = static_cast<std::size_t>(k);
  return std::min(std::max(found, statistics.smallest[record].value), statistics.envelope[record].value);
}

double mean_log_gap(const Distribution& at) {
  const std::uint64_t count = at.gaps.count() - at.gaps.zeros();
  if (count == 0) return std::nan("");
  return static_cast<double>(at.sum_log2) * fixed_log2_unit * std::log(2.0) / static_cast<double>(count);
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

SweepSummary summarise_sweep(const Cell& cell, const CellStatistics& statistics) {
  const std::vector<SettingTotal>& totals = statistics.settings;
  const std::size_t instances = cell.problem->instances;
  const auto mean = [&](std::size_t s) {
    const std::uint64_t present = instances - totals[s].failed;
    return present == 0 ? std::nan("") : totals[s].loss.value() / static_cast<double>(present);
  };
  SweepSummary out;
  std::uint64_t fewest = instances + 1;
  for (std::size_t s = 0; s < totals.size(); ++s) {
    if (totals[s].failed > 0) ++out.failing;
    const double loss = mean(s);
    if (totals[s].failed > fewest || (totals[s].failed == fewest && !(loss < out.best_loss))) continue;
    fewest = totals[s].failed;
    out.best = static_cast<std::uint32_t>(s);
    out.best_loss = loss;
  }
  out.best_failed = fewest;
  for (std::size_t p = 0; p < cell.swept.size(); ++p) {
    SweepSummary::Curve curve{cell.swept[p].parameter, cell.swept[p].values, {}};
    curve.loss.assign(curve.values.size(), std::nan(""));
    for (std::size_t s = 0; s < totals.size(); ++s) {
      double& least = curve.loss[cell.swept[p].value_of(s)];
      if (totals[s].failed == 0 && !(least <= mean(s))) least = mean(s);
    }
    out.sensitivity.push_back(std::move(curve));
  }
  return out;
}

std::string describe_lane(const Cell& cell, std::uint64_t lane) {
  const std::size_t instances = cell.problem->instances;
  const std::string& setting = cell.setting_names[lane / instances];
  return fmt::format("lane {} (instance {}{}{})", lane, lane % instances, setting.empty() ? "" : ", ", setting);
}

}  // namespace omg
