#pragma once

#include "omg/lane/math.hpp"

namespace omg {

/// B lanes side by side in plain numbers: the `Real` of lanes that one team of threads takes through the same data.
template <class T_, int B>
struct alignas(B * sizeof(T_) % 16 == 0 ? 16 : sizeof(T_)) LanePack {
  using T = T_;
  static constexpr int width = B;
  T v[B];

  LanePack() = default;
  OMG_HD LanePack(double value) {  // implicit: the lane template mixes packs with plain constants
#pragma unroll
    for (int b = 0; b < B; ++b) v[b] = static_cast<T>(value);
  }
};

/// The outcome of a comparison, one truth value per lane.
template <int B>
struct LaneMask {
  bool v[B];
};

template <class T, int B>
struct ScalarOf<LanePack<T, B>> {
  using type = T;
};

/// out_b = f(a_b, …).
template <class Out, int B, class F, class... A>
OMG_HD Out each_lane(F&& f, const A&... a) {
  Out out;
#pragma unroll
  for (int b = 0; b < B; ++b) out.v[b] = f(a.v[b]...);
  return out;
}

/// The number of one lane; a plain number is that of its only lane.
template <class T, int B>
OMG_HD T lane_of(const LanePack<T, B>& a, int lane) {
  T out = a.v[0];
#pragma unroll
  for (int b = 1; b < B; ++b) out = lane == b ? a.v[b] : out;
  return out;
}
template <int B>
OMG_HD bool lane_of(const LaneMask<B>& a, int lane) {
  bool out = a.v[0];
#pragma unroll
  for (int b = 1; b < B; ++b) out = lane == b ? a.v[b] : out;
  return out;
}
OMG_HD double lane_of(double a, int) { return a; }
OMG_HD float lane_of(float a, int) { return a; }
OMG_HD bool lane_of(bool a, int) { return a; }

// The names of math.hpp for packs.
// clang-format off
template <class T, int B> OMG_HD LanePack<T, B> operator-(const LanePack<T, B>& a) { return each_lane<LanePack<T, B>, B>([](T p) { return -p; }, a); }
template <class T, int B> OMG_HD LanePack<T, B> operator+(const LanePack<T, B>& a, const LanePack<T, B>& b) { return each_lane<LanePack<T, B>, B>([](T p, T q) { return p + q; }, a, b); }
template <class T, int B> OMG_HD LanePack<T, B> operator-(const LanePack<T, B>& a, const LanePack<T, B>& b) { return each_lane<LanePack<T, B>, B>([](T p, T q) { return p - q; }, a, b); }
template <class T, int B> OMG_HD LanePack<T, B> operator*(const LanePack<T, B>& a, const LanePack<T, B>& b) { return each_lane<LanePack<T, B>, B>([](T p, T q) { return p * q; }, a, b); }
template <class T, int B> OMG_HD LanePack<T, B> operator/(const LanePack<T, B>& a, const LanePack<T, B>& b) { return each_lane<LanePack<T, B>, B>([](T p, T q) { return p / q; }, a, b); }
template <class T, int B> OMG_HD LaneMask<B> operator<(const LanePack<T, B>& a, const LanePack<T, B>& b) { return each_lane<LaneMask<B>, B>([](T p, T q) { return p < q; }, a, b); }
template <class T, int B> OMG_HD LaneMask<B> operator>(const LanePack<T, B>& a, const LanePack<T, B>& b) { return each_lane<LaneMask<B>, B>([](T p, T q) { return p > q; }, a, b); }
template <class T, int B> OMG_HD LaneMask<B> operator<=(const LanePack<T, B>& a, const LanePack<T, B>& b) { return each_lane<LaneMask<B>, B>([](T p, T q) { return p <= q; }, a, b); }
template <class T, int B> OMG_HD LaneMask<B> operator>=(const LanePack<T, B>& a, const LanePack<T, B>& b) { return each_lane<LaneMask<B>, B>([](T p, T q) { return p >= q; }, a, b); }
template <int B> OMG_HD LaneMask<B> operator&(const LaneMask<B>& a, const LaneMask<B>& b) { return each_lane<LaneMask<B>, B>([](bool p, bool q) { return p && q; }, a, b); }
template <int B> OMG_HD LaneMask<B> operator|(const LaneMask<B>& a, const LaneMask<B>& b) { return each_lane<LaneMask<B>, B>([](bool p, bool q) { return p || q; }, a, b); }
template <int B> OMG_HD LaneMask<B> operator!(const LaneMask<B>& a) { return each_lane<LaneMask<B>, B>([](bool p) { return !p; }, a); }
template <class T, int B> OMG_HD LanePack<T, B> fma(const LanePack<T, B>& a, const LanePack<T, B>& b, const LanePack<T, B>& c) { return each_lane<LanePack<T, B>, B>([](T p, T q, T r) { return fma(p, q, r); }, a, b, c); }
template <class T, int B> OMG_HD LanePack<T, B> min(const LanePack<T, B>& a, const LanePack<T, B>& b) { return each_lane<LanePack<T, B>, B>([](T p, T q) { return min(p, q); }, a, b); }
template <class T, int B> OMG_HD LanePack<T, B> max(const LanePack<T, B>& a, const LanePack<T, B>& b) { return each_lane<LanePack<T, B>, B>([](T p, T q) { return max(p, q); }, a, b); }
template <class T, int B> OMG_HD LanePack<T, B> pow(const LanePack<T, B>& a, const LanePack<T, B>& b) { return each_lane<LanePack<T, B>, B>([](T p, T q) { return pow(p, q); }, a, b); }
template <class T, int B> OMG_HD LanePack<T, B> abs(const LanePack<T, B>& a) { return each_lane<LanePack<T, B>, B>([](T p) { return abs(p); }, a); }
template <class T, int B> OMG_HD LanePack<T, B> sqrt(const LanePack<T, B>& a) { return each_lane<LanePack<T, B>, B>([](T p) { return sqrt(p); }, a); }
template <class T, int B> OMG_HD LanePack<T, B> exp(const LanePack<T, B>& a) { return each_lane<LanePack<T, B>, B>([](T p) { return exp(p); }, a); }
template <class T, int B> OMG_HD LanePack<T, B> expm1(const LanePack<T, B>& a) { return each_lane<LanePack<T, B>, B>([](T p) { return expm1(p); }, a); }
template <class T, int B> OMG_HD LanePack<T, B> log(const LanePack<T, B>& a) { return each_lane<LanePack<T, B>, B>([](T p) { return log(p); }, a); }
template <class T, int B> OMG_HD LanePack<T, B> log1p(const LanePack<T, B>& a) { return each_lane<LanePack<T, B>, B>([](T p) { return log1p(p); }, a); }
template <class T, int B> OMG_HD LanePack<T, B> tanh(const LanePack<T, B>& a) { return each_lane<LanePack<T, B>, B>([](T p) { return tanh(p); }, a); }
template <class T, int B> OMG_HD LanePack<T, B> select(const LaneMask<B>& c, const LanePack<T, B>& a, const LanePack<T, B>& b) { return each_lane<LanePack<T, B>, B>([](bool m, T p, T q) { return m ? p : q; }, c, a, b); }
// clang-format on
template <int B>
OMG_HD bool any(const LaneMask<B>& a) {
  bool found = false;
#pragma unroll
  for (int b = 0; b < B; ++b) found = found || a.v[b];
  return found;
}
template <int B>
OMG_HD bool all(const LaneMask<B>& a) {
  return !any(!a);
}

}  // namespace omg
