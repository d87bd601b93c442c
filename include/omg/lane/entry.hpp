#pragma once

namespace omg {

/// The values that a parameter may have at all.
enum class Allowed { any, positive, not_negative, below_one, to_one };  ///< below_one: [0, 1), to_one: [0, 1]

/// A parameter of a registry entry, as `omg list`, the docs table and the validation show it.
struct Parameter {
  const char* name;
  const char* value;  ///< default, a formula in t, T, L, mu, R, n; "none" may be left out; "" the study must give one
  const char* meaning;
  bool scheduled = false;          ///< may depend on t: constant(lane) × table(t)
  Allowed allowed = Allowed::any;  ///< of parameters that are not scheduled
};

/// What a registry entry says of itself.
struct Entry {
  const char* name;       ///< as in study files
  const char* formula;    ///< one line
  const char* reference;  ///< paper, theorem, equation
  const char* needs;      ///< what the method must know: "L", "mu", "f*", … or ""
};

/// Number of parameters of an entry; entries without any declare none.
template <class E>
constexpr int parameter_count() {
  if constexpr (requires { E::parameters; })
    return static_cast<int>(sizeof(E::parameters) / sizeof(Parameter));
  else
    return 0;
}

}  // namespace omg
