#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "omg/error.hpp"

namespace omg {

/// What a formula is evaluated at.
struct FormulaInputs {
  double t = 1;   ///< iteration
  double T = 1;   ///< number of iterations
  double L = 1;   ///< smoothness of the instance
  double mu = 0;  ///< strong convexity of the instance
  double R = 1;   ///< ‖x₀ − x*‖ of the instance
  double n = 1;   ///< dimension
  double G = 1;   ///< ‖∇f(x₀)‖ of the instance
};

/// A formula of a study file in t, T, L, mu, R, n, G, compiled once and cheap to evaluate.
///
/// Besides the usual operators and functions (sqrt, exp, log, min, max, …) and the constants pi and inf
/// it knows three sequences of integers t; anything else than such an integer gives NaN:
///  - theta(t), t ≥ 1: θ₁ = 1, θ_{t+1} = (1 + √(1 + 4θ_t²))/2 (Beck & Teboulle 2009);
///  - ogm_theta(t), t ≥ 0: θ₀ = 1, the same recursion, with the factor 8 instead of 4 at t = T
///    (Kim & Fessler 2016); past the horizon it goes on with 4;
///  - silver(t), t ≥ 1: 1 + ρ^(v(t) − 1), ρ = 1 + √2 and 2^v(t) the largest power of two in t
///    (Altschuler & Parrilo 2023).
///
/// Evaluation changes internal state: an object must not be shared between threads.
class Formula {
 public:
  /// Throws Error, naming the place, the formula, the position and what is allowed, if it does not parse.
  explicit Formula(std::string_view text, const Place& place = {});
  Formula(Formula&&) noexcept;
  Formula& operator=(Formula&&) noexcept;
  ~Formula();

  [[nodiscard]] double operator()(const FormulaInputs& at) const;

  [[nodiscard]] const std::string& text() const;
  [[nodiscard]] const Place& place() const;
  /// Whether the text mentions that variable.
  [[nodiscard]] bool uses(std::string_view variable) const;
  [[nodiscard]] bool uses_instance() const { return uses("L") || uses("mu") || uses("R") || uses("G"); }

 private:
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace omg
