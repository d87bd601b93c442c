#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "omg/error.hpp"
#include "omg/lane/entry.hpp"

namespace omg {

struct FamilyModule;

/// A family from a header that a user brings: the same header as an entry of the registry, for the family my_family a
/// type omg::MyFamily. It is compiled when it is asked for, by the C++ compiler for the processor and by NVRTC for a
/// GPU.
struct UserFamily {
  std::string name;
  std::string type;  ///< in namespace omg
  std::filesystem::path file;
  std::string text;               ///< of the file
  const FamilyModule* module;     ///< what it compiled to; part of `library`
  std::shared_ptr<void> library;  ///< the loaded shared object
};

/// Compiles the header, or takes it from the cache, and loads it. The compiler is $CXX, else c++, else the one that
/// built this library. Throws Error at `place`: no such file, no compiler, it does not compile (with the compiler's
/// messages, which name file and line), or the family is another one than `name`.
std::shared_ptr<const UserFamily> load_user_family(const std::filesystem::path& header, std::string_view name,
                                                   const Place& place);

std::vector<Parameter> parameters_of(const UserFamily& family);

}  // namespace omg
