#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "paths.hpp"
#include "problem/data_set.hpp"

namespace omg {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class DataFile : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(::testing::TempDir()) /
              ("omg-" + std::string(test->test_suite_name()) + "-" + test->name());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& text, const std::string& name = "data") {
    const std::filesystem::path file = folder_ / name;
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }

  /// The message without the folder.
  template <class Read>
  std::string fault(Read read) {
    try {
      read();
    } catch (const Error& error) {
      const std::string message = error.what(), folder = folder_.string() + "/";
      EXPECT_THAT(message, HasSubstr(folder));
      return message.substr(message.find(folder) + folder.size());
    }
    return "no fault";
  }

  std::string libsvm_fault(const std::string& text) {
    const auto file = write(text);
    return fault([&] { read_libsvm(file); });
  }
  std::string csv_fault(const std::string& text, const std::string& label = "1") {
    const auto file = write(text);
    return fault([&] { read_csv(file, label); });
  }

  std::filesystem::path folder_;
};

using Libsvm = DataFile;
using Csv = DataFile;

TEST_F(Libsvm, ReadsRowsDense) {
  const DataSet data = read_libsvm(write("+1 1:0.5 3:-2e1 # a comment\r\n\n# another\n-1\n3 2:+7\t4:0"));
  EXPECT_EQ(data.columns, 4U);
  EXPECT_THAT(data.labels, ElementsAre(1, -1, 3));
  EXPECT_THAT(data.lines, ElementsAre(1, 4, 5));
  EXPECT_THAT(data.features, ElementsAre(0.5, 0, -20, 0, 0, 0, 0, 0, 0, 7, 0, 0));
}

TEST_F(Libsvm, ReadsTheShippedFiles) {
  struct Expected {
    const char* name;
    std::size_t rows, columns;
  };
  for (const auto& [name, rows, columns] : {Expected{"breast_cancer", 569, 30}, Expected{"digits", 1797, 64},
                                            Expected{"diabetes", 442, 10}, Expected{"a1a", 1605, 119}}) {
    const DataSet data = read_libsvm(std::string(test::source_directory) + "/studies/data/" + name + ".libsvm");
    EXPECT_EQ(data.rows(), rows);
    EXPECT_EQ(data.columns, columns);
    EXPECT_EQ(data.features.size(), rows * columns);
  }
}

TEST_F(Libsvm, NamesEveryFaultWithItsLine) {
  EXPECT_EQ(libsvm_fault("1 1:2\nx 1:2\n"), "data:2: found \"x\" in place of the label; allowed is a number");
  EXPECT_EQ(libsvm_fault("1:2 2:3\n"), "data:1: found \"1:2\" in place of the label; allowed is a number");
  EXPECT_EQ(libsvm_fault("nan 1:2\n"), "data:1: found the label nan; allowed is a finite number");
  EXPECT_EQ(libsvm_fault("1 1:2\n1 0:2\n"), "data:2: found the index 0 in \"0:2\"; indices count from 1");
  EXPECT_EQ(libsvm_fault("1 -3:2\n"), "data:1: found the index -3 in \"-3:2\"; indices count from 1");
  EXPECT_EQ(libsvm_fault("1 1.5:2\n"),
            "data:1: found the index \"1.5\" in \"1.5:2\"; allowed is a whole number from 1");
  EXPECT_EQ(libsvm_fault("1 qid:2\n"),
            "data:1: found the index \"qid\" in \"qid:2\"; allowed is a whole number from 1");
  EXPECT_EQ(libsvm_fault("1 :2\n"), "data:1: found the index \"\" in \":2\"; allowed is a whole number from 1");
  EXPECT_EQ(libsvm_fault("1 99999999999999999999:2\n"),
            "data:1: found the index \"99999999999999999999\" in \"99999999999999999999:2\"; allowed is a whole number "
            "from 1");
  EXPECT_EQ(libsvm_fault("1 1:1 3:1 2:1\n"),
            "data:1: found the index 2 after 3; allowed are increasing indices, each once");
  EXPECT_EQ(libsvm_fault("1 1:1\n1 2:1 2:1\n"),
            "data:2: found the index 2 after 2; allowed are increasing indices, each once");
  EXPECT_EQ(libsvm_fault("1 1:1\n1 5\n"), "data:2: found \"5\"; allowed is index:value");
  EXPECT_EQ(libsvm_fault("1 1:abc\n"), "data:1: found the value \"abc\" in \"1:abc\"; allowed is a number");
  EXPECT_EQ(libsvm_fault("1 1:2x\n"), "data:1: found the value \"2x\" in \"1:2x\"; allowed is a number");
  EXPECT_EQ(libsvm_fault("1 1:\n"), "data:1: found the value \"\" in \"1:\"; allowed is a number");
  EXPECT_EQ(libsvm_fault("1 1:2:3\n"), "data:1: found the value \"2:3\" in \"1:2:3\"; allowed is a number");
  EXPECT_EQ(libsvm_fault("1 1:1\n\n1 1:nan\n"), "data:3: found the value nan in \"1:nan\"; allowed is a finite number");
  EXPECT_EQ(libsvm_fault("1 1:-inf\n"), "data:1: found the value -inf in \"1:-inf\"; allowed is a finite number");
  EXPECT_EQ(libsvm_fault("1 1:1e999\n"), "data:1: found the value \"1e999\" in \"1:1e999\"; allowed is a number");
  EXPECT_EQ(libsvm_fault(""), "data: the file has no rows; expected lines of the form label index:value …");
  EXPECT_EQ(libsvm_fault("# nothing\n\n"),
            "data: the file has no rows; expected lines of the form label index:value …");
  EXPECT_EQ(libsvm_fault("1\n-1\n"), "data: the file has labels but no features; expected label index:value …");
  EXPECT_EQ(libsvm_fault("1 3000000000:1\n"),
            "data:1: found 1 rows and 3000000000 columns; held dense, at most 2^31 numbers are allowed");
  EXPECT_EQ(fault([&] { read_libsvm(folder_ / "absent"); }), "absent: there is no such file; expected a data file");
  EXPECT_THAT(fault([&] { read_libsvm(folder_ / "."); }), EndsWith("this is a folder, expected a data file"));
}

