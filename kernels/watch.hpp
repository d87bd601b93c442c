#pragma once

#include "omg/lane/pack.hpp"

#include "kernels/arguments.hpp"
#include "kernels/warp.hpp"

// A warp watches up to 32 lanes side by side, one for each of its threads. Statistics follow Recorder
// (src/statistics/recorder.hpp) number by number. Each watching warp has extremes of its own in global memory, which
// only it reads and writes; they are maxima with ties to the lower lane, so neither the number of warps nor which lanes
// a warp takes can change the merged result.
namespace omg::cuda {

/// The lane that a thread of a watching warp sees.
struct Seat {
  Count first_lane;  ///< of the warp, in the cell's numbering
  long long row;     ///< of the thread, counted from the first lane of the launch
  int member;        ///< of the warp
  bool taken;        ///< there is such a lane
};

/// The extremes of a warp and its way through the recorded iterations.
template <class T, bool EveryIteration>
class Watch {
 public:
  __device__ __forceinline__ Watch(const LaneArguments<T>& a, long long watcher, const Seat& seat)
      : a_(a),
        seat_(seat),
        extremes_(a.extremes + watcher * (a.record_count + 1LL)),
        lanes_(a.extreme_lanes + watcher * a.record_count),
        record_at_(a.record_at[0]),
        held_(extremes_[0]) {}

  /// As in empty_statistics: a gap at or below −1 is never recorded as the largest.
  __device__ __forceinline__ static void clear(const LaneArguments<T>& a, long long watcher, int member) {
    Extremes<T>* const extremes = a.extremes + watcher * (a.record_count + 1LL);
    ExtremeLanes* const lanes = a.extreme_lanes + watcher * a.record_count;
    const T infinity = T(__int_as_float(0x7f800000));
    for (int k = member; k <= a.record_count; k += warp_size) extremes[k] = {T(-1), infinity};
    for (int k = member; k < a.record_count; k += warp_size) lanes[k] = {nowhere, nowhere};
  }

  __device__ __forceinline__ bool recorded(int t) const { return EveryIteration || t == record_at_; }
  /// Goes on to the next recorded iteration, where another warp enters this one.
  __device__ __forceinline__ void pass() {
    ++record_;
    if constexpr (!EveryIteration) record_at_ = a_.record_at[record_];
  }
  __device__ __forceinline__ bool done() const { return record_ == a_.record_count; }
  __device__ __forceinline__ int record() const { return record_; }

  /// Enters what the lanes show at the next recorded iteration; `counted`: the thread's lane is not diverged. Called by
  /// whole warps.
  __device__ __forceinline__ void enter(T shown_gap, bool counted) {
    const T shown = shown_gap + T(0);  // makes every zero positive
    // A vote finds what is rare: a new extreme.
    if (__any_sync(whole_warp, counted && (shown > held_.largest || shown < held_.smallest)))
      enter_extremes(shown, counted);
    if (a_.sample_records[sample_] == record_) {
      if (seat_.taken) a_.rows.samples[sample_ * a_.rows.stride + seat_.row] = shown;
      ++sample_;
    }
    ++record_;
    if constexpr (!EveryIteration) record_at_ = a_.record_at[record_];
    held_ = extremes_[record_];  // in time for the next record
  }

 private:
  __device__ __forceinline__ void enter_extremes(T shown, bool counted) {
    const Key<T> key = key_of(shown);
    const Key<T> largest = warp_maximum(counted ? key : key_of(held_.largest));
    if (value_of(largest) > held_.largest) {
      const int who = lowest_thread(counted && key == largest);
      if (seat_.member == 0) {
        extremes_[record_].largest = value_of(largest);
        lanes_[record_].largest = seat_.first_lane + who;
      }
    }
    const Key<T> smallest = warp_minimum(counted ? key : key_of(held_.smallest));
    if (value_of(smallest) < held_.smallest) {
      const int who = lowest_thread(counted && key == smallest);
      if (seat_.member == 0) {
        extremes_[record_].smallest = value_of(smallest);
        lanes_[record_].smallest = seat_.first_lane + who;
      }
    }
  }

  const LaneArguments<T>& a_;
  const Seat& seat_;
  Extremes<T>* extremes_;
  ExtremeLanes* lanes_;
  int record_ = 0, record_at_, sample_ = 0;
  Extremes<T> held_;  ///< what the next record must beat
};

/// The numbers of one lane out of what an observer holds.
template <class R>
struct LaneView {
  const Observer<R>& seen;
  int lane;

  __device__ __forceinline__ auto operator()(const R& value) const { return lane_of(value, lane); }
  __device__ __forceinline__ bool running() const { return lane_of(seen.running, lane); }
  __device__ __forceinline__ bool counted() const { return lane_of(seen.counted, lane); }
  /// Why the lane has just ended; called after `observe` has said that one has.
  __device__ __forceinline__ End ended() const {
    return lane_of(seen.lost, lane)           ? End::diverged
           : lane_of(seen.met_gap, lane)      ? End::gap
           : lane_of(seen.met_gradient, lane) ? End::gradient_norm
                                              : End::ran;
  }
};

/// Writes what a lane leaves behind.
template <class R, class T, class O>
__device__ __forceinline__ void leave(const LaneRows<T>& rows, const O& o, long long row, const LaneView<R>& lane,
                                      const Ending& ending) {
  const Observer<R>& seen = lane.seen;
  rows.endings[row] = ending;
  rows.last[row] = lane(seen.last);
  if (o.certificate) {
    rows.ratio[row] = lane(seen.ratio);
    rows.ratio_at[row] = lane(seen.ratio_at);
  }
  if (o.loss) rows.loss[row] = lane(seen.loss);
  if (o.sup) rows.sup[row] = lane(seen.sup);
  if (o.regret) rows.regret[row] = lane(seen.regret);
#pragma unroll
  for (int j = 0; j < most_targets; ++j)
    if (j < o.targets) rows.reached[j * rows.stride + row] = lane(seen.first[j]);
}

}  // namespace omg::cuda
