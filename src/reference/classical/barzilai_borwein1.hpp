#pragma once

#include "reference/classical/step_from_change.hpp"

namespace omg::reference {

/// λ_t = ⟨s, s⟩/⟨s, d⟩, or λ_{t−1} where that is not positive (Barzilai & Borwein 1988).
template <class S>
class BarzilaiBorwein1 final : public StepFromChange<S> {
 public:
  using StepFromChange<S>::StepFromChange;

 private:
  S next_step(S step, const Vector<S>& s, const Vector<S>& d) override {
    const S numerator = s.dot(s), denominator = s.dot(d);
    return numerator > 0 && denominator > 0 ? numerator / denominator : step;
  }
};

}  // namespace omg::reference
