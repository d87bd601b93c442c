#pragma once

#include <cstdint>

#include "omg/lane/observer.hpp"
#include "omg/lane/options.hpp"
#include "omg/lane/shape.hpp"

// What passes between the dispatcher, compiled for any processor, and the kernels, compiled once per
// instruction set. Plain data only: no inline function of the standard library may be emitted by a
// translation unit that is compiled for a newer instruction set than the rest of the program.
namespace omg::cpu {

/// The family of a group of lanes. Records are transposed for the group: entry k of its lanes stands at
/// record[k * width].
template <class T>
struct FamilyArguments {
  Shape shape;
  int n = 0;
  int data_size = 0;  ///< entries of the data block in the record, 0 if shared
  const T* record = nullptr;
  const T* shared = nullptr;
};

/// Evaluates the family for a group: x and g are vectors of packs, gap one pack, scratch room for
/// family_scratch packs. One function per wish: gap, gradient, both.
template <class T>
using Evaluate = void (*)(const FamilyArguments<T>&, const T* x, T* g, T* gap, T* scratch);

template <class T>
struct FamilyKernels {
  Evaluate<T> gap = nullptr;
  Evaluate<T> gradient = nullptr;
  Evaluate<T> both = nullptr;
  /// Packs of scratch that an evaluation needs.
  long long (*scratch)(const FamilyArguments<T>&) = nullptr;
  bool costly_gap = false;  ///< see FamilyOracle
};

/// Where a thread accumulates. Rows number the registers of lanes that a thread has run: the lane of
/// element e of row r is first_lane(r) + e.
template <class T>
struct Accumulator {
  T* largest = nullptr;  ///< [record][register width]
  T* largest_row = nullptr;
  T* smallest = nullptr;
  T* smallest_row = nullptr;
  // Kept by fused kernels, by record: a gap is no extreme if it lies between low and high.
  T* high = nullptr;            ///< at most the largest of all
  T* low = nullptr;             ///< at least the smallest of all
  T* range = nullptr;           ///< high − low
  std::int64_t iterations = 0;  ///< of all groups: what they have cost
  // Of the group that ran last.
  int ended = 0;            ///< lanes that did not run to T; their `endings` are set
  bool left = false;        ///< the others neither: they have to run again
  long long gradients = 0;  ///< evaluations of a lane that did
  long long functions = 0;
};

/// One group: `width` lanes side by side, from start to T.
template <class T>
struct GroupArguments {
  FamilyArguments<T> family;
  FamilyKernels<T> kernels;
  Options options;
  ObserverOptions observer;
  ObserverTables<T> observed;
  std::int64_t iterations = 0;
  int width = 0;                   ///< lanes of a full group
  int lanes = 0;                   ///< lanes in use, the rest repeats the last one
  bool may_leave = false;          ///< lanes that still run may be left to other groups: see `Patience`
  std::int64_t record_stride = 0;  ///< kernels along coordinates: from the record of a lane to the next
  const T* prepared = nullptr;     ///< kernels that prepare instances: line k at prepared[k * prepared_stride]
  std::int64_t prepared_stride = 0;
  const T* constants = nullptr;      ///< [parameter][width]
  const T* const* tables = nullptr;  ///< [parameter], null without schedule; t = 0 … T + 1
  const T* alpha = nullptr;
  const T* rho = nullptr;
  const T* initial = nullptr;
  const T* lower = nullptr;
  const T* upper = nullptr;
  const T* inverse_scale = nullptr;  ///< [width]
  const T* inverse_bound = nullptr;  ///< [width]
  const std::int64_t* record_at = nullptr;
  std::int64_t records = 0;
  const std::int64_t* sample_records = nullptr;  ///< positions in record_at, then one that is none
  T row = 0;                                     ///< number of the group's first row
  T* arena = nullptr;
  T* candidates = nullptr;                    ///< [record][width] room of fused kernels: gaps that may hold an extreme
  std::int64_t* candidate_records = nullptr;  ///< [record] theirs
  Accumulator<T>* out = nullptr;
  Ending* endings = nullptr;  ///< [width] out, of lanes that end before T
  T* last = nullptr;          ///< [width] out: last gap
  T* ratio = nullptr;         ///< [width] out: largest gap ÷ bound
  T* ratio_at = nullptr;      ///< [width] out: its iteration; 0: not known
  T* loss = nullptr;          ///< [width] out: Σ gap
  T* sup = nullptr;           ///< [width] out: largest t^p · gap
  T* regret = nullptr;        ///< [width] out: Σ α_t ⟨g_t, w_t − w*⟩
  T* reached = nullptr;       ///< [ε][width] out: first t with gap ≤ ε, or 0
  T* samples = nullptr;       ///< [sample][sample_stride] out: normalised gap
  std::int64_t sample_stride = 0;
  T* trace_gap = nullptr;    ///< [t − 1][width], or null
  T* trace_point = nullptr;  ///< [t − 1][n][width]
};

template <class T>
using RunGroup = void (*)(const GroupArguments<T>&);

/// A method compiled for one instruction set.
template <class T>
struct MethodKernel {
  RunGroup<T> run = nullptr;
  long long (*arena)(int n) = nullptr;  ///< packs of arena that a group needs (along coordinates: numbers)
};

/// The kernels of one instruction set and precision, by position in a list of combinations.
template <class T, class Kernels>
struct KernelTable {
  int width = 0;  ///< lanes in a group
  MethodKernel<T> kernels[Kernels::size];
};

}  // namespace omg::cpu
