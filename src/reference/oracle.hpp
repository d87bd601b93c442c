#pragma once

#include <cstdint>

#include "reference/family.hpp"

namespace omg::reference {

/// The function as a method sees it; counts the evaluations that the method makes.
template <class S>
class Oracle {
 public:
  explicit Oracle(const Family<S>& family) : family_(family) {}

  Vector<S> gradient(const Vector<S>& x) {
    ++gradients_;
    return family_.gradient(x);
  }
  /// f(x) − f*, for a method that needs the value of f.
  S gap(const Vector<S>& x) {
    ++functions_;
    return family_.gap(x);
  }

  [[nodiscard]] std::uint64_t gradients() const { return gradients_; }
  [[nodiscard]] std::uint64_t functions() const { return functions_; }

 private:
  const Family<S>& family_;
  std::uint64_t gradients_ = 0;
  std::uint64_t functions_ = 0;
};

}  // namespace omg::reference
