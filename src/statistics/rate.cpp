#include "omg/rate.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include <fmt/format.h>

namespace omg {

namespace {

/// Fewest points of a fit with three parameters.
constexpr std::size_t least_points = 5;

struct Point {
  double t;
  double log_gap;
};

/// log gap = log C − p log(t + c), by least squares for a given c.
struct Line {
  double power = 0;
  double log_constant = 0;
  double squares = 0;  ///< Σ residual²
};

Line fit_line(std::span<const Point> points, double offset) {
  const auto n = static_cast<double>(points.size());
  double mean_x = 0, mean_y = 0, xx = 0, xy = 0;
  for (const Point& p : points) mean_x += std::log(p.t + offset) / n, mean_y += p.log_gap / n;
  for (const Point& p : points) {
    const double x = std::log(p.t + offset) - mean_x;
    xx += x * x;
    xy += x * (p.log_gap - mean_y);
  }
  Line out;
  out.power = -xy / xx;
  out.log_constant = mean_y + out.power * mean_x;
  for (const Point& p : points) {
    const double residual = p.log_gap - out.log_constant + out.power * std::log(p.t + offset);
    out.squares += residual * residual;
  }
  return out;
}

/// The offset with the least sum of squares, from just above −t of the first point to ten times the last.
double best_offset(std::span<const Point> points) {
  const double first = points.front().t, last = points.back().t;
  const double low = std::log(0.1 * first), high = std::log(10 * last + first);
  const auto offset = [&](double s) { return std::exp(s) - first; };
  const auto cost = [&](double s) { return fit_line(points, offset(s)).squares; };
  constexpr int steps = 64;
  int best = 0;
  double least = cost(low);
  for (int k = 1; k <= steps; ++k)
    if (const double here = cost(low + (high - low) * k / steps); here < least) least = here, best = k;
  // Golden section between the neighbours of the best grid point.
  double a = low + (high - low) * std::max(best - 1, 0) / steps,
         b = low + (high - low) * std::min(best + 1, steps) / steps;
  constexpr double golden = 0.6180339887498949;
  for (int k = 0; k < 60; ++k) {
    const double left = b - golden * (b - a), right = a + golden * (b - a);
    (cost(left) <= cost(right) ? b : a) = cost(left) <= cost(right) ? right : left;
  }
  return offset(0.5 * (a + b));
}

/// Half-width of the 95 % interval of p in log C − p log(t + c), all three of them fitted.
double statistical_uncertainty(std::span<const Point> points, const Line& line, double offset) {
  const auto n = static_cast<double>(points.size());
  // Residuals and the lag-one autocorrelation, corrected for the bias that fitting three parameters gives it.
  std::vector<double> residual;
  for (const Point& p : points) residual.push_back(p.log_gap - line.log_constant + line.power * std::log(p.t + offset));
  double lagged = 0;
  for (std::size_t k = 1; k < residual.size(); ++k) lagged += residual[k] * residual[k - 1];
  const double correlation = line.squares > 0 ? std::clamp(lagged / line.squares + 8 / n, 0.0, 0.95) : 0.0;
  const double widening = (1 + correlation) / (1 - correlation);

  // (JᵀJ)⁻¹ for the columns 1, −log(t + c), −p/(t + c): the variance of the second is that of what the other two do
  // not explain.
  double sx = 0, sz = 0, sxx = 0, sxz = 0, szz = 0;
  for (const Point& p : points) {
    const double x = std::log(p.t + offset), z = line.power / (p.t + offset);
    sx += x, sz += z, sxx += x * x, sxz += x * z, szz += z * z;
  }
  const double xx = sxx - sx * sx / n, xz = sxz - sx * sz / n, zz = szz - sz * sz / n;
  const double unexplained = zz > 0 ? xx - xz * xz / zz : xx;
  const double freedom = std::max(n / widening - 3, 1.0);
  const double quantile = boost::math::quantile(boost::math::students_t(freedom), 0.975);
  return quantile * std::sqrt(line.squares / (n - 3) * widening / unexplained);
}

/// Power by least squares over the points in [from, to]; NaN with fewer than two.
double power_between(std::span<const Point> points, double from, double to) {
  std::vector<Point> inside;
  for (const Point& p : points)
    if (p.t >= from && p.t <= to) inside.push_back(p);
  return inside.size() < 2 ? std::nan("") : fit_line(inside, 0).power;
}

/// Drops the end of the curve where it stays above what its beginning promises, at values below `rounding`: there gaps
/// no longer fall but round. What is kept lies a factor of a hundred above them. True if something was dropped.
bool cut_floor(std::vector<Point>& points, double rounding) {
  const std::size_t tail = 3;
  const auto lower = [](const Point& a, const Point& b) { return a.log_gap < b.log_gap; };
  const double floor = std::max_element(points.end() - tail, points.end(), lower)->log_gap;
  if (floor > std::log(rounding)) return false;
  const auto end =
      std::find_if(points.begin(), points.end(), [&](const Point& p) { return p.log_gap < floor + std::log(100.0); });
  const std::span<const Point> sound(points.begin(), end);
  if (sound.size() < least_points) return false;
  const double offset = best_offset(sound);
  const Line line = fit_line(sound, offset);
  double excess = 0;
  for (const Point& p : std::span(points).last(tail))
    excess += (p.log_gap - line.log_constant + line.power * std::log(p.t + offset)) / tail;
  if (excess <= 0.02 + 3 * std::sqrt(line.squares / static_cast<double>(sound.size() - 3))) return false;
  points.erase(end, points.end());
  return true;
}

}  // namespace

RateEstimate estimate_rate(std::span<const std::int64_t> t, std::span<const double> gap, std::int64_t from,
                           std::int64_t to, double rounding) {
  std::vector<Point> points;
  for (std::size_t k = 0; k < t.size(); ++k)
    if (t[k] >= from && t[k] <= to && gap[k] > 0 && std::isfinite(gap[k]))
      points.push_back({static_cast<double>(t[k]), std::log(gap[k])});
  RateEstimate out;
  out.from = from;
  out.to = to;
  out.power = out.uncertainty = out.constant = out.offset = std::nan("");
  if (points.size() >= least_points) out.meets_floor = cut_floor(points, rounding);
  out.points = points.size();
  if (points.size() < least_points) return out;
  out.from = static_cast<std::int64_t>(points.front().t);
  out.to = static_cast<std::int64_t>(points.back().t);

  out.offset = best_offset(points);
  const Line line = fit_line(points, out.offset);
  out.power = line.power;
  out.constant = std::exp(line.log_constant);
  const std::span<const Point> late = std::span(points).subspan(points.size() / 2);
  const double drift = late.size() < 3 ? 0 : std::abs(fit_line(late, out.offset).power - line.power);
  out.uncertainty = statistical_uncertainty(points, line, out.offset) + drift + 1e-6;
  for (double end = points.back().t; end / 2 >= points.front().t; end /= 2)
    if (const double power = power_between(points, end / 2, end); !std::isnan(power))
      out.octaves.push_back({end / 2, end, power});
  return out;
}

RateJudgement judge_rate(const RateEstimate& estimate, double power) {
  RateJudgement out;
  out.power = power;
  const auto& octaves = estimate.octaves;
  if (std::isnan(estimate.power) || octaves.empty() || estimate.to < 100 || estimate.to < 16 * estimate.from) {
    out.reason =
        fmt::format("t from {} to {} is too short a range: four octaves, up to t = 100 or more, are needed{}",
                    estimate.from, estimate.to, estimate.meets_floor ? "; beyond it gaps are rounding errors" : "");
    return out;
  }
  const double latest = octaves.front().power, least = power - rate_tolerance;
  double steepest = latest;
  for (const auto& octave : octaves) steepest = std::max(steepest, octave.power);
  const std::string fitted =
      fmt::format("gap ≈ {:.3g} (t {} {:.3g})^−p with p = {:.3f} ± {:.3f}", estimate.constant,
                  estimate.offset < 0 ? "−" : "+", std::abs(estimate.offset), estimate.power, estimate.uncertainty);
  const bool bent =
      latest < least && (octaves.size() < 2 || octaves[1].power < least) && latest < steepest - 2 * rate_tolerance;
  if (bent) {
    out.verdict = RateVerdict::refuted;
    out.reason = fmt::format("by octaves the power had reached {:.2f} and is {:.2f} in the last one", steepest, latest);
  } else if (estimate.power + estimate.uncertainty < least) {
    out.verdict = RateVerdict::refuted;
    out.reason = fitted;
  } else if (estimate.power - estimate.uncertainty < power - 2 * rate_tolerance) {
    out.reason = fitted + ": too uncertain";
  } else if (latest < power - 5 * rate_tolerance) {
    out.reason = fmt::format("{}, but the last octave has reached {:.2f} only", fitted, latest);
  } else {
    out.verdict = RateVerdict::confirmed;
    out.reason = fitted;
  }
  return out;
}

}  // namespace omg
