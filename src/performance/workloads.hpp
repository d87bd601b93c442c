#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "omg/backend.hpp"
#include "omg/study.hpp"

namespace omg::bench {

/// Where the bytes of a lane-iteration lie.
enum class Memory { registers, first_level };

/// What an iteration of one lane must take, by the plain formulas: gradient, update, meta-update and gap.
struct Floor {
  double operations = 0;           ///< additions and multiplications; a multiply-add is two
  double roots_and_divisions = 0;  ///< pairs
  double numbers = 0;              ///< read or written
  Memory memory = Memory::registers;
};

/// A performance workload of the project; statistics are those of a study that asks for nothing.
struct Workload {
  const char* name;
  const char* what;
  Study (*study)();
  Floor floor;
};
std::span<const Workload> workloads();

/// The cell of a workload, drawn and ready to run; what is 0 is the workload's own. Throws Error for another dimension
/// of a workload that has but one.
Plan plan_of(const Workload& workload, Precision precision, std::int64_t iterations = 0, std::int64_t instances = 0,
             std::int64_t dimension = 0);

/// The same lanes where only the last gap is looked at, by its extremes: what statistics cost is what a run of the cell
/// takes longer. Gaps that the method does not need are evaluated as far as lanes that diverge must be found.
Cell without_statistics(Cell cell);

/// Gradient descent on random quadratics of which few are ill conditioned, 4,096 lanes, T = 10⁴; with `stops` a lane
/// ends at a normalised gap of 10⁻⁸, most of them within some hundred iterations.
Plan plan_of_early_stops(bool stops);

/// Whether the backend's envelope over the first lanes is that of the reference, as far as it is above the rounding of
/// the gap.
bool agrees_with_reference(Backend& backend, const Cell& cell);

/// Writes instances, parameters and answer of a cell for other programs: NAME.json says shapes and where each array
/// begins in NAME.bin, float64. The answer is the largest and the smallest normalised gap at T over all lanes. Throws
/// Error.
void write_workload(const Workload& workload, const std::filesystem::path& folder);

/// What this machine can do at most with the chosen instruction set, all threads together.
struct Limits {
  double operations = 0;           ///< per second
  double roots_and_divisions = 0;  ///< pairs per second
  double first_level = 0;          ///< bytes read per second
  double second_level = 0;
  double third_level = 0;
  double memory = 0;
};
/// `beside_a_workload`: only those that a floor is made of, in a tenth of a second. Clocks change from one second to
/// the next, so that a fraction of the floor takes its limits from right before or after the workload.
Limits measure_limits(Precision precision, unsigned threads, bool beside_a_workload = false);

/// The lane-iterations per second that the limits allow at most.
double attainable(const Floor& floor, const Limits& limits, Precision precision);

}  // namespace omg::bench
