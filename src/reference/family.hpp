#pragma once

#include <string>
#include <string_view>

#include "omg/error.hpp"
#include "omg/problem.hpp"

#include "reference/vector.hpp"

namespace omg::reference {

/// One convex function f: Rⁿ → R, an instance of a family (spec, section 5).
template <class S>
class Family {
 public:
  virtual ~Family() = default;
  Family() = default;
  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;

  /// f(x)
  [[nodiscard]] virtual S value(const Vector<S>& x) const = 0;
  /// ∇f(x)
  [[nodiscard]] virtual Vector<S> gradient(const Vector<S>& x) const = 0;
  /// f(x) − f* to full relative accuracy: never the difference of two close numbers.
  [[nodiscard]] virtual S gap(const Vector<S>& x) const = 0;
  /// ∇²f(x), n × n; of the families whose minimiser has no closed form. Throws Error for the others.
  [[nodiscard]] virtual Matrix<S> hessian(const Vector<S>&) const {
    throw Error("this family has no Hessian in the reference: its minimiser has a closed form");
  }
};

/// The named array of instance i, from the record or from the data shared by all instances.
/// Throws Error unless it has `size` entries.
inline std::vector<double> required_array(const Problem& problem, std::string_view name, std::size_t i,
                                          std::size_t size) {
  std::vector<double> out = problem.array(name, i);
  if (out.empty()) out = problem.shared_array(name);
  if (out.size() != size)
    throw Error("problem " + problem.name + ": array " + std::string(name) + " of family " + problem.family + " has " +
                std::to_string(out.size()) + " entries; needed: " + std::to_string(size));
  return out;
}

template <class S>
Vector<S> required_vector(const Problem& problem, std::string_view name, std::size_t i, int size) {
  return to_vector<S>(required_array(problem, name, i, static_cast<std::size_t>(size)));
}

template <class S>
S required_number(const Problem& problem, std::string_view name, std::size_t i) {
  return S(required_array(problem, name, i, 1)[0]);
}

template <class S>
Matrix<S> required_matrix(const Problem& problem, std::string_view name, std::size_t i, int rows, int columns) {
  const auto size = static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  return to_matrix<S>(required_array(problem, name, i, size), rows, columns);
}

}  // namespace omg::reference
