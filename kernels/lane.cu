// One thread per lane: the lane template with the state of a lane in registers (small n) or in a strip of
// global memory that is coalesced across the warp. Compiled at run time for one family, method, precision
// and, in registers, one n: `specialisation.hpp` is written for each by src/cuda/specialisation.cpp.
#include "omg/lane/classical.hpp"
#include "omg/lane/family.hpp"
#include "omg/lane/meta_gradient.hpp"

#include "kernels/arguments.hpp"
#include "kernels/run.hpp"
#include "kernels/setup.hpp"
#include "kernels/watch.hpp"
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

/// Runs a started lane to T and observes every iteration, the whole warp together.
template <class C, class Lane, class Oracle>
__device__ __forceinline__ void observe(const Arguments& a, const C& c, const LanePlaces<1>& at, const Seat& seat,
                                        long long watcher, Lane& lane, Oracle& f) {
  const chosen::ObserverOptions o{};
  auto room = c.template vector<PointDim>();  // for a gradient that only the observer needs
  Observer<Real> seen = observer<Real>(a, o, at, seat.taken);
  Watch<Real, chosen::every_iteration> watch(a, watcher, seat);
  Ending ending{End::ran, a.record_count, a.iterations, 0, 0};

  for (int t = 1; t <= a.iterations; ++t) {
    Real gap;
    if (sees_every_iteration(o) || !Oracle::costly_gap || watch.recorded(t))
      gap = lane.advance(t);
    else if (advance_unseen(c, lane, f, a.observed, t, seen.running, gap))
      continue;
    if (seen.observe(
            o, a.observed, t, gap, [&] { return squared_gradient_norm(c, lane, f, room); },
            [&] { return regret_at(lane, t); }))
      ending = {LaneView<Real>{seen, 0}.ended(), watch.record(), t, f.gradients, f.functions};
    if (watch.recorded(t)) {
      watch.enter(seen.shown(), seen.counted);
      if (!__any_sync(whole_warp, seen.running)) break;
    }
  }
  while (!watch.done()) watch.enter(seen.shown(), seen.counted);  // all lanes have ended: what they are frozen at
  if (!seat.taken) return;
  if (seen.running) {
    ending.gradients = f.gradients;
    ending.functions = f.functions;
  }
  leave(a.rows, o, seat.row, LaneView<Real>{seen, 0}, ending);
}

/// Runs a started lane to T and stores its gaps and outputs.
template <class C, class Lane>
__device__ __forceinline__ void trace(const Arguments& a, const C& c, const Seat& seat, Lane& lane) {
  const long long lanes = static_cast<long long>(a.end - a.begin);
  for (int t = 1; t <= a.iterations; ++t) {
    const Real gap = lane.advance(t);
    if (!seat.taken) continue;
    a.trace_gap[(t - 1LL) * lanes + seat.row] = gap;
    const auto& y = lane.output();
    for (int i = 0; i < c.n(); ++i) a.trace_point[((t - 1LL) * c.n() + i) * lanes + seat.row] = y[i];
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

/// Runs the lane of a thread, its record held as the specialisation says.
template <int Held, class C>
__device__ __forceinline__ void run_instance(const Arguments& a, const C& c, const chosen::Shape& shape,
                                             const LanePlaces<1>& at, const Seat& seat, long long watcher) {
  const InstanceInMemory memory{tile_of(a.records, a.record_size, at.instance[0]), a.shared, c.n(), shape.data_size};
  if constexpr (Held > 0) {
    const InstanceInRegisters<Held> held(memory);
    run_on(a, c, shape, held, at, seat, watcher);
  } else {
    run_on(a, c, shape, memory, at, seat, watcher);
  }
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
  if constexpr (!chosen::tracing)
    if (a.first_launch) Watch<Real, chosen::every_iteration>::clear(a, warp, member);

  const chosen::Shape shape(a);
  // A grid of any size takes all lanes, 32 consecutive ones at a time.
  for (Count first = a.begin + static_cast<Count>(warp * warp_size); first < a.end;
       first += static_cast<Count>(threads)) {
    __syncwarp();  // what the warp wrote to its extremes is seen by all of it
    const LanePlaces<1> at(a, first + member);
    const Seat seat{first, static_cast<long long>(first - a.begin) + member, member, first + member < a.end};
    const auto c = make_context<chosen::Context>(a, shape, thread);
    run_instance<chosen::held_entries>(a, c, shape, at, seat, warp);
  }
}
