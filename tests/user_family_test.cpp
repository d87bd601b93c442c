// Families that a user brings as a header.
#include "omg/user_family.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "omg/backend.hpp"
#include "omg/error.hpp"
#include "omg/plan.hpp"

#include "cpu/engine.hpp"
#include "paths.hpp"

namespace omg {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

class UserFamilyTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("omg-user-family-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    setenv("XDG_CACHE_HOME", (folder_ / "cache").c_str(), 1);
  }
  void TearDown() override {
    unsetenv("XDG_CACHE_HOME");
    unsetenv("CXX");
    std::filesystem::remove_all(folder_);
  }

  /// The registry's huber under another name, as a user's header; `from` in it becomes `to`.
  void write_header(const std::string& from = "", const std::string& to = "") const {
    std::string text = text_of(std::filesystem::path(test::source_directory) / "include/omg/families/huber.hpp");
    const auto replace = [&](const std::string& what, const std::string& by) {
      ASSERT_NE(text.find(what), std::string::npos) << what;
      text.replace(text.find(what), what.size(), by);
    };
    replace("struct Huber", "struct MyHuber");
    replace("entry{\"huber\"", "entry{\"my_huber\"");
    if (!from.empty()) replace(from, to);
    std::ofstream(folder_ / "my_huber.hpp") << text;
  }

