#pragma once

#include <cstdint>

#include "omg/lane/observer.hpp"
#include "omg/plan.hpp"
#include "omg/statistics.hpp"

namespace omg {

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
};

/// Adds the figures of single lanes: certificate, best setting, distributions, and what the cell counts of lanes.
template <class T>
void take_figures(const Cell& cell, const LaneBatch<T>& batch, CellStatistics& into);

extern template void take_figures(const Cell&, const LaneBatch<double>&, CellStatistics&);
extern template void take_figures(const Cell&, const LaneBatch<float>&, CellStatistics&);

}  // namespace omg
