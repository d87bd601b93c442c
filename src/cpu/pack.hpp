#pragma once

#include <type_traits>
#include <utility>

#include <xsimd/xsimd.hpp>

#include "omg/lane/math.hpp"

namespace omg::cpu {

/// f(0), …, f(K − 1) with constants: what is indexed by them stays in registers.
template <int K, class F>
OMG_HD void each_register(F f) {
  [&]<int... k>(std::integer_sequence<int, k...>) __attribute__((always_inline)) {
    (f(std::integral_constant<int, k>{}), ...);
  }
  (std::make_integer_sequence<int, K>{});
}

/// K SIMD registers of T side by side: the `Real` of the lane template in the CPU engine, one lane in
/// each of its `width` elements. Several registers in flight hide the latency of the arithmetic.
template <class T_, class Arch_, int K>
struct Pack {
  using T = T_;
  using Arch = Arch_;
  using Register = xsimd::batch<T, Arch>;
  static constexpr int registers = K;
  static constexpr int register_width = static_cast<int>(Register::size);
  static constexpr int width = K * register_width;

  Register v[K];

  Pack() = default;
  // Copied register by register: copies of the array as a whole would keep GCC from taking it apart.
  OMG_HD Pack(const Pack& from) {
    each_register<K>([&](auto k) { v[k] = from.v[k]; });
  }
  OMG_HD Pack& operator=(const Pack& from) {
    each_register<K>([&](auto k) { v[k] = from.v[k]; });
    return *this;
  }
  template <class N>
  requires std::is_arithmetic_v<N> OMG_HD
  Pack(N value) {  // implicit: the lane template mixes packs with plain constants
    each_register<K>([&](auto k) { v[k] = Register(static_cast<T>(value)); });
  }
  OMG_HD static Pack load(const T* from) {
    Pack out;
    each_register<K>([&](auto k) { out.v[k] = Register::load_aligned(from + k * register_width); });
    return out;
  }
  OMG_HD void store(T* to) const {
    each_register<K>([&](auto k) { v[k].store_aligned(to + k * register_width); });
  }
};

/// The outcome of a comparison, one truth value per lane.
template <class P>
struct Mask {
  using Register = xsimd::batch_bool<typename P::T, typename P::Arch>;
  Register v[P::registers];
};

/// out_k = f(a_k, …) register by register.
template <class Out, int K, class F, class... A>
OMG_HD Out map(F f, const A&... a) {
  Out out;
  each_register<K>([&](auto k) { out.v[k] = f(a.v[k]...); });
  return out;
}

namespace registers {

/// a b + c and c − a b, rounded once where the instruction set can.
template <class T, class A>
OMG_HD xsimd::batch<T, A> fused(const xsimd::batch<T, A>& a, const xsimd::batch<T, A>& b, const xsimd::batch<T, A>& c) {
  return xsimd::fma(a, b, c);
}
template <class T, class A>
OMG_HD xsimd::batch<T, A> fused_negated(const xsimd::batch<T, A>& a, const xsimd::batch<T, A>& b,
                                        const xsimd::batch<T, A>& c) {
  return xsimd::fnma(a, b, c);
}
#if XSIMD_WITH_AVX512DQ
// xsimd 8 multiplies and adds in two steps for AVX-512.
// clang-format off
using Doubles = xsimd::batch<double, xsimd::avx512dq>;
using Floats = xsimd::batch<float, xsimd::avx512dq>;
OMG_HD Doubles fused(const Doubles& a, const Doubles& b, const Doubles& c) { return _mm512_fmadd_pd(a, b, c); }
OMG_HD Floats fused(const Floats& a, const Floats& b, const Floats& c) { return _mm512_fmadd_ps(a, b, c); }
OMG_HD Doubles fused_negated(const Doubles& a, const Doubles& b, const Doubles& c) { return _mm512_fnmadd_pd(a, b, c); }
OMG_HD Floats fused_negated(const Floats& a, const Floats& b, const Floats& c) { return _mm512_fnmadd_ps(a, b, c); }
// clang-format on
#endif

}  // namespace registers

/// The registers of a pack combined in one.
template <class T, class A, int K, class F>
OMG_HD xsimd::batch<T, A> folded(const Pack<T, A, K>& a, F fold) {
  auto total = a.v[0];
  each_register<K - 1>([&](auto k) { total = fold(total, a.v[k + 1]); });
  return total;
}

// The names of omg/lane/math.hpp for packs. Plain numbers beside a pack convert to one.
template <class P>
concept AnyPack = requires {
  typename P::Register;
  P::registers;
};

// clang-format off
template <class T, class A, int K> OMG_HD Pack<T, A, K> operator-(const Pack<T, A, K>& a) { return map<Pack<T, A, K>, K>([](const auto& p) { return -p; }, a); }
template <class T, class A, int K> OMG_HD Pack<T, A, K> operator+(const Pack<T, A, K>& a, const Pack<T, A, K>& b) { return map<Pack<T, A, K>, K>([](const auto& p, const auto& q) { return p + q; }, a, b); }
template <class T, class A, int K> OMG_HD Pack<T, A, K> operator-(const Pack<T, A, K>& a, const Pack<T, A, K>& b) { return map<Pack<T, A, K>, K>([](const auto& p, const auto& q) { return p - q; }, a, b); }
template <class T, class A, int K> OMG_HD Pack<T, A, K> operator*(const Pack<T, A, K>& a, const Pack<T, A, K>& b) { return map<Pack<T, A, K>, K>([](const auto& p, const auto& q) { return p * q; }, a, b); }
template <class T, class A, int K> OMG_HD Pack<T, A, K> operator/(const Pack<T, A, K>& a, const Pack<T, A, K>& b) { return map<Pack<T, A, K>, K>([](const auto& p, const auto& q) { return p / q; }, a, b); }
template <class T, class A, int K> OMG_HD Mask<Pack<T, A, K>> operator<(const Pack<T, A, K>& a, const Pack<T, A, K>& b) { return map<Mask<Pack<T, A, K>>, K>([](const auto& p, const auto& q) { return p < q; }, a, b); }
template <class T, class A, int K> OMG_HD Mask<Pack<T, A, K>> operator>(const Pack<T, A, K>& a, const Pack<T, A, K>& b) { return map<Mask<Pack<T, A, K>>, K>([](const auto& p, const auto& q) { return p > q; }, a, b); }
template <class T, class A, int K> OMG_HD Mask<Pack<T, A, K>> operator<=(const Pack<T, A, K>& a, const Pack<T, A, K>& b) { return map<Mask<Pack<T, A, K>>, K>([](const auto& p, const auto& q) { return p <= q; }, a, b); }
template <class T, class A, int K> OMG_HD Mask<Pack<T, A, K>> operator>=(const Pack<T, A, K>& a, const Pack<T, A, K>& b) { return map<Mask<Pack<T, A, K>>, K>([](const auto& p, const auto& q) { return p >= q; }, a, b); }
template <class T, class A, int K> OMG_HD Pack<T, A, K> fma(const Pack<T, A, K>& a, const Pack<T, A, K>& b, const Pack<T, A, K>& c) { return map<Pack<T, A, K>, K>([](const auto& p, const auto& q, const auto& r) { return registers::fused(p, q, r); }, a, b, c); }
template <class T, class A, int K> OMG_HD Pack<T, A, K> nmadd(const Pack<T, A, K>& a, const Pack<T, A, K>& b, const Pack<T, A, K>& c) { return map<Pack<T, A, K>, K>([](const auto& p, const auto& q, const auto& r) { return registers::fused_negated(p, q, r); }, a, b, c); }
template <class T, class A, int K> OMG_HD Pack<T, A, K> min(const Pack<T, A, K>& a, const Pack<T, A, K>& b) { return map<Pack<T, A, K>, K>([](const auto& p, const auto& q) { return xsimd::min(p, q); }, a, b); }
template <class T, class A, int K> OMG_HD Pack<T, A, K> max(const Pack<T, A, K>& a, const Pack<T, A, K>& b) { return map<Pack<T, A, K>, K>([](const auto& p, const auto& q) { return xsimd::max(p, q); }, a, b); }
template <class T, class A, int K> OMG_HD Pack<T, A, K> abs(const Pack<T, A, K>& a) { return map<Pack<T, A, K>, K>([](const auto& p) { return xsimd::abs(p); }, a); }
template <class T, class A, int K> OMG_HD Pack<T, A, K> sqrt(const Pack<T, A, K>& a) { return map<Pack<T, A, K>, K>([](const auto& p) { return xsimd::sqrt(p); }, a); }
// The transcendental ones are large: a call each.
template <class T, class A, int K> Pack<T, A, K> exp(const Pack<T, A, K>& a) { return map<Pack<T, A, K>, K>([](const auto& p) { return xsimd::exp(p); }, a); }
template <class T, class A, int K> Pack<T, A, K> expm1(const Pack<T, A, K>& a) { return map<Pack<T, A, K>, K>([](const auto& p) { return xsimd::expm1(p); }, a); }
template <class T, class A, int K> Pack<T, A, K> log(const Pack<T, A, K>& a) { return map<Pack<T, A, K>, K>([](const auto& p) { return xsimd::log(p); }, a); }
template <class T, class A, int K> Pack<T, A, K> log1p(const Pack<T, A, K>& a) { return map<Pack<T, A, K>, K>([](const auto& p) { return xsimd::log1p(p); }, a); }
template <class T, class A, int K> Pack<T, A, K> tanh(const Pack<T, A, K>& a) { return map<Pack<T, A, K>, K>([](const auto& p) { return xsimd::tanh(p); }, a); }
template <class T, class A, int K> Pack<T, A, K> pow(const Pack<T, A, K>& a, const Pack<T, A, K>& b) { return map<Pack<T, A, K>, K>([](const auto& p, const auto& q) { return xsimd::pow(p, q); }, a, b); }
template <class P> OMG_HD Mask<P> operator&(const Mask<P>& a, const Mask<P>& b) { return map<Mask<P>, P::registers>([](const auto& p, const auto& q) { return p & q; }, a, b); }
template <class P> OMG_HD Mask<P> operator|(const Mask<P>& a, const Mask<P>& b) { return map<Mask<P>, P::registers>([](const auto& p, const auto& q) { return p | q; }, a, b); }
template <class P> OMG_HD Mask<P> operator!(const Mask<P>& a) { return map<Mask<P>, P::registers>([](const auto& p) { return !p; }, a); }
template <class P> OMG_HD P select(const Mask<P>& c, const std::type_identity_t<P>& a, const std::type_identity_t<P>& b) { return map<P, P::registers>([](const auto& m, const auto& p, const auto& q) { return xsimd::select(m, p, q); }, c, a, b); }
template <class P> OMG_HD bool any(const Mask<P>& a) {
  auto found = a.v[0];
  each_register<P::registers - 1>([&](auto k) { found = found | a.v[k + 1]; });
  return xsimd::any(found);
}
template <class P> OMG_HD bool all(const Mask<P>& a) {
  auto every = a.v[0];
  each_register<P::registers - 1>([&](auto k) { every = every & a.v[k + 1]; });
  return xsimd::all(every);
}
// clang-format on

}  // namespace omg::cpu

namespace omg {

template <class T, class A, int K>
struct ScalarOf<cpu::Pack<T, A, K>> {
  using type = T;
};

}  // namespace omg
