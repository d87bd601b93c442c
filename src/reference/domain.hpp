#pragma once

#include <algorithm>
#include <functional>

#include "omg/lane/options.hpp"

#include "reference/coefficients.hpp"

namespace omg::reference {

/// Π: the Euclidean projection on the meta-domain W. Matrices are treated as flat vectors.
template <class S>
class MetaDomain {
 public:
  /// For w of `size` coordinates, none of them below `least` whatever the domain.
  MetaDomain(Domain kind, const Coefficients<S>& k, Eigen::Index size, S least) : kind_(kind), least_(least) {
    if (kind == Domain::box) {
      lower_ = k.lower(size);
      upper_ = k.upper(size);
    }
    if (kind == Domain::ball) radius_ = k.value("radius");
  }

  /// Π(w); `centre` is w₁.
  [[nodiscard]] Vector<S> project(const Vector<S>& w, const Vector<S>& centre) const {
    return project_on_kind(w, centre).unaryExpr([this](S a) { return a < least_ ? least_ : a; });
  }

 private:
  [[nodiscard]] Vector<S> project_on_kind(const Vector<S>& w, const Vector<S>& centre) const {
    switch (kind_) {
      case Domain::all:
        return w;
      case Domain::box:
        // A NaN stays.
        return w.binaryExpr(lower_, [](S a, S low) { return a < low ? low : a; }).binaryExpr(upper_, [](S a, S high) {
          return a > high ? high : a;
        });
      case Domain::ball: {
        const Vector<S> d = w - centre;
        const S norm = d.norm();
        if (norm <= radius_) return w;
        return centre + radius_ / norm * d;
      }
      case Domain::simplex:
        return project_on_simplex(w);
    }
    return w;
  }

  /// max(w − θ, 0) with Σ = 1: θ = (Σ_{i≤r} s_i − 1)/r over the sorted coordinates s₁ ≥ s₂ ≥ …, r the
  /// largest index with s_r > θ_r (Duchi, Shalev-Shwartz, Singer & Chandra 2008, figure 1).
  /// The largest coordinate is moved to 0 first, which changes nothing but the rounding of the sums.
  static Vector<S> project_on_simplex(const Vector<S>& v) {
    const Vector<S> w = v.array() - v.maxCoeff();
    Vector<S> sorted = w;
    std::sort(sorted.begin(), sorted.end(), std::greater<S>());
    S sum = 0, theta = 0;
    for (Eigen::Index r = 0; r < sorted.size(); ++r) {
      sum += sorted[r];
      const S candidate = (sum - 1) / S(r + 1);
      if (sorted[r] > candidate) theta = candidate;
    }
    return (w.array() - theta).max(S(0));
  }

  Domain kind_;
  Vector<S> lower_;
  Vector<S> upper_;
  S radius_ = 0;
  S least_;
};

}  // namespace omg::reference
