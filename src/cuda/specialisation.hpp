#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "omg/plan.hpp"

#include "cuda/compiler.hpp"
#include "cuda/policy.hpp"

namespace omg::cuda {

/// What a lane kernel is compiled for: everything here is a constant of the machine code.
struct Specialisation {
  Precision precision = Precision::float64;
  std::string family;                             ///< names of the registry
  std::shared_ptr<const UserFamily> user_family;  ///< where the family is not of the registry
  std::string rule;
  std::string learner;
  std::string classical;
  Options options;
  Shape shape;
  int data_size = 0;            ///< entries of the data block in the record
  std::size_t record_size = 0;  ///< entries of the record
  ObserverOptions observer;
  bool one_variant = true;       ///< all settings share their schedules
  bool every_iteration = false;  ///< every iteration is recorded
  bool tracing = false;          ///< trajectories instead of statistics
};

Specialisation specialise(const Cell& cell, bool tracing);

/// kernels/lane.cu or kernels/team.cu for that choice.
KernelSource lane_source(const Specialisation& chosen, const LaunchPolicy& policy);

/// kernels/merge.cu for that precision.
KernelSource merge_source(Precision precision);

/// Numbers that the vectors of one lane take in the memory of one thread, its family's scratch included.
std::size_t lane_entries(const Specialisation& chosen);

/// Numbers that they take in the memory of a team, points left out where they lie in registers.
std::size_t team_vector_entries(const Specialisation& chosen, int team, bool points_in_registers);

/// Whether a symmetric matrix heads the fields of an instance.
bool has_symmetric_matrix(const Specialisation& chosen);

}  // namespace omg::cuda
