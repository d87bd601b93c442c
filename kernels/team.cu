// One team of threads per lane, or per pack of lanes that run through the same data side by side: a warp or a block,
// the vectors of a lane in its registers, in shared memory or in global memory. Compiled at run time as lane.cu is.
#include "omg/lane/classical.hpp"
#include "omg/lane/family.hpp"
#include "omg/lane/meta_gradient.hpp"

#include "kernels/arguments.hpp"
#include "kernels/run.hpp"
#include "kernels/setup.hpp"
#include "kernels/team.hpp"
#include "kernels/watch.hpp"
#include "specialisation.hpp"

namespace omg::cuda {

using Real = chosen::Real;
using Number = Scalar<Real>;
using Method = chosen::Method;
using Team = ThreadTeam<chosen::team_size>;
using Context = chosen::Context<Team>;
using Arguments = LaneArguments<Number>;
inline constexpr int pack = lanes_in<Real>();

/// The records of a pack's instances in global memory.
struct Instance {
  const Number* record[pack];
  const Number* shared;
  const Number* tile;  ///< the features in shared memory
  int n;
  int data_size;
  int features;

  __device__ __forceinline__ Real entry(int k) const {
    return gathered<Real>([&](int b) { return record[b][k]; });
  }
  __device__ __forceinline__ Real start(int i) const { return entry(i); }
  __device__ __forceinline__ Real minimiser(int i) const { return entry(n + i); }
  __device__ __forceinline__ Real data(int k) const {
    if constexpr (chosen::Shape::shared)
      return Real(__ldg(shared + k));
    else
      return entry(2 * n + k);
  }
  __device__ __forceinline__ Real feature(int i, int j) const {
    if constexpr (chosen::tile_entries > 0)
      return Real(tile[i * tile_stride(features) + j]);
    else
      return data(i * features + j);
  }
  __device__ __forceinline__ Real field(int k) const { return entry(2 * n + data_size + k); }
  /// Entry (i, j) of a symmetric matrix: column by column, which the members of a team read side by side.
  __device__ __forceinline__ Real symmetric(int i, int j) const { return field(j * n + i); }
};

/// The same with the rows of the family's symmetric matrix in the registers of the members that they belong to.
template <int Held, int N>
struct InstanceWithMatrix : Instance {
  Real row[Held][N];

  __device__ __forceinline__ InstanceWithMatrix(const Instance& from, int rank) : Instance(from) {
#pragma unroll
    for (int k = 0; k < Held; ++k) {
      const int i = rank + k * Team::size;
#pragma unroll
      for (int j = 0; j < N; ++j) row[k][j] = i < N ? Instance::symmetric(i, j) : Real(0);
    }
  }
  __device__ __forceinline__ Real symmetric(int i, int j) const {
    return row[static_cast<unsigned>(i) / static_cast<unsigned>(Team::size)][j];
  }
};

/// Runs started lanes to T and observes every iteration. All members of the team hold the same observer; its first warp
/// watches, thread b lane b.
template <class Lane, class Oracle>
__device__ __forceinline__ void observe(const Arguments& a, const Context& c, const LanePlaces<pack>& at,
                                        const Seat& seat, long long watcher, Lane& lane, Oracle& f) {
  const chosen::ObserverOptions o{};
  auto room = c.template vector<PointDim>();  // for a gradient that only the observer needs
  const Count left = a.end - seat.first_lane;
  Observer<Real> seen =
      observer<Real>(a, o, at, gathered<Real>([](int b) { return Number(b); }) < Real(static_cast<double>(left)));
  const bool watches = c.reduction().team().rank() < warp_size;
  const LaneView<Real> mine{seen, seat.member};
  Watch<Number, chosen::every_iteration> watch(a, watcher, seat);
  Ending ending{End::ran, a.record_count, a.iterations, 0, 0};

  for (int t = 1; t <= a.iterations; ++t) {
    Real gap;
    if (sees_every_iteration(o) || !Oracle::costly_gap || watch.recorded(t))
      gap = lane.advance(t);
    else if (advance_unseen(c, lane, f, a.observed, t, seen.running, gap))
      continue;
    const bool ended = seen.observe(
        o, a.observed, t, gap, [&] { return squared_gradient_norm(c, lane, f, room); },
        [&] { return regret_at(lane, t); });
    if (ended && watches && seat.taken && mine.ended() != End::ran)
      ending = {mine.ended(), watch.record(), t, f.gradients, f.functions};
    if (watches && watch.recorded(t)) watch.enter(mine(seen.shown()), seat.taken && mine.counted());
    if (Oracle::costly_gap && !watches && watch.recorded(t)) watch.pass();
    if (ended && !any(seen.running)) break;
  }
  if (!watches) return;
  while (!watch.done()) watch.enter(mine(seen.shown()), seat.taken && mine.counted());
  if (!seat.taken) return;
  if (mine.running()) {
    ending.gradients = f.gradients;
    ending.functions = f.functions;
  }
  leave(a.rows, o, seat.row, mine, ending);
}

/// Runs started lanes to T and stores their gaps and outputs.
template <class Lane>
__device__ __forceinline__ void trace(const Arguments& a, const Context& c, const Seat& seat, Lane& lane) {
  const long long lanes = static_cast<long long>(a.end - a.begin), first = seat.row - seat.member;
  for (int t = 1; t <= a.iterations; ++t) {
    const Real gap = lane.advance(t);
    if (seat.taken) a.trace_gap[(t - 1LL) * lanes + seat.row] = lane_of(gap, seat.member);
    const auto& y = lane.output();
    c.template for_each<PointDim>([&](int i) {
      const Real value = y[i];
      for (int b = 0; b < pack && first + b < lanes; ++b)
        a.trace_point[((t - 1LL) * c.n() + i) * lanes + first + b] = lane_of(value, b);
    });
  }
}

/// Runs lanes, the matrix of their instance held as the specialisation says.
template <int Rows>
__device__ __forceinline__ void run_instance(const Arguments& a, const Context& c, const chosen::Shape& shape,
                                             const Instance& instance, const LanePlaces<pack>& at, const Seat& seat,
                                             long long watcher) {
  if constexpr (Rows > 0) {
    const InstanceWithMatrix<Rows, chosen::matrix_columns> held(instance, seat.member);
    run_on(a, c, shape, held, at, seat, watcher);
  } else {
    run_on(a, c, shape, instance, at, seat, watcher);
  }
}

}  // namespace omg::cuda

