// One thread per lane: the lane template with the state of a lane in registers (small n) or in a strip of
// global memory that is coalesced across the warp. Compiled at run time for one family, method, precision
// and, in registers, one n: `specialisation.hpp` is written for each by src/cuda/specialisation.cpp.
//
// Statistics follow Recorder (src/statistics/recorder.hpp) number by number. Each warp has extremes of its
// own in global memory, which only it reads and writes; they are maxima with ties to the lower lane, so
// neither the number of warps nor which lanes a warp takes can change the merged result.
#include "omg/lane/classical.hpp"
#include "omg/lane/family.hpp"
#include "omg/lane/meta_gradient.hpp"

#include "kernels/arguments.hpp"
#include "kernels/warp.hpp"
#include "specialisation.hpp"

namespace omg::cuda {

using Real = chosen::Real;
using Method = chosen::Method;
using Arguments = LaneArguments<Real>;

/// The record of a lane's instance in global memory.
struct InstanceInMemory {
  const Real* record;  ///< entries a tile's width apart
  const Real* shared;
  int n;
  int data_size;

  /// Where the coordinates are unrolled, loads that are known to be constant would all be moved out of the loop over t,
  /// into more registers than there are; where they are not, such loads may pass the stores before them.
  static __device__ __forceinline__ Real load(const Real* from) {
    if constexpr (chosen::in_registers) return *from;
    return __ldg(from);
  }
  __device__ __forceinline__ Real entry(int k) const { return load(record + k * tile); }
  __device__ __forceinline__ Real start(int i) const { return entry(i); }
  __device__ __forceinline__ Real minimiser(int i) const { return entry(n + i); }
  __device__ __forceinline__ Real data(int k) const {
    if constexpr (chosen::Shape::shared) return load(shared + k);
    return entry(2 * n + k);
  }
  __device__ __forceinline__ Real field(int k) const { return entry(2 * n + data_size + k); }
};

/// The same with all but the start held in registers: for records of a few numbers, which every iteration
/// would load again.
template <int Size>
struct InstanceInRegisters {
  InstanceInMemory memory;
  Real held[Size];

