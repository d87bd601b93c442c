// What the lane kernels of the registry take of a GPU, from the compiler and without a GPU.
#include <cstdio>
#include <cstring>
#include <exception>
#include <sstream>
#include <string>
#include <vector>

#include "omg/error.hpp"

#include "cuda/figures.hpp"

namespace {

using namespace omg;
using namespace omg::cuda;

constexpr const char* usage =
    "usage: omg_cuda_report [--architectures 80,90,100] [--dimensions 1,2,4,8,16] [--precision float64|float32]\n"
    "                       [--family TEXT] [--method TEXT]\n"
    "Compiles the kernels of the registry and prints what each takes: registers per thread, stack and spilled bytes\n"
    "per thread, shared memory per block. TEXT picks the families or methods whose name contains it.\n";

std::vector<int> numbers(const std::string& text) {
  std::vector<int> out;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    std::size_t used = 0;
    int value = 0;
    try {
      value = std::stoi(word, &used);
    } catch (const std::exception&) {
      used = 0;
    }
    if (used == 0 || used != word.size() || value < 1)
      throw Error("found \"" + word + "\", allowed are whole numbers from 1, separated by commas");
    out.push_back(value);
  }
  return out;
}

struct Request {
  std::vector<int> architectures{80, 90, 100};
  std::vector<int> dimensions{1, 2, 4, 8, 16};
  Precision precision = Precision::float64;
  std::string family, method;
};

Request read_request(int count, char** words) {
  Request out;
  for (int k = 1; k + 1 < count; k += 2) {
    const std::string key = words[k], value = words[k + 1];
    if (key == "--architectures") {
      out.architectures = numbers(value);
    } else if (key == "--dimensions") {
      out.dimensions = numbers(value);
    } else if (key == "--precision" && (value == "float64" || value == "float32")) {
      out.precision = value == "float64" ? Precision::float64 : Precision::float32;
    } else if (key == "--family") {
      out.family = value;
    } else if (key == "--method") {
      out.method = value;
    } else {
      throw Error("found " + key + " " + value + "\n" + usage);
    }
  }
  if (count % 2 == 0) throw Error(usage);
  return out;
}

void print_report(const Request& request) {
  std::printf("%-4s %-24s %-56s %3s %-9s %9s %6s %7s %7s\n", "sm", "family", "method", "n", "state", "registers",
              "stack", "spilled", "shared");
  const auto methods = registry_methods();
  for (const int n : request.dimensions)
    for (const auto& choice : registry_kernels(methods, n, request.precision)) {
      if (choice.family.find(request.family) == std::string::npos) continue;
      if (choice.method.find(request.method) == std::string::npos) continue;
      for (const int architecture : request.architectures) {
        const LaunchPolicy policy = launch_policy(architecture, choice.chosen);
        const KernelSource source = lane_source(choice.chosen, policy);
        const KernelFigures figures = read_figures(compile(source, architecture, true).log).front();
        std::printf("%-4d %-24s %-56s %3d %-9s %9d %6d %7d %7d\n", architecture, choice.family.c_str(),
                    choice.method.c_str(), n, name_of(policy.vectors), figures.registers, figures.stack,
                    figures.spill_stores, figures.shared);
        std::fflush(stdout);
      }
    }
}

}  // namespace

int main(int count, char** words) {
  try {
    print_report(read_request(count, words));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "omg_cuda_report: %s\n", error.what());
    return 2;
  }
  return 0;
}