extern "C" __global__ void __launch_bounds__(omg::cuda::chosen::block_threads, omg::cuda::chosen::least_blocks)
    run_lanes(const omg::cuda::LaneArguments<omg::Scalar<omg::cuda::chosen::Real>> a) {
  using namespace omg;
  using namespace omg::cuda;
  extern __shared__ __align__(16) unsigned char dynamic_shared[];
  const Team team;
  const int place = static_cast<int>(threadIdx.x) / Team::size,
            teams_in_block = static_cast<int>(blockDim.x) / Team::size;
  const long long teams = static_cast<long long>(gridDim.x) * teams_in_block;
  const long long me = static_cast<long long>(blockIdx.x) * teams_in_block + place;
  const chosen::Shape shape(a);
  // The tile, then what every team has of its own.
  Number* const tile_of_block = reinterpret_cast<Number*>(dynamic_shared);
  Real* const local = reinterpret_cast<Real*>(tile_of_block + chosen::tile_entries) + place * chosen::shared_entries;
  Real* const memory =
      chosen::memory_in_shared ? local + chosen::local_entries : reinterpret_cast<Real*>(a.arena) + me * a.arena_size;
  if constexpr (chosen::tile_entries > 0) {
    for (int k = static_cast<int>(threadIdx.x); k < shape.terms * shape.features; k += static_cast<int>(blockDim.x))
      tile_of_block[k / shape.features * tile_stride(shape.features) + k % shape.features] = a.shared[k];
    __syncthreads();
  }
  if constexpr (!chosen::tracing)
    if (a.first_launch && team.rank() < warp_size) Watch<Number, chosen::every_iteration>::clear(a, me, team.rank());

  for (Count first = a.begin + static_cast<Count>(me * pack); first < a.end;
       first += static_cast<Count>(teams * pack)) {
    team.sync();  // the lanes before have left their memory, and their extremes are seen
    const LanePlaces<pack> at(a, first);
    const int member = team.rank();
    const Seat seat{first, static_cast<long long>(first - a.begin) + member, member,
                    member < pack && first + member < a.end};
    TeamArena<Real> arena{local};
    const Context c = chosen::make_context(shape, team, arena, memory);
    Instance instance;
#pragma unroll
    for (int b = 0; b < pack; ++b) instance.record[b] = a.records + at.instance[b] * a.record_size;
    instance.shared = a.shared;
    instance.tile = tile_of_block;
    instance.features = shape.features;
    instance.n = c.n();
    instance.data_size = shape.data_size;
    run_instance<chosen::matrix_rows>(a, c, shape, instance, at, seat, me);
  }
}
