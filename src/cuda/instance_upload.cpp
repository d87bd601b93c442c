#include "cuda/instance_upload.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "cuda/device_instances.hpp"
#include "threads/team.hpp"

namespace omg::cuda {

std::size_t InstanceSet::bytes() const { return numbers() * bytes_of(precision); }

InstanceUpload::~InstanceUpload() { driver().stream_synchronise(stream_.get()); }

void InstanceUpload::begin(InstanceSet set, Buffer& to) {
  stop();
  to.reserve(set.bytes());
  set_ = std::move(set);
  problem_ = set_.problem.lock();
  to_ = to.address();
  next_ = 0;
  if (draws_ && !problem_->rules.empty()) draw();
}

void InstanceUpload::draw() {
  const std::vector<DrawRule>& rules = problem_->rules;
  rules_.reserve(rules.size() * sizeof(DrawRule));
  check(driver().copy_to_device(rules_.address(), rules.data(), rules.size() * sizeof(DrawRule), stream_.get()),
        "cuMemcpyHtoDAsync");
  draw_instances(*problem_, set_, rules_.address(), to_, stream_.get());
  next_ = set_.count;
}

void InstanceUpload::send_piece() { set_.precision == Precision::float64 ? send<double>() : send<float>(); }

template <class T>
void InstanceUpload::send() {
  const Problem& problem = *problem_;
  const std::uint64_t instances = problem.instances;
  const std::size_t entries = set_.record, width = set_.width;
  // Whole tiles; of the last one only what there is has values.
  const std::size_t tile_bytes = width * (entries + 1) * sizeof(T);
  const std::uint64_t most = std::max<std::size_t>(piece_ / tile_bytes, 1) * width;
  const std::uint64_t count = std::min(most, set_.count - next_), padded = (count + width - 1) / width * width;
  Staging& staging = staging_[turn_];
  turn_ = 1 - turn_;
  staging.sent.synchronise();
  staging.memory.reserve(padded * (entries + 1) * sizeof(T));
  T* const records = reinterpret_cast<T*>(staging.memory.data());
  T* const inverse_scale = records + padded * entries;
  std::fill(records, inverse_scale, T(0));
  // Instances from `begin` to `end` of the piece, as many at a time as a line of the caches has of an entry and more.
  const auto pack = [&](std::uint64_t begin, std::uint64_t end) {
    constexpr std::uint64_t block = 32;
    std::array<T, block> row{};
    std::array<T*, block> record{};
    for (std::uint64_t j = begin; j < end;) {
      const std::uint64_t i = (set_.first + next_ + j) % instances, some = std::min({block, end - j, instances - i});
      for (std::uint64_t e = 0; e < some; ++e) {
        record[e] = records + (j + e) / width * (width * entries) + (j + e) % width;
        inverse_scale[j + e] = static_cast<T>(1.0 / problem.scale[i + e]);
      }
      for (std::size_t k = 0; k < entries; ++k) {
        problem.entries(k, i, some, row.data());
        for (std::uint64_t e = 0; e < some; ++e) record[e][k * width] = row[e];
      }
      j += some;
    }
  };
  constexpr std::uint64_t numbers_of_a_thread = 1 << 16;
  const std::uint64_t threads = std::min<std::uint64_t>(team_threads(), 1 + count * entries / numbers_of_a_thread);
  in_team(static_cast<unsigned>(threads),
          [&](unsigned member) { pack(count * member / threads, count * (member + 1) / threads); });
  const auto copy = [&](std::size_t at, const T* from, std::size_t numbers) {
    check(driver().copy_to_device(to_ + at * sizeof(T), from, numbers * sizeof(T), stream_.get()), "cuMemcpyHtoDAsync");
  };
  copy(next_ * entries, records, padded * entries);
  copy(set_.entries() + next_, inverse_scale, count);
  staging.sent.record(stream_);
  next_ += count;
}

void InstanceUpload::finish(const Stream& user) {
  while (!done()) send_piece();
  all_sent_.record(stream_);
  user.wait_for(all_sent_);
  problem_ = nullptr;
}

void InstanceUpload::stop() {
  stream_.synchronise();
  next_ = set_.count = 0;
  problem_ = nullptr;
}

}  // namespace omg::cuda
