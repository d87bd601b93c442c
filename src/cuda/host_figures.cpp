#include "cuda/host_figures.hpp"

#include <algorithm>
#include <limits>

#include "cpu/engine.hpp"
#include "statistics/recorder.hpp"

namespace omg::cuda {

template <class T>
void take_endings(const LaneBatch<T>& batch, std::vector<std::uint64_t>& diverged,
                  std::vector<std::uint64_t>& converged, CellStatistics& into) {
  into.lanes += static_cast<std::uint64_t>(batch.lanes);
  for (int l = 0; l < batch.lanes; ++l) {
    const Ending& ending = batch.endings[l];
    into.gradient_evaluations += static_cast<std::uint64_t>(ending.gradients);
    into.function_evaluations += static_cast<std::uint64_t>(ending.functions);
    into.lane_iterations += static_cast<std::uint64_t>(ending.iteration);
    if (ending.why == End::ran) continue;
    ++(ending.why == End::diverged ? diverged : converged)[static_cast<std::size_t>(ending.record)];
    if (ending.why == End::gap) ++into.stopped_on_gap;
    if (ending.why == End::gradient_norm) ++into.stopped_on_gradient;
  }
}

template void take_endings(const LaneBatch<double>&, std::vector<std::uint64_t>&, std::vector<std::uint64_t>&,
                           CellStatistics&);
template void take_endings(const LaneBatch<float>&, std::vector<std::uint64_t>&, std::vector<std::uint64_t>&,
                           CellStatistics&);

template <class T>
HostFigures<T>::HostFigures(const Cell& cell) : cell_(cell), arithmetic_(cpu::batch_arithmetic<T>()) {
  constexpr std::size_t register_size = reads_beyond / sizeof(T);
  if (cell.track_best && cell.problem->instances < instances_kept_once)
    bounds_.assign(cell.problem->instances + register_size, std::numeric_limits<T>::infinity());
}

template <class T>
void HostFigures<T>::take(LaneBatch<T> batch, std::vector<std::uint64_t>& diverged,
                          std::vector<std::uint64_t>& converged, CellStatistics& into, CellStatistics& of_instances) {
  take_endings(batch, diverged, converged, into);
  const Ending* const end = batch.endings + batch.lanes;
  const auto ran = [](const Ending& ending) { return ending.why == End::ran; };
  // Lanes of one method that run to T make the same evaluations.
  if (const Ending* const found = std::find_if(batch.endings, end, ran); found != end) {
    batch.gradients = found->gradients;
    batch.functions = found->functions;
  }
  if (arithmetic_.take_gaps != nullptr && std::all_of(batch.endings, end, ran)) {
    batch.endings = nullptr;
    batch.arithmetic = &arithmetic_;
    batch.bounds = bounds_.empty() ? nullptr : bounds_.data();
    keys_.resize(static_cast<std::size_t>(batch.lanes) + reads_beyond);
    batch.keys = keys_.data();
  }
  take_figures(cell_, batch, into, of_instances);
}

template class HostFigures<double>;
template class HostFigures<float>;

}  // namespace omg::cuda
