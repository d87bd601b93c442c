#pragma once

#include <vector>

#include "omg/lane/classical.hpp"
#include "omg/lane/family.hpp"
#include "omg/lane/meta_gradient.hpp"
#include "omg/lane/team.hpp"
#include "omg/plan.hpp"

#include "support/thread_team.hpp"

namespace omg::test {

/// The coefficients of a lane, as the engines make them.
template <class Method>
Coefficients<double, Method::parameters> coefficients_of(const Cell& cell, std::uint64_t lane) {
  const std::size_t instances = cell.problem->instances, setting = lane / instances;
  const Variant& variant = cell.variants[cell.variant_of[setting]];
  Coefficients<double, Method::parameters> out{};
  std::size_t row = 0;
  for (int k = 0; k < Method::parameters; ++k) {
    out.constant[k] = cell.constant(static_cast<std::size_t>(k), setting, lane % instances);
    out.table[k] = Method::parameter(k).scheduled ? variant.tables[row++].data() : nullptr;
  }
  out.alpha = variant.alpha.data();
  out.rho = variant.rho.data();
  out.initial = variant.initial.empty() ? nullptr : variant.initial.data();
  return out;
}

/// Gaps of a lane whose vectors the context places, t = 1 … T.
template <class Method, class Family, class C>
std::vector<double> run_lane(const Cell& cell, std::uint64_t lane_number, const C& c) {
  const Problem& problem = *cell.problem;
  const auto k = coefficients_of<Method>(cell, lane_number);
  Bounds<double> bounds{};
  if constexpr (requires { Method::rule_offset; }) {
    bounds.lower = k.at(MetaParameters::lower);
    bounds.upper = k.at(MetaParameters::upper);
    bounds.radius = k.at(MetaParameters::radius);
  }
  const LaneInstance<double> instance{
      problem.records().data() + lane_number % problem.instances, static_cast<long long>(problem.instances),
      problem.shape.shared ? problem.shared.data() : nullptr, problem.shape.n, problem.data_size};
  using Oracle = FamilyOracle<Family, C, Shape, LaneInstance<double>>;
  Oracle oracle(c, problem.shape, instance);
  typename Method::template Lane<C, Oracle, Options> lane(c, oracle, cell.options, k, bounds);
  lane.start();
  std::vector<double> gaps;
  for (int t = 1; t <= cell.iterations; ++t) gaps.push_back(lane.advance(t));
  return gaps;
}

/// The same by a team of threads, the lane's vectors in memory (N = 0) or with its members (N = n). Checks that all
/// members see the same bits.
template <class Method, class Family, int N, class Team>
std::vector<double> run_team_lane(const Cell& cell, std::uint64_t lane) {
  std::vector<double> local(1000), memory(100000);
  std::vector<std::vector<double>> gaps(Team::size);
  run_team<Team>([&](const Team& team) {
    TeamArena<double> arena{local.data()};
    auto& out = gaps[static_cast<std::size_t>(team.rank())];
    if constexpr (N > 0) {
      out = run_lane<Method, Family>(cell, lane, TeamRegisterContext<double, N, Team>(team, arena, memory.data()));
    } else {
      out = run_lane<Method, Family>(
          cell, lane, TeamMemoryContext<double, Team>(cell.problem->shape.n, team, arena, memory.data()));
    }
  });
  for (const auto& member : gaps)
    for (std::size_t t = 0; t < member.size(); ++t)
      if (std::memcmp(&member[t], &gaps[0][t], sizeof(double)) != 0)
        throw Error("members of a team disagree at t = " + std::to_string(t + 1));
  return gaps[0];
}

}  // namespace omg::test
