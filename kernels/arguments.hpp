#pragma once

#include "omg/lane/observer.hpp"
#include "omg/lane/shape.hpp"

// What passes between the host and the kernels: plain data, the same text on both sides.
namespace omg::cuda {

using Count = unsigned long long;

/// Where a thread runs a lane, records, and vectors that do not fit registers, lie in tiles of a warp's width: entry k
/// of number j at [j / 32][k][j % 32]. A warp reads neighbours, and entries are a constant apart. Where a team runs a
/// lane, records lie one behind the other.
inline constexpr int tile = 32;

/// Numbers from a row of a data set to the next where its features lie in shared memory: odd, so that threads that read
/// a column meet different banks.
constexpr int tile_stride(int features) { return features + 1 - features % 2; }

/// Where one value of a parameter's list stands among the constants: a number, or one per instance.
struct ConstantPlace {
  long long offset;
  long long step;  ///< 0: the same for all instances; 1: one each
};

/// What depends on t, on the device (Variant of the plan). Null where the method has no such vector.
template <class T>
struct Schedule {
  const T* alpha;    ///< t = 0 … T + 1
  const T* rho;      ///< t = 0 … T + 1
  const T* tables;   ///< [scheduled parameter][T + 2]
  const T* initial;  ///< w₁
  const T* lower;
  const T* upper;
};

/// The largest and smallest normalised gap that a watcher has seen at one recorded iteration.
template <class T>
struct alignas(2 * sizeof(T)) Extremes {
  T largest;
  T smallest;
};
struct ExtremeLanes {
  Count largest;
  Count smallest;
};

/// The merged extremes of a record, ready for the host.
struct MergedRecord {
  double largest;
  double smallest;
  Count largest_lane;
  Count smallest_lane;
};

inline constexpr Count nowhere = ~Count{0};  ///< the lane of an empty extreme

/// What lanes leave behind at their end (LaneBatch of src/statistics): entry l of each row belongs to lane begin + l of
/// the launch, rows are `stride` apart.
template <class T>
struct LaneRows {
  long long stride;
  Ending* endings;
  T* last;
  T* ratio;
  T* ratio_at;
  T* loss;
  T* sup;
  T* regret;
  T* reached;  ///< [ε]
  T* samples;  ///< [sample]
};

template <class T>
struct LaneArguments {
  // Instances on the device: `local_instances` of the problem's, from `first_instance` on, counted round.
  const T* records;  ///< entries of a record: record_size
  const T* shared;
  long long record_size;
  long long local_instances;
  long long first_instance;
  long long instances;  ///< of the problem; lane = setting · instances + instance
  int data_size;        ///< entries of the data block in the record
  Shape shape;

  // Lanes of this launch, in the cell's numbering.
  Count begin;
  Count end;
  int iterations;

  // Coefficients.
  const T* constants;
  const ConstantPlace* places;  ///< one per value of every parameter's list
  const unsigned* choice;       ///< [setting − first_setting][parameter]: position in `places`
  const unsigned* variant_of;   ///< [setting − first_setting]
  long long first_setting;
  const Schedule<T>* variants;
  Schedule<T> only;  ///< the variant, if there is one only

  // Statistics. A watcher is a warp that sees lanes side by side; each has extremes of its own.
  const T* inverse_scale;        ///< one per instance on the device
  const T* inverse_bound;        ///< the same, or a single number
  long long inverse_bound_step;  ///< 1 or 0
  ObserverTables<T> observed;
  const int* record_at;  ///< ascending, then one entry that no iteration reaches
  int record_count;
  const int* sample_records;    ///< positions in record_at, then −1
  int first_launch;             ///< the watchers' own copies are empty: clear them
  Extremes<T>* extremes;        ///< [watcher][record_count + 1]; what stands behind the last record is of no use
  ExtremeLanes* extreme_lanes;  ///< [watcher][record]
  LaneRows<T> rows;

  T* arena;              ///< vectors of lanes that lie in global memory
  long long arena_size;  ///< entries for a thread (in tiles) or a team (one behind the other)

  // Trajectories of the lanes of the launch.
  T* trace_gap;    ///< [t − 1][lane]
  T* trace_point;  ///< [t − 1][i][lane]
};

/// Merges the watchers' copies.
template <class T>
struct MergeArguments {
  const Extremes<T>* extremes;        ///< [watcher][record_count + 1]
  const ExtremeLanes* extreme_lanes;  ///< [watcher][record_count]
  int record_count;
  int watchers;
  MergedRecord* merged;
};

}  // namespace omg::cuda
