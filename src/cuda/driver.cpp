#include "cuda/driver.hpp"

#include <algorithm>
#include <string>

#include "cuda/library.hpp"

namespace omg::cuda {

namespace {

Driver load_driver() {
  const Library library({"libcuda.so.1"}, "no CUDA driver: install the NVIDIA driver, or run on a machine with a GPU");
  Driver d{};
  library.load(d.init, "cuInit");
  library.load(d.error_name, "cuGetErrorName");
  library.load(d.error_string, "cuGetErrorString");
  library.load(d.version, "cuDriverGetVersion");
  library.load(d.device_count, "cuDeviceGetCount");
  library.load(d.device_get, "cuDeviceGet");
  library.load(d.device_name, "cuDeviceGetName");
  library.load(d.device_attribute, "cuDeviceGetAttribute");
  library.load(d.context_retain, "cuDevicePrimaryCtxRetain");
  library.load(d.context_release, "cuDevicePrimaryCtxRelease_v2");
  library.load(d.context_set_current, "cuCtxSetCurrent");
  library.load(d.memory_info, "cuMemGetInfo_v2");
  library.load(d.memory_allocate, "cuMemAlloc_v2");
  library.load(d.memory_free, "cuMemFree_v2");
  library.load(d.host_allocate, "cuMemHostAlloc");
  library.load(d.host_free, "cuMemFreeHost");
  library.load(d.copy_to_device, "cuMemcpyHtoDAsync_v2");
  library.load(d.copy_to_host, "cuMemcpyDtoHAsync_v2");
  library.load(d.memory_set, "cuMemsetD8Async");
  library.load(d.module_load, "cuModuleLoadData");
  library.load(d.module_unload, "cuModuleUnload");
  library.load(d.module_function, "cuModuleGetFunction");
  library.load(d.function_attribute, "cuFuncSetAttribute");
  library.load(d.occupancy, "cuOccupancyMaxActiveBlocksPerMultiprocessor");
  library.load(d.stream_create, "cuStreamCreate");
  library.load(d.stream_destroy, "cuStreamDestroy_v2");
  library.load(d.stream_synchronise, "cuStreamSynchronize");
  library.load(d.stream_query, "cuStreamQuery");
  library.load(d.stream_wait, "cuStreamWaitEvent");
  library.load(d.event_create, "cuEventCreate");
  library.load(d.event_destroy, "cuEventDestroy_v2");
  library.load(d.event_record, "cuEventRecord");
  library.load(d.event_synchronise, "cuEventSynchronize");
  library.load(d.launch, "cuLaunchKernel");
  return d;
}

const Driver* other_driver = nullptr;

/// The name of the device whose context is current on this thread, for messages.
thread_local std::string current_device;

std::string text_of(CUresult result, const Driver& d) {
  const char *name = nullptr, *text = nullptr;
  if (d.error_name(result, &name) != CUDA_SUCCESS || name == nullptr) name = "an unknown error";
  if (d.error_string(result, &text) != CUDA_SUCCESS || text == nullptr) text = "";
  return std::string(name) + (*text != 0 ? ", " : "") + text;
}

std::string advice(CUresult result) {
  switch (result) {
    case CUDA_ERROR_OUT_OF_MEMORY:
      return "the device's memory is full; free some or run fewer lanes at a time";
    case CUDA_ERROR_NO_DEVICE:
      return "the driver sees no GPU; check nvidia-smi and CUDA_VISIBLE_DEVICES";
    case CUDA_ERROR_SYSTEM_DRIVER_MISMATCH:
    case CUDA_ERROR_NOT_INITIALIZED:
    case CUDA_ERROR_UNKNOWN:
      return "the driver does not start; check nvidia-smi";
    case CUDA_ERROR_DEVICE_UNAVAILABLE:
    case CUDA_ERROR_ECC_UNCORRECTABLE:
    case CUDA_ERROR_HARDWARE_STACK_ERROR:
      return "the device is lost; check nvidia-smi, then run again";
    case CUDA_ERROR_ILLEGAL_ADDRESS:
    case CUDA_ERROR_LAUNCH_FAILED:
    case CUDA_ERROR_LAUNCH_TIMEOUT:
    case CUDA_ERROR_MISALIGNED_ADDRESS:
    case CUDA_ERROR_ILLEGAL_INSTRUCTION:
      return "a kernel failed and the device cannot be used further by this process; run again, and report it with the "
             "study";
    case CUDA_ERROR_NO_BINARY_FOR_GPU:
    case CUDA_ERROR_INVALID_IMAGE:
      return "the compiled kernel does not fit the device; remove the kernel cache and run again";
    default:
      return "run again with --backend cpu, and report it with the study";
  }
}

void check_with(const Driver& d, CUresult result, std::string_view call) {
  if (result == CUDA_SUCCESS) return;
  const std::string message = std::string(call) + (current_device.empty() ? "" : " on " + current_device) + ": " +
                              text_of(result, d) + "; " + advice(result);
  if (result == CUDA_ERROR_OUT_OF_MEMORY) throw OutOfMemory(message);
  throw Error(message);
}

}  // namespace

DriverOverride::DriverOverride(const Driver& other) { other_driver = &other; }

DriverOverride::~DriverOverride() { other_driver = nullptr; }

bool driver_is_overridden() { return other_driver != nullptr; }

const Driver& driver() {
  if (other_driver != nullptr) return *other_driver;
  static const Driver loaded = [] {
    const Driver d = load_driver();
    check_with(d, d.init(0), "cuInit");
    return d;
  }();
  return loaded;
}

int driver_version() {
  int version = 0;
  check(driver().version(&version), "cuDriverGetVersion");
  return version;
}

void check(CUresult result, std::string_view call) { check_with(driver(), result, call); }

Device::Device(int ordinal) : ordinal_(ordinal) {
  const Driver& d = driver();
  current_device = "device " + std::to_string(ordinal);
  check(d.device_get(&device_, ordinal), "cuDeviceGet");
  char name[256] = "";
  check(d.device_name(name, sizeof(name), device_), "cuDeviceGetName");
  name_ = name;
  current_device += " (" + name_ + ")";
  int major = 0, minor = 0;
  check(d.device_attribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device_), "cuDeviceGetAttribute");
  check(d.device_attribute(&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device_), "cuDeviceGetAttribute");
  capability_ = 10 * major + minor;
  check(d.device_attribute(&multiprocessors_, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, device_),
        "cuDeviceGetAttribute");
  check(d.context_retain(&context_, device_), "cuDevicePrimaryCtxRetain");
}

