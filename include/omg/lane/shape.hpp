#pragma once

namespace omg {

/// The sizes of a problem, the same for all its instances.
struct Shape {
  int n = 1;             ///< dimension of x
  int terms = 1;         ///< terms of the sum, or rows of the data
  int classes = 1;       ///< softmax regression only
  int features = 1;      ///< columns of the data
  bool rotated = false;  ///< the family's terms have directions of their own (U is not the identity)
  bool shared = false;   ///< the data is one for all instances

  friend bool operator==(const Shape&, const Shape&) = default;
};

}  // namespace omg
