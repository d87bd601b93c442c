// What Thrust does on a device, on the host's cores, against the host's own loops, every bit: the figures of single
// lanes and the numbers of instances.
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>
#include <thrust/host_vector.h>
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_OMP
#include <thrust/system/omp/execution_policy.h>
#else
#include <thrust/execution_policy.h>
#endif

#include <thrust/tabulate.h>

#include "cuda/drawn_numbers.hpp"
#include "cuda/host_figures.hpp"
#include "cuda/lane_aggregator.hpp"
#include "kernels/arguments.hpp"
#include "statistics/recorder.hpp"

namespace omg::cuda {
namespace {

#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_OMP
const auto& policy = thrust::omp::par;
#else
const auto& policy = thrust::host;
#endif

/// A cell that asks for every figure, with sweeps and two samples in three kept as distributions.
Cell cell_of(std::size_t instances, std::uint64_t settings, Precision precision, BestBy best_by) {
  Cell cell;
  auto problem = std::make_shared<Problem>();
  problem->instances = instances;
  problem->scale.assign(instances, 3.0);
  if (best_by != BestBy::final_gap)  // scales of their own
    for (std::size_t i = 0; i < instances; ++i) problem->scale.set(i, 1.0 + static_cast<double>(i % 17) / 7);
  cell.problem = problem;
  cell.settings = settings;
  cell.precision = precision;
  cell.iterations = 100;
  for (int t = 1; t <= 9; ++t) cell.record_at.push_back(t * 10);
  for (std::uint32_t k = 0; k < 9; ++k) cell.samples.push_back({k, k % 3 != 0, k % 2 == 0, std::log2(10.0 * (k + 1))});
  cell.bound_table.assign(101, 1.0);
  cell.track_best = cell.keep_instances = true;
  cell.best_by = best_by;
  cell.figures = {};
  cell.figures.exponent = cell.figures.sup = cell.figures.loss = cell.figures.regret = cell.figures.ratio = true;
  cell.figures.evaluations = cell.figures.first = true;
  cell.targets = {1e-1, 1e-3};
  return cell;
}

/// What lanes may leave behind: numbers over many decades, ties, zeros, negative ones, some not finite. Where all ran
/// to T (`whole`) they are finite and not negative.
template <class T>
class RandomRows {
 public:
  RandomRows(std::size_t lanes, const Cell& cell, unsigned seed, bool whole = false)
      : random_(seed), whole_(whole), stride_(lanes + 5), endings_(stride_) {
    for (auto& ending : endings_) {
      const unsigned kind = whole ? 0 : random_() % 8;
      ending.why = kind < 5 ? End::ran : static_cast<End>(kind - 4);
      ending.record = static_cast<int>(random_() % (cell.record_at.size() + 1));
      ending.iteration = ending.why == End::ran ? 100 : static_cast<long long>(1 + random_() % 100);
      ending.gradients = ending.iteration;
      ending.functions = 2 * ending.iteration;
    }
    for (auto* row : {&last_, &ratio_, &ratio_at_, &loss_, &sup_, &regret_}) *row = numbers(1);
    for (auto& at : ratio_at_) at = static_cast<T>(random_() % 100);
    reached_ = numbers(cell.targets.size());
    for (auto& at : reached_) at = static_cast<T>(random_() % 3);
    samples_ = numbers(cell.samples.size());
  }

  LaneBatch<T> batch(std::uint64_t first, std::size_t lanes) const {
    LaneBatch<T> out;
    out.first = first;
    out.lanes = static_cast<int>(lanes);
    out.stride = static_cast<int>(stride_);
    out.endings = endings_.data();
    out.gradients = 100;
    out.functions = 200;
    out.last = last_.data();
    out.ratio = ratio_.data();
    out.ratio_at = ratio_at_.data();
    out.loss = loss_.data();
    out.sup = sup_.data();
    out.regret = regret_.data();
    out.reached = reached_.data();
    out.samples = samples_.data();
    return out;
  }

