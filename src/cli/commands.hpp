#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace omg::cli {

inline constexpr int exit_failed_check = 1;
inline constexpr int exit_bad_input = 2;
inline constexpr int exit_interrupted = 130;

/// `omg run`
struct RunArguments {
  std::filesystem::path study;
  std::string backend = "auto";
  unsigned threads = 0;
  std::optional<std::filesystem::path> out;  ///< by default out/<name of the study file>
  bool check = false;
  std::vector<std::string> overrides;
  bool quiet = false;
  std::uint64_t wave_lanes = 0;
  bool resume = false;
};
int run(const RunArguments& arguments);

/// `omg list`: one kind of entries, or all if it is empty.
int list(const std::string& kind, bool markdown);

/// `omg info`
int info();

/// `omg bench`
struct BenchArguments {
  std::string filter;           ///< workloads whose name holds it
  std::string backend = "all";  ///< only this one
  unsigned threads = 0;
  bool narrow = false;  ///< float32
  bool json = false;
  std::optional<std::filesystem::path> write;  ///< the workloads as files
  std::int64_t iterations = 0;                 ///< 0: the workload's
  std::int64_t instances = 0;                  ///< 0: the workload's
  std::int64_t dimension = 0;                  ///< of W2 and W3; 0: the workload's
};
int bench(const BenchArguments& arguments);

}  // namespace omg::cli
