#pragma once

#include "omg/lane/shape.hpp"

// What passes between the host and the kernels: plain data, the same text on both sides.
namespace omg::cuda {

using Count = unsigned long long;

/// Records, and the vectors of lanes that do not fit registers, lie in tiles of a warp's width: entry k of number j at
/// [j / 32][k][j % 32]. A warp reads neighbours, and entries are a constant apart.
inline constexpr int tile = 32;

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

/// The largest and smallest normalised gap that a warp has seen at one recorded iteration.
template <class T>
struct alignas(2 * sizeof(T)) Extremes {
  T largest;
  T smallest;
};
struct ExtremeLanes {
  Count largest;
  Count smallest;
};

/// The largest gap ÷ bound that a warp has seen.
template <class T>
struct Peak {
  T ratio;
  int iteration;
  Count lane;
};

/// Sums over lanes.
struct Counts {
  Count gradients;
  Count functions;
  Count lane_iterations;
};

/// The merged statistics of a record, ready for the host.
struct MergedRecord {
  double largest;
  double smallest;
  Count largest_lane;
  Count smallest_lane;
};
struct MergedPeak {
  double ratio;
  Count lane;
  long long iteration;
};
struct MergedBest {
  double loss;
  unsigned setting;
  unsigned unused;
};

inline constexpr Count nowhere = ~Count{0};  ///< the lane of an empty extreme

template <class T>
struct LaneArguments {
  // Instances on the device: `local_instances` of the problem's, from `first_instance` on, counted round.
  const T* records;  ///< tiles of record_size entries
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

  // Statistics.
  const T* inverse_scale;        ///< one per instance on the device
  const T* inverse_bound;        ///< the same, or a single number
  long long inverse_bound_step;  ///< 1 or 0
  const T* inverse_bound_table;  ///< t = 0 … T
  const int* record_at;          ///< ascending, then one entry that no iteration reaches
  int record_count;
  int first_launch;  ///< the warps' own copies are empty: clear them

  Extremes<T>* extremes;        ///< [warp][record_count + 1]; what stands behind the last record is of no use
  ExtremeLanes* extreme_lanes;  ///< [warp][record]
  Peak<T>* peaks;               ///< [warp]
  Count* diverged;              ///< [record_count + 1]: lanes lost after the record before
  Counts* counts;
  double* loss;  ///< one per lane of the launch, NaN if diverged
  int best_by_loss;

  T* arena;  ///< tiles of arena_size entries, one number for each thread
  long long arena_size;

  // Trajectories of the lanes of the launch.
  T* trace_gap;    ///< [t − 1][lane]
  T* trace_point;  ///< [t − 1][i][lane]
};

/// Merges the warps' copies; one block row per record and warp slice.
template <class T>
struct MergeArguments {
  const Extremes<T>* extremes;        ///< [warp][record_count + 1]
  const ExtremeLanes* extreme_lanes;  ///< [warp][record_count]
  const Peak<T>* peaks;
  int record_count;
  int warps;
  MergedRecord* merged;
  MergedPeak* peak;
};

struct BestArguments {
  const double* loss;
  Count begin;  ///< lanes whose loss it is
  Count end;
  long long first_instance;  ///< as in LaneArguments
  long long local_instances;
  long long instances;
  MergedBest* best;  ///< one per instance on the device
  int first_launch;
};

}  // namespace omg::cuda
