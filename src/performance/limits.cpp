#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "cpu/engine.hpp"
#include "threads/team.hpp"
#include "workloads.hpp"

namespace omg::bench {

namespace {

using Clock = std::chrono::steady_clock;

/// How often and how long a limit is measured; the best measurement counts.
struct Effort {
  int measurements;
  std::chrono::milliseconds length;
};
constexpr Effort thorough{5, std::chrono::milliseconds(40)}, brief{1, std::chrono::milliseconds(20)};

/// The rate at which threads together do work(thread), which returns its amount.
template <class Work>
double rate(unsigned threads, const Effort& effort, Work&& work) {
  double best = 0;
  for (int m = 0; m < effort.measurements; ++m) {
    std::vector<double> rates(threads);
    in_team(threads, [&](unsigned w) {
      for (const auto begin = Clock::now(); Clock::now() - begin < effort.length / 4;) work(w);  // clocks and caches
      const auto start = Clock::now();
      double amount = 0;
      do amount += work(w);
      while (Clock::now() - start < effort.length);
      rates[w] = amount / std::chrono::duration<double>(Clock::now() - start).count();
    });
    double sum = 0;
    for (const double r : rates) sum += r;
    best = std::max(best, sum);
  }
  return best;
}

template <class T>
Limits limits_in(unsigned threads, const Effort& effort, bool of_the_core_only) {
  const cpu::Probes<T> probes = cpu::probes<T>();
  Limits out;
  const auto sinks = std::make_unique<T[]>(std::size_t{256} * threads);
  const auto sink = [&](unsigned w) { return sinks.get() + std::size_t{256} * w; };
  out.operations = rate(threads, effort, [&](unsigned w) { return probes.multiply_add(sink(w)); });
  out.roots_and_divisions = rate(threads, effort, [&](unsigned w) { return probes.root_and_division(sink(w)); });
  const auto read = [&](std::size_t bytes) {
    const std::size_t count = bytes / sizeof(T);
    std::vector<std::vector<T>> buffers(threads, std::vector<T>(count + 64 / sizeof(T)));
    // Rooms of a whole millisecond or so: short buffers are read many times over.
    const std::size_t times = std::max<std::size_t>(1, (std::size_t{4} << 20) / bytes);
    return rate(threads, effort, [&](unsigned w) {
      T* from = buffers[w].data();
      from += (64 - reinterpret_cast<std::uintptr_t>(from) % 64) % 64 / sizeof(T);
      double amount = 0;
      for (std::size_t k = 0; k < times; ++k) amount += probes.read(from, count, sink(w));
      return amount;
    });
  };
  out.first_level = read(std::size_t{16} << 10);
  out.second_level = read(std::size_t{256} << 10);
  if (of_the_core_only) return out;
  out.third_level = read(std::size_t{4} << 20);
  out.memory = read(std::size_t{256} << 20);
  return out;
}

}  // namespace

Limits measure_limits(Precision precision, unsigned threads, bool beside_a_workload) {
  threads = team_threads(threads);
  const Effort& effort = beside_a_workload ? brief : thorough;
  return precision == Precision::float32 ? limits_in<float>(threads, effort, beside_a_workload)
                                         : limits_in<double>(threads, effort, beside_a_workload);
}

}  // namespace omg::bench
