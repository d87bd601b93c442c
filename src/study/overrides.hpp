#pragma once

#include <string>

#include <toml++/toml.h>

namespace omg {

/// Puts the value of KEY=VALUE into the tree of a study file before it is read. KEY is dotted; an entry of [[problem]],
/// [[method]] or [[claim]] is named by its `name` or its index (from 0). VALUE is a TOML value or else taken as a text.
/// Throws Error if KEY leads nowhere; whether its last part is known is left to the reading.
void apply_override(toml::table& root, const std::string& assignment);

}  // namespace omg
