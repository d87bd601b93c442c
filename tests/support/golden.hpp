#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "omg/plan.hpp"

namespace omg::test {

/// What a golden case demands of one iteration.
struct GoldenGap {
  std::int64_t t = 0;
  double gap = 0;        ///< f(y_t) − f*
  double tolerance = 0;  ///< relative
};

/// One golden case, ready to run: a cell of one lane.
struct GoldenCase {
  std::string id;
  std::string words;
  std::string skip;                 ///< why it cannot be built from what the registry holds; empty if it can
  Cell cell;                        ///< without a problem if it cannot
  std::vector<GoldenGap> expected;  ///< the usable entries only
};

/// A cell of one lane, T = `iterations`, from an instance and a method in the JSON form of the golden file; L, μ,
/// f*, R and f(x₀) − f* may be left out where they are 1, 0, 0, 1 and 1. Throws std::runtime_error for what the
/// registry does not hold.
Cell golden_cell(const std::string& instance, const std::string& method, int iterations = 100);

/// The file that the environment variable OMG_GOLDEN_CASES names, else tests/golden-sample.json.
std::filesystem::path golden_file();

/// The cases of a golden file by their ids. Throws std::runtime_error for a file that has not that form.
std::vector<std::string> golden_ids(const std::filesystem::path& file);

/// Builds one of them: every test runs as a process of its own, and some minimisers take a while.
GoldenCase load_golden_case(const std::filesystem::path& file, const std::string& id);

}  // namespace omg::test
