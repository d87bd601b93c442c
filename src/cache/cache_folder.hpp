#pragma once

#include <filesystem>

namespace omg {

/// Where is kept what takes time to make again: $XDG_CACHE_HOME/omg, else $HOME/.cache/omg, else nothing.
std::filesystem::path cache_folder();

}  // namespace omg
