#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <tuple>

#include "omg/problem.hpp"
#include "omg/study.hpp"

#include "cuda/driver.hpp"

namespace omg::cuda {

/// Instances of a problem as a wave needs them: `count` from `first` on, counted round, `width` side by side.
struct InstanceSet {
  std::weak_ptr<const Problem> problem;
  std::uint64_t first = 0, count = 0;
  std::size_t width = 1;
  std::size_t record = 0;  ///< numbers of an instance
  Precision precision = Precision::float64;

  /// Numbers of all records, the last tile filled up; behind them lies 1 / scale of each instance.
  [[nodiscard]] std::size_t entries() const { return record * ((count + width - 1) / width * width); }
  [[nodiscard]] std::size_t numbers() const { return entries() + count; }
  [[nodiscard]] std::size_t bytes() const;

  friend bool operator==(const InstanceSet& a, const InstanceSet& b) {
    const auto rest = [](const InstanceSet& s) { return std::tuple(s.first, s.count, s.width, s.precision); };
    return a.problem.lock() == b.problem.lock() && rest(a) == rest(b);
  }
};

/// Brings instances to the device on a stream of its own, while kernels run on another one: those that follow rules are
/// drawn there, others come through pinned memory, a piece at a time.
class InstanceUpload {
 public:
  /// `draws`: whether the device can draw. `piece`: bytes of an upload at a time, unless a tile of instances is larger.
  explicit InstanceUpload(bool draws, std::size_t piece = std::size_t{8} << 20) : draws_(draws), piece_(piece) {}
  ~InstanceUpload();
  InstanceUpload(const InstanceUpload&) = delete;
  InstanceUpload& operator=(const InstanceUpload&) = delete;

  /// What lies in `to`, or is on its way there, becomes this set. Throws OutOfMemory.
  void begin(InstanceSet set, Buffer& to);
  [[nodiscard]] bool done() const { return next_ >= set_.count; }
  /// Sends the next piece: waits for memory that an earlier one still takes, not for this one.
  void send_piece();
  /// Sends what is left, and lets the stream wait for all of it.
  void finish(const Stream& user);
  /// Waits until nothing is on its way.
  void stop();

 private:
  template <class T>
  void send();

  void draw();

  bool draws_;
  std::size_t piece_;
  InstanceSet set_;
  std::shared_ptr<const Problem> problem_;  ///< of the set, until all is sent
  CUdeviceptr to_ = 0;
  std::uint64_t next_ = 0;  ///< instance of the set
  Stream stream_;
  struct Staging {
    PinnedBuffer memory;
    Event sent;
  };
  std::array<Staging, 2> staging_;
  std::size_t turn_ = 0;
  Event all_sent_;
  Buffer rules_;
};

}  // namespace omg::cuda