  /// A study of that family; `keys` are further ones of the problem.
  [[nodiscard]] Plan plan(const std::string& family, const std::string& keys, const std::string& precision) const {
    std::ofstream(folder_ / "study.toml") << R"toml(
iterations = 200
seed = 5
precision = ")toml" << precision << R"toml("
[[problem]]
name = "p"
family = ")toml" << family << "\"\n" << keys
                                          << R"toml(
instances = 77
dimension = 3
terms = 4
directions = "haar"
threshold = { log_uniform = [1e-4, 1] }
strong_convexity = 0.01
[[method]]
name = "optimistic"
rule = "iterate"
learner = "optimistic_ftrl"
hint = "last"
weights = "t"
meta_step = ["1/(4*L)", "1/(8*L)"]
bound = "4*L*R^2/(t*(t+1))"
[[method]]
name = "Polyak"
classical = "polyak"
)toml";
    return make_plan(load_study(folder_ / "study.toml"));
  }
  [[nodiscard]] Plan user_plan(const std::string& precision = "float64") const {
    return plan("my_huber", "family_header = \"my_huber.hpp\"", precision);
  }

  [[nodiscard]] std::string complaint() const {
    try {
      (void)user_plan();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  std::filesystem::path folder_;
};

TEST_F(UserFamilyTest, IsTheRegistrysToTheBit) {
  if (cpu::chosen_instruction_set() == "sse2")
    GTEST_SKIP() << "SSE2 multiplies and adds in two steps, but the user's header is compiled for this processor";
  write_header();
  for (const char* precision : {"float64", "float32"}) {
    const Plan own = user_plan(precision), registry = plan("huber", "", precision);
    ASSERT_EQ(own.cells.size(), registry.cells.size());
    for (std::size_t c = 0; c < own.cells.size(); ++c) {
      const Problem &ours = *own.cells[c].problem, &theirs = *registry.cells[c].problem;
      EXPECT_EQ(ours.records(), theirs.records());
      for (std::size_t i = 0; i < ours.instances; ++i) {
        EXPECT_EQ(ours.smoothness[i], theirs.smoothness[i]);
        EXPECT_EQ(initial_gap(ours, i), initial_gap(theirs, i));
      }
      const LaneRange all{0, own.cells[c].lanes()};
      EXPECT_EQ(make_cpu_backend()->run(own.cells[c], all, {}), make_cpu_backend()->run(registry.cells[c], all, {}));
    }
  }
}

TEST_F(UserFamilyTest, IsCompiledOnceAndRunsOnTheReference) {
  write_header();
  const Plan own = user_plan(), registry = plan("huber", "", "float64");
  const LaneRange some{0, 20};
  const auto ours = make_reference_backend()->run(own.cells[0], some, {}),
             theirs = make_reference_backend()->run(registry.cells[0], some, {});
  for (std::size_t k = 0; k < 32; ++k)
    EXPECT_NEAR(ours.envelope[k].value, theirs.envelope[k].value, 1e-9 * theirs.envelope[k].value) << k;

  setenv("CXX", "false", 1);  // another compiler is another key: nothing comes from the cache
  EXPECT_THAT(complaint(), HasSubstr("does not compile"));
  unsetenv("CXX");
  const std::string path = std::getenv("PATH");
  setenv("PATH", "/nowhere", 1);
  EXPECT_EQ(complaint(), "");  // needs no compiler any more
  setenv("PATH", path.c_str(), 1);
}

TEST_F(UserFamilyTest, OfTheExamplesKeepsItsBounds) {
  const Plan plan = make_plan(load_study(std::filesystem::path(test::source_directory) / "examples/pseudo_huber.toml"));
  for (const Cell& cell : plan.cells) {
    const auto found = make_cpu_backend()->run(cell, {0, cell.lanes()}, {});
    EXPECT_GT(found.certificate.ratio, 0.9);
    EXPECT_LE(found.certificate.ratio, 1 + 1e-9);
  }
}

TEST_F(UserFamilyTest, ThatContradictsItselfIsRefusedWithTheFigures) {
  write_header("return slope * fma(", "return R(1.001) * slope * fma(");
  EXPECT_THAT(complaint(), HasSubstr("contradicts itself: instance 0, at its start the derivative of f along"));
  write_header("draw_with_thresholds(in, out);",
               "draw_with_thresholds(in, out), out.smoothness(1e-3), out.strong_convexity(0);");
  EXPECT_THAT(complaint(), HasSubstr("is too small"));
  write_header("draw_with_thresholds(in, out);", "draw_with_thresholds(in, out), out.strong_convexity(-1);");
  EXPECT_THAT(complaint(), HasSubstr("mu = -1, and should lie between 0 and L"));
  write_header("draw_with_thresholds(in, out);",
               "draw_with_thresholds(in, out), out.smoothness(100), out.strong_convexity(99);");
  EXPECT_THAT(complaint(), HasSubstr("mu = 99 is too large"));
}

TEST_F(UserFamilyTest, WhatItThrowsIsNamedWhereTheStudyNamesIt) {
  write_header("draw_with_thresholds(in, out);", "draw_with_thresholds(in, out), throw 5;");
  EXPECT_THAT(complaint(), HasSubstr("study.toml:5: problem.p.family_header: draw of the family my_huber failed for "
                                     "instance 0: it threw what is no std::exception"));
}

TEST_F(UserFamilyTest, ThatCannotBeHadIsRefusedWithTheReason) {
  EXPECT_THAT(complaint(), HasSubstr("cannot read"));
  write_header("const R mu = in.field(2 * terms);", "const R mu = in.felid(2 * terms);");
  const std::string found = complaint();
  EXPECT_THAT(found, HasSubstr("study.toml:8: problem.p.family_header: the family"));
  EXPECT_THAT(found, ContainsRegex("my_huber\\.hpp:[0-9]+:.*error.*felid"));
  write_header("entry{\"my_huber\"", "entry{\"other\"");
  EXPECT_THAT(complaint(), HasSubstr("calls itself \"other\""));
  EXPECT_THROW((void)plan("huber", "family_header = \"my_huber.hpp\"", "float64"), Error);
  setenv("CXX", "/nowhere/c++", 1);
  EXPECT_THAT(complaint(), HasSubstr("none was found (tried /nowhere/c++)"));
}

// Two headers may name their families alike, each with tables of its own.
TEST_F(UserFamilyTest, HeadersDoNotSeeEachOther) {
  const auto gap_of = [&](const std::vector<std::string>& headers) {
    std::ofstream study(folder_ / "two.toml");
    study << "iterations = 10\nseed = 1\n[[method]]\nname = \"m\"\nclassical = \"gradient_descent\"\n";
    for (const std::string& header : headers)
      study << "[[problem]]\nname = \"" << header << "\"\nfamily = \"my_huber\"\nfamily_header = \"" << header
            << "\"\ninstances = 3\nstart = 1\nminimiser = 0\n";
    study.close();
    const Plan plan = make_plan(load_study(folder_ / "two.toml"));
    const Cell& last = plan.cells.back();
    return make_cpu_backend()->run(last, {0, last.lanes()}, {}).envelope.back().value;
  };
  for (const char* threshold : {"0.01", "0.5"}) {
    write_header("{\"threshold\", \"\"", std::string("{\"threshold\", \"") + threshold + "\"");
    std::filesystem::rename(folder_ / "my_huber.hpp", folder_ / (std::string(threshold) + ".hpp"));
  }
  const double first = gap_of({"0.01.hpp"}), second = gap_of({"0.5.hpp"});
  EXPECT_NE(first, second);
  EXPECT_EQ(gap_of({"0.01.hpp", "0.5.hpp"}), second);
  EXPECT_EQ(gap_of({"0.5.hpp", "0.01.hpp"}), first);
}

// A library that was cut off, as by a full disk, is made again: loading it could end the program.
TEST_F(UserFamilyTest, DamagedLibrariesAreMadeAgain) {
  write_header();
  (void)user_plan();
  std::filesystem::path library;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "cache/omg"))
    if (entry.path().extension() == ".so") library = entry.path();
  ASSERT_FALSE(library.empty());
  const std::string whole = text_of(library);
  for (const std::size_t size : {std::size_t{0}, std::size_t{4096}, whole.size() - 1}) {
    const auto part = folder_ / "part";
    std::ofstream(part, std::ios::binary) << whole.substr(0, size);
    std::filesystem::rename(part, library);
    EXPECT_EQ(complaint(), "") << size;
    EXPECT_EQ(text_of(library).size(), whole.size());
  }
}

}  // namespace
}  // namespace omg
