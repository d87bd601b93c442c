// Merges what the watching warps of lane.cu and team.cu have kept: maxima and minima with ties to the lower lane, so
// that the order of merging cannot matter. Compiled at run time for one precision.
#include "kernels/arguments.hpp"
#include "precision.hpp"

namespace omg::cuda {

using Real = chosen::Real;

/// Records beside each other in a block, so that loads are coalesced, and slices of the watchers.
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
    for (long long w = slice; w < a.watchers; w += merge_slices)
      keep(best, where, a.extremes[w * (a.record_count + 1LL) + record], a.extreme_lanes[w * a.record_count + record]);
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
