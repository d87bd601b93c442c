#pragma once

#include <bit>
#include <cstdint>
#include <limits>
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
  OMG_HD static Pack load_unaligned(const T* from) {
    Pack out;
    each_register<K>([&](auto k) { out.v[k] = Register::load_unaligned(from + k * register_width); });
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
/// a 2^k, k a whole number and both normal: k is added to the exponent.
template <class T, class A>
OMG_HD xsimd::batch<T, A> scaled(const xsimd::batch<T, A>& a, const xsimd::batch<T, A>& k) {
  using Register = xsimd::batch<T, A>;
  using Native = decltype(a.data);
  using Number = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
  typedef Number Bits __attribute__((vector_size(sizeof(Native))));
  constexpr int mantissa = std::numeric_limits<T>::digits - 1;
  constexpr T end = T(1.5) * static_cast<T>(Number{1} << mantissa);  // the bits of end + k end in those of k
  const Bits exponent = std::bit_cast<Bits>((k + Register(end)).data) << mantissa;
  return Register(std::bit_cast<Native>(std::bit_cast<Bits>(a.data) + exponent));
}
/// The largest power of two that is not above |a|, a normal: the exponent's bits, which are those of infinity.
template <class T, class A>
OMG_HD xsimd::batch<T, A> power_of_two(const xsimd::batch<T, A>& a) {
  return a & xsimd::batch<T, A>(std::numeric_limits<T>::infinity());
}
/// Element i of a, i + Places, …: what stands behind the last one follows with the first.
template <int Places, class T, class A>
OMG_HD xsimd::batch<T, A> rotated(const xsimd::batch<T, A>& a) {
  using Native = decltype(a.data);
  typedef T Elements __attribute__((vector_size(sizeof(Native))));
  constexpr int width = static_cast<int>(sizeof(Native) / sizeof(T));
  const auto v = std::bit_cast<Elements>(a.data);
  return [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
    return xsimd::batch<T, A>(
        std::bit_cast<Native>(Elements(__builtin_shufflevector(v, v, ((i + Places) % width)...))));
  }
  (std::make_integer_sequence<int, width>{});
}
/// a ÷ b and √a, within a unit in the last place.
template <class T, class A>
OMG_HD xsimd::batch<T, A> quotient(const xsimd::batch<T, A>& a, const xsimd::batch<T, A>& b) {
  return a / b;
}
template <class T, class A>
OMG_HD xsimd::batch<T, A> root(const xsimd::batch<T, A>& a) {
  return xsimd::sqrt(a);
}
/// a / (√b + c), made for small c.
template <class T, class A>
OMG_HD xsimd::batch<T, A> over_large_root(const xsimd::batch<T, A>& a, const xsimd::batch<T, A>& b,
                                          const xsimd::batch<T, A>& c) {
  return quotient(a, root(b) + c);
}
#if XSIMD_WITH_AVX512DQ
// xsimd 8 multiplies and adds in two steps for AVX-512, and has no instruction for a 2^k.
// clang-format off
using Doubles = xsimd::batch<double, xsimd::avx512dq>;
using Floats = xsimd::batch<float, xsimd::avx512dq>;
OMG_HD Doubles fused(const Doubles& a, const Doubles& b, const Doubles& c) { return _mm512_fmadd_pd(a, b, c); }
OMG_HD Floats fused(const Floats& a, const Floats& b, const Floats& c) { return _mm512_fmadd_ps(a, b, c); }
OMG_HD Doubles fused_negated(const Doubles& a, const Doubles& b, const Doubles& c) { return _mm512_fnmadd_pd(a, b, c); }
OMG_HD Floats fused_negated(const Floats& a, const Floats& b, const Floats& c) { return _mm512_fnmadd_ps(a, b, c); }
OMG_HD Doubles scaled(const Doubles& a, const Doubles& k) { return _mm512_scalef_pd(a, k); }
OMG_HD Floats scaled(const Floats& a, const Floats& k) { return _mm512_scalef_ps(a, k); }
// clang-format on

// A division or square root of 512 bits keeps its unit busy for 16 cycles and more, one step of Newton from an estimate
// of 14 bits and the correction of what is then left below a third of that. Where the estimate is 0, infinite or no
// number the first remainder says so, and the estimate stays as it is.
inline constexpr int own_root = 0x0e;  ///< vfpclass: zeros and +∞
OMG_HD Doubles quotient(const Doubles& a, const Doubles& b) {
  const __m512d estimate = _mm512_rcp14_pd(b), one = _mm512_set1_pd(1);
  const __m512d off = _mm512_fnmadd_pd(b, estimate, one);
  const __mmask8 finds = _mm512_cmp_pd_mask(off, one, _CMP_LT_OQ);
  const __m512d inverse = _mm512_mask_fmadd_pd(estimate, finds, off, estimate);
  const __m512d near = _mm512_mul_pd(a, inverse);
  return _mm512_mask3_fmadd_pd(_mm512_fnmadd_pd(near, b, a), inverse, near, finds);
}
OMG_HD Floats quotient(const Floats& a, const Floats& b) {
  const __m512 estimate = _mm512_rcp14_ps(b), one = _mm512_set1_ps(1);
  const __mmask16 finds = _mm512_cmp_ps_mask(_mm512_fnmadd_ps(b, estimate, one), one, _CMP_LT_OQ);
  const __m512 near = _mm512_mul_ps(a, estimate);
  return _mm512_mask3_fmadd_ps(_mm512_fnmadd_ps(near, b, a), estimate, near, finds);
}
// g ≈ √a and h ≈ 1/(2 √a): both get nearer by 3/2 − g h (Goldschmidt). Zeros and infinities are their own roots.
OMG_HD Doubles root(const Doubles& a) {
  const __m512d estimate = _mm512_rsqrt14_pd(a);
  const __m512d g = _mm512_mul_pd(a, estimate), h = _mm512_mul_pd(estimate, _mm512_set1_pd(0.5));
  const __m512d step = _mm512_fnmadd_pd(g, h, _mm512_set1_pd(1.5));
  const __m512d near = _mm512_mul_pd(g, step), slope = _mm512_mul_pd(h, step);
  const __m512d found = _mm512_fmadd_pd(_mm512_fnmadd_pd(near, near, a), slope, near);
  return _mm512_mask_mov_pd(found, _mm512_fpclass_pd_mask(a, own_root), a);
}
OMG_HD Floats root(const Floats& a) {
  const __m512 estimate = _mm512_rsqrt14_ps(a);
  const __m512 g = _mm512_mul_ps(a, estimate), h = _mm512_mul_ps(estimate, _mm512_set1_ps(0.5F));
  const __m512 found = _mm512_fmadd_ps(_mm512_fnmadd_ps(g, g, a), h, g);
  return _mm512_mask_mov_ps(found, _mm512_fpclass_ps_mask(a, own_root), a);
}

// With y an estimate of 1/√b and e = 1 − b y², 1/√b is y (1 − e)^(−1/2) = y (1 + e/2 + 3/8 e² + 5/16 e³ + …), and where
// z = c/√b is small a / (√b + c) is a/√b (1 − z + z² − …): no division, and what is left out lies below a third of a
// unit in the last place. Elsewhere, as of zeros, infinities and what is no number, z is large, negative or no number,
// all of which are large as whole numbers.
OMG_HD Doubles over_large_root(const Doubles& a, const Doubles& b, const Doubles& c) {
  const auto number = [](double value) __attribute__((always_inline)) { return _mm512_set1_pd(value); };
  const __m512d y = _mm512_rsqrt14_pd(b);
  const __m512d e = _mm512_fnmadd_pd(_mm512_mul_pd(b, y), y, number(1));
  const __m512d series = _mm512_fmadd_pd(_mm512_fmadd_pd(number(0.3125), e, number(0.375)), e, number(0.5));
  const __m512d more = _mm512_mul_pd(e, series);
  const __m512d z = _mm512_mul_pd(c, _mm512_fmadd_pd(y, more, y)), near = _mm512_mul_pd(a, y);
  const __m512d without = _mm512_fmadd_pd(near, more, near);
  const __m512d found = _mm512_fnmadd_pd(without, _mm512_fnmadd_pd(z, z, z), without);
  const auto most = _mm512_set1_epi64(std::bit_cast<std::int64_t>(0x1p-18));
  const __mmask8 holds = _mm512_cmple_epu64_mask(_mm512_castpd_si512(z), most);
  if (holds == 0xff) [[likely]]
    return found;
  return _mm512_mask_mov_pd(quotient(a, root(b) + c), holds, found);
}
OMG_HD Floats over_large_root(const Floats& a, const Floats& b, const Floats& c) {
  const __m512 y = _mm512_rsqrt14_ps(b);
  const __m512 e = _mm512_fnmadd_ps(_mm512_mul_ps(b, y), y, _mm512_set1_ps(1));
  const __m512 more = _mm512_mul_ps(e, _mm512_set1_ps(0.5F));
  const __m512 z = _mm512_mul_ps(c, _mm512_fmadd_ps(y, more, y)), near = _mm512_mul_ps(a, y);
  const __m512 without = _mm512_fmadd_ps(near, more, near);
  const __m512 found = _mm512_fnmadd_ps(without, _mm512_fnmadd_ps(z, z, z), without);
  const auto most = _mm512_set1_epi32(std::bit_cast<std::int32_t>(0x1p-9F));
  const __mmask16 holds = _mm512_cmple_epu32_mask(_mm512_castps_si512(z), most);
  if (holds == 0xffff) [[likely]]
    return found;
  return _mm512_mask_mov_ps(quotient(a, root(b) + c), holds, found);
}
#endif

}  // namespace registers

