#pragma once

namespace omg {

template <class... Entries>
struct TypeList {
  static constexpr int size = sizeof...(Entries);
};

}  // namespace omg