TEST_F(Csv, ReadsRowsWithAndWithoutHeader) {
  const DataSet plain = read_csv(write("1, 2,3\r\n-1,5,6\r\n"));
  EXPECT_THAT(plain.labels, ElementsAre(1, -1));
  EXPECT_THAT(plain.features, ElementsAre(2, 3, 5, 6));
  EXPECT_EQ(plain.columns, 2U);
  const auto file = write("\"age\",weight,class\n\n1,2,3\n4,5,6\n");
  const DataSet by_name = read_csv(file, "class");
  EXPECT_THAT(by_name.labels, ElementsAre(3, 6));
  EXPECT_THAT(by_name.features, ElementsAre(1, 2, 4, 5));
  EXPECT_THAT(by_name.lines, ElementsAre(3, 4));
  EXPECT_THAT(read_csv(file, "age").labels, ElementsAre(1, 4));
  EXPECT_THAT(read_csv(file, "2").labels, ElementsAre(2, 5));
}

TEST_F(Csv, NamesEveryFaultWithItsLine) {
  EXPECT_EQ(csv_fault("1,2,3\n1,2\n"), "data:2: found 2 columns, 3 in the lines before");
  EXPECT_EQ(csv_fault("1,2\n1,2,3\n"), "data:2: found 3 columns, 2 in the lines before");
  EXPECT_EQ(csv_fault("1,2\n1,x\n"), "data:2: found \"x\" in column 2; allowed is a finite number");
  EXPECT_EQ(csv_fault("1,x\n1,2\n"), "data:1: found \"x\" in column 2; allowed is a finite number");
  EXPECT_EQ(csv_fault("1,2\n1,\n"), "data:2: found \"\" in column 2; allowed is a finite number");
  EXPECT_EQ(csv_fault("1,2\nnan,3\n"), "data:2: found \"nan\" in column 1; allowed is a finite number");
  EXPECT_EQ(csv_fault("1\n2\n"), "data:1: found one column; expected a label and at least one feature");
  EXPECT_EQ(csv_fault(""), "data: the file has no rows; expected lines of comma-separated numbers");
  EXPECT_EQ(csv_fault("a,b\n"), "data: the file has no rows; expected lines of comma-separated numbers");
  EXPECT_EQ(csv_fault("a,b\n1,2\n", "c"),
            "data:1: there is no label column \"c\"; allowed is a name of the header or a number from 1 to 2");
  EXPECT_EQ(csv_fault("1,2\n", "3"),
            "data:1: there is no label column \"3\"; allowed is a name of the header or a number from 1 to 2");
}

TEST(DataSet, IsStandardisedToZeroMeanAndUnitVariance) {
  DataSet data;
  data.columns = 3;
  // The second column sits on an offset that a one-pass variance would drown in; the third is constant.
  data.features = {1, 1e9 + 1, 7, 2, 1e9 + 2, 7, 6, 1e9 + 6, 7};
  data.labels = {1, 2, 6};
  standardise(data);
  const double deviation = std::sqrt(14.0 / 3);  // of 1, 2, 6 round 3
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_DOUBLE_EQ(data.features[3 * i], (data.labels[i] - 3) / deviation);
    EXPECT_DOUBLE_EQ(data.features[3 * i + 1], (data.labels[i] - 3) / deviation);
    EXPECT_EQ(data.features[3 * i + 2], 0);
  }
  centre_labels(data);
  EXPECT_THAT(data.labels, ElementsAre(-2, -1, 3));
  append_intercept(data, -1);
  EXPECT_EQ(data.columns, 4U);
  EXPECT_EQ(data.features[4 + 3], -1);
  EXPECT_EQ(data.features[4 + 2], 0);
}

TEST(DataSet, RefusesLabelsThatTheFamilyCannotTake) {
  DataSet data;
  data.file = "some.libsvm";
  data.labels = {0, 1, 2};
  data.lines = {4, 5, 9};
  EXPECT_NO_THROW(check_labels(data, Labels::real, 1, "ridge"));
  EXPECT_NO_THROW(check_labels(data, Labels::classes, 3, "softmax_regression"));
  try {
    check_labels(data, Labels::classes, 2, "softmax_regression");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(
        error.what(),
        "some.libsvm:9: found the label 2; the family softmax_regression allows the classes 0 to 1 (classes = 2)");
  }
}

}  // namespace
}  // namespace omg
