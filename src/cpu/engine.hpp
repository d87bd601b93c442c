#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "omg/backend.hpp"

#include "probes.hpp"
#include "statistics/lane_batch.hpp"

namespace omg::cpu {

/// The instruction sets that this processor and this build have in common, fastest first.
std::vector<std::string> usable_instruction_sets();

/// The one that runs: the fastest, or that of the environment variable OMG_CPU_INSTRUCTION_SET. Throws
/// Error if the variable names one that cannot run here.
std::string chosen_instruction_set();

/// Probes of the chosen instruction set, for double and float.
template <class T>
Probes<T> probes();
extern template Probes<double> probes();
extern template Probes<float> probes();

/// How the chosen instruction set takes the figures of many lanes; no functions where one by one is faster.
template <class T>
BatchArithmetic<T> batch_arithmetic();
extern template BatchArithmetic<double> batch_arithmetic();
extern template BatchArithmetic<float> batch_arithmetic();

/// Which kernels may run: the fastest for the cell, or only those that run every cell.
enum class Kernels { fastest, general };

/// Whether the list of fused kernels has one for the cell.
bool has_fused_kernel(const Cell& cell);

/// Runs lanes of a cell with the kernels of the chosen instruction set; fills `trace` if it is not null, and adds to
/// `group_iterations` the iterations that groups of lanes have made.
CellStatistics run(const Cell& cell, LaneRange lanes, const RunControl& control, Trajectories* trace,
                   Kernels kernels = Kernels::fastest, std::uint64_t* group_iterations = nullptr);

}  // namespace omg::cpu
