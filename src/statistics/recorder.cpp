#include "recorder.hpp"

#include <cmath>
#include <limits>

#include "omg/comparison.hpp"

#include "lane_batch.hpp"

namespace omg {

CellStatistics empty_statistics(const Cell& cell, bool with_instances) {
  CellStatistics out;
  out.at = cell.record_at;
  out.envelope.assign(out.at.size(), Extreme{-1.0, no_lane});
  out.smallest.assign(out.at.size(), Extreme{std::numeric_limits<double>::infinity(), no_lane});
  out.diverged.assign(out.at.size(), 0);
  out.converged.assign(out.at.size(), 0);
  for (const Sample& sample : cell.samples)
    if (sample.distribution) out.distributions.push_back({cell.record_at[sample.record], {}, 0});
  if (cell.figures.first) out.per_lane.first.resize(cell.targets.size());
  if (cell.track_best) {
    if (with_instances) out.best.resize(cell.problem->instances);
    if (cell.settings > 1) out.settings.resize(cell.settings);
  }
  if (cell.keep_instances && with_instances) {
    out.instances.gap.assign(cell.problem->instances, std::numeric_limits<double>::infinity());
    out.instances.reached.assign(cell.targets.size(), std::vector<std::uint32_t>(cell.problem->instances, not_reached));
  }
  return out;
}

Recorder::Recorder(const Cell& cell)
    : cell_(cell), statistics_(empty_statistics(cell)), reached_(cell.targets.size()), samples_(cell.samples.size()) {}

void Recorder::begin(std::uint64_t lane) {
  const std::size_t instance = lane % cell_.problem->instances;
  lane_ = lane;
  inverse_scale_ = 1.0 / cell_.problem->scale[instance];
  inverse_bound_ = cell_.bound_constant.empty() ? 0.0 : 1.0 / cell_.bound_constant[0].at(instance);
  last_ = loss_ = sup_ = regret_ = ratio_at_ = 0;
  ratio_ = -1;
  reached_.assign(reached_.size(), 0);
  next_ = next_sample_ = 0;
  iterations_ = 0;
  ending_ = {};
}

bool Recorder::observe(std::int64_t t, const Observation& seen) {
  const double normalised = seen.gap * inverse_scale_;
  const auto entry = static_cast<std::size_t>(t);
  iterations_ = t;
  // A NaN fails the comparison.
  if (!(std::abs(normalised) <= divergence_limit)) {
    ending_.why = End::diverged;
    return false;
  }
  last_ = seen.gap;
  loss_ += seen.gap;
  regret_ += seen.regret;
  if (cell_.figures.sup) sup_ = std::max(sup_, normalised * cell_.sup_table[entry]);
  if (!cell_.bound_table.empty() && std::isfinite(cell_.bound_table[entry])) {
    const double ratio = seen.gap * inverse_bound_ * (1.0 / cell_.bound_table[entry]);
    if (ratio > ratio_) ratio_ = ratio, ratio_at_ = static_cast<double>(t);
  }
  for (std::size_t j = 0; j < reached_.size(); ++j)
    if (reached_[j] == 0 && normalised <= cell_.targets[j]) reached_[j] = static_cast<double>(t);
  if (cell_.stop_gap && normalised <= *cell_.stop_gap)
    ending_.why = End::gap;
  else if (cell_.stop_gradient && seen.gradient_norm <= *cell_.stop_gradient)
    ending_.why = End::gradient_norm;
  if (ending_.why != End::ran) return false;
  if (next_ < statistics_.at.size() && statistics_.at[next_] == t) record(normalised);
  return true;
}

/// The gap of the lane at the next recorded iteration.
void Recorder::record(double normalised) {
  Extreme &largest = statistics_.envelope[next_], &smallest = statistics_.smallest[next_];
  if (normalised > largest.value) largest = {normalised, lane_};
  if (normalised < smallest.value) smallest = {normalised, lane_};
  if (next_sample_ < cell_.samples.size() && cell_.samples[next_sample_].record == next_)
    samples_[next_sample_++] = normalised;
  ++next_;
}

void Recorder::end(std::uint64_t gradients, std::uint64_t functions) {
  ending_.record = static_cast<int>(next_);
  ending_.iteration = iterations_;
  ending_.gradients = static_cast<long long>(gradients);
  ending_.functions = static_cast<long long>(functions);
  if (ending_.why != End::ran) {
    auto& ended = ending_.why == End::diverged ? statistics_.diverged : statistics_.converged;
    for (std::size_t k = next_; k < ended.size(); ++k) ++ended[k];
  }
  if (ending_.why == End::gap) ++statistics_.stopped_on_gap;
  if (ending_.why == End::gradient_norm) ++statistics_.stopped_on_gradient;
  // What converged is frozen.
  if (ending_.why != End::diverged)
    while (next_ < statistics_.at.size()) record(last_ * inverse_scale_);

  LaneBatch<double> lane;
  lane.first = lane_;
  lane.lanes = lane.stride = 1;
  lane.endings = &ending_;
  lane.gradients = ending_.gradients;
  lane.functions = ending_.functions;
  lane.last = &last_;
  lane.ratio = &ratio_;
  lane.ratio_at = &ratio_at_;
  lane.loss = &loss_;
  lane.sup = &sup_;
  lane.regret = &regret_;
  lane.reached = reached_.data();
  lane.samples = samples_.data();
  take_figures(cell_, lane, statistics_, statistics_);

  ++statistics_.lanes;
  statistics_.lane_iterations += static_cast<std::uint64_t>(iterations_);
  statistics_.gradient_evaluations += gradients;
  statistics_.function_evaluations += functions;
}

}  // namespace omg
