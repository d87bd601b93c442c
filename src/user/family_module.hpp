#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <type_traits>

#include "omg/family.hpp"
#include "omg/lane/family.hpp"

#include "cpu/arguments.hpp"

namespace omg {

/// x* is found by the reference, from the drawn record.
template <class Family>
constexpr bool is_solved = requires {
  Family::solved;
};
/// The family writes x* itself.
template <class Family>
constexpr bool knows_minimiser = requires {
  Family::knows_minimiser;
};

/// Entries of a vector of plain numbers that belongs to one of `Width` lanes side by side.
template <int Width>
struct Every {
  OMG_HD constexpr int operator()() const { return Width; }
};

/// One evaluation of a family for `Width` lanes side by side, one after the other; see cpu::Evaluate.
template <class Family, class Want, class T, int Width>
void evaluate_lanes(const cpu::FamilyArguments<T>& a, const T* x, T* g, T* gap, T* scratch) {
  using C = ArenaContext<T, Every<Width>>;
  using Vector = MemoryVector<T, Every<Width>>;
  for (int l = 0; l < Width; ++l) {
    const C c{a.n, scratch != nullptr ? scratch + l : nullptr};
    const LaneInstance<T> instance{a.record + l, Width, a.shared, a.n, a.data_size};
    typename Family::template Scratch<C> room(c, a.shape);
    const Vector point{const_cast<T*>(x) + l, {}};
    if constexpr (Want::gradient) {
      Vector gradient{g + l, {}};
      const T value = Family::template evaluate<Want>(c, a.shape, instance, room, point, gradient);
      if constexpr (Want::gap) gap[l] = value;
    } else {
      gap[l] = Family::template evaluate<Want>(c, a.shape, instance, room, point, point);
    }
  }
}

template <class Family, class T>
long long scratch_entries(const cpu::FamilyArguments<T>& a) {
  using C = ArenaContext<T>;
  const C c{a.n, nullptr};
  const typename Family::template Scratch<C> room(c, a.shape);
  (void)room;
  return c.used;
}

template <class Family, class T, int Width>
cpu::FamilyKernels<T> kernels_of_lanes() {
  return {&evaluate_lanes<Family, WantGap, T, Width>, &evaluate_lanes<Family, WantGradient, T, Width>,
          &evaluate_lanes<Family, WantBoth, T, Width>, &scratch_entries<Family, T>};
}

/// A family as the host sees it: what it takes to draw instances and to evaluate one at a time.
struct FamilyHost {
  Entry entry;
  std::span<const Parameter> parameters;
  std::optional<Labels> labels;  ///< of the families over a data set
  bool solved;
  bool knows_minimiser;
  void (*shape)(const FamilyInput&, Shape&);
  Layout (*layout)(const Shape&);
  void (*draw)(const FamilyInput&, InstanceWriter&);
  cpu::FamilyKernels<double> one;  ///< of one lane
};

template <class Family>
FamilyHost host_of() {
  FamilyHost out{};
  out.entry = Family::entry;
  if constexpr (parameter_count<Family>() > 0) out.parameters = Family::parameters;
  if constexpr (requires { Family::labels; }) out.labels = Family::labels;
  out.solved = is_solved<Family>;
  out.knows_minimiser = knows_minimiser<Family>;
  out.shape = [](const FamilyInput& in, Shape& s) { Family::shape(in, s); };
  out.layout = [](const Shape& s) { return Layout(Family::layout(s)); };
  out.draw = [](const FamilyInput& in, InstanceWriter& writer) { Family::draw(in, writer); };
  out.one = kernels_of_lanes<Family, double, 1>();
  return out;
}

/// What a user's header compiles to: the kernels of the CPU engine for 1, 2, 4, … lanes side by side.
struct FamilyModule {
  static constexpr int widths = 6;
  FamilyHost host;
  cpu::FamilyKernels<double> doubles[widths];
  cpu::FamilyKernels<float> floats[widths];

  /// For a group of that many lanes, a power of two up to 32; null functions for others.
  template <class T>
  [[nodiscard]] cpu::FamilyKernels<T> kernels(int width) const {
    for (int k = 0; k < widths; ++k) {
      if (1 << k != width) continue;
      if constexpr (std::is_same_v<T, double>)
        return doubles[k];
      else
        return floats[k];
    }
    return {};
  }
};

template <class Family>
FamilyModule module_of() {
  FamilyModule out{};
  out.host = host_of<Family>();
  const auto fill = [&]<int... K>(std::integer_sequence<int, K...>) {
    ((out.doubles[K] = kernels_of_lanes<Family, double, 1 << K>()), ...);
    ((out.floats[K] = kernels_of_lanes<Family, float, 1 << K>()), ...);
  };
  fill(std::make_integer_sequence<int, FamilyModule::widths>{});
  return out;
}

}  // namespace omg
