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

/// What a warp knows of its lanes while they run.
struct Watch {
  Extremes<Real>* extremes;  ///< of this warp
  ExtremeLanes* lanes;
  Count first_lane;  ///< of the warp's 32
  int member;        ///< of this thread in the warp
  int next = 0;      ///< position in record_at
  int next_at;
  Extremes<Real> held;  ///< what the next record must beat
  bool alive;
};

/// Enters the gaps of a recorded iteration. Called by whole warps.
__device__ __forceinline__ void enter_record(Watch& w, Key<Real> key) {
  const Key<Real> largest = warp_maximum(w.alive ? key : w.held.largest);
  if (largest > w.held.largest) {
    const int who = lowest_thread(w.alive && key == largest);
    if (w.member == 0) {
      w.extremes[w.next].largest = largest;
      w.lanes[w.next].largest = w.first_lane + who;
    }
  }
  const Key<Real> smallest = warp_minimum(w.alive ? key : w.held.smallest);
  if (smallest < w.held.smallest) {
    const int who = lowest_thread(w.alive && key == smallest);
    if (w.member == 0) {
      w.extremes[w.next].smallest = smallest;
      w.lanes[w.next].smallest = w.first_lane + who;
    }
  }
}

/// Runs the lane of this thread, the whole warp together, from its start to T. Threads beyond the last lane
/// run that one too and are not alive.
template <class C, class I>
__device__ __forceinline__ void run_lane(const Arguments& a, const C& c, const I& instance, const chosen::Shape& shape,
                                         Count lane_number, long long local_instance, Watch& w, Peak<Real>* peak) {
  using Oracle = FamilyOracle<chosen::Family, C, chosen::Shape, I>;
  const chosen::Options options{};
  const long long setting = static_cast<long long>(lane_number / static_cast<Count>(a.instances)) - a.first_setting;
  const Schedule<Real> schedule = chosen::one_variant ? a.only : a.variants[a.variant_of[setting]];
  Coefficients<Real, Method::parameters> k;
  set_coefficient<0>(a, schedule, a.choice + setting * Method::parameters, local_instance, k);
  k.alpha = schedule.alpha;
  k.rho = schedule.rho;
  k.initial = schedule.initial;
  Bounds<Real> bounds{Real(0), Real(0), Real(0), schedule.lower, schedule.upper};
  if constexpr (has_meta_domain<Method>) {
    bounds.lower = k.at(MetaParameters::lower);
    bounds.upper = k.at(MetaParameters::upper);
    bounds.radius = k.at(MetaParameters::radius);
  }
  Oracle f(c, shape, instance);
  typename Method::template Lane<C, Oracle, chosen::Options> lane(c, f, options, k, bounds);
  lane.start();

  if constexpr (chosen::tracing) {
    const long long lanes = static_cast<long long>(a.end - a.begin), me = static_cast<long long>(lane_number - a.begin);
    for (int t = 1; t <= a.iterations; ++t) {
      const Real gap = lane.advance(t);
      if (!w.alive) continue;
      a.trace_gap[(t - 1LL) * lanes + me] = gap;
      const auto& y = lane.output();
      for (int i = 0; i < c.n(); ++i) a.trace_point[((t - 1LL) * c.n() + i) * lanes + me] = y[i];
    }
  } else {
    const Real scale = a.inverse_scale[local_instance];
    const Real inverse_bound = chosen::certificate ? a.inverse_bound[a.inverse_bound_step * local_instance] : Real(0);
    // A lane whose normalised gap leaves ±1e30 has diverged (spec, section 7); NaN and infinity do.
    const Key<Real> limit = key_of(Real(1e30)), lower_limit = key_of(Real(-1e30));
    Real ratio = Real(-1);
    int ratio_at = 0;
    double loss = 0;
    Real last = Real(0);
    int gradients = 0, functions = 0, iterations = 0;  // when the lane was lost
    const bool real = w.alive;

    for (int t = 1; t <= a.iterations; ++t) {
      const Real gap = lane.advance(t);
      const Key<Real> key = key_of(fma(gap, scale, Real(0)));  // + 0 makes every zero positive
      // One vote of the warp finds what is rare: a lane lost, or a new extreme at a recorded iteration.
      const bool recorded = t == w.next_at;
      const Key<Real> above = recorded ? w.held.largest : limit, below = recorded ? w.held.smallest : lower_limit;
      if (__any_sync(whole_warp, w.alive && (key > above || key < below))) {
        const bool lost = w.alive && (key > limit || key < lower_limit);
        const int lost_lanes = __popc(__ballot_sync(whole_warp, lost));
        if (lost_lanes > 0) {
          if (w.member == 0) atomicAdd(a.diverged + w.next, static_cast<Count>(lost_lanes));
          if (lost) {
            w.alive = false;
            gradients = f.gradients;
            functions = f.functions;
            iterations = t;
          }
          if (!__any_sync(whole_warp, w.alive)) break;
        }
        if (recorded) enter_record(w, key);
      }
      if constexpr (chosen::track_best) loss += static_cast<double>(gap);
      last = gap;
      if constexpr (chosen::certificate) {
        const Real now = gap * inverse_bound * a.inverse_bound_table[t];
        if (w.alive && now > ratio) {
          ratio = now;
          ratio_at = t;
        }
      }
      if (recorded) {
        ++w.next;
        w.next_at = a.record_at[w.next];
        if (w.next < a.record_count) w.held = w.extremes[w.next];
      }
    }

    const Count all_gradients = warp_sum(static_cast<Count>(w.alive ? f.gradients : gradients));
    const Count all_functions = warp_sum(static_cast<Count>(w.alive ? f.functions : functions));
    const Count all_iterations = warp_sum(static_cast<Count>(w.alive ? a.iterations : iterations));
    if (w.member == 0) {
      atomicAdd(&a.counts->gradients, all_gradients);
      atomicAdd(&a.counts->functions, all_functions);
      atomicAdd(&a.counts->lane_iterations, all_iterations);
    }
    if constexpr (chosen::track_best) {
      const double result = a.best_by_loss ? loss : static_cast<double>(last);
      // A NaN never wins: the lane has diverged.
      if (real) a.loss[lane_number - a.begin] = w.alive ? result : __longlong_as_double(-1LL);
    }
    if constexpr (chosen::certificate) {
      const Key<Real> key = key_of(fma(ratio, Real(1), Real(0)));
      const Key<Real> largest = warp_maximum(key);
      if (value_of(largest) > peak->ratio) {
        const int who = lowest_thread(key == largest);
        if (w.member == who) *peak = {ratio, ratio_at, lane_number};
      }
    }
  }
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

template <int Held, class C>
__device__ __forceinline__ void run_with(const Arguments& a, const C& c, const chosen::Shape& shape, Count lane,
                                         long long local_instance, Watch& w, Peak<Real>* peak) {
  const InstanceInMemory memory{tile_of(a.records, a.record_size, local_instance), a.shared, c.n(), shape.data_size};
  if constexpr (Held > 0) {
    const InstanceInRegisters<Held> held(memory);
    run_lane(a, c, held, shape, lane, local_instance, w, peak);
  } else {
    run_lane(a, c, memory, shape, lane, local_instance, w, peak);
  }
}

}  // namespace omg::cuda

