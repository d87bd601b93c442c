#pragma once

#include <cstdint>

#include "omg/draw_rule.hpp"

#include "cuda/instance_upload.hpp"
#include "problem/drawn.hpp"

namespace omg::cuda {

/// The numbers of an InstanceSet in the order in which they lie on the device, records first, then 1 / scale: what
/// InstanceUpload sends, to the bit, where the instances follow rules.
template <class T>
class DrawnNumbers {
 public:
  /// `rules`: where the numbers are drawn.
  DrawnNumbers(const Problem& problem, const InstanceSet& set, const DrawRule* rules)
      : rules_(rules),
        record_(set.record),
        width_(set.width),
        entries_(set.entries()),
        first_(set.first),
        count_(set.count),
        instances_(problem.instances),
        inverse_scale_(static_cast<T>(1.0 / problem.scale[0])) {}

  OMG_HD T operator()(std::uint64_t at) const {
    if (at >= entries_) return inverse_scale_;
    const std::uint64_t row = at / width_, j = row / record_ * width_ + at % width_;  // instance of the set
    if (j >= count_) return T(0);                                                     // the last tile, filled up
    return static_cast<T>(drawn(rules_[row % record_], (first_ + j) % instances_));
  }

 private:
  const DrawRule* rules_;
  std::uint64_t record_, width_, entries_, first_, count_, instances_;
  T inverse_scale_;
};

}  // namespace omg::cuda
