#pragma once

#include <cstring>

#include "pack.hpp"
#include "placing.hpp"
#include "problem/drawn.hpp"
#include "vector_of.hpp"

namespace omg::cpu {

/// to[i] = T(from[i]), i < count: whole registers, the last of them over the one before.
template <class T, class Arch, class From>
OMG_HD void copy_line(const From* from, std::size_t count, T* to) {
  constexpr std::size_t width = xsimd::batch<T, Arch>::size;
  using Out = typename VectorOf<T, width>::type;
  const auto some = [&](std::size_t first) __attribute__((always_inline)) {
    typename VectorOf<From, width>::type in;
    std::memcpy(&in, from + first, sizeof in);
    const Out out = __builtin_convertvector(in, Out);
    std::memcpy(to + first, &out, sizeof out);
  };
  if (count < width) {
    for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<T>(from[i]);
    return;
  }
  for (std::size_t i = 0; i + width <= count; i += width) some(i);
  if (count % width != 0) some(count - width);
}

template <class T, class Arch, class From>
void copy_lines(const From* from, const std::size_t* lines, std::size_t size, std::size_t stride, std::size_t count,
                T* to, std::size_t width) {
  constexpr std::size_t ahead = 16;  // lines of many instances lie in as many pages
  for (std::size_t k = 0; k < size; ++k) {
    if (k + ahead < size) __builtin_prefetch(from + lines[k + ahead] * stride);
    copy_line<T, Arch>(from + lines[k] * stride, count, to + lines[k] * width);
  }
}

/// Transposes a square of registers: in turn blocks of half the size change places within those of the size before.
template <int Block, class V, int N>
OMG_HD void transpose_square(V (&row)[N]) {
  if constexpr (Block > 0) {
    each_register<N>([&](auto r) __attribute__((always_inline)) {
      if constexpr ((r & Block) == 0) {
        const V upper = row[r], lower = row[r + Block];
        [&]<int... e>(std::integer_sequence<int, e...>) __attribute__((always_inline)) {
          row[r] = __builtin_shufflevector(upper, lower, ((e & Block) == 0 ? e : e - Block + N)...);
          row[r + Block] = __builtin_shufflevector(upper, lower, ((e & Block) == 0 ? e + Block : e + N)...);
        }
        (std::make_integer_sequence<int, N>{});
      }
    });
    transpose_square<Block / 2>(row);
  }
}

template <class T, class Arch>
void transpose(const double* from, std::size_t size, std::size_t stride, std::size_t count, T* to,
               std::size_t to_stride) {
  constexpr int width = xsimd::batch<T, Arch>::size;
  using In = typename VectorOf<double, width>::type;
  using Out = typename VectorOf<T, width>::type;
  constexpr std::size_t ahead = 16;  // as above
  std::size_t k = 0, i = 0;
  for (; k + width <= size; k += width) {
    const double* const lines = from + k * stride;
    for (i = 0; i + width <= count; i += width) {
      Out row[width];
      each_register<width>([&](auto r) __attribute__((always_inline)) {
        const double* const line = lines + r * stride + i;
        if (k + r + ahead < size)
          for (std::size_t byte = 0; byte < sizeof(In); byte += 64)
            __builtin_prefetch(reinterpret_cast<const char*>(line + ahead * stride) + byte, 0, 2);
        In in;
        std::memcpy(&in, line, sizeof in);
        row[r] = __builtin_convertvector(in, Out);
      });
      transpose_square<width / 2>(row);
      each_register<width>([&](auto r) __attribute__((always_inline)) {
        std::memcpy(to + (i + r) * to_stride + k, &row[r], sizeof(Out));
      });
    }
  }
  // The edges: some lines of all lanes, and all of the last lanes.
  const std::size_t lines_done = k, lanes_done = i;
  for (k = 0; k < size; ++k)
    for (i = k < lines_done ? lanes_done : 0; i < count; ++i)
      to[i * to_stride + k] = static_cast<T>(from[k * stride + i]);
}

template <class T, class Arch>
void fill_line(T value, std::size_t count, T* to) {
  constexpr std::size_t width = xsimd::batch<T, Arch>::size;
  if (count < width) {
    for (std::size_t i = 0; i < count; ++i) to[i] = value;
    return;
  }
  const xsimd::batch<T, Arch> all(value);
  for (std::size_t i = 0; i + width <= count; i += width) all.store_unaligned(to + i);
  all.store_unaligned(to + count - width);
}

/// `drawn` of many instances, in loops of which the compiler takes several at a time.
template <class T, class Arch>
void draw_line(const DrawRule& rule, const double* uniform, std::uint64_t first, std::size_t count, T* to) {
  using Kind = DrawRule::Kind;
  const bool grid = rule.kind == Kind::grid || rule.kind == Kind::log_grid;
  const bool in_logarithm = rule.kind == Kind::log_grid || rule.kind == Kind::log_uniform;
  constexpr std::size_t block = 64;
  double u[block] = {};
  for (std::size_t begin = 0; begin < count; begin += block) {
    const std::size_t some = count - begin < block ? count - begin : block;
    if (grid) {
      const auto instance = static_cast<std::int64_t>(first + begin);
      const auto last = static_cast<double>(rule.count - 1);
      for (std::size_t i = 0; i < block; ++i)
        u[i] = static_cast<double>(instance + static_cast<std::int64_t>(i)) / last;
    } else {
      std::memcpy(u, uniform + begin, some * sizeof(double));
    }
    T* const out = to + begin;
    if (in_logarithm)
      for (std::size_t i = 0; i < some; ++i) out[i] = static_cast<T>(between_in_logarithm(rule, u[i]));
    else
      for (std::size_t i = 0; i < some; ++i) out[i] = static_cast<T>(rule.low + u[i] * (rule.high - rule.low));
  }
  if (!grid) return;
  // Its ends are exact.
  const std::uint64_t last = rule.count - 1;
  if (last >= first && last - first < count) to[last - first] = static_cast<T>(rule.high);
  if (first == 0) to[0] = static_cast<T>(rule.low);
}

template <class T, class Arch>
void fill_placing(Placing<T>& placing) {
  placing = {&copy_lines<T, Arch, double>, &copy_lines<T, Arch, T>, &transpose<T, Arch>, &fill_line<T, Arch>,
             &draw_line<T, Arch>};
}

}  // namespace omg::cpu
