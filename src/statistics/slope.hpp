#pragma once

#include "omg/lane/config.hpp"

namespace omg {

/// Least squares of y on x, from sums.
class Slope {
 public:
  OMG_HD void add(double x, double y) {
    ++count_;
    x_ += x;
    y_ += y;
    xx_ += x * x;
    xy_ += x * y;
  }
  [[nodiscard]] OMG_HD bool exists() const { return count_ > 1; }
  [[nodiscard]] OMG_HD double value() const { return (count_ * xy_ - x_ * y_) / (count_ * xx_ - x_ * x_); }

 private:
  double count_ = 0, x_ = 0, y_ = 0, xx_ = 0, xy_ = 0;
};

}  // namespace omg
