#pragma once

#include <cstddef>
#include <string>

#include "omg/plan.hpp"

#include "cuda/compiler.hpp"

namespace omg::cuda {

/// What a lane kernel is compiled for: everything here is a constant of the machine code.
struct Specialisation {
  Precision precision = Precision::float64;
  std::string family;  ///< names of the registry
  std::string rule;
  std::string learner;
  std::string classical;
  Options options;
  Shape shape;
  int data_size = 0;             ///< entries of the data block in the record
  std::size_t record_size = 0;   ///< entries of the record
  bool certificate = false;      ///< a bound is watched
  bool track_best = false;       ///< a loss per lane is kept
  bool one_variant = true;       ///< all settings share their schedules
  bool every_iteration = false;  ///< every iteration is recorded
  bool tracing = false;          ///< trajectories instead of statistics
};

/// How a kernel is laid out and launched. Within the layout nothing here changes a bit of the results.
struct LaunchPolicy {
  bool in_registers = false;  ///< the state of a lane; else in global memory, strided over the threads
  int held_entries = 0;       ///< entries of the record held in registers, 0: none
  int block_threads = 128;
  /// Blocks that a multiprocessor must hold: 1 lets ptxas use all registers rather than spill a few for more blocks, 0
  /// leaves the choice to it.
  int least_blocks = 1;

  friend bool operator==(const LaunchPolicy&, const LaunchPolicy&) = default;
};

LaunchPolicy launch_policy(const Specialisation& chosen);

Specialisation specialise(const Cell& cell, bool tracing);

/// kernels/lane.cu for that choice.
KernelSource lane_source(const Specialisation& chosen, const LaunchPolicy& policy);

/// kernels/merge.cu for that precision.
KernelSource merge_source(Precision precision);

/// Numbers that the vectors of one lane take, its family's scratch included.
std::size_t lane_entries(const Specialisation& chosen);

}  // namespace omg::cuda
