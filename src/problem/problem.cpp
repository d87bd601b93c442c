#include "omg/problem.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <stdexcept>

#include <fmt/format.h>

#include "omg/registry.hpp"
#include "omg/study.hpp"
#include "omg/user_family.hpp"

#include "problem/input.hpp"
#include "problem/kept_minimum.hpp"
#include "user/check.hpp"
#include "user/function.hpp"

namespace omg {

namespace {

CommonDefaults common_defaults(const FamilyHost& family) {
  if (family.solved || family.knows_minimiser) return {.start = "0", .minimiser = ""};
  return {};
}

std::size_t total(const std::vector<Field>& fields) {
  std::size_t sum = 0;
  for (const auto& field : fields) sum += field.size;
  return sum;
}

std::vector<double> gather(const std::vector<Field>& fields, std::string_view name, const double* first,
                           std::size_t stride) {
  for (const auto& field : fields) {
    if (field.name == name) {
      std::vector<double> out(field.size);
      for (std::size_t k = 0; k < field.size; ++k) out[k] = first[k * stride];
      return out;
    }
    first += field.size * stride;
  }
  return {};
}

/// Makes room for the records of a problem whose shape is known.
void allocate(Problem& out, const Layout& layout, const ProblemSpec& spec) {
  const auto n = static_cast<std::size_t>(out.shape.n);
  out.fields = {{"start", n}, {"minimiser", n}};
  if (out.shape.shared) {
    out.shared_fields = layout.data;
  } else {
    out.fields.insert(out.fields.end(), layout.data.begin(), layout.data.end());
  }
  out.fields.insert(out.fields.end(), layout.fields.begin(), layout.fields.end());

  const std::size_t record = total(out.fields), shared = total(out.shared_fields);
  // Lanes count the entries of a record in an int.
  constexpr auto most = static_cast<std::size_t>(std::numeric_limits<int>::max());
  if (record > most || shared > most)
    throw Error(spec.place, fmt::format("an instance of dimension {} takes {} numbers; at most 2^31 are allowed", n,
                                        std::max(record, shared)));
  out.data_size = out.shape.shared ? 0 : static_cast<int>(total(layout.data));
  try {
    out.records.resize(record * out.instances);
    out.shared.resize(shared);
    for (auto* values :
         {&out.smoothness, &out.strong_convexity, &out.minimum, &out.distance, &out.initial_gap, &out.scale})
      values->assign(out.instances, 0);
  } catch (const std::bad_alloc&) {
    throw Error(spec.place, fmt::format("{} instances of {} numbers do not fit the memory", out.instances, record));
  } catch (const std::length_error&) {
    throw Error(spec.place, fmt::format("{} instances of {} numbers do not fit the memory", out.instances, record));
  }
}

/// What the gap of instance i is divided by.
double scale_of(const Problem& problem, std::size_t i, Normalisation normalisation) {
  const double square = problem.distance[i] * problem.distance[i];
  switch (normalisation) {
    case Normalisation::LR2:
      return problem.smoothness[i] * square;
    case Normalisation::R2:
      return square;
    case Normalisation::initial_gap:
      return problem.initial_gap[i];
    case Normalisation::initial_gap_plus_mu:
      return problem.initial_gap[i] + problem.strong_convexity[i] * square / 2;
    case Normalisation::none:
      return 1;
  }
  return 1;
}

void check_instance(const Problem& problem, std::size_t i, const ProblemInput& input) {
  if (!(problem.smoothness[i] > 0) || !std::isfinite(problem.smoothness[i]))
    throw Error(input.place("family"),
                fmt::format("instance {} has the smoothness L = {}; the parameters of the family "
                            "must give a finite number above 0",
                            i, problem.smoothness[i]));
  if (!(problem.distance[i] > 0) || !std::isfinite(problem.distance[i]))
    input.refuse("start", fmt::format("instance {} starts at the distance R = {} from its minimiser; choose a start "
                                      "elsewhere",
                                      i, problem.distance[i]));
  if (!(problem.scale[i] > 0) || !std::isfinite(problem.scale[i]))
    throw Error(input.place("normalise"),
                fmt::format("instance {} would have its gaps divided by {} (L = {}, R = {}, f(x0) - f* = {}); choose "
                            "another start or normalise = \"none\"",
                            i, problem.scale[i], problem.smoothness[i], problem.distance[i], problem.initial_gap[i]));
}

/// Draws the instances of one problem, one after the other.
class Drawing {
 public:
  Drawing(const Study& study, std::size_t index, const FamilyHost& family)
      : spec_(study.problems[index]),
        family_(family),
        problem_(std::make_shared<Problem>()),
        input_(study, index, family.parameters, family.labels, common_defaults(family), problem_->shape) {
    problem_->name = spec_.name;
    problem_->family = spec_.family;
    problem_->user_family = spec_.user_family;
    problem_->instances = static_cast<std::size_t>(spec_.instances);
    problem_->shape.n = 0;  // not known yet
    family.shape(input_, problem_->shape);
    allocate(*problem_, family.layout(problem_->shape), spec_);
  }

