#pragma once

#include <cstdint>

namespace omg {

/// Which random numbers: the key of the generator and the part of its counter that a stream's name gives (Random).
struct RandomStream {
  std::uint32_t key[2] = {};
  std::uint32_t name[2] = {};

  friend bool operator==(const RandomStream&, const RandomStream&) = default;
};

/// How a number of a record comes about where no computing is needed: the same for all instances, or drawn for each of
/// them on its own. Plain data, so that a device draws instances where it needs them.
struct DrawRule {
  enum class Kind : std::int32_t { constant, grid, log_grid, uniform, log_uniform };
  Kind kind = Kind::constant;
  std::uint32_t number = 0;  ///< of the stream: the entry of a parameter with several
  double low = 0;            ///< the constant, or where the interval begins
  double high = 0;
  double octaves = 0;         ///< log₂(high/low) …
  double octaves_beyond = 0;  ///< … and what the double before has lost of it
  std::uint64_t count = 1;    ///< instances over which a grid is spread
  RandomStream stream;

  /// The same for all instances.
  static DrawRule of(double constant) {
    DrawRule out;
    out.low = constant;
    return out;
  }
  friend bool operator==(const DrawRule&, const DrawRule&) = default;
};

}  // namespace omg
