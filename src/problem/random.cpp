#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include <Random123/philox.h>

#include "omg/error.hpp"
#include "omg/family.hpp"

#include "cache/fnv1a.hpp"

namespace omg {

namespace {

std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
std::uint32_t high(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }

/// The midpoint of one of 2⁵² equal parts of (0, 1): never 0, never 1, and as likely u as 1 − u.
double to_uniform(std::uint32_t first, std::uint32_t second) {
  const std::uint64_t part = (static_cast<std::uint64_t>(first) << 32 | second) >> 12;
  return (static_cast<double>(part) + 0.5) * 0x1p-52;
}

}  // namespace

Random::Random(std::uint64_t seed, std::uint64_t problem, std::uint64_t instance, std::string_view stream) {
  if (instance > std::numeric_limits<std::uint32_t>::max())
    throw Error("instance " + std::to_string(instance) + " cannot be drawn; a problem has at most 2^32 instances");
  // An odd multiplier keeps the problems of a seed apart and the seeds of a problem.
  const std::uint64_t key = seed + problem * 0x9E3779B97F4A7C15U;
  const std::uint64_t name = fnv1a(stream);
  key_[0] = low(key);
  key_[1] = high(key);
  counter_[0] = 0;
  counter_[1] = low(instance);
  counter_[2] = low(name);
  counter_[3] = high(name);
}

void Random::draw_block() {
  const auto block = static_cast<std::uint32_t>(next_ / 2);
  if (drawn_ && counter_[0] == block) return;
  counter_[0] = block;
  const r123::Philox4x32::ctr_type counter = {{counter_[0], counter_[1], counter_[2], counter_[3]}};
  const r123::Philox4x32::key_type key = {{key_[0], key_[1]}};
  const auto words = r123::Philox4x32{}(counter, key);
  block_[0] = to_uniform(words[0], words[1]);
  block_[1] = to_uniform(words[2], words[3]);
  drawn_ = true;
}

double Random::uniform() {
  draw_block();
  return block_[next_++ % 2];
}

double Random::normal() {
  draw_block();
  // √(−2 log u₁) cos 2πu₂ is the first normal number of a block, with the sine the second.
  const double radius = std::sqrt(-2.0 * std::log(block_[0])), angle = 2.0 * std::numbers::pi * block_[1];
  return radius * (next_++ % 2 == 0 ? std::cos(angle) : std::sin(angle));
}

void Random::seek(std::uint64_t k) { next_ = k; }

}  // namespace omg
