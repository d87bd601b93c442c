#pragma once

#include <bit>
#include <cstdint>

#include <Random123/philox.h>

#include "omg/draw_rule.hpp"
#include "omg/lane/math.hpp"

namespace omg {

// Numbers of instances, with the same bits on the host and on a device: nothing here calls a mathematical library.

/// Throws Error unless that instance has random numbers of its own.
void check_drawable(std::uint64_t instance);

/// The two uniform numbers of one block of Random.
struct UniformPair {
  double v[2];
};

/// The midpoint of one of 2⁵² equal parts of (0, 1): never 0, never 1, and as likely u as 1 − u.
OMG_HD double to_uniform(std::uint32_t first, std::uint32_t second) {
  const std::uint64_t part = (static_cast<std::uint64_t>(first) << 32 | second) >> 12;
  return (static_cast<double>(part) + 0.5) * 0x1p-52;
}

OMG_HD UniformPair uniform_pair(const RandomStream& stream, std::uint32_t block, std::uint32_t instance) {
  const r123::Philox4x32::ctr_type counter = {{block, instance, stream.name[0], stream.name[1]}};
  const r123::Philox4x32::key_type key = {{stream.key[0], stream.key[1]}};
  const auto words = r123::Philox4x32{}(counter, key);
  return {{to_uniform(words[0], words[1]), to_uniform(words[2], words[3])}};
}

/// The uniform number of an instance, for the rules that take one.
OMG_HD double uniform_of(const DrawRule& rule, std::uint64_t instance) {
  return uniform_pair(rule.stream, rule.number / 2, static_cast<std::uint32_t>(instance)).v[rule.number % 2];
}

/// 2ᵏ, −1022 ≤ k ≤ 1023.
OMG_HD double power_of_two(int k) { return std::bit_cast<double>(static_cast<std::int64_t>(1023 + k) << 52); }

/// low · 2^(u · log₂(high/low)), low ≤ high, within two units in the last place.
OMG_HD double between_in_logarithm(const DrawRule& rule, double u) {
  // The exponent in two parts: its product with u is exact in them.
  const double exponent = u * rule.octaves, rest = fma(u, rule.octaves, -exponent) + u * rule.octaves_beyond;
  const int whole = static_cast<int>(exponent + 0.5);
  const double r = ((exponent - whole) + rest) * 0.69314718055994530942;  // |r| ≤ ½ log 2
  // eʳ by its series: the term after the last is below 2⁻⁵⁷.
  double power = 1;
  for (int k = 13; k > 0; --k) power = 1 + power * (r * (1.0 / k));
  // What 2^whole is beyond a double comes last, when there is nothing left to round.
  const int most = whole < 1000 ? whole : 1000;
  return rule.low * (power * power_of_two(most)) * power_of_two(whole - most);
}

/// The number of that instance.
OMG_HD double drawn(const DrawRule& rule, std::uint64_t instance) {
  using Kind = DrawRule::Kind;
  switch (rule.kind) {
    case Kind::constant:
      return rule.low;
    case Kind::grid:
    case Kind::log_grid: {
      // The ends are exact.
      if (instance == 0) return rule.low;
      if (instance + 1 == rule.count) return rule.high;
      const double u = static_cast<double>(instance) / static_cast<double>(rule.count - 1);
      return rule.kind == Kind::grid ? rule.low + u * (rule.high - rule.low) : between_in_logarithm(rule, u);
    }
    case Kind::uniform:
    case Kind::log_uniform: {
      const double u = uniform_of(rule, instance);
      return rule.kind == Kind::uniform ? rule.low + u * (rule.high - rule.low) : between_in_logarithm(rule, u);
    }
  }
  return 0;
}

}  // namespace omg
