#pragma once

#include <cstdint>

#include "omg/lane/observer.hpp"
#include "omg/plan.hpp"
#include "omg/statistics.hpp"

namespace omg {

/// What the losses of some lanes that all have one come to.
struct LossesTaken {
  static constexpr std::size_t most = 64;  ///< lanes at a time
  std::uint64_t improve = 0;               ///< bit l: that of lane l is at most its bound
  std::int64_t word = -1;  ///< the first word of an exact sum to which all of them add, −1 if they differ in it
  ExactSum::Parts<std::int64_t> sum;
};

/// What an engine does for the figures of many lanes at a time, in its registers. The bits are those of single lanes.
/// Arrays are read up to the end of a register.
template <class T>
struct BatchArithmetic {
  /// keys[l] = `Histogram::key_of_gap` of gaps[l]; returns Σ log₂ of those above 1e-300 (`fixed_log2`).
  std::int64_t (*take_gaps)(const T* gaps, int lanes, std::uint32_t* keys) = nullptr;
  LossesTaken (*take_losses)(const T* losses, const T* bounds, std::size_t count) = nullptr;
};

/// What lanes side by side leave behind at their end. Entry l of each array belongs to lane first + l, rows are
/// `stride` apart; an array may be null where the cell does not ask for it.
template <class T>
struct LaneBatch {
  std::uint64_t first = 0;
  int lanes = 0;
  int stride = 0;
  const Ending* endings = nullptr;  ///< null: all lanes ran to T
  long long gradients = 0;          ///< evaluations of a lane that ran to T
  long long functions = 0;
  const T* last = nullptr;      ///< last gap, not normalised
  const T* ratio = nullptr;     ///< largest gap ÷ bound
  const T* ratio_at = nullptr;  ///< its iteration
  const T* loss = nullptr;      ///< Σ gap
  const T* sup = nullptr;       ///< largest t^p · gap
  const T* regret = nullptr;    ///< Σ α_t ⟨g_t, w_t − w*⟩
  const T* reached = nullptr;   ///< [ε] first t with gap ≤ ε, or 0
  const T* samples = nullptr;   ///< [sample] normalised gap

  const BatchArithmetic<T>* arithmetic = nullptr;  ///< null: lane by lane; with it:
  /// [instance] at least the loss of its best setting in these statistics; null: settings are taken one by one
  T* bounds = nullptr;
  std::uint32_t* keys = nullptr;  ///< room
};

/// Adds the figures of single lanes: certificate, best setting, distributions, and what the cell counts of lanes; those
/// of instances to `of_instances`, which may be the same.
template <class T>
void take_figures(const Cell& cell, const LaneBatch<T>& batch, CellStatistics& into, CellStatistics& of_instances);

extern template void take_figures(const Cell&, const LaneBatch<double>&, CellStatistics&, CellStatistics&);
extern template void take_figures(const Cell&, const LaneBatch<float>&, CellStatistics&, CellStatistics&);

}  // namespace omg
