#pragma once

#include <vector>

#include "omg/user_family.hpp"

#include "reference/family.hpp"
#include "user/function.hpp"

namespace omg::reference {

/// A family from a user's header. The reference has no form of its own of it: the methods are independent here, the
/// function is the user's, in float64 whatever S is.
template <class S>
class UserFunction final : public Family<S> {
 public:
  UserFunction(const Problem& problem, std::size_t i)
      : function_(problem.user_family->module->host, problem), minimum_(problem.minimum[i]) {
    function_.select(i);
  }

  [[nodiscard]] S value(const Vector<S>& x) const override { return gap(x) + S(minimum_); }
  [[nodiscard]] S gap(const Vector<S>& x) const override { return S(function_.gap(doubles(x))); }
  [[nodiscard]] Vector<S> gradient(const Vector<S>& x) const override {
    std::vector<double> g(static_cast<std::size_t>(x.size()));
    function_.gradient(doubles(x), g);
    return to_vector<S>(g);
  }

 private:
  static std::vector<double> doubles(const Vector<S>& x) {
    std::vector<double> out;
    for (const S& entry : x) out.push_back(static_cast<double>(entry));
    return out;
  }

  mutable InstanceFunction function_;
  double minimum_;
};

}  // namespace omg::reference
