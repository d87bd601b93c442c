#include "omg/problem.hpp"

#include <cmath>
#include <limits>
#include <new>
#include <stdexcept>

#include <fmt/format.h>

#include "omg/registry.hpp"
#include "omg/study.hpp"

#include "problem/input.hpp"
#include "reference/minimise.hpp"

namespace omg {

namespace {

/// x* is found by the reference, from the drawn record.
template <class Family>
constexpr bool is_solved = requires {
  Family::solved;
};
/// The family writes x* itself.
template <class Family>
constexpr bool knows_minimiser = requires {
  Family::knows_minimiser;
};

template <class Family>
constexpr std::optional<Labels> labels_of() {
  if constexpr (requires { Family::labels; }) return Family::labels;
  return std::nullopt;
}

template <class Family>
constexpr CommonDefaults common_defaults() {
  if constexpr (is_solved<Family> || knows_minimiser<Family>) return {.start = "0", .minimiser = ""};
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

/// f(x₀) − f* and ‖∇f(x₀)‖ of instance i, by the family's own evaluation.
struct Start {
  double gap = 0;
  double slope = 0;
};
template <class Family>
Start evaluate_start(const Problem& problem, std::size_t i, std::vector<double>& arena) {
  using C = ArenaContext<double>;
  using I = LaneInstance<double>;
  const int n = problem.shape.n;
  const I instance{problem.records.data() + i, static_cast<long long>(problem.instances),
                   problem.shared.empty() ? nullptr : problem.shared.data(), n, problem.data_size};
  const C counting{n, nullptr};
  FamilyOracle<Family, C, Shape, I> counted(counting, problem.shape, instance);
  for (int vectors = 0; vectors < 2; ++vectors) (void)counting.template vector<PointDim>();
  arena.resize(static_cast<std::size_t>(counting.used));

  const C c{n, arena.data()};
  FamilyOracle<Family, C, Shape, I> f(c, problem.shape, instance);
  auto x = c.template vector<PointDim>(), g = c.template vector<PointDim>();
  f.start(x);
  const double gap = f.gap_and_gradient(x, g);
  return {gap, std::sqrt(dot<PointDim>(c, g, g))};
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
template <class Family>
class Drawing {
 public:
  Drawing(const Study& study, std::size_t index)
      : spec_(study.problems[index]),
        problem_(std::make_shared<Problem>()),
        input_(study, index, Family::parameters, labels_of<Family>(), common_defaults<Family>(), problem_->shape) {
    problem_->name = spec_.name;
    problem_->family = spec_.family;
    problem_->instances = static_cast<std::size_t>(spec_.instances);
    problem_->shape.n = 0;  // not known yet
    Family::shape(input_, problem_->shape);
    allocate(*problem_, Family::layout(problem_->shape), spec_);
  }

  std::shared_ptr<const Problem> draw() {
    InstanceWriter out(*problem_);
    const auto n = static_cast<std::size_t>(problem_->shape.n);
    start_.resize(n);
    minimiser_.resize(n);
    for (std::size_t i = 0; i < problem_->instances; ++i) {
      out.select(i);
      if constexpr (is_solved<Family>) {
        Family::draw(input_, out);
        solve(out);
        place_start(out);
      } else if constexpr (knows_minimiser<Family>) {
        Family::draw(input_, out);
        for (std::size_t k = 0; k < n; ++k) minimiser_[k] = out.get("minimiser", k);
        place_start(out);
      } else {
        input_.minimiser(i, minimiser_);
        out.set("minimiser", minimiser_);
        place_start(out);
        Family::draw(input_, out);
      }
      if (i == 0) input_.refuse_unused();
      problem_->distance.set(i, out.distance());
      problem_->initial_gap.set(i, evaluate_start<Family>(*problem_, i, arena_).gap);
      problem_->scale.set(i, scale_of(*problem_, i, spec_.normalisation));
      check_instance(*problem_, i, input_);
    }
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
      const reference::Minimum minimum = reference::minimise(*problem_, i);
      minimiser_ = minimum.x;
      minimum_ = minimum.value;
      write_scores(problem_->shape, out, minimiser_);
    }
    out.set("minimiser", minimiser_);
    out.minimum(minimum_);
  }

  const ProblemSpec& spec_;
  std::shared_ptr<Problem> problem_;
  ProblemInput input_;
  std::vector<double> start_;
  std::vector<double> minimiser_;
  std::vector<double> arena_;
  double minimum_ = 0;
};

template <class... F>
std::shared_ptr<const Problem> draw_by_name(TypeList<F...>, const Study& study, std::size_t index) {
  const ProblemSpec& spec = study.problems[index];
  std::shared_ptr<const Problem> out;
  ((spec.family == F::entry.name && (out = Drawing<F>(study, index).draw())) || ...);
  if (!out) throw Error(spec.place, fmt::format("unknown family \"{}\"", spec.family));
  return out;
}

}  // namespace

std::vector<double> Problem::array(std::string_view field, std::size_t i) const {
  return gather(fields, field, records.data() + i, instances);
}

std::vector<double> Problem::shared_array(std::string_view field) const {
  return gather(shared_fields, field, shared.data(), 1);
}

double initial_slope(const Problem& problem, std::size_t i) {
  double out = 0;
  std::vector<double> arena;
  const auto evaluate = [&]<class... F>(TypeList<F...>) {
    return ((problem.family == F::entry.name && (out = evaluate_start<F>(problem, i, arena).slope, true)) || ...);
  };
  if (!evaluate(Families{})) throw Error("the registry has no family \"" + problem.family + "\"");
  return out;
}

std::shared_ptr<const Problem> make_problem(const Study& study, std::size_t index) {
  return draw_by_name(Families{}, study, index);
}

}  // namespace omg
