#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "omg/lane/entry.hpp"

namespace omg {

/// A registry entry at run time.
struct CatalogueEntry {
  std::string name;
  std::string type;    ///< the C++ type in namespace omg
  std::string header;  ///< its header, relative to include/
  std::string formula;
  std::string reference;
  std::string needs;
  std::vector<Parameter> parameters;  ///< of the entry alone
};

/// The registry as `omg list`, the docs table, validation and the CUDA backend see it.
struct Catalogue {
  std::vector<CatalogueEntry> families;
  std::vector<CatalogueEntry> rules;
  std::vector<CatalogueEntry> learners;
  std::vector<CatalogueEntry> classical;
  std::vector<CatalogueEntry> hints;
  std::vector<CatalogueEntry> targets;
  std::vector<CatalogueEntry> domains;
};

const Catalogue& catalogue();

/// The entry of that name, or null.
const CatalogueEntry* find_entry(const std::vector<CatalogueEntry>& entries, std::string_view name);

/// All parameters of a method in the order of its coefficients: common, rule, learner; or those of a
/// classical method. `rule` and `learner` are empty for a classical method and the reverse.
std::vector<Parameter> method_parameters(std::string_view rule, std::string_view learner, std::string_view classical);

}  // namespace omg
