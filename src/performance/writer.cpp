#include <algorithm>
#include <fstream>
#include <span>
#include <vector>

#include <nlohmann/json.hpp>

#include "omg/error.hpp"

#include "workloads.hpp"

namespace omg::bench {

void write_workload(const Workload& workload, const std::filesystem::path& folder) {
  std::string name = workload.name;
  std::replace(name.begin(), name.end(), '/', '_');
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  std::ofstream numbers(folder / (name + ".bin"), std::ios::binary), text(folder / (name + ".json"));
  if (!numbers || !text) throw Error("the folder " + folder.string() + " cannot be written to");

  // Software that passes over all lanes in every operation takes minutes for the million lanes of W5, at the same rate.
  constexpr std::int64_t most = 1 << 16;
  const std::int64_t instances = workload.study().problems[0].instances;
  const Plan plan = plan_of(workload, Precision::float64, 0, std::min(instances, most));
  const Cell& cell = plan.cells[0];
  const Problem& problem = *cell.problem;
  nlohmann::ordered_json arrays;
  std::uint64_t position = 0;
  const auto write = [&](const std::string& key, std::span<const double> values, std::vector<std::size_t> shape) {
    arrays[key] = {{"at", position}, {"shape", std::move(shape)}};
    numbers.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
    position += values.size();
  };
  std::size_t at = 0;
  for (const Field& field : problem.fields) {
    write(field.name, std::span(problem.records()).subspan(at, field.size * problem.instances),
          {field.size, problem.instances});
    at += field.size * problem.instances;
  }
  at = 0;
  for (const Field& field : problem.shared_fields) {
    write(field.name, std::span(problem.shared).subspan(at, field.size), {field.size});
    at += field.size;
  }
  std::vector<double> scale;
  for (std::size_t i = 0; i < problem.instances; ++i) scale.push_back(problem.scale[i]);
  write("scale", scale, {problem.instances});
  for (std::size_t p = 0; p < cell.parameter_names.size(); ++p) {
    std::vector<double> values;
    for (std::uint64_t setting = 0; setting < cell.settings; ++setting)
      for (std::size_t i = 0; i < problem.instances; ++i) values.push_back(cell.constant(p, setting, i));
    write("parameter " + cell.parameter_names[p], values, {cell.settings, problem.instances});
  }
  const CellStatistics answer = make_cpu_backend()->run(cell, {0, cell.lanes()}, {});
  const nlohmann::ordered_json json{{"workload", workload.name},
                                    {"family", problem.family},
                                    {"n", problem.shape.n},
                                    {"rows", problem.shape.terms},
                                    {"lanes", cell.lanes()},
                                    {"iterations", cell.iterations},
                                    {"largest", answer.envelope.back().value},
                                    {"smallest", answer.smallest.back().value},
                                    {"arrays", arrays}};
  text << json.dump(2) << '\n';
  if (!numbers.flush() || !text.flush()) throw Error("the folder " + folder.string() + " cannot be written to");
}

}  // namespace omg::bench
