#pragma once

#include "arguments.hpp"

namespace omg::cpu {

/// The lines of a group's prepared instances.
template <class R>
struct PreparedLines {
  const GroupArguments<typename R::T>& arguments;

  OMG_HD R operator()(int line) const {
    return R::load_unaligned(arguments.prepared + line * arguments.prepared_stride);
  }
};

}  // namespace omg::cpu
