#pragma once

#include "arguments.hpp"
#include "pack.hpp"

namespace omg::cpu {

/// The instances of a group of lanes. `Shared`: their data is one, and this is known when the kernel is compiled.
template <class R, bool Shared = false>
struct PackInstance {
  using T = typename R::T;
  const T* record;
  const T* shared;
  int n;
  int data_size;

  OMG_HD static PackInstance of(const FamilyArguments<T>& a) { return {a.record, a.shared, a.n, a.data_size}; }
  OMG_HD R at(long long k) const { return R::load(record + k * R::width); }
  OMG_HD R start(int i) const { return at(i); }
  OMG_HD R minimiser(int i) const { return at(n + i); }
  OMG_HD R data(int k) const { return Shared || shared != nullptr ? R(shared[k]) : at(2LL * n + k); }
  OMG_HD R field(int k) const { return at(2LL * n + data_size + k); }
};

}  // namespace omg::cpu
