#include "problem/kept_minimum.hpp"

#include <cstring>
#include <span>
#include <string>

#include "cache/cache_folder.hpp"
#include "user/embedded.hpp"

namespace omg {

namespace {

void append(std::string& out, std::span<const double> values) {
  out.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

/// All that decides the minimum: family, sizes, data and the instance's own numbers, start and minimiser left out, and
/// the text of the families.
std::string key_of(const Problem& problem, std::size_t i) {
  const Shape& s = problem.shape;
  std::string key = "minimum of " + problem.family + ", families " + std::string(embedded_digest());
  for (const int size : {s.n, s.terms, s.classes, s.features, int{s.rotated}}) key += " " + std::to_string(size);
  key += "\n";
  append(key, problem.shared);
  for (const Field& field : problem.fields)
    if (field.name != "start" && field.name != "minimiser") append(key, problem.array(field.name, i));
  return key;
}

}  // namespace

reference::Minimum kept_minimum(const Problem& problem, std::size_t i, const DiskCache& cache) {
  if (!problem.shape.shared || problem.user_family != nullptr) return reference::minimise(problem, i);
  const auto n = static_cast<std::size_t>(problem.shape.n);
  const std::string key = key_of(problem, i);
  if (const auto kept = cache.find(key); kept && kept->size() == (n + 1) * sizeof(double)) {
    reference::Minimum out;
    out.x.resize(n);
    std::memcpy(out.x.data(), kept->data(), n * sizeof(double));
    std::memcpy(&out.value, kept->data() + n * sizeof(double), sizeof(double));
    out.gradient_norm = reference::gradient_norm(problem, i, out.x);
    if (out.gradient_norm <= reference::allowed_gradient_norm(problem, i)) return out;
  }
  reference::Minimum found = reference::minimise(problem, i);
  std::string made;
  append(made, found.x);
  append(made, {&found.value, 1});
  cache.store(key, made);
  return found;
}

DiskCache minimum_cache() { return {cache_folder(), "minimum"}; }

}  // namespace omg