  __device__ __forceinline__ explicit InstanceInRegisters(const InstanceInMemory& from) : memory(from) {
#pragma unroll
    for (int k = 0; k < Size; ++k) held[k] = from.entry(from.n + k);
  }
  __device__ __forceinline__ Real start(int i) const { return memory.start(i); }
  __device__ __forceinline__ Real minimiser(int i) const { return held[i]; }
  __device__ __forceinline__ Real data(int k) const {
    if constexpr (chosen::Shape::shared) return memory.data(k);
    return held[memory.n + k];
  }
  __device__ __forceinline__ Real field(int k) const { return held[memory.n + memory.data_size + k]; }
};

/// A classical method has no meta-parameters and no domain of theirs.
template <class M>
inline constexpr bool has_meta_domain = requires {
  M::rule_offset;
};

/// Number of scheduled parameters before parameter k: the row of its table.
constexpr int table_row(int k) {
  int row = 0;
  for (int j = 0; j < k; ++j) row += Method::parameter(j).scheduled;
  return row;
}

template <int K>
__device__ __forceinline__ void set_coefficient(const Arguments& a, const Schedule<Real>& schedule,
                                                const unsigned* choice, long long instance,
                                                Coefficients<Real, Method::parameters>& out) {
  if constexpr (K < Method::parameters) {
    const ConstantPlace place = a.places[choice[K]];
    out.constant[K] = a.constants[place.offset + place.step * instance];
    constexpr bool scheduled = Method::parameter(K).scheduled;
    out.table[K] = scheduled ? schedule.tables + table_row(K) * (a.iterations + 2LL) : nullptr;
    set_coefficient<K + 1>(a, schedule, choice, instance, out);
  }
}

/// The place of a thread among the lanes of its launch.
struct Seat {
  Count lane;          ///< of the cell; threads beyond the last lane repeat that one
  long long instance;  ///< counted on the device
  Count first_lane;    ///< of the warp's 32
  int member;          ///< of the warp
  bool taken;          ///< the lane is this thread's own
};

/// What a warp has of its own in global memory.
struct WarpRecords {
  Extremes<Real>* extremes;
  ExtremeLanes* lanes;
  Peak<Real>* peak;
};

/// Enters the normalised gaps of recorded iteration `record`. Called by whole warps; `held` is what is to be beaten.
__device__ __forceinline__ void enter_record(const WarpRecords& own, const Seat& seat, int record,
                                             const Extremes<Real>& held, Real normalised, bool alive) {
  const Key<Real> key = key_of(normalised);
  const Key<Real> largest = warp_maximum(alive ? key : key_of(held.largest));
  if (value_of(largest) > held.largest) {
    const int who = lowest_thread(alive && key == largest);
    if (seat.member == 0) {
      own.extremes[record].largest = value_of(largest);
      own.lanes[record].largest = seat.first_lane + who;
    }
  }
  const Key<Real> smallest = warp_minimum(alive ? key : key_of(held.smallest));
  if (value_of(smallest) < held.smallest) {
    const int who = lowest_thread(alive && key == smallest);
    if (seat.member == 0) {
      own.extremes[record].smallest = value_of(smallest);
      own.lanes[record].smallest = seat.first_lane + who;
    }
  }
}

/// What a lane has cost; of a lane that has diverged, until then.
struct Effort {
  int gradients;
  int functions;
  int iterations;
};

/// Adds up the effort of a warp's lanes.
__device__ __forceinline__ void enter_effort(Counts* counts, const Seat& seat, const Effort& effort) {
  const Count gradients = warp_sum(static_cast<Count>(effort.gradients));
  const Count functions = warp_sum(static_cast<Count>(effort.functions));
  const Count iterations = warp_sum(static_cast<Count>(effort.iterations));
  if (seat.member != 0) return;
  atomicAdd(&counts->gradients, gradients);
  atomicAdd(&counts->functions, functions);
  atomicAdd(&counts->lane_iterations, iterations);
}

/// Keeps the largest gap ÷ bound of a warp's lanes if it is the largest so far; equal ones keep the lower lane.
__device__ __forceinline__ void enter_peak(const WarpRecords& own, const Seat& seat, Real ratio, int iteration) {
  const Key<Real> key = key_of(fma(ratio, Real(1), Real(0)));  // + 0 makes every zero positive
  const Key<Real> largest = warp_maximum(key);
  if (!(value_of(largest) > own.peak->ratio)) return;
  if (seat.member == lowest_thread(key == largest)) *own.peak = {ratio, iteration, seat.lane};
}

/// Runs a started lane to T and observes every iteration, the whole warp together.
template <class Lane, class Oracle>
__device__ __forceinline__ void observe(const Arguments& a, const Seat& seat, const WarpRecords& own, Lane& lane,
                                        const Oracle& f) {
  const Real scale = a.inverse_scale[seat.instance];
  const Real inverse_bound = chosen::certificate ? a.inverse_bound[a.inverse_bound_step * seat.instance] : Real(0);
  // A lane whose normalised gap leaves ±1e30 has diverged (spec, section 7).
  const Real limit = Real(1e30);
  bool alive = seat.taken;
  Effort effort{0, 0, 0};
  Real ratio = Real(-1), last = Real(0);
  int ratio_at = 0;
  double loss = 0;
  int record = 0, record_at = a.record_at[0];
  Extremes<Real> held = own.extremes[0];

  for (int t = 1; t <= a.iterations; ++t) {
    const Real gap = lane.advance(t);
    const Real normalised = fma(gap, scale, Real(0));  // + 0 makes every zero positive
    const bool recorded = chosen::every_iteration || t == record_at;
    // One vote of the warp finds what is rare: a lane lost, or a new extreme at a recorded iteration. A NaN is not
    // below any bound.
    const Real above = recorded ? held.largest : limit, below = recorded ? held.smallest : -limit;
    if (__any_sync(whole_warp, alive && (!(normalised <= above) || normalised < below))) {
      const bool lost = alive && !(abs(normalised) <= limit);
      const int lost_lanes = __popc(__ballot_sync(whole_warp, lost));
      if (lost_lanes > 0) {
        if (seat.member == 0) atomicAdd(a.diverged + record, static_cast<Count>(lost_lanes));
        if (lost) {
          alive = false;
          effort = {f.gradients, f.functions, t};
        }
        if (!__any_sync(whole_warp, alive)) break;
      }
      if (recorded) enter_record(own, seat, record, held, normalised, alive);
    }
    if constexpr (chosen::track_best) loss += static_cast<double>(gap);
    last = gap;
    if constexpr (chosen::certificate) {
      const Real now = gap * inverse_bound * a.inverse_bound_table[t];
      if (alive && now > ratio) {
        ratio = now;
        ratio_at = t;
      }
    }
    if (recorded) {
      ++record;
      if constexpr (!chosen::every_iteration) record_at = a.record_at[record];
      held = own.extremes[record];  // in time for the next iteration
    }
  }

  if (alive) effort = {f.gradients, f.functions, a.iterations};
  enter_effort(a.counts, seat, effort);
  if constexpr (chosen::certificate) enter_peak(own, seat, ratio, ratio_at);
  if constexpr (chosen::track_best) {
    const double result = a.best_by_loss ? loss : static_cast<double>(last);
    // A NaN never wins: the lane has diverged.
    if (seat.taken) a.loss[seat.lane - a.begin] = alive ? result : __longlong_as_double(-1LL);
  }
}

/// Runs a started lane to T and stores its gaps and outputs.
template <class C, class Lane>
__device__ __forceinline__ void trace(const Arguments& a, const C& c, const Seat& seat, Lane& lane) {
  const long long lanes = static_cast<long long>(a.end - a.begin), me = static_cast<long long>(seat.lane - a.begin);
  for (int t = 1; t <= a.iterations; ++t) {
    const Real gap = lane.advance(t);
    if (!seat.taken) continue;
    a.trace_gap[(t - 1LL) * lanes + me] = gap;
    const auto& y = lane.output();
    for (int i = 0; i < c.n(); ++i) a.trace_point[((t - 1LL) * c.n() + i) * lanes + me] = y[i];
  }
}

template <class C, class I>
__device__ __forceinline__ void run_lane(const Arguments& a, const C& c, const chosen::Shape& shape, const I& instance,
                                         const Seat& seat, const WarpRecords& own) {
  const long long setting = static_cast<long long>(seat.lane / static_cast<Count>(a.instances)) - a.first_setting;
  const Schedule<Real> schedule = chosen::one_variant ? a.only : a.variants[a.variant_of[setting]];
  Coefficients<Real, Method::parameters> k;
  set_coefficient<0>(a, schedule, a.choice + setting * Method::parameters, seat.instance, k);
  k.alpha = schedule.alpha;
  k.rho = schedule.rho;
  k.initial = schedule.initial;
  Bounds<Real> bounds{Real(0), Real(0), Real(0), schedule.lower, schedule.upper};
  if constexpr (has_meta_domain<Method>) {
    bounds.lower = k.at(MetaParameters::lower);
    bounds.upper = k.at(MetaParameters::upper);
    bounds.radius = k.at(MetaParameters::radius);
  }
  using Oracle = FamilyOracle<chosen::Family, C, chosen::Shape, I>;
  const chosen::Options options{};
  Oracle f(c, shape, instance);
  typename Method::template Lane<C, Oracle, chosen::Options> lane(c, f, options, k, bounds);
  lane.start();
  if constexpr (chosen::tracing)
    trace(a, c, seat, lane);
  else
    observe(a, seat, own, lane, f);
}

/// Entry 0 of number j in tiles of `size` entries.
template <class T>
__device__ __forceinline__ T* tile_of(T* tiles, long long size, long long j) {
  return tiles + j / tile * (tile * size) + j % tile;
}

/// The context of one thread of the launch.
template <class C>
__device__ __forceinline__ C make_context(const Arguments& a, const chosen::Shape& shape, long long thread) {
  if constexpr (requires(C c) { c.arena; })
    return C{shape.n, tile_of(a.arena, a.arena_size, thread), {tile}};
  else
    return C{};
}

/// Runs the lane of a thread, its record held as the specialisation says.
template <int Held, class C>
__device__ __forceinline__ void run_instance(const Arguments& a, const C& c, const chosen::Shape& shape,
                                             const Seat& seat, const WarpRecords& own) {
  const InstanceInMemory memory{tile_of(a.records, a.record_size, seat.instance), a.shared, c.n(), shape.data_size};
  if constexpr (Held > 0) {
    const InstanceInRegisters<Held> held(memory);
    run_lane(a, c, shape, held, seat, own);
  } else {
    run_lane(a, c, shape, memory, seat, own);
  }
}

/// As in empty_statistics: a gap at or below −1 is never recorded as the largest.
__device__ __forceinline__ void clear(const WarpRecords& own, int record_count, int member) {
  const Real infinity = Real(__int_as_float(0x7f800000));
  for (int k = member; k <= record_count; k += warp_size) own.extremes[k] = {Real(-1), infinity};
  for (int k = member; k < record_count; k += warp_size) own.lanes[k] = {nowhere, nowhere};
  if (member == 0) *own.peak = {Real(-1), 0, nowhere};
}

}  // namespace omg::cuda

