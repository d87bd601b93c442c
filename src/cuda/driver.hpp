#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cuda.h>

#include "omg/error.hpp"

namespace omg::cuda {

/// The functions of the CUDA driver that the engine calls.
struct Driver {
  decltype(&cuInit) init;
  decltype(&cuGetErrorName) error_name;
  decltype(&cuGetErrorString) error_string;
  decltype(&cuDriverGetVersion) version;
  decltype(&cuDeviceGetCount) device_count;
  decltype(&cuDeviceGet) device_get;
  decltype(&cuDeviceGetName) device_name;
  decltype(&cuDeviceGetAttribute) device_attribute;
  decltype(&cuDevicePrimaryCtxRetain) context_retain;
  decltype(&cuDevicePrimaryCtxRelease) context_release;
  decltype(&cuCtxSetCurrent) context_set_current;
  decltype(&cuMemGetInfo) memory_info;
  decltype(&cuMemAlloc) memory_allocate;
  decltype(&cuMemFree) memory_free;
  decltype(&cuMemHostAlloc) host_allocate;
  decltype(&cuMemFreeHost) host_free;
  decltype(&cuMemcpyHtoDAsync) copy_to_device;
  decltype(&cuMemcpyDtoHAsync) copy_to_host;
  decltype(&cuMemsetD8Async) memory_set;
  decltype(&cuModuleLoadData) module_load;
  decltype(&cuModuleUnload) module_unload;
  decltype(&cuModuleGetFunction) module_function;
  decltype(&cuFuncSetAttribute) function_attribute;
  decltype(&cuOccupancyMaxActiveBlocksPerMultiprocessor) occupancy;
  decltype(&cuStreamCreate) stream_create;
  decltype(&cuStreamDestroy) stream_destroy;
  decltype(&cuStreamSynchronize) stream_synchronise;
  decltype(&cuStreamQuery) stream_query;
  decltype(&cuStreamWaitEvent) stream_wait;
  decltype(&cuEventCreate) event_create;
  decltype(&cuEventDestroy) event_destroy;
  decltype(&cuEventRecord) event_record;
  decltype(&cuEventSynchronize) event_synchronise;
  decltype(&cuLaunchKernel) launch;
};

/// The driver, loaded and initialised on first use. Throws Error: no driver, or it cannot start.
const Driver& driver();

/// While it lives all calls go to another driver: where tests stand in for a device.
class DriverOverride {
 public:
  explicit DriverOverride(const Driver& other);
  ~DriverOverride();
  DriverOverride(const DriverOverride&) = delete;
  DriverOverride& operator=(const DriverOverride&) = delete;
};

/// The CUDA version that the driver supports, 1000 major + 10 minor.
int driver_version();

/// Whether a DriverOverride lives.
bool driver_is_overridden();

/// The device has no room for what was asked; the wave is halved and tried again.
class OutOfMemory : public Error {
 public:
  using Error::Error;
};

/// Throws Error (OutOfMemory) naming the call, the device and what to do, unless the call succeeded.
void check(CUresult result, std::string_view call);

/// A device with its primary context, which is current on this thread while the object is in use.
class Device {
 public:
  explicit Device(int ordinal);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  void make_current() const;
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] int capability() const { return capability_; }  ///< 90 for compute capability 9.0
  [[nodiscard]] int multiprocessors() const { return multiprocessors_; }
  [[nodiscard]] std::size_t free_memory() const;
  [[nodiscard]] std::size_t total_memory() const;

 private:
  int ordinal_;
  CUdevice device_ = 0;
  CUcontext context_ = nullptr;
  std::string name_;
  int capability_ = 0;
  int multiprocessors_ = 0;
};

/// Device memory that grows when more is asked for and is kept for the next use; its contents do not
/// survive growing.
class Buffer {
 public:
  Buffer() = default;
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  void reserve(std::size_t bytes);
  void release();
  [[nodiscard]] CUdeviceptr address() const { return address_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  template <class T>
  [[nodiscard]] T* at(std::size_t offset = 0) const {
    return reinterpret_cast<T*>(static_cast<std::uintptr_t>(address_) + offset);
  }

 private:
  CUdeviceptr address_ = 0;
  std::size_t capacity_ = 0;
};

/// Device memory for short use: what is given back waits for the next one.
class BufferPool {
 public:
  /// Throws OutOfMemory.
  CUdeviceptr take(std::size_t bytes);
  /// Of `take`. What runs on the memory must be done, or come before what its next user runs.
  void give_back(CUdeviceptr address) noexcept;
  /// Frees what nobody has taken.
  void release();
  [[nodiscard]] std::size_t capacity() const;

 private:
  struct Block {
    Buffer memory;
    bool taken = false;
  };
  std::vector<std::unique_ptr<Block>> blocks_;
};

/// Host memory that copies read while the caller goes on; as Buffer otherwise.
class PinnedBuffer {
 public:
  PinnedBuffer() = default;
  ~PinnedBuffer() { release(); }
  PinnedBuffer(const PinnedBuffer&) = delete;
  PinnedBuffer& operator=(const PinnedBuffer&) = delete;

  void reserve(std::size_t bytes);
  void release();
  [[nodiscard]] std::byte* data() const { return static_cast<std::byte*>(data_); }

 private:
  void* data_ = nullptr;
  std::size_t capacity_ = 0;
};

class Event;

class Stream {
 public:
  Stream();
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  /// Waits for all work; what failed in a kernel comes out here.
  void synchronise() const;
  /// Whether all work is done, or has failed.
  [[nodiscard]] bool idle() const;
  /// What comes after waits for the event.
  void wait_for(const Event& event) const;
  [[nodiscard]] CUstream get() const { return stream_; }

 private:
  CUstream stream_ = nullptr;
};

/// A point in the work of a stream; passed as long as it was never recorded.
class Event {
 public:
  Event();
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void record(const Stream& stream) const;
  void synchronise() const;
  [[nodiscard]] CUevent get() const { return event_; }

 private:
  CUevent event_ = nullptr;
};

struct Size3 {
  unsigned x = 1, y = 1, z = 1;
};

/// Machine code on the device.
class Module {
 public:
  explicit Module(const std::string& cubin);
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  [[nodiscard]] CUfunction function(const char* name) const;

 private:
  CUmodule module_ = nullptr;
};

/// Lets the blocks of a kernel have so many bytes of shared memory, given at launch.
void allow_shared_memory(CUfunction function, std::size_t bytes);

/// Blocks of that many threads, each with so many bytes of shared memory, that a multiprocessor holds at once.
int resident_blocks(CUfunction function, int threads, std::size_t shared);

/// Launches a kernel whose only parameter is one structure.
template <class Arguments>
void launch(const Stream& stream, CUfunction function, Size3 grid, Size3 block, unsigned shared,
            const Arguments& arguments) {
  void* parameters[] = {const_cast<Arguments*>(&arguments)};
  check(driver().launch(function, grid.x, grid.y, grid.z, block.x, block.y, block.z, shared, stream.get(), parameters,
                        nullptr),
        "cuLaunchKernel");
}

}  // namespace omg::cuda
