#include "cuda/library.hpp"

#include <dlfcn.h>

#include "omg/error.hpp"

namespace omg::cuda {

Library::Library(const std::vector<std::string>& names, const std::string& advice) {
  std::string reasons;
  for (const auto& name : names) {
    handle_ = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ != nullptr) {
      name_ = name;
      return;
    }
    reasons += (reasons.empty() ? "" : "; ") + std::string(dlerror());
  }
  throw Error(advice + " (" + reasons + ")");
}

void* Library::symbol(const char* name) const {
  void* const found = dlsym(handle_, name);
  if (found == nullptr)
    throw Error(name_ + " has no function " + name + ": it is too old; a CUDA 12 driver or later is needed");
  return found;
}

}  // namespace omg::cuda