extern "C" __global__ void __launch_bounds__(omg::cuda::chosen::block_threads, omg::cuda::chosen::least_blocks)
    run_lanes(const omg::cuda::LaneArguments<omg::cuda::chosen::Real> a) {
  using namespace omg;
  using namespace omg::cuda;
  const int member = static_cast<int>(threadIdx.x) % warp_size;
  const long long threads = static_cast<long long>(gridDim.x) * blockDim.x;
  const long long thread = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  const long long warp = thread / warp_size;
  const WarpRecords own{a.extremes + warp * (a.record_count + 1LL), a.extreme_lanes + warp * a.record_count,
                        a.peaks + warp};
  if (!chosen::tracing && a.first_launch) clear(own, a.record_count, member);

  const chosen::Shape shape(a);
  const Count instances = static_cast<Count>(a.instances);
  // A grid of any size takes all lanes, 32 consecutive ones at a time.
  for (Count first = a.begin + static_cast<Count>(warp * warp_size); first < a.end;
       first += static_cast<Count>(threads)) {
    __syncwarp();  // what the warp wrote to its records is seen by all of it
    const bool taken = first + member < a.end;
    const Count lane = taken ? first + member : a.end - 1;
    const long long instance = static_cast<long long>(lane % instances) - a.first_instance;
    const Seat seat{lane, instance < 0 ? instance + a.instances : instance, first, member, taken};
    const auto c = make_context<chosen::Context>(a, shape, thread);
    run_instance<chosen::held_entries>(a, c, shape, seat, own);
  }
}
