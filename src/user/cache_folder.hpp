#pragma once

#include <filesystem>

namespace omg {

/// Where compiled code is kept: $XDG_CACHE_HOME/omg, else $HOME/.cache/omg, else nothing.
std::filesystem::path cache_folder();

}  // namespace omg
