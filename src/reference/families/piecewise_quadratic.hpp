#pragma once

#include "reference/family.hpp"

namespace omg::reference {

/// f(x) = Σ_i q(x_i − x*_i) + ⟨c, x − x*⟩: q′ is continuous and piecewise linear, q′(0) = 0. Walks the pieces from x*
/// outwards.
template <class S>
class PiecewiseQuadratic final : public Family<S> {
 public:
  PiecewiseQuadratic(const Problem& problem, std::size_t i)
      : minimiser_(required_vector<S>(problem, "minimiser", i, problem.shape.n)),
        curvature_(required_vector<S>(problem, "curvature", i, problem.shape.terms)),
        lower_(required_vector<S>(problem, "lower", i, problem.shape.terms)),
        upper_(required_vector<S>(problem, "upper", i, problem.shape.terms)),
        tilt_(required_vector<S>(problem, "tilt", i, problem.shape.n)) {}

  [[nodiscard]] S value(const Vector<S>& x) const override { return gap(x); }  // f* = 0

  [[nodiscard]] S gap(const Vector<S>& x) const override {
    S sum = tilt_.dot(x - minimiser_);
    for (Eigen::Index i = 0; i < x.size(); ++i) sum += walk(x[i] - minimiser_[i]).value;
    return sum;
  }

  [[nodiscard]] Vector<S> gradient(const Vector<S>& x) const override {
    Vector<S> out = tilt_;
    for (Eigen::Index i = 0; i < x.size(); ++i) out[i] += walk(x[i] - minimiser_[i]).slope;
    return out;
  }

 private:
  struct Reached {
    S value = 0;
    S slope = 0;
  };

  /// q and q′ at z: over a stretch of length h and curvature s the value grows by q′h + s h²/2, the slope by s h.
  Reached walk(S z) const {
    Reached out;
    const Eigen::Index pieces = curvature_.size() / 2;
    const auto cross = [&](Eigen::Index j, S from, S to) {
      const S h = to - from;
      out.value += h * (out.slope + curvature_[j] * h / 2);
      out.slope += curvature_[j] * h;
    };
    if (z > 0) {
      for (Eigen::Index j = 0; j < pieces && lower_[j] < z; ++j)
        if (upper_[j] > lower_[j]) cross(j, lower_[j], z < upper_[j] ? z : upper_[j]);
    } else {
      for (Eigen::Index j = 2 * pieces - 1; j >= pieces && upper_[j] > z; --j)
        if (upper_[j] > lower_[j]) cross(j, upper_[j], z > lower_[j] ? z : lower_[j]);
    }
    return out;
  }

  Vector<S> minimiser_;
  Vector<S> curvature_;
  Vector<S> lower_;
  Vector<S> upper_;
  Vector<S> tilt_;
};

}  // namespace omg::reference
