#include <cmath>

#include "omg/error.hpp"
#include "omg/family.hpp"

namespace omg {

InstanceWriter::InstanceWriter(Problem& problem) : problem_(problem) {
  double* next = problem.held_->numbers.data();
  DrawRule* rules = problem.rules.data();
  for (const auto& field : problem.fields) {
    slots_.push_back({field.name, field.size, next, problem.instances, 1, rules});
    next += field.size * problem.instances;
    if (rules != nullptr) rules += field.size;
  }
  next = problem.shared.data();
  for (const auto& field : problem.shared_fields) {
    slots_.push_back({field.name, field.size, next, 1, 0, nullptr});
    next += field.size;
  }
}

const InstanceWriter::Slot& InstanceWriter::slot(std::string_view field, std::size_t size) const {
  for (const Slot& slot : slots_)
    if (slot.name == field && size <= slot.size) return slot;
  throw Error("family " + problem_.family + " has no field " + std::string(field) + " with " + std::to_string(size) +
              " entries");
}

void InstanceWriter::set(std::string_view field, std::size_t k, double value) {
  const Slot& to = slot(field, k + 1);
  to.first[k * to.stride + i_ * to.step] = value;
  if (to.rules != nullptr) to.rules[k] = DrawRule::of(value);
}

void InstanceWriter::set(std::string_view field, std::size_t k, const Given& given) {
  const Slot& to = slot(field, k + 1);
  to.first[k * to.stride + i_ * to.step] = given.value_;
  if (to.rules != nullptr) to.rules[k] = given.rule_;
}

void InstanceWriter::set(std::string_view field, std::span<const double> values) {
  const Slot& to = slot(field, values.size());
  for (std::size_t k = 0; k < values.size(); ++k) {
    to.first[k * to.stride + i_ * to.step] = values[k];
    if (to.rules != nullptr) to.rules[k] = DrawRule::of(values[k]);
  }
}

double InstanceWriter::get(std::string_view field, std::size_t k) const {
  const Slot& from = slot(field, k + 1);
  return from.first[k * from.stride + i_ * from.step];
}

double InstanceWriter::distance() const {
  double sum = 0;
  for (std::size_t k = 0; k < static_cast<std::size_t>(problem_.shape.n); ++k) {
    const double d = get("start", k) - get("minimiser", k);
    sum += d * d;
  }
  return std::sqrt(sum);
}

}  // namespace omg