Device::~Device() {
  if (context_ != nullptr) driver().context_release(device_);
}

void Device::make_current() const {
  current_device = "device " + std::to_string(ordinal_) + " (" + name_ + ")";
  check(driver().context_set_current(context_), "cuCtxSetCurrent");
}

std::size_t Device::free_memory() const {
  std::size_t free = 0, total = 0;
  check(driver().memory_info(&free, &total), "cuMemGetInfo");
  return free;
}

std::size_t Device::total_memory() const {
  make_current();
  std::size_t free = 0, total = 0;
  check(driver().memory_info(&free, &total), "cuMemGetInfo");
  return total;
}

Buffer::~Buffer() { release(); }

void Buffer::release() {
  if (address_ != 0) driver().memory_free(address_);
  address_ = 0;
  capacity_ = 0;
}

void Buffer::reserve(std::size_t bytes) {
  if (bytes <= capacity_) return;
  release();
  check(driver().memory_allocate(&address_, bytes), "cuMemAlloc of " + std::to_string(bytes) + " bytes");
  capacity_ = bytes;
}

CUdeviceptr BufferPool::take(std::size_t bytes) {
  // The smallest that suffices, or else the largest, which grows.
  Block* best = nullptr;
  for (const auto& block : blocks_) {
    if (block->taken) continue;
    const auto suffices = [&](const Block& b) { return b.memory.capacity() >= bytes; };
    const bool smaller = best != nullptr && block->memory.capacity() < best->memory.capacity();
    if (best == nullptr || (suffices(*best) ? suffices(*block) && smaller : !smaller)) best = block.get();
  }
  if (best == nullptr) best = blocks_.emplace_back(std::make_unique<Block>()).get();
  best->memory.reserve(std::max<std::size_t>(bytes, 1));
  best->taken = true;
  return best->memory.address();
}

void BufferPool::give_back(CUdeviceptr address) noexcept {
  for (const auto& block : blocks_)
    if (block->taken && block->memory.address() == address) block->taken = false;
}

void BufferPool::release() {
  std::erase_if(blocks_, [](const auto& block) { return !block->taken; });
}

std::size_t BufferPool::capacity() const {
  std::size_t sum = 0;
  for (const auto& block : blocks_) sum += block->memory.capacity();
  return sum;
}

void PinnedBuffer::release() {
  if (data_ != nullptr) driver().host_free(data_);
  data_ = nullptr;
  capacity_ = 0;
}

void PinnedBuffer::reserve(std::size_t bytes) {
  if (bytes <= capacity_) return;
  release();
  check(driver().host_allocate(&data_, bytes, 0), "cuMemHostAlloc of " + std::to_string(bytes) + " bytes");
  capacity_ = bytes;
}

Stream::Stream() { check(driver().stream_create(&stream_, CU_STREAM_NON_BLOCKING), "cuStreamCreate"); }

Stream::~Stream() {
  if (stream_ != nullptr) driver().stream_destroy(stream_);
}

void Stream::synchronise() const { check(driver().stream_synchronise(stream_), "cuStreamSynchronize"); }

bool Stream::idle() const { return driver().stream_query(stream_) != CUDA_ERROR_NOT_READY; }

void Stream::wait_for(const Event& event) const {
  check(driver().stream_wait(stream_, event.get(), 0), "cuStreamWaitEvent");
}

Event::Event() { check(driver().event_create(&event_, CU_EVENT_DISABLE_TIMING), "cuEventCreate"); }

Event::~Event() {
  if (event_ != nullptr) driver().event_destroy(event_);
}

void Event::record(const Stream& stream) const { check(driver().event_record(event_, stream.get()), "cuEventRecord"); }

void Event::synchronise() const { check(driver().event_synchronise(event_), "cuEventSynchronize"); }

Module::Module(const std::string& cubin) { check(driver().module_load(&module_, cubin.data()), "cuModuleLoadData"); }

Module::~Module() {
  if (module_ != nullptr) driver().module_unload(module_);
}

CUfunction Module::function(const char* name) const {
  CUfunction function = nullptr;
  check(driver().module_function(&function, module_, name), std::string("cuModuleGetFunction of ") + name);
  return function;
}

void allow_shared_memory(CUfunction function, std::size_t bytes) {
  check(driver().function_attribute(function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, static_cast<int>(bytes)),
        "cuFuncSetAttribute");
}

int resident_blocks(CUfunction function, int threads, std::size_t shared) {
  int blocks = 0;
  check(driver().occupancy(&blocks, function, threads, shared), "cuOccupancyMaxActiveBlocksPerMultiprocessor");
  return blocks;
}

}  // namespace omg::cuda
