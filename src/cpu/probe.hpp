#pragma once

#include <cstddef>

#include "pack.hpp"
#include "probes.hpp"

namespace omg::cpu {

/// Twelve chains of multiply-adds: more than two units with a latency of four or five cycles can have in flight.
template <class T, class Arch>
double probe_multiply_add(T* sink) {
  using R = Pack<T, Arch, 12>;
  constexpr int rounds = 20000;
  const R factor(sink[0]), term(sink[1]);
  R sum(sink[2]);
  for (int k = 0; k < rounds; ++k) sum = fma(sum, factor, term);
  folded(sum, [](const auto& a, const auto& b) { return a + b; }).store_unaligned(sink);
  return 2.0 * rounds * R::width;
}

/// As many chains, as what the engine takes for a root and a division may be a row of multiply-adds.
template <class T, class Arch>
double probe_root_and_division(T* sink) {
  using R = Pack<T, Arch, 12>;
  constexpr int rounds = 5000;
  R value(sink[0] + T(2));
  for (int k = 0; k < rounds; ++k) value = over_large_root(R(T(3)), value, R(T(0)));
  folded(value, [](const auto& a, const auto& b) { return a + b; }).store_unaligned(sink);
  return static_cast<double>(rounds) * R::width;
}

template <class T, class Arch>
double probe_read(const T* from, std::size_t count, T* sink) {
  using R = Pack<T, Arch, 8>;
  R sum(0);
  for (std::size_t i = 0; i + R::width <= count; i += R::width) sum = sum + R::load(from + i);
  folded(sum, [](const auto& a, const auto& b) { return a + b; }).store_unaligned(sink);
  return static_cast<double>(count * sizeof(T));
}

template <class T, class Arch>
void fill_probes(Probes<T>& probes) {
  probes = {&probe_multiply_add<T, Arch>, &probe_root_and_division<T, Arch>, &probe_read<T, Arch>};
}

}  // namespace omg::cpu
