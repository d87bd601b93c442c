#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace omg {

/// How fast an envelope falls, with its uncertainty.
///
/// An envelope is a worst case over instances: a deterministic curve with three errors that a straight line through
/// log t and log gap does not see. It starts late, like C (t + c)^−p, so that the slope over a finite range is not yet
/// −p; it ripples, since instances are finitely many, and the ripples of neighbouring checkpoints are alike; and it
/// ends on a floor where gaps round. So the model C (t + c)^−p is fitted by least squares in logarithms, at checkpoints
/// (evenly spaced in log t) above the floor. The uncertainty is the half-width of the 95 % interval of Student's
/// distribution, widened for residuals that are correlated (as for an AR(1) process), plus the change of p between
/// the whole range and its later half, which measures how far the model is from the curve.
struct RateEstimate {
  double power = 0;        ///< p
  double uncertainty = 0;  ///< of p
  double constant = 0;     ///< C
  double offset = 0;       ///< c
  std::int64_t from = 0;   ///< first and last iteration used
  std::int64_t to = 0;
  std::size_t points = 0;
  bool meets_floor = false;  ///< the range was cut where gaps no longer fall but round

  /// Power by least squares between t and 2t, without offset.
  struct Octave {
    double from = 0, to = 0;
    double power = 0;
  };
  std::vector<Octave> octaves;  ///< backwards from `to`; the latest first
};

/// Fits the points (t, gap), t increasing, in [from, to] with a positive finite gap. Gaps that stop falling below
/// `rounding` are taken for rounding errors. Power and uncertainty are NaN if there are fewer than five points.
RateEstimate estimate_rate(std::span<const std::int64_t> t, std::span<const double> gap, std::int64_t from,
                           std::int64_t to, double rounding = 1e-10);

enum class RateVerdict { confirmed, refuted, undecided };

/// Whether a curve is O(t^−p) as far as it was followed, and why.
struct RateJudgement {
  double power = 0;  ///< the p that was asked about
  RateVerdict verdict = RateVerdict::undecided;
  std::string reason;
};

/// Powers closer than this are the same rate.
inline constexpr double rate_tolerance = 0.05;

/// Confirmed if p lies within or below the estimate's interval, the interval is narrow, and the latest octave is
/// near p without extrapolation. Refuted if the interval lies below p, or if the curve has bent: late octaves fall
/// short of p and of what earlier ones had reached. Undecided over less than four octaves or before t = 100,
/// and else.
RateJudgement judge_rate(const RateEstimate& estimate, double power);

}  // namespace omg
