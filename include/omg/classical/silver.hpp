#pragma once

#include "omg/classical/gradient_descent.hpp"

namespace omg {

/// Gradient descent with the silver step sizes: faster than any constant step, without momentum. The bound belongs to
/// T = 2^k − 1 iterations.
struct Silver {
  static constexpr Entry entry{"silver",
                               "x_t = x_{t-1} − silver(t)/L ∇f(x_{t-1}), silver(t) = 1 + ρ^(v(t)−1), ρ = 1 + √2, "
                               "2^v(t) the largest power of two in t",
                               "Altschuler & Parrilo 2023; f(x_T) − f* ≤ L R² / (1 + √(4ρ^(2k) − 3)), T = 2^k − 1",
                               "L"};
  static constexpr Parameter parameters[] = {
      {"step", "silver(t)/L", "step size", true},
  };

  template <class Lane>
  using State = GradientDescent::State<Lane>;
};

}  // namespace omg
