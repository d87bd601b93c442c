#include <cstdio>

#include <fmt/format.h>

#include "omg/run.hpp"

#include "commands.hpp"

namespace omg::cli {

int info() {
  fmt::print("omg {}\ncompiler: {}\n\nbackends, fastest first:\n", version(), OMG_COMPILER);
  for (const auto& backend : make_backends()) {
    const Availability found = backend->availability();
    fmt::print("  {:<10} {}: {}\n", backend->name(), found.available ? "available" : "missing", found.reason);
  }
  return 0;
}

}  // namespace omg::cli
