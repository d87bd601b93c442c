#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "omg/error.hpp"
#include "omg/family.hpp"

#include "cache/fnv1a.hpp"
#include "problem/drawn.hpp"

namespace omg {

namespace {

std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
std::uint32_t high(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }

}  // namespace

void check_drawable(std::uint64_t instance) {
  if (instance > std::numeric_limits<std::uint32_t>::max())
    throw Error("instance " + std::to_string(instance) + " cannot be drawn; a problem has at most 2^32 instances");
}

RandomStream random_stream(std::uint64_t seed, std::uint64_t problem, std::string_view name) {
  // An odd multiplier keeps the problems of a seed apart and the seeds of a problem.
  const std::uint64_t key = seed + problem * 0x9E3779B97F4A7C15U, hash = fnv1a(name);
  return {{low(key), high(key)}, {low(hash), high(hash)}};
}

Random::Random(const RandomStream& stream, std::uint64_t instance) : stream_(stream), instance_(low(instance)) {
  check_drawable(instance);
}

void Random::draw_block() {
  const auto block = static_cast<std::uint32_t>(next_ / 2);
  if (drawn_ && block_ == block) return;
  const UniformPair pair = uniform_pair(stream_, block, instance_);
  block_ = block;
  uniform_[0] = pair.v[0];
  uniform_[1] = pair.v[1];
  drawn_ = true;
}

double Random::uniform() {
  draw_block();
  return uniform_[next_++ % 2];
}

double Random::normal() {
  draw_block();
  // √(−2 log u₁) cos 2πu₂ is the first normal number of a block, with the sine the second.
  const double radius = std::sqrt(-2.0 * std::log(uniform_[0])), angle = 2.0 * std::numbers::pi * uniform_[1];
  return radius * (next_++ % 2 == 0 ? std::cos(angle) : std::sin(angle));
}

void Random::seek(std::uint64_t k) { next_ = k; }

}  // namespace omg