/// The registers of a pack combined in one.
template <class T, class A, int K, class F>
OMG_HD xsimd::batch<T, A> folded(const Pack<T, A, K>& a, F fold) {
  auto total = a.v[0];
  each_register<K - 1>([&](auto k) { total = fold(total, a.v[k + 1]); });
  return total;
}

/// Whether an element lies below low or above high.
template <class T, class A, int K>
OMG_HD bool any_beyond(const Pack<T, A, K>& a, T low, T high) {
  using Register = xsimd::batch<T, A>;
  const Register highest = folded(a, [](const auto&p, const auto&q) { return xsimd::max(p, q); }),
                 lowest = folded(a, [](const auto&p, const auto&q) { return xsimd::min(p, q); });
  return xsimd::any((highest > Register(high)) | (lowest < Register(low)));
}
/// Whether an element may lie below zero or above high. One that does not may be taken for one that does where it is
/// less than 2⁻²⁰ below high.
template <class T, class A, int K>
OMG_HD bool may_be_beyond(const Pack<T, A, K>& a, T high) {
  return any_beyond(a, T(0), high);
}
#if XSIMD_WITH_AVX512DQ
// As whole numbers without sign, negative ones are larger than all others; of doubles the upper halves will do.
OMG_HD bool may_be_beyond(const Pack<double, xsimd::avx512dq, 4>& a, double high) {
  const auto halves = [](const auto& p, const auto& q) __attribute__((always_inline)) {
    return _mm512_castps_si512(_mm512_shuffle_ps(_mm512_castpd_ps(p), _mm512_castpd_ps(q), 0xdd));
  };
  const __m512i largest = _mm512_max_epu32(halves(a.v[0], a.v[1]), halves(a.v[2], a.v[3]));
  const auto bound = static_cast<int>(std::bit_cast<std::int64_t>(high) >> 32);
  return _mm512_cmpge_epu32_mask(largest, _mm512_set1_epi32(bound)) != 0;
}
OMG_HD bool may_be_beyond(const Pack<float, xsimd::avx512dq, 4>& a, float high) {
  const auto larger = [](const __m512i& p, const __m512i& q) __attribute__((always_inline)) {
    return _mm512_max_epu32(p, q);
  };
  const auto whole = [&](int k) __attribute__((always_inline)) { return _mm512_castps_si512(a.v[k]); };
  const __m512i largest = larger(larger(whole(0), whole(1)), larger(whole(2), whole(3)));
  return _mm512_cmpge_epu32_mask(largest, _mm512_set1_epi32(std::bit_cast<int>(high))) != 0;
}
#endif
/// Packs side by side as one.
template <class R, class One, std::size_t Count>
OMG_HD R joined(const One (&parts)[Count]) {
  static_assert(R::registers == static_cast<int>(Count) * One::registers);
  R out;
  each_register<R::registers>([&](auto k) { out.v[k] = parts[k / One::registers].v[k % One::registers]; });
  return out;
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
template <class T, class A, int K> OMG_HD Pack<T, A, K> power_of_two(const Pack<T, A, K>& a) { return map<Pack<T, A, K>, K>([](const auto& p) { return registers::power_of_two(p); }, a); }
template <class T, class A, int K> OMG_HD Pack<T, A, K> over_root(const Pack<T, A, K>& a, const Pack<T, A, K>& b, const Pack<T, A, K>& c) { return map<Pack<T, A, K>, K>([](const auto& p, const auto& q, const auto& r) { return registers::quotient(p, registers::root(q) + r); }, a, b, c); }
template <class T, class A, int K> OMG_HD Pack<T, A, K> over_large_root(const Pack<T, A, K>& a, const Pack<T, A, K>& b, const Pack<T, A, K>& c) { return map<Pack<T, A, K>, K>([](const auto& p, const auto& q, const auto& r) { return registers::over_large_root(p, q, r); }, a, b, c); }
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

/// eᵗ = 2^k (h + r)/(h − r), t = k log 2 + r, |r| ≤ ½ log 2 and h = r coth(r/2) = 2 + r²/6 − …, by the polynomials of
/// fdlibm (Sun Microsystems 1993; float: S. Kargl and I. Taylor). Within 2 units in the last place.
template <class T, class A, int K>
OMG_HD Fraction<Pack<T, A, K>> exp_fraction(const Pack<T, A, K>& t) {
  using P = Pack<T, A, K>;
  constexpr bool wide = sizeof(T) == 8;
  const P bounded = exp_argument(t);
  // k to the nearest whole number, as between 1.5 · 2^(p−1) and 2^p there is nothing else.
  constexpr double whole = 1.5 * static_cast<double>(std::uint64_t{1} << (std::numeric_limits<T>::digits - 1));
  const P k = fma(bounded, P(1.44269504088896340736), P(whole)) - P(whole);
  constexpr double high = wide ? 6.93147180369123816490e-01 : 6.9314575195e-01,
                   low = wide ? 1.90821492927058770002e-10 : 1.4286067653e-06;
  const P r = nmadd(k, P(low), nmadd(k, P(high), bounded)), square = r * r;
  P h;
  if constexpr (wide)
    h = horner(square, 2, 1.66666666666666019037e-01, -2.77777777770155933842e-03, 6.61375632143793436117e-05,
               -1.65339022054652515390e-06, 4.13813679705723846039e-08);
  else
    h = horner(square, 2, 1.6666625440e-1, -2.7667332906e-3);
  return {map<P, K>([](const auto& p, const auto& q) { return registers::scaled(p, q); }, h + r, k), h - r};
}

}  // namespace omg::cpu

namespace omg {

template <class T, class A, int K>
struct ScalarOf<cpu::Pack<T, A, K>> {
  using type = T;
};

}  // namespace omg
