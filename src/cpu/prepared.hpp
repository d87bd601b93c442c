#pragma once

#include "arguments.hpp"

namespace omg::cpu {

// What kernels share that run on prepared instances.

/// The lines of a group's prepared instances.
template <class R>
struct PreparedLines {
  const GroupArguments<typename R::T>& arguments;

  OMG_HD R operator()(int line) const {
    return R::load_unaligned(arguments.prepared + line * arguments.prepared_stride);
  }
};

/// A group of lanes as its kernel takes it, with `Entries` numbers of a matrix a lane; gaps are in a unit of its own.
template <class R, int Entries>
struct PreparedGroup {
  using T = typename R::T;
  static constexpr int lanes = R::width;
  static constexpr bool has_matrix = true;

  alignas(64) T matrix[Entries * lanes];
  alignas(64) T scale[lanes], unit[lanes], bound[lanes];
  const T *fields = matrix, *inverse_scale = scale, *inverse_bound = bound;

  PreparedGroup() = default;
  PreparedGroup(const PreparedGroup&) = delete;  // it points to itself

  /// A gap times `normal` is the one that is recorded, times `one` that of f.
  OMG_HD void measure(const R& normal, const R& one, const GroupArguments<T>& arguments) {
    normal.store(scale);
    one.store(unit);
    (R::load(arguments.inverse_bound) * one).store(bound);
  }
  template <class One>
  OMG_HD One shown(const One& gap, int first) const {
    return gap * One::load(scale + first);
  }
  template <class One>
  OMG_HD One shown_above(const One& low, const One& gap, int first) const {
    return fma(gap, One::load(scale + first), -low);
  }
  template <class One>
  OMG_HD One own(const One& gap, int first = 0) const {
    return gap * One::load(unit + first);
  }
};

/// Its lanes from `first` on, as the family's instances.
template <class Group, class One>
struct PreparedInstance {
  const Group& group;
  int first;

  OMG_HD PreparedInstance(const Group& all, const typename Group::T* const&, int from) : group(all), first(from) {}
  OMG_HD One at(const typename Group::T* from, int k) const { return One::load(from + k * Group::lanes + first); }
  OMG_HD One start(int i) const { return at(group.start, i); }
  OMG_HD One minimiser(int) const { return One(0); }
  OMG_HD One field(int k) const { return at(group.matrix, k); }
};

}  // namespace omg::cpu
