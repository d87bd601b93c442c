#pragma once

#include "omg/registry/families.hpp"

#include "arguments.hpp"

namespace omg::cpu {

/// Every family for one instruction set, precision and number of registers in flight, by position in the
/// registry's list.
template <class T>
struct FamilyTable {
  FamilyKernels<T> families[Families::size];
};

}  // namespace omg::cpu
