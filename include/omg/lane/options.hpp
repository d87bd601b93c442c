#pragma once

namespace omg {

enum class Hint { none, last, extrapolated, average, lookahead };
enum class Target { bootstrap, optimistic, kl };
enum class Domain { all, box, ball, simplex };

/// The choices of a method that are the same for all its lanes. A kernel specialised at run time
/// gets a type with the same names as static constants instead.
struct Options {
  Hint hint = Hint::none;
  Target target = Target::bootstrap;
  Domain domain = Domain::all;
  int bootstrap_steps = 1;
  bool averaged = false;
  bool null_step = true;
  int horizon = 0;  ///< T

  friend bool operator==(const Options&, const Options&) = default;
};

}  // namespace omg
