#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "omg/error.hpp"

namespace omg {

/// A C++ source, compiled against the headers that this library carries within itself and loaded. What was compiled
/// before comes from the cache: its key is the headers, the compiler, its options and the source. Throws Error at
/// `place`, calling the source `subject`: no compiler, it does not compile (with the compiler's messages), it cannot be
/// loaded.
std::shared_ptr<void> load_compiled(const std::string& source, const std::string& subject, const Place& place);

/// The function of that name in a loaded shared object.
void* symbol_of(void* library, const char* name);

}  // namespace omg
