#include "omg/backend.hpp"
#include "omg/error.hpp"

namespace omg {

namespace {

/// Stands in for the CUDA engine in a build without it and says why.
class AbsentCudaBackend final : public Backend {
 public:
  [[nodiscard]] std::string_view name() const override { return "cuda"; }
  [[nodiscard]] Availability availability() const override { return {false, reason}; }
  [[nodiscard]] std::uint64_t wave_lanes(const Cell&) const override { throw Error(reason); }
  CellStatistics run(const Cell&, LaneRange, const RunControl&) override { throw Error(reason); }
  Trajectories trace(const Cell&, LaneRange, const RunControl&) override { throw Error(reason); }

 private:
  static constexpr const char* reason = "built without CUDA: " OMG_CUDA_MISSING;
};

}  // namespace

std::unique_ptr<Backend> make_cuda_backend() { return std::make_unique<AbsentCudaBackend>(); }

}  // namespace omg