  std::shared_ptr<const Problem> draw() {
    InstanceWriter out(*problem_);
    InstanceFunction f(family_, *problem_);
    const auto n = static_cast<std::size_t>(problem_->shape.n);
    start_.resize(n);
    minimiser_.resize(n);
    double safe = std::numeric_limits<float>::max() / 4;
    for (std::size_t i = 0; i < problem_->instances; ++i) {
      out.select(i);
      if (family_.solved) {
        family_.draw(input_, out);
        solve(out);
        place_start(out);
      } else if (family_.knows_minimiser) {
        family_.draw(input_, out);
        for (std::size_t k = 0; k < n; ++k) minimiser_[k] = out.get("minimiser", k);
        place_start(out);
      } else {
        input_.minimiser(i, minimiser_);
        out.set("minimiser", minimiser_);
        place_start(out);
        family_.draw(input_, out);
      }
      if (i == 0) input_.refuse_unused();
      problem_->distance.set(i, out.distance());
      f.select(i);
      problem_->initial_gap.set(i, f.gap(start_));
      problem_->scale.set(i, scale_of(*problem_, i, spec_.normalisation));
      check_instance(*problem_, i, input_);
      // Half of what the inequality allows.
      safe = std::min(safe, 1e30 * problem_->scale[i] / problem_->smoothness[i]);
    }
    problem_->safe_distance = safe;
    if (spec_.user_family) check_user_family(*spec_.user_family, *problem_, input_.place("family_header"));
    return problem_;
  }

 private:
  void place_start(InstanceWriter& out) {
    input_.start(out.index(), minimiser_, start_);
    out.set("start", start_);
  }

  /// x*, f* and the scores a_iᵀx*; once where all instances share them.
  void solve(InstanceWriter& out) {
    const std::size_t i = out.index();
    if (!problem_->shape.shared || i == 0) {
      const reference::Minimum minimum = kept_minimum(*problem_, i, minimum_cache());
      minimiser_ = minimum.x;
      minimum_ = minimum.value;
      write_scores(problem_->shape, out, minimiser_);
    }
    out.set("minimiser", minimiser_);
    out.minimum(minimum_);
  }

  const ProblemSpec& spec_;
  const FamilyHost& family_;
  std::shared_ptr<Problem> problem_;
  ProblemInput input_;
  std::vector<double> start_;
  std::vector<double> minimiser_;
  double minimum_ = 0;
};

template <class... F>
std::span<const FamilyHost> hosts_of(TypeList<F...>) {
  static const FamilyHost hosts[] = {host_of<F>()...};
  return hosts;
}

/// The user's family, or the one of that name in the registry.
const FamilyHost& family_of(const UserFamily* user, std::string_view name, const Place& place = {}) {
  if (user != nullptr) return user->module->host;
  for (const auto& host : hosts_of(Families{}))
    if (host.entry.name == name) return host;
  throw Error(place, fmt::format("unknown family \"{}\"", name));
}

}  // namespace

std::vector<double> Problem::array(std::string_view field, std::size_t i) const {
  return gather(fields, field, records.data() + i, instances);
}

std::vector<double> Problem::shared_array(std::string_view field) const {
  return gather(shared_fields, field, shared.data(), 1);
}

double initial_slope(const Problem& problem, std::size_t i) {
  const std::vector<double> start = problem.array("start", i);
  std::vector<double> g(start.size());
  InstanceFunction f(family_of(problem.user_family.get(), problem.family), problem);
  f.select(i);
  f.gradient(start, g);
  double square = 0;
  for (const double entry : g) square += entry * entry;
  return std::sqrt(square);
}

std::shared_ptr<const Problem> make_problem(const Study& study, std::size_t index) {
  const ProblemSpec& spec = study.problems[index];
  return Drawing(study, index, family_of(spec.user_family.get(), spec.family, spec.place)).draw();
}

}  // namespace omg
