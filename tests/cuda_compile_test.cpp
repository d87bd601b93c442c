// The lane kernels compile to machine code for every architecture, with no GPU about, and keep the state of a small
// lane in registers. Tests are cut into shards, so that they run side by side.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "omg/user_family.hpp"

#include "cuda/figures.hpp"
#include "paths.hpp"

namespace omg::cuda {
namespace {

constexpr int architectures[] = {80, 90, 100};
constexpr std::size_t shards = 8;

/// Methods of the main study, as far as the registry goes beyond it.
bool in_main_study(const MethodSpec& method) {
  const std::set<std::string> rules{"iterate", "step", "elementwise_step"};
  const std::set<std::string> learners{"sgd", "ftrl", "optimistic_ftrl", "bmg", "hypergradient"};
  const std::set<std::string> classical{"gradient_descent", "heavy_ball", "nesterov", "nesterov_dual", "ogm"};
  if (!method.classical.empty()) return classical.contains(method.classical);
  return rules.contains(method.rule) && learners.contains(method.learner) &&
         (method.hint.empty() || method.hint == "none" || method.hint == "last") &&
         (method.target.empty() || method.target == "bootstrap" || method.target == "optimistic") &&
         method.domain != "simplex";
}

std::vector<MethodSpec> main_study_methods() {
  std::vector<MethodSpec> out;
  for (const auto& method : registry_methods())
    if (in_main_study(method)) out.push_back(method);
  return out;
}

/// Terms of one coordinate each: nothing but the lane's own vectors is read.
bool separable(const KernelChoice& choice) {
  const std::set<std::string> families{"huber", "asymmetric_huber", "quadratic"};
  return families.contains(choice.family);  // "huber, rotated" is another
}

std::string text_of(const KernelChoice& choice, int architecture) {
  return choice.family + " / " + choice.method + ", n = " + std::to_string(choice.chosen.shape.n) + ", sm_" +
         std::to_string(architecture);
}

KernelFigures figures_of(const KernelChoice& choice, int architecture) {
  const KernelSource source = lane_source(choice.chosen, launch_policy(architecture, choice.chosen));
  return read_figures(compile(source, architecture, true).log).at(0);
}

class CudaCompile : public testing::TestWithParam<int> {
 protected:
  /// Every `sample`-th of this shard's kernels, on one architecture after the other.
  template <class F>
  void each(const std::vector<KernelChoice>& choices, std::size_t sample, F&& f) const {
    const std::size_t shard = static_cast<std::size_t>(GetParam());
    for (std::size_t k = shard * sample; k < choices.size(); k += shards * sample)
      f(choices[k], architectures[(k / (shards * sample) + shard) % 3]);
  }
  void expect_compiled(const std::vector<KernelChoice>& choices, std::size_t sample) const {
    each(choices, sample, [&](const KernelChoice& choice, int architecture) {
      EXPECT_GT(figures_of(choice, architecture).registers, 0) << text_of(choice, architecture);
    });
  }
  void expect_no_spills(const std::vector<KernelChoice>& choices, std::size_t sample) const {
    each(choices, sample, [&](const KernelChoice& choice, int architecture) {
      const KernelFigures figures = figures_of(choice, architecture);
      EXPECT_EQ(figures.spill_stores, 0) << text_of(choice, architecture);
      EXPECT_EQ(figures.spill_loads, 0) << text_of(choice, architecture);
      EXPECT_EQ(figures.stack, 0) << text_of(choice, architecture);
    });
  }
};

std::vector<KernelChoice> separable_kernels(const std::vector<MethodSpec>& methods, int n) {
  std::vector<KernelChoice> out;
  for (const auto& choice : registry_kernels(methods, n, Precision::float64))
    if (separable(choice)) out.push_back(choice);
  return out;
}

/// The meta-learners with the rules whose state is a point or a number.
std::vector<MethodSpec> meta_methods() {
  const std::set<std::string> rules{"iterate", "step", "elementwise_step"};
  std::vector<MethodSpec> out;
  for (const auto& method : registry_methods())
    if (rules.contains(method.rule)) out.push_back(method);
  return out;
}

/// Dimensions of the tiers: a thread's registers, a warp's, a block's, shared and global memory.
constexpr int tiers[] = {3, 16, 40, 300, 2500, 30000};

TEST_P(CudaCompile, SmallLanesStayInRegisters) {
  expect_no_spills(separable_kernels(main_study_methods(), 8), 3);
  expect_no_spills(separable_kernels(meta_methods(), 16), 11);
}

TEST_P(CudaCompile, SampleOfTheRegistryOnEveryTier) {
  const auto methods = registry_methods();
  for (const Precision precision : {Precision::float64, Precision::float32})
    for (const int n : tiers) expect_compiled(registry_kernels(methods, n, precision), n <= 40 ? 307 : 613);
}

INSTANTIATE_TEST_SUITE_P(Shard, CudaCompile, testing::Range(0, static_cast<int>(shards)));

// The compiler's messages name the user's own file and line.
TEST(CudaUserFamily, CompilesAndShowsItsFaultsWithFileAndLine) {
  std::ifstream in(std::filesystem::path(test::source_directory) / "examples/pseudo_huber.hpp");
  std::ostringstream text;
  text << in.rdbuf();
  auto family = std::make_shared<UserFamily>();
  family->type = "PseudoHuber";
  family->file = "/home/me/pseudo_huber.hpp";
  family->text = text.str();
  Specialisation chosen;
  chosen.classical = "nesterov";
  chosen.user_family = family;
  chosen.shape.n = chosen.shape.terms = 2;
  chosen.record_size = 6;
  LaunchPolicy policy;
  policy.vectors = Vectors::registers;
  EXPECT_EQ(read_figures(compile(lane_source(chosen, policy), 90, true).log).at(0).spill_stores, 0);

  family->text.replace(family->text.find("d / root"), 8, "d / rout");
  const std::string before = family->text.substr(0, family->text.find("d / rout"));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  try {
    compile(lane_source(chosen, policy), 90);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("/home/me/pseudo_huber.hpp(" + std::to_string(line) + "): error"));
  }
}

using LongCudaCompile = CudaCompile;

TEST_P(LongCudaCompile, MainStudyOnEveryArchitecture) {
  const std::set<std::string> families{"huber", "asymmetric_huber", "quadratic", "tridiagonal", "logistic", "ridge"};
  const auto choices = registry_kernels(main_study_methods(), 8, Precision::float64);
  for (std::size_t k = static_cast<std::size_t>(GetParam()); k < choices.size(); k += shards) {
    const KernelChoice& choice = choices[k];
    if (!families.contains(choice.family.substr(0, choice.family.find(',')))) continue;
    for (const int architecture : architectures) {
      const KernelFigures figures = figures_of(choice, architecture);
      EXPECT_GT(figures.registers, 0) << text_of(choice, architecture);
      if (separable(choice)) {
        EXPECT_EQ(figures.spill_stores + figures.spill_loads, 0) << text_of(choice, architecture);
      }
    }
  }
}

TEST_P(LongCudaCompile, WholeRegistryOnEveryArchitecture) {
  const auto choices = registry_kernels(registry_methods(), 3, Precision::float64);
  for (std::size_t k = static_cast<std::size_t>(GetParam()); k < choices.size(); k += shards)
    for (const int architecture : architectures)
      EXPECT_GT(figures_of(choices[k], architecture).registers, 0) << text_of(choices[k], architecture);
}

// Every method and every family on every tier, in both precisions, for every architecture: the families take turns.
TEST_P(LongCudaCompile, EveryMethodAndFamilyOnEveryTier) {
  const auto methods = registry_methods();
  std::size_t turn = 0;
  for (const Precision precision : {Precision::float64, Precision::float32})
    for (const int n : tiers) {
      const auto choices = registry_kernels(methods, n, precision);
      const std::size_t families = choices.size() / methods.size();
      for (const int architecture : architectures) {
        for (std::size_t m = static_cast<std::size_t>(GetParam()); m < methods.size(); m += shards) {
          const KernelChoice& choice = choices[(m + turn) % families * methods.size() + m];
          EXPECT_GT(figures_of(choice, architecture).registers, 0) << text_of(choice, architecture);
        }
        ++turn;
      }
    }
}

TEST_P(LongCudaCompile, SmallLanesStayInRegistersInEveryDimension) {
  for (int n = 1; n <= 16; ++n) expect_no_spills(separable_kernels(meta_methods(), n), 1);
}

INSTANTIATE_TEST_SUITE_P(Shard, LongCudaCompile, testing::Range(0, static_cast<int>(shards)));

TEST(CudaCompileMerge, CompilesForEveryArchitecture) {
  for (const int architecture : architectures)
    for (const Precision precision : {Precision::float64, Precision::float32}) {
      const auto figures = read_figures(compile(merge_source(precision), architecture, true).log);
      ASSERT_EQ(figures.size(), 1u);
      for (const auto& kernel : figures) EXPECT_EQ(kernel.stack, 0) << kernel.kernel;
    }
}

TEST(CudaCompileErrors, CarryTheCompilersLog) {
  KernelSource source = merge_source(Precision::float64);
  source.header_text = "namespace omg::cuda::chosen { using Real = no_such_type; }\n";
  try {
    compile(source, 90);
    FAIL() << "compiled";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("precision.hpp"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("no_such_type"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace omg::cuda
