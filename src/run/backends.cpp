#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "omg/run.hpp"

namespace omg {

namespace {

/// "cuda (not here: no driver), cpu, reference"
std::string describe(const std::vector<std::unique_ptr<Backend>>& backends) {
  std::string out = "auto";
  for (const auto& backend : backends) {
    const Availability found = backend->availability();
    out += fmt::format(", {}", backend->name());
    if (!found.available) out += fmt::format(" (not here: {})", found.reason);
  }
  return out;
}

}  // namespace

std::string_view version() { return OMG_VERSION; }

std::vector<std::unique_ptr<Backend>> make_backends() {
  std::vector<std::unique_ptr<Backend>> out;
  out.push_back(make_cuda_backend());
  out.push_back(make_cpu_backend());
  out.push_back(make_reference_backend());
  return out;
}

ChosenBackend choose_backend(std::string_view name, std::vector<std::unique_ptr<Backend>> candidates) {
  Place place{"", 0, "--backend"};
  std::string wanted(name);
  std::string asked_by = "asked for";
  if (const char* forced = std::getenv("OMG_BACKEND"); wanted == "auto" && forced != nullptr && *forced != 0) {
    wanted = forced;
    place.key = "OMG_BACKEND";
    asked_by = "asked for by OMG_BACKEND";
  }

  if (wanted == "auto") {
    std::string passed_over;
    for (auto& candidate : candidates) {
      const Availability found = candidate->availability();
      if (found.available) {
        std::string why = fmt::format("{}: {}{}", candidate->name(), found.reason, passed_over);
        return {std::move(candidate), std::move(why)};
      }
      passed_over += fmt::format("; {} cannot run here: {}", candidate->name(), found.reason);
    }
    throw Error(place, fmt::format("no backend can run here; there are: {}", describe(candidates)));
  }

  const auto found = std::find_if(candidates.begin(), candidates.end(),
                                  [&](const auto& candidate) { return candidate->name() == wanted; });
  if (found == candidates.end())
    throw Error(place, fmt::format("unknown backend \"{}\"; there are: {}", wanted, describe(candidates)));
  const Availability state = (*found)->availability();
  if (!state.available)
    throw Error(place, fmt::format("the backend {} cannot run here: {}; there are: {}", wanted, state.reason,
                                   describe(candidates)));
  std::string why = fmt::format("{}: {}; {}", wanted, state.reason, asked_by);
  return {std::move(*found), std::move(why)};
}

}  // namespace omg
