#pragma once

#include "omg/lane/options.hpp"
#include "omg/study.hpp"

namespace omg {

/// Where a key of the method stands, or where the method does if the key is not given.
Place place_of(const MethodSpec& method, std::string_view key);

/// The choices of a method, or Error with the reason where a combination makes no sense. What depends on the problem
/// (dimensions, bounds) is judged with the cell.
Options method_options(const MethodSpec& method);

}  // namespace omg
