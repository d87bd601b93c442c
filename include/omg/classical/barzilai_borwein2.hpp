#pragma once

#include "omg/classical/step_from_change.hpp"

namespace omg {

/// The short Barzilai–Borwein step; the previous one is kept where the quotient is not positive.
struct BarzilaiBorwein2 {
  static constexpr Entry entry{"barzilai_borwein2",
                               "x ← x − ⟨s, d⟩/⟨d, d⟩ ∇f(x), s the last step, d the last change of the gradient",
                               "Barzilai & Borwein 1988", "L"};
  static constexpr Parameter parameters[] = {
      {"first", "1/L", "the first step", false, Allowed::positive},
  };

  template <class Lane>
  struct State : StepFromChange<State<Lane>, Lane> {
    using StepFromChange<State, Lane>::StepFromChange;

    template <class C, class S, class D>
    OMG_HD auto next_step(const C& c, const S& s, const D& d, int) const {
      const auto numerator = c.template sum<PointDim>([&](int i) { return s(i) * d(i); });
      const auto denominator = c.template sum<PointDim>([&](int i) { return d(i) * d(i); });
      return this->quotient_or_step(numerator, denominator);
    }
  };
};

}  // namespace omg
