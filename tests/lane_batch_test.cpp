// The figures of many lanes in registers are those of single lanes, every bit.
#include "statistics/lane_batch.hpp"

#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "cpu/engine.hpp"
#include "statistics/recorder.hpp"

namespace omg {
namespace {

Cell sweep(std::size_t instances, BestBy best_by) {
  Cell cell;
  auto problem = std::make_shared<Problem>();
  problem->instances = instances;
  cell.problem = problem;
  cell.settings = 7;
  cell.record_at = {10, 20};
  cell.samples = {{0, true, false, 0}, {1, true, false, 0}};
  cell.track_best = true;
  cell.best_by = best_by;
  return cell;
}

/// Of one magnitude or of many, and now and then what a sum or a histogram must single out.
template <class T>
T draw(std::mt19937_64& random, bool wide) {
  const double odd[] = {0, 1e-300, 1.0001e-300, 1e-301, 1e-310, 0x1p160, 0x1.8p159, 1e40, 0x1p-160, 0x1p-155, 1e-12};
  if (wide && random() % 20 == 0) return static_cast<T>(odd[random() % std::size(odd)]);
  const double exponent = wide ? 60 : 1;
  return static_cast<T>(std::exp2(std::uniform_real_distribution<double>(-exponent, exponent)(random)));
}

template <class T>
void expect_the_same(std::size_t instances, BestBy best_by, unsigned seed) {
  const Cell cell = sweep(instances, best_by);
  const BatchArithmetic<T> arithmetic = cpu::batch_arithmetic<T>();
  if (arithmetic.take_gaps == nullptr) GTEST_SKIP() << "this instruction set takes them one by one";
  constexpr std::size_t stride = 160;  // more than are taken at a time
  std::mt19937_64 random(seed);
  std::vector<T> losses(2 * stride), samples(3 * stride),
      bounds(instances + stride, std::numeric_limits<T>::infinity());
  std::vector<std::uint32_t> keys(2 * stride);
  CellStatistics together = empty_statistics(cell), singly = empty_statistics(cell);
  LaneBatch<T> batch;
  batch.stride = static_cast<int>(stride);
  batch.loss = batch.last = losses.data();
  batch.samples = samples.data();
  batch.bounds = bounds.data();
  batch.keys = keys.data();
  while (batch.first < cell.lanes()) {
    const bool wide = random() % 2 == 0;
    for (auto* line : {&losses, &samples})
      for (T& value : *line) value = draw<T>(random, wide);
    batch.lanes = static_cast<int>(std::min<std::uint64_t>(1 + random() % stride, cell.lanes() - batch.first));
    batch.arithmetic = &arithmetic;
    take_figures(cell, batch, together, together);
    batch.arithmetic = nullptr;
    take_figures(cell, batch, singly, singly);
    batch.first += static_cast<std::uint64_t>(batch.lanes);
    ASSERT_TRUE(together == singly) << instances << " instances, lanes before " << batch.first;
  }
}

TEST(LaneBatch, InRegistersHasTheBitsOfSingleLanes) {
  unsigned seed = 0;
  for (const std::size_t instances : {1u, 5u, 100u, 1000u})
    for (const BestBy best_by : {BestBy::cumulative_loss, BestBy::final_gap}) {
      expect_the_same<double>(instances, best_by, ++seed);
      expect_the_same<float>(instances, best_by, ++seed);
    }
}

}  // namespace
}  // namespace omg
