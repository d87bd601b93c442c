#include <cstdio>
#include <string_view>

#include <fmt/format.h>

#include "omg/catalogue.hpp"

#include "commands.hpp"
#include "report.hpp"
#include "text.hpp"

namespace omg::cli {

namespace {

struct Kind {
  std::string_view name;
  std::string_view heading;
  const std::vector<CatalogueEntry>& entries;
};

std::vector<Kind> kinds() {
  const Catalogue& all = catalogue();
  return {{"families", "Families", all.families},
          {"rules", "Update rules", all.rules},
          {"learners", "Meta-learners", all.learners},
          {"methods", "Classical methods", all.classical},
          {"hints", "Hints", all.hints},
          {"targets", "Targets", all.targets},
          {"domains", "Meta-domains", all.domains}};
}

std::string describe(const Parameter& parameter) {
  const std::string_view value = parameter.value;
  return fmt::format("{}{} = {}: {}", parameter.name, parameter.scheduled ? "(t)" : "",
                     value.empty() ? "required" : value, parameter.meaning);
}

void print_plain(const Kind& kind) {
  fmt::print("{}\n", kind.heading);
  const auto print = [](std::string_view label, const std::string& text) {
    if (!text.empty()) fmt::print("      {}\n", wrapped(fmt::format("{:<10} {}", label, text), line_width - 6, 17));
  };
  for (const auto& entry : kind.entries) {
    fmt::print("  {}\n", entry.name);
    print("formula", entry.formula);
    for (const auto& parameter : entry.parameters) print("parameter", describe(parameter));
    print("needs", entry.needs);
    print("reference", entry.reference);
  }
}

/// Bars would end a cell of the table.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

void print_markdown(const Kind& kind) {
  fmt::print("## {}\n\n| name | formula | parameters | needs | reference |\n|---|---|---|---|---|\n", kind.heading);
  for (const auto& entry : kind.entries) {
    std::string parameters;
    for (const auto& parameter : entry.parameters) {
      const std::string_view value = parameter.value;
      parameters += fmt::format("{}`{}{}`{}: {}", parameters.empty() ? "" : "<br>", parameter.name,
                                value.empty() ? "" : fmt::format(" = {}", escaped(value)),
                                parameter.scheduled ? ", may depend on t" : "", escaped(parameter.meaning));
    }
    fmt::print("| `{}` | {} | {} | {} | {} |\n", entry.name, escaped(entry.formula), parameters, escaped(entry.needs),
               escaped(entry.reference));
  }
}

}  // namespace

int list(const std::string& only, bool markdown) {
  if (markdown && only.empty())
    fmt::print(
        "# Catalogue\n\nWhat studies can be made of, as `omg list --markdown` prints it. Parameters without a default "
        "must be "
        "given; defaults are formulas in t, T, L, mu, R and n, see [study files](study-file.md#values). *Needs* says "
        "what a "
        "method must know of an instance, or what else it costs.\n\n");
  bool first = true;
  for (const Kind& kind : kinds()) {
    if (!only.empty() && kind.name != only) continue;
    if (!first) fmt::print("\n");
    first = false;
    markdown ? print_markdown(kind) : print_plain(kind);
  }
  return 0;
}

}  // namespace omg::cli