extern "C" __global__ void __launch_bounds__(omg::cuda::chosen::block_threads, 1)
    run_lanes(const omg::cuda::LaneArguments<omg::cuda::chosen::Real> a) {
  using namespace omg;
  using namespace omg::cuda;
  const int member = static_cast<int>(threadIdx.x) % warp_size;
  const long long threads = static_cast<long long>(gridDim.x) * blockDim.x;
  const long long thread = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
  const long long warp = thread / warp_size, warps = threads / warp_size;
  Extremes<Real>* const extremes = a.extremes + warp * a.record_count;
  ExtremeLanes* const lanes = a.extreme_lanes + warp * a.record_count;

  if (!chosen::tracing && a.first_launch) {
    // As in empty_statistics: below −1 no gap is recorded.
    const Key<Real> low = key_of(Real(-1)), high = key_of(Real(__int_as_float(0x7f800000)));
    for (int k = member; k < a.record_count; k += warp_size) {
      extremes[k] = {low, high};
      lanes[k] = {nowhere, nowhere};
    }
    if (member == 0) a.peaks[warp] = {Real(-1), 0, nowhere};
  }

  const chosen::Shape shape(a);
  // A grid of any size takes all lanes, 32 consecutive ones at a time.
  for (Count first = a.begin + static_cast<Count>(warp * warp_size); first < a.end;
       first += static_cast<Count>(warps * warp_size)) {
    __syncwarp();  // what the warp wrote to its extremes is seen by all of it
    const bool alive = first + member < a.end;
    const Count lane = alive ? first + member : a.end - 1;
    const long long instance = static_cast<long long>(lane % static_cast<Count>(a.instances));
    const long long local_instance = instance - a.first_instance + (instance < a.first_instance ? a.instances : 0);
    Watch w{extremes, lanes, first, member, 0, chosen::tracing ? 0 : a.record_at[0], {}, alive};
    if (!chosen::tracing && a.record_count > 0) w.held = extremes[0];
    Peak<Real>* const peak = a.peaks + warp;
    const auto c = make_context<chosen::Context>(a, shape, thread);
    run_with<chosen::held_entries>(a, c, shape, lane, local_instance, w, peak);
  }
}