 private:
  std::vector<T> numbers(std::size_t rows) {
    std::vector<T> out(rows * stride_ + HostFigures<T>::reads_beyond);
    for (T& value : out) {
      const unsigned kind = random_() % 32;
      const double size = std::exp2(static_cast<double>(random_() % 1000) / 20 - 40);
      value = static_cast<T>(kind == 0   ? 0.0
                             : whole_    ? size
                             : kind == 1 ? -size
                             : kind == 2 ? std::numeric_limits<double>::infinity()
                             : kind == 3 ? std::numeric_limits<double>::quiet_NaN()
                             : kind == 4 ? -1.0
                                         : size);
    }
    return out;
  }

  std::mt19937 random_;
  bool whole_;
  std::size_t stride_;
  std::vector<Ending> endings_;
  std::vector<T> last_, ratio_, ratio_at_, loss_, sup_, regret_, reached_, samples_;
};

struct HostMemory {
  template <class N>
  using Vector = thrust::host_vector<N>;
  template <class N>
  [[nodiscard]] Vector<N> vector() const {
    return {};
  }
};

template <class T>
void expect_equal_bits(std::size_t instances, std::uint64_t settings, std::uint64_t first, std::size_t lanes,
                       BestBy best_by = BestBy::cumulative_loss) {
  const Cell cell =
      cell_of(instances, settings, std::is_same_v<T, double> ? Precision::float64 : Precision::float32, best_by);
  CellStatistics expected = empty_statistics(cell), found = expected;
  std::vector<std::uint64_t> lost(10), met(10), found_lost(10), found_met(10);
  LaneAggregator<T, std::decay_t<decltype(policy)>, HostMemory> aggregator(policy, {}, cell);
  for (unsigned seed = 1; seed <= 3; ++seed) {  // batch after batch
    const RandomRows<T> rows(lanes, cell, seed);
    const LaneBatch<T> batch = rows.batch(first, lanes);
    take_endings(batch, lost, met, expected);
    take_figures(cell, batch, expected, expected);
    aggregator.take(batch, found_lost, found_met, found, found);
    first += lanes;
  }
  EXPECT_EQ(found.certificate, expected.certificate);
  EXPECT_EQ(found.best, expected.best);
  EXPECT_EQ(found.settings, expected.settings);
  EXPECT_EQ(found.instances, expected.instances);
  EXPECT_EQ(found.distributions, expected.distributions);
  EXPECT_EQ(found.per_lane.exponent, expected.per_lane.exponent);
  EXPECT_EQ(found.per_lane.sup, expected.per_lane.sup);
  EXPECT_EQ(found.per_lane.regret, expected.per_lane.regret);
  EXPECT_EQ(found.per_lane.first, expected.per_lane.first);
  EXPECT_EQ(found.per_lane.evaluations, expected.per_lane.evaluations);
  EXPECT_EQ(found, expected);
  EXPECT_EQ(found_lost, lost);
  EXPECT_EQ(found_met, met);
  EXPECT_GT(expected.per_lane.exponent.count(), 0u);
  EXPECT_GT(expected.distributions.at(0).gaps.count(), 0u);
  EXPECT_GT(expected.certificate.ratio, 0);
}

TEST(CudaAggregator, EqualsTheHostsLoopsToTheBit) {
  expect_equal_bits<double>(7, 400, 3, 900);
  expect_equal_bits<double>(5000, 3, 4000, 3000);
  expect_equal_bits<double>(1, 100, 0, 33);
  expect_equal_bits<float>(7, 400, 3, 900);
  expect_equal_bits<float>(5000, 3, 4000, 3000);
}

// Settings and instances of one piece and of many, of pieces that are folded once and twice, cut anywhere.
TEST(CudaAggregator, SweepsEqualTheHostsLoopsToTheBit) {
  for (const BestBy best_by : {BestBy::cumulative_loss, BestBy::final_gap, BestBy::iterations}) {
    SCOPED_TRACE(static_cast<int>(best_by));
    expect_equal_bits<double>(64, 40, 64, 64 * 12, best_by);
    expect_equal_bits<double>(65, 40, 60, 65 * 12, best_by);
    expect_equal_bits<double>(2, 15000, 1, 9999, best_by);
    expect_equal_bits<double>(9000, 4, 8990, 9000, best_by);
    expect_equal_bits<float>(100, 60, 99, 1777, best_by);
  }
}

// Many lanes at a time or one by one.
template <class T>
void expect_host_figures(bool whole, BestBy best_by) {
  const Cell cell = cell_of(100, 60, std::is_same_v<T, double> ? Precision::float64 : Precision::float32, best_by);
  CellStatistics expected = empty_statistics(cell), found = expected;
  std::vector<std::uint64_t> lost(10), met(10), found_lost(10), found_met(10);
  HostFigures<T> figures(cell);
  std::uint64_t first = 33;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    const std::size_t lanes = 900 + seed;
    const RandomRows<T> rows(lanes, cell, seed, whole && seed != 3);
    const LaneBatch<T> batch = rows.batch(first, lanes);
    take_endings(batch, lost, met, expected);
    take_figures(cell, batch, expected, expected);
    figures.take(batch, found_lost, found_met, found, found);
    first += lanes;
  }
  EXPECT_EQ(found, expected);
  EXPECT_EQ(found_lost, lost);
  EXPECT_EQ(found_met, met);
  EXPECT_GT(expected.distributions.at(0).gaps.count(), 0u);
}

TEST(CudaHostFigures, DoNotDependOnHowManyAreTakenAtATime) {
  for (const bool whole : {true, false})
    for (const BestBy best_by : {BestBy::cumulative_loss, BestBy::final_gap, BestBy::iterations}) {
      SCOPED_TRACE(std::to_string(whole) + " " + std::to_string(static_cast<int>(best_by)));
      expect_host_figures<double>(whole, best_by);
      expect_host_figures<float>(whole, best_by);
    }
}

/// Instances of a set as they lie on the device.
template <class T>
void expect_drawn(const Problem& problem, InstanceSet set) {
  std::vector<T> found(set.numbers(), T(-1));
  thrust::tabulate(policy, found.begin(), found.end(), DrawnNumbers<T>(problem, set, problem.rules.data()));
  for (std::uint64_t at = 0; at < set.entries(); ++at) {
    const std::uint64_t tile = at / (set.width * set.record), within = at % (set.width * set.record),
                        j = tile * set.width + within % set.width;
    const double expected =
        j < set.count ? problem.entry(within / set.width, (set.first + j) % problem.instances) : 0.0;
    ASSERT_EQ(found[at], static_cast<T>(expected)) << "entry " << at;
  }
  for (std::uint64_t j = 0; j < set.count; ++j)
    ASSERT_EQ(found[set.entries() + j], static_cast<T>(1 / problem.scale[0]));
}

// The text that draws on a device, on the host's cores.
TEST(CudaInstances, AreDrawnAsTheHostDrawsThem) {
  for (const Value::Kind kind :
       {Value::Kind::log_grid, Value::Kind::grid, Value::Kind::uniform, Value::Kind::log_uniform}) {
    Study study;
    study.seed = 5;
    ProblemSpec spec;
    spec.name = "drawn";
    spec.family = "huber";
    spec.instances = 1000;
    Value thresholds, dimension;
    thresholds.kind = kind;
    thresholds.low = 1e-6;
    thresholds.high = 2;
    dimension.text = "3";
    spec.parameters = {{"threshold", {{thresholds}, {}}}, {"dimension", {{dimension}, {}}}};
    study.problems = {spec};
    const auto problem = make_problem(study, 0);
    ASSERT_FALSE(problem->rules.empty());
    InstanceSet set;
    set.problem = problem;
    set.record = problem->record_size();
    for (const std::size_t width : {std::size_t{tile}, std::size_t{1}})
      for (const auto& [first, count] : {std::pair<std::uint64_t, std::uint64_t>{0, 1000}, {900, 333}, {7, 1}}) {
        set.width = width;
        set.first = first;
        set.count = count;
        set.precision = Precision::float64;
        expect_drawn<double>(*problem, set);
        set.precision = Precision::float32;
        expect_drawn<float>(*problem, set);
      }
  }
}

}  // namespace
}  // namespace omg::cuda
