#pragma once

#include <cstddef>

#include "omg/problem.hpp"

#include "cache/disk_cache.hpp"
#include "reference/minimise.hpp"

namespace omg {

/// x* and f* of instance i by `reference::minimise`, solved once and kept on disk where all instances share one data
/// set. A kept point whose gradient is not that of a minimiser counts for nothing. Throws what `minimise` throws.
reference::Minimum kept_minimum(const Problem& problem, std::size_t i, const DiskCache& cache);

/// The cache of this user's minimisers.
DiskCache minimum_cache();

}  // namespace omg
