#include "recorder.hpp"

#include <cmath>
#include <limits>

namespace omg {

CellStatistics empty_statistics(const Cell& cell) {
  CellStatistics out;
  out.at = cell.record_at;
  out.envelope.assign(out.at.size(), Extreme{-1.0, no_lane});
  out.smallest.assign(out.at.size(), Extreme{std::numeric_limits<double>::infinity(), no_lane});
  out.diverged.assign(out.at.size(), 0);
  if (cell.track_best) out.best.resize(cell.problem->instances);
  return out;
}

Recorder::Recorder(const Cell& cell) : cell_(cell), statistics_(empty_statistics(cell)) {}

void Recorder::begin(std::uint64_t lane) {
  const std::size_t instance = lane % cell_.problem->instances;
  lane_ = lane;
  inverse_scale_ = 1.0 / cell_.problem->scale[instance];
  inverse_bound_ = cell_.bound_constant.empty() ? 0.0 : 1.0 / cell_.bound_constant[0].at(instance);
  loss_ = 0;
  last_ = 0;
  iterations_ = 0;
  next_ = 0;
  alive_ = true;
}

bool Recorder::observe(std::int64_t t, double gap) {
  const double normalised = gap * inverse_scale_;
  // A NaN fails the comparison.
  if (!(std::abs(normalised) <= divergence_limit)) {
    alive_ = false;
    return false;
  }
  iterations_ = t;
  loss_ += gap;
  last_ = gap;
  if (!cell_.bound_table.empty()) {
    const double ratio = gap * inverse_bound_ * (1.0 / cell_.bound_table[static_cast<std::size_t>(t)]);
    auto& certificate = statistics_.certificate;
    if (ratio > certificate.ratio) certificate = {ratio, lane_, t};
  }
  if (next_ < statistics_.at.size() && statistics_.at[next_] == t) {
    if (normalised > statistics_.envelope[next_].value) statistics_.envelope[next_] = {normalised, lane_};
    if (normalised < statistics_.smallest[next_].value) statistics_.smallest[next_] = {normalised, lane_};
    ++next_;
  }
  return true;
}

void Recorder::end(std::uint64_t gradients, std::uint64_t functions) {
  if (!alive_)
    for (std::size_t k = next_; k < statistics_.at.size(); ++k) ++statistics_.diverged[k];
  if (cell_.track_best && alive_) {
    const auto instances = cell_.problem->instances;
    const double loss = cell_.best_by_loss ? loss_ : last_;
    auto& best = statistics_.best[lane_ % instances];
    const auto setting = static_cast<std::uint32_t>(lane_ / instances);
    if (loss < best.loss || (loss == best.loss && setting < best.setting)) best = {loss, setting};
  }
  ++statistics_.lanes;
  statistics_.lane_iterations += static_cast<std::uint64_t>(alive_ ? iterations_ : iterations_ + 1);
  statistics_.gradient_evaluations += gradients;
  statistics_.function_evaluations += functions;
}

}  // namespace omg
