#pragma once

#include "omg/lane/math.hpp"
#include "omg/lane/shape.hpp"

namespace omg {

/// Where family code reads the instance of a lane: entry k of the record, start and minimiser left
/// out, is field(k); data(k) is entry k of the family's data block, which either stands once for all
/// instances or heads the record's fields.
///
/// Here one lane on its own: records across instances, `stride` apart.
template <class T>
struct LaneInstance {
  using Real = T;
  const T* record;  ///< of this lane's instance
  long long stride;
  const T* shared;  ///< null if the data block is part of the record
  int n;
  int data_size;  ///< entries of the data block in the record (0 if shared)

  OMG_HD T start(int i) const { return record[i * stride]; }
  OMG_HD T minimiser(int i) const { return record[(n + i) * stride]; }
  OMG_HD T data(int k) const { return shared != nullptr ? shared[k] : record[(2 * n + k) * stride]; }
  OMG_HD T field(int k) const { return record[(2 * n + data_size + k) * stride]; }
};

/// Entry (i, j) of the symmetric matrix that heads the fields of an instance. An instance may hold it in a way of its
/// own.
template <class I>
OMG_HD auto symmetric_entry(const I& in, int i, int j, int n) {
  if constexpr (requires { in.symmetric(i, j); })
    return in.symmetric(i, j);
  else
    return in.field(i * n + j);
}

/// Column j of row i of the data set that heads the data block, likewise.
template <class I>
OMG_HD auto feature_entry(const I& in, int i, int j, int columns) {
  if constexpr (requires { in.feature(i, j); })
    return in.feature(i, j);
  else
    return in.data(i * columns + j);
}

}  // namespace omg
