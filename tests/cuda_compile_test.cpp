// The lane kernels compile to machine code for every architecture, with no GPU about, and keep the state of a small
// lane in registers. Tests are cut into shards, so that they run side by side.

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cuda/figures.hpp"

namespace omg::cuda {
namespace {

constexpr int architectures[] = {80, 90, 100};
constexpr int shards = 8;

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

bool in_main_study(const KernelChoice& choice) {
  const std::set<std::string> families{"huber", "asymmetric_huber", "quadratic", "tridiagonal", "logistic", "ridge"};
  return families.contains(choice.chosen.family);
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
  /// Kernels of this shard.
  template <class F>
  void each(const std::vector<KernelChoice>& choices, F&& f) const {
    for (std::size_t k = 0; k < choices.size(); ++k)
      if (static_cast<int>(k % shards) == GetParam()) f(choices[k], k / shards);
  }
};

TEST_P(CudaCompile, MainStudyKeepsSmallSeparableLanesInRegisters) {
  int compiled = 0;
  each(registry_kernels(main_study_methods(), 8, Precision::float64), [&](const KernelChoice& choice, std::size_t) {
    if (!separable(choice)) return;
    for (const int architecture : architectures) {
      const KernelFigures figures = figures_of(choice, architecture);
      EXPECT_EQ(figures.spill_stores, 0) << text_of(choice, architecture);
      EXPECT_EQ(figures.spill_loads, 0) << text_of(choice, architecture);
      EXPECT_EQ(figures.stack, 0) << text_of(choice, architecture);
      ++compiled;
    }
  });
  EXPECT_GT(compiled, 50);
}

TEST_P(CudaCompile, MainStudyOnTheOtherFamilies) {
  each(registry_kernels(main_study_methods(), 2, Precision::float64), [&](const KernelChoice& choice, std::size_t k) {
    if (separable(choice) || !in_main_study(choice)) return;
    const int architecture = architectures[k % 3];  // all three in LongCudaCompile
    EXPECT_GT(figures_of(choice, architecture).registers, 0) << text_of(choice, architecture);
  });
}

TEST_P(CudaCompile, SampleOfTheRegistryInBothPrecisionsAndTiers) {
  const auto methods = registry_methods();
  const auto small = registry_kernels(methods, 3, Precision::float32);
  const auto large = registry_kernels(methods, 40, Precision::float64);
  // Every method of this shard's sample on each tier; family and architecture change from method to method.
  constexpr std::size_t sample = 7;
  const std::size_t families = small.size() / methods.size();
  for (std::size_t m = sample * static_cast<std::size_t>(GetParam()); m < methods.size(); m += sample * shards) {
    const KernelChoice &choice = small[m % families * methods.size() + m],
                       &other = large[(m + 4) % families * methods.size() + m];
    EXPECT_GT(figures_of(choice, architectures[m % 3]).registers, 0) << choice.method;
    EXPECT_GT(figures_of(other, architectures[(m + 1) % 3]).registers, 0) << other.method;
  }
}

INSTANTIATE_TEST_SUITE_P(Shard, CudaCompile, testing::Range(0, shards));

TEST(CudaLimits, CompileWithoutSpills) {
  for (const Precision precision : {Precision::float64, Precision::float32}) {
    KernelSource source = merge_source(precision);
    source.file = "kernels/limits.cu";
    for (const int architecture : architectures) {
      const auto kernels = read_figures(compile(source, architecture, true).log);
      ASSERT_EQ(kernels.size(), 3u);
      for (const auto& kernel : kernels) EXPECT_EQ(kernel.spill_stores + kernel.stack, 0) << architecture;
    }
  }
}

using LongCudaCompile = CudaCompile;

TEST_P(LongCudaCompile, WholeRegistryOnEveryFamilyAndArchitecture) {
  for (const Precision precision : {Precision::float64, Precision::float32})
    each(registry_kernels(registry_methods(), 3, precision), [&](const KernelChoice& choice, std::size_t) {
      for (const int architecture : architectures)
        EXPECT_GT(figures_of(choice, architecture).registers, 0) << text_of(choice, architecture);
    });
}

TEST_P(LongCudaCompile, WholeRegistryInMemory) {
  each(registry_kernels(registry_methods(), 40, Precision::float64), [&](const KernelChoice& choice, std::size_t k) {
    const int architecture = architectures[k % 3];
    EXPECT_GT(figures_of(choice, architecture).registers, 0) << text_of(choice, architecture);
  });
}

TEST_P(LongCudaCompile, MainStudyAtEveryDimensionUpToEight) {
  for (int n = 1; n <= 8; ++n)
    each(registry_kernels(main_study_methods(), n, Precision::float64), [&](const KernelChoice& choice, std::size_t) {
      if (!separable(choice)) return;
      for (const int architecture : architectures) {
        const KernelFigures figures = figures_of(choice, architecture);
        EXPECT_EQ(figures.spill_stores + figures.stack, 0) << text_of(choice, architecture);
      }
    });
}

INSTANTIATE_TEST_SUITE_P(Shard, LongCudaCompile, testing::Range(0, shards));

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
