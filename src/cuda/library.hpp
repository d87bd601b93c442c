#pragma once

#include <string>
#include <vector>

namespace omg::cuda {

/// A shared library that is looked for when the program runs, so that the program starts without it.
/// Once loaded it stays.
class Library {
 public:
  /// Takes the first of `names` that loads. Throws Error with the loader's reasons; `advice` says what to do.
  Library(const std::vector<std::string>& names, const std::string& advice);

  /// The function of that name. Throws Error if the library has none.
  template <class Function>
  void load(Function& function, const char* name) const {
    function = reinterpret_cast<Function>(symbol(name));
  }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  void* symbol(const char* name) const;
  std::string name_;
  void* handle_ = nullptr;
};

}  // namespace omg::cuda
