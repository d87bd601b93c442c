#pragma once

#include <cstring>

#include "omg/statistics.hpp"

#include "pack.hpp"
#include "statistics/lane_batch.hpp"
#include "vector_of.hpp"

namespace omg::cpu {

/// Integers in a register of Arch; the texts of histogram and exact sum take them for a single number.
template <class Arch>
struct Integers {
  static constexpr int width = static_cast<int>(xsimd::batch<double, Arch>::size);
  using I = typename VectorOf<std::int64_t, width>::type;
  using D = typename VectorOf<double, width>::type;
  static constexpr std::int64_t low = 0xffffffff;

  template <class T>
  OMG_HD static D load(const T* from) {
#if XSIMD_WITH_AVX512DQ
    // In one instruction where __builtin_convertvector takes the halves one after the other.
    if constexpr (std::is_same_v<T, float> && std::is_same_v<Arch, xsimd::avx512dq>)
      return reinterpret_cast<D>(_mm512_cvtps_pd(_mm256_loadu_ps(from)));
#endif
    typename VectorOf<T, width>::type numbers;
    std::memcpy(&numbers, from, sizeof numbers);
    return __builtin_convertvector(numbers, D);
  }
  /// Whether an element stands for one of the `count` that are left.
  OMG_HD static I within(std::int64_t count) {
    I index{};
    for (int e = 0; e < width; ++e) index[e] = e;
    return index < count;
  }
  /// Bit e: whether element e, 0 or −1, is −1.
  OMG_HD static std::uint64_t bits_of(const I& a) {
#if XSIMD_WITH_AVX512DQ
    if constexpr (std::is_same_v<Arch, xsimd::avx512dq>) return _mm512_movepi64_mask(reinterpret_cast<__m512i>(a));
#endif
#if XSIMD_WITH_AVX2
    if constexpr (sizeof(I) == 32) return static_cast<std::uint64_t>(_mm256_movemask_pd(reinterpret_cast<__m256d>(a)));
#endif
    std::uint64_t bits = 0;
    for (int e = 0; e < width; ++e) bits |= static_cast<std::uint64_t>(a[e] & 1) << e;
    return bits;
  }
  OMG_HD static std::int64_t sum(const I& a) {
    std::int64_t total = 0;
    for (int e = 0; e < width; ++e) total += a[e];
    return total;
  }
  /// Products of the lower halves, without sign.
  OMG_HD static I product(const I& a, const I& b) {
#if XSIMD_WITH_AVX512DQ
    if constexpr (std::is_same_v<Arch, xsimd::avx512dq>)
      return reinterpret_cast<I>(_mm512_mul_epu32(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#endif
#if XSIMD_WITH_AVX2
    if constexpr (sizeof(I) == 32)
      return reinterpret_cast<I>(_mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#endif
    return (a & low) * (b & low);
  }
  /// table[index mod 64] in the lower halves; the upper ones are of no account.
  OMG_HD static I look_up(const std::int32_t* table, const I& index) {
#if XSIMD_WITH_AVX512DQ
    if constexpr (std::is_same_v<Arch, xsimd::avx512dq>) {
      const auto half = [&](int from) __attribute__((always_inline)) {
        return _mm512_permutex2var_epi32(_mm512_load_si512(table + from), reinterpret_cast<__m512i>(index),
                                         _mm512_load_si512(table + from + 16));
      };
      const auto upper = _mm512_test_epi64_mask(reinterpret_cast<__m512i>(index), _mm512_set1_epi64(32));
      return reinterpret_cast<I>(_mm512_mask_mov_epi64(half(0), upper, half(32)));
    }
#endif
    I out{};
    for (int e = 0; e < width; ++e) out[e] = table[index[e] & 63];
    return out;
  }
};

template <class T, class Arch>
std::int64_t take_gaps(const T* gaps, int lanes, std::uint32_t* keys) {
  using V = Integers<Arch>;
  using I = typename V::I;
  using Keys = typename VectorOf<std::uint32_t, V::width>::type;
  const Log2Columns& columns = log2_columns;
  I logs{};
  for (int l = 0; l < lanes; l += V::width) {
    const auto gap = V::load(gaps + l);
    const auto bits = reinterpret_cast<I>(gap);
    const Keys key = __builtin_convertvector(Histogram::key_of_gap(bits), Keys);
    std::memcpy(keys + l, &key, sizeof key);
    const I segment = bits >> 46;
    const I log = fixed_log2(bits, V::look_up(columns.value, segment) & V::low, V::look_up(columns.linear, segment),
                             V::look_up(columns.square, segment), &V::product);
    logs += log & (gap > 1e-300) & V::within(lanes - l);
  }
  return V::sum(logs);
}

template <class T, class Arch>
LossesTaken take_losses(const T* losses, const T* bounds, std::size_t count) {
  using V = Integers<Arch>;
  using I = typename V::I;
  const std::int64_t word = ExactSum::word(std::bit_cast<std::int64_t>(static_cast<double>(losses[0])));
  std::uint64_t improve = 0;
  I differ{};
  ExactSum::Parts<I> sum{};
  for (std::size_t l = 0; l < count; l += V::width) {
    const I counts = V::within(static_cast<std::int64_t>(count - l));
    const auto loss = V::load(losses + l);
    const auto bits = reinterpret_cast<I>(loss);
    improve |= V::bits_of((loss <= V::load(bounds + l)) & counts) << l;
    differ |= ((ExactSum::word(bits) ^ word) | ~(loss < ExactSum::most)) & counts;
    ExactSum::Parts<I> parts = ExactSum::parts(bits);
    for (auto& part : parts.part) part &= counts;
    sum += parts;
  }
  const bool alike = word > 0 && V::bits_of(differ != 0) == 0;
  return {improve, alike ? word : -1, {{V::sum(sum.part[0]), V::sum(sum.part[1]), V::sum(sum.part[2])}}};
}

/// Two at a time are slower than one by one.
template <class T, class Arch>
void fill_figures(BatchArithmetic<T>& figures) {
  if constexpr (Integers<Arch>::width > 2) figures = {&take_gaps<T, Arch>, &take_losses<T, Arch>};
}

}  // namespace omg::cpu
