// Merges what the warps of lane.cu have kept: maxima and minima with ties to the lower lane, so that the order
// of merging cannot matter. Compiled at run time for one precision.
#include "kernels/arguments.hpp"
#include "precision.hpp"

namespace omg::cuda {

using Real = chosen::Real;

/// Records beside each other in a block, so that loads are coalesced, and slices of the warps.
inline constexpr int merge_records = 32, merge_slices = 8;

__device__ __forceinline__ void keep(Extremes<Real>& best, ExtremeLanes& where, const Extremes<Real>& other,
                                     const ExtremeLanes& there) {
  if (other.largest > best.largest || (other.largest == best.largest && there.largest < where.largest)) {
    best.largest = other.largest;
    where.largest = there.largest;
  }
  if (other.smallest < best.smallest || (other.smallest == best.smallest && there.smallest < where.smallest)) {
    best.smallest = other.smallest;
    where.smallest = there.smallest;
  }
}

/// Larger ratio first; then the lower lane (a lane knows only its earliest iteration).
__device__ __forceinline__ bool precedes(const Peak<Real>& a, const Peak<Real>& b) {
  return a.ratio > b.ratio || (a.ratio == b.ratio && a.lane < b.lane);
}

}  // namespace omg::cuda

extern "C" __global__ void __launch_bounds__(omg::cuda::merge_records* omg::cuda::merge_slices)
    merge_extremes(const omg::cuda::MergeArguments<omg::cuda::chosen::Real> a) {
  using namespace omg::cuda;
  __shared__ Extremes<Real> s_best[merge_slices][merge_records];
  __shared__ ExtremeLanes s_where[merge_slices][merge_records];
  const int column = static_cast<int>(threadIdx.x), slice = static_cast<int>(threadIdx.y);
  const long long record = static_cast<long long>(blockIdx.x) * merge_records + column;
  if (record < a.record_count) {
    Extremes<Real> best = a.extremes[record];
    ExtremeLanes where = a.extreme_lanes[record];
    for (long long warp = slice; warp < a.warps; warp += merge_slices)
      keep(best, where, a.extremes[warp * (a.record_count + 1LL) + record],
           a.extreme_lanes[warp * a.record_count + record]);
    s_best[slice][column] = best;
    s_where[slice][column] = where;
  }
  __syncthreads();
  if (slice > 0 || record >= a.record_count) return;
  Extremes<Real> best = s_best[0][column];
  ExtremeLanes where = s_where[0][column];
  for (int j = 1; j < merge_slices; ++j) keep(best, where, s_best[j][column], s_where[j][column]);
  a.merged[record] = {static_cast<double>(best.largest), static_cast<double>(best.smallest), where.largest,
                      where.smallest};
}

/// One block.
extern "C" __global__ void __launch_bounds__(omg::cuda::merge_records* omg::cuda::merge_slices)
    merge_peaks(const omg::cuda::MergeArguments<omg::cuda::chosen::Real> a) {
  using namespace omg::cuda;
  constexpr int threads = merge_records * merge_slices;
  __shared__ Peak<Real> s_best[threads];
  const int me = static_cast<int>(threadIdx.x);
  Peak<Real> best{Real(-1), 0, nowhere};
  for (int warp = me; warp < a.warps; warp += threads)
    if (precedes(a.peaks[warp], best)) best = a.peaks[warp];
  s_best[me] = best;
  __syncthreads();
  if (me > 0) return;
  for (int j = 1; j < threads; ++j)
    if (precedes(s_best[j], best)) best = s_best[j];
  *a.peak = {static_cast<double>(best.ratio), best.lane, best.iteration};
}

/// The best setting of each instance among the lanes of a launch: one thread per instance, settings in
/// increasing order, so that ties go to the lower one. Adds to what earlier launches have found.
extern "C" __global__ void merge_best(const omg::cuda::BestArguments a) {
  using namespace omg::cuda;
  const long long threads = static_cast<long long>(gridDim.x) * blockDim.x;
  const Count instances = static_cast<Count>(a.instances), skipped = a.begin % instances;
  for (long long j = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; j < a.local_instances;
       j += threads) {
    const Count instance = static_cast<Count>(a.first_instance + j) % instances;
    MergedBest best{__longlong_as_double(0x7ff0000000000000LL), ~0u, 0};
    if (!a.first_launch) best = a.best[j];
    // The first lane of the instance at or after `begin`.
    Count lane = a.begin - skipped + instance + (instance < skipped ? instances : 0);
    for (; lane < a.end; lane += instances) {
      const double loss = a.loss[lane - a.begin];
      const unsigned setting = static_cast<unsigned>(lane / instances);
      if (loss < best.loss || (loss == best.loss && setting < best.setting)) best = {loss, setting, 0};
    }
    a.best[j] = best;
  }
}
