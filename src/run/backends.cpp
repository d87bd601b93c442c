#include <algorithm>
#include <cstdlib>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "omg/run.hpp"

namespace omg {

namespace {

/// "allowed here: auto, cpu, reference"
std::string describe_available(std::span<const std::unique_ptr<Backend>> backends) {
  std::string out = "allowed here: auto";
  for (const auto& backend : backends)
    if (backend->availability().available) out += fmt::format(", {}", backend->name());
  return out;
}

/// "; cuda cannot run here: no driver" for each backend that cannot.
std::string describe_missing(std::span<const std::unique_ptr<Backend>> backends) {
  std::string out;
  for (const auto& backend : backends)
    if (const Availability found = backend->availability(); !found.available)
      out += fmt::format("; {} cannot run here: {}", backend->name(), found.reason);
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

  const auto found = std::find_if(candidates.begin(), candidates.end(), [&](const auto& candidate) {
    return wanted == "auto" ? candidate->availability().available : candidate->name() == wanted;
  });
  if (found == candidates.end()) {
    if (wanted == "auto") throw Error(place, "no backend can run" + describe_missing(candidates));
    throw Error(place, fmt::format("unknown backend \"{}\"; {}{}", wanted, describe_available(candidates),
                                   describe_missing(candidates)));
  }
  const Availability state = (*found)->availability();
  if (!state.available)
    throw Error(place, fmt::format("the backend {} cannot run here: {}; {}", wanted, state.reason,
                                   describe_available(candidates)));
  const std::string reason =
      wanted == "auto" ? describe_missing(std::span(candidates.begin(), found)) : fmt::format("; {}", asked_by);
  std::string why = fmt::format("{}: {}{}", (*found)->name(), state.reason, reason);
  return {std::move(*found), std::move(why)};
}

}  // namespace omg
