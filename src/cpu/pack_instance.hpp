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
  /// What rows of data that all lanes share make of x* alone, as many at a time as find place in a register:
  /// Row::odds of `count` labels and scores, each of which stand one behind the other.
  template <class Row, int count>
  OMG_HD auto odds(int labels, int scores) const requires(Shared&& requires(R number) { Row::odds(number, number); }) {
    constexpr int registers = (count + R::register_width - 1) / R::register_width;
    using One = Pack<T, typename R::Arch, registers>;
    struct Odds {
      alignas(64) T top[One::width], bottom[One::width];
      OMG_HD Fraction<R> operator[](int k) const { return {R(top[k]), R(bottom[k])}; }
    } out{};
    const auto some = [&](int first, T* room) {
      if constexpr (One::width == count) return One::load_unaligned(shared + first);
      for (int k = 0; k < count; ++k) room[k] = shared[first + k];
      return One::load(room);
    };
    const Fraction<One> odds = Row::odds(some(labels, out.top), some(scores, out.bottom));
    odds.top.store(out.top);
    odds.bottom.store(out.bottom);
    return out;
  }
  OMG_HD R field(int k) const { return at(2LL * n + data_size + k); }
};

}  // namespace omg::cpu
