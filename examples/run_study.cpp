// Runs a study from C++ and prints the rate of every cell.
//
//   run_study STUDY.toml

#include <cstdio>
#include <exception>

#include "omg/run.hpp"

int main(int argc, char** argv) try {
  if (argc != 2) throw omg::Error("one argument is expected: a study file");
  const omg::Plan plan = omg::make_plan(omg::load_study(argv[1]));
  const omg::ChosenBackend chosen = omg::choose_backend("auto");
  const omg::StudyResult result = omg::run_study(plan, *chosen.backend);

  for (std::size_t c = 0; c < plan.cells.size(); ++c) {
    const omg::Cell& cell = plan.cells[c];
    const omg::CellResult& found = result.cells[c];
    const omg::Extreme& last = found.statistics.envelope.back();
    std::printf("%s / %s: envelope(%lld) = %.4e at lane %llu, exponent %.3f", cell.problem->name.c_str(),
                cell.method.name.c_str(), static_cast<long long>(cell.iterations), last.value,
                static_cast<unsigned long long>(last.lane), found.fit.exponent);
    if (found.statistics.certificate.lane != omg::no_lane)
      std::printf(", largest gap / bound %.6f", found.statistics.certificate.ratio);
    std::printf("\n");
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
