#include <algorithm>
#include <charconv>
#include <string>

#include "cuda/engine.hpp"

namespace omg::cuda {

Tuning tuning_of(std::string_view text) {
  Tuning out;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(item.size() + 1, rest.size()));
    const std::string_view key = item.substr(0, item.find('='));
    const std::string_view number = item.substr(std::min(key.size() + 1, item.size()));
    std::uint64_t value = 0;
    const auto [end, fault] = std::from_chars(number.data(), number.data() + number.size(), value);
    const bool good = fault == std::errc{} && end == number.data() + number.size() && value > 0;
    if (good && key == "block_threads" && value % 32 == 0 && value <= 1024)
      out.block_threads = static_cast<int>(value);
    else if (good && key == "warps")
      out.warps = value;
    else if (good && key == "launch_lanes")
      out.launch_lanes = value;
    else if (good && key == "memory")
      out.memory = value;
    else if (good && key == "device_figures_from")
      out.device_figures_from = value;
    else if (good && key == "host_instances" && value == 1)
      out.host_instances = true;
    else
      throw Error("OMG_CUDA_TUNING: found \"" + std::string(item) +
                  "\", allowed are block_threads (a multiple of 32 up to 1024), warps, launch_lanes, memory (bytes), "
                  "device_figures_from (lanes) and host_instances (1), each = a number above 0, separated by commas");
  }
  return out;
}

}  // namespace omg::cuda
