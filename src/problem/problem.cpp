#include "omg/problem.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <exception>
#include <limits>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <fmt/format.h>

#include "omg/registry.hpp"
#include "omg/study.hpp"
#include "omg/user_family.hpp"

#include "problem/drawn.hpp"
#include "problem/input.hpp"
#include "problem/kept_minimum.hpp"
#include "reference/minimise.hpp"
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

/// The array of that name out of arrays that lie one behind the other.
template <class F>
std::vector<double> gather(const std::vector<Field>& fields, std::string_view name, F&& entry) {
  std::size_t first = 0;
  for (const auto& field : fields) {
    if (field.name == name) {
      std::vector<double> out(field.size);
      for (std::size_t k = 0; k < field.size; ++k) out[k] = entry(first + k);
      return out;
    }
    first += field.size;
  }
  return {};
}

std::string no_room(const Problem& problem) {
  return fmt::format("{} instances of {} numbers do not fit the memory", problem.instances, problem.record_size());
}

/// The fields of a problem whose shape is known.
void lay_out(Problem& out, const Layout& layout, const ProblemSpec& spec) {
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
}

std::array<InstanceNumbers*, 5> numbers_of(Problem& problem) {
  return {&problem.smoothness, &problem.strong_convexity, &problem.minimum, &problem.distance, &problem.scale};
}

/// Makes room for records, and forgets what there was.
void allocate(Problem& out, const ProblemSpec& spec) {
  try {
    out.hold_records();
    out.shared.assign(total(out.shared_fields), 0);
    for (InstanceNumbers* numbers : numbers_of(out)) numbers->assign(out.instances, 0);
  } catch (const std::bad_alloc&) {
    throw Error(spec.place, no_room(out));
  }
}

bool needs_initial_gap(Normalisation normalisation) {
  return normalisation == Normalisation::initial_gap || normalisation == Normalisation::initial_gap_plus_mu;
}

/// What the gap of instance i is divided by.
double scale_of(const Problem& problem, std::size_t i, double initial_gap, Normalisation normalisation) {
  const double square = problem.distance[i] * problem.distance[i];
  switch (normalisation) {
    case Normalisation::LR2:
      return problem.smoothness[i] * square;
    case Normalisation::R2:
      return square;
    case Normalisation::initial_gap:
      return initial_gap;
    case Normalisation::initial_gap_plus_mu:
      return initial_gap + problem.strong_convexity[i] * square / 2;
    case Normalisation::none:
      return 1;
  }
  return 1;
}

void check_instance(const Problem& problem, std::size_t i, double initial_gap, const ProblemInput& input) {
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
                            i, problem.scale[i], problem.smoothness[i], problem.distance[i], initial_gap));
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
    problem_->shape.n = 0;  // not known yet
    family.shape(input_, problem_->shape);
    lay_out(*problem_, family.layout(problem_->shape), spec_);
    start_.resize(static_cast<std::size_t>(problem_->shape.n));
    minimiser_.resize(start_.size());
  }

  std::shared_ptr<const Problem> draw() {
    const auto instances = static_cast<std::size_t>(spec_.instances);
    // Where there are few instances, their records are smaller than rules.
    const bool few = instances <= sizeof(DrawRule) / sizeof(double);
    if (few || family_.solved || !find_rules(instances)) draw_each(instances);
    if (spec_.user_family) check_user_family(*spec_.user_family, *problem_, input_.place("family_header"));
    return problem_;
  }

 private:
  /// Draws the first instance and learns how its numbers come about. False if the others need computing of their own.
  bool find_rules(std::size_t instances) {
    problem_->rules.resize(problem_->record_size());
    draw_each(1);
    const auto varies = [](const DrawRule& rule) { return rule.kind != DrawRule::Kind::constant; };
    const bool same_scale =
        !needs_initial_gap(spec_.normalisation) || std::none_of(problem_->rules.begin(), problem_->rules.end(), varies);
    const bool found = same_scale && !input_.computed_per_instance();
    problem_->instances = instances;
    if (found) {
      for (InstanceNumbers* numbers : numbers_of(*problem_)) numbers->assign(instances, (*numbers)[0]);
      check_drawable(instances - 1);
    } else {
      problem_->rules.clear();
    }
    return found;
  }

  void draw_each(std::size_t instances) {
    problem_->instances = instances;
    allocate(*problem_, spec_);
    InstanceWriter out(*problem_);
    InstanceFunction f(family_, *problem_);
    double safe = std::numeric_limits<float>::max() / 4;
    for (std::size_t i = 0; i < instances; ++i) {
      draw_instance(out, i);
      if (i == 0) input_.refuse_unused();
      problem_->distance.set(i, out.distance());
      f.select(i);
      const double initial_gap = f.gap(start_);
      problem_->scale.set(i, scale_of(*problem_, i, initial_gap, spec_.normalisation));
      check_instance(*problem_, i, initial_gap, input_);
      if (family_.solved) check_start(i);
      // Half of what the inequality allows.
      safe = std::min(safe, 1e30 * problem_->scale[i] / problem_->smoothness[i]);
    }
    problem_->safe_distance = safe;
  }

  /// A minimiser that is found is known to a gradient of this norm: a start so close is the minimiser.
  void check_start(std::size_t i) const {
    const double known = reference::allowed_gradient_norm(*problem_, i), distance = problem_->distance[i];
    if (problem_->smoothness[i] * distance <= known)
      input_.refuse("start", fmt::format("instance {} starts at the distance R = {:.3g} from its minimiser, which is "
                                         "known to ‖∇f(x*)‖ ≤ {:.3g} only; choose a start elsewhere",
                                         i, distance, known));
  }

  void draw_instance(InstanceWriter& out, std::size_t i) {
    out.select(i);
    if (family_.solved) {
      draw_fields(out);
      solve(out);
      place_start(out);
    } else if (family_.knows_minimiser) {
      draw_fields(out);
      for (std::size_t k = 0; k < minimiser_.size(); ++k) minimiser_[k] = out.get("minimiser", k);
      place_start(out);
    } else {
      input_.minimiser(i, minimiser_);
      out.set("minimiser", minimiser_);
      place_start(out);
      draw_fields(out);
    }
  }

  /// What a user's function throws is named where the study names its header.
  void draw_fields(InstanceWriter& out) {
    if (!spec_.user_family) return family_.draw(input_, out);
    const auto fail = [&](const char* what) {
      throw Error(input_.place("family_header"),
                  fmt::format("draw of the family {} failed for instance {}: {}", spec_.family, out.index(), what));
    };
    try {
      family_.draw(input_, out);
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      fail(error.what());
    } catch (...) {
      fail("it threw what is no std::exception");
    }
  }

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

namespace {

/// Makes room for records in large pages where the system gives them to those who ask: an instance's entries lie in as
/// many places as it has entries, for each of which a processor has to find the page.
void make_room(std::vector<double>& numbers, std::size_t size) {
  numbers.reserve(size);
#if defined(__linux__)
  constexpr std::size_t page = std::size_t{2} << 20;
  const auto begin = reinterpret_cast<std::uintptr_t>(numbers.data()), end = begin + size * sizeof(double);
  const std::uintptr_t first = (begin + page - 1) / page * page;
  if (first + page <= end) madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);  // it may refuse
#endif
  numbers.resize(size);
}

}  // namespace

std::size_t Problem::record_size() const { return total(fields); }

void Problem::hold_records() {
  if (record_size() > held_->numbers.max_size() / std::max<std::size_t>(instances, 1)) throw std::bad_alloc();
  held_ = std::make_shared<Held>();
  make_room(held_->numbers, record_size() * instances);
}

double Problem::entry(std::size_t k, std::size_t i) const {
  return rules.empty() ? held_->numbers[k * instances + i] : drawn(rules[k], i);
}

const std::vector<std::size_t>& Problem::varying() const {
  const auto varies = [&](std::size_t k) {
    if (!rules.empty()) return rules[k].kind != DrawRule::Kind::constant;
    const double* const line = held_->numbers.data() + k * instances;
    return std::any_of(line, line + instances, [&](double number) { return number != *line; });
  };
  std::call_once(held_->compared, [&] {
    held_->varying.clear();
    for (std::size_t k = 0, size = record_size(); k < size; ++k)
      if (varies(k)) held_->varying.push_back(k);
  });
  return held_->varying;
}

template <class T>
void Problem::entries(std::size_t k, std::size_t first, std::size_t count, T* to) const {
  if (rules.empty()) {
    const double* from = held_->numbers.data() + k * instances + first;
    std::transform(from, from + count, to, [](double value) { return static_cast<T>(value); });
  } else if (rules[k].kind == DrawRule::Kind::constant) {
    std::fill_n(to, count, static_cast<T>(rules[k].low));
  } else {
    for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<T>(drawn(rules[k], first + i));
  }
}

template void Problem::entries(std::size_t, std::size_t, std::size_t, double*) const;
template void Problem::entries(std::size_t, std::size_t, std::size_t, float*) const;

bool Problem::holds_records() const {
  constexpr std::size_t little = std::size_t{16} << 20;  // bytes, as the caches of a processor hold
  return rules.empty() || rules.size() * instances <= little / sizeof(double);
}

const std::vector<double>& Problem::records() const {
  std::vector<double>& numbers = held_->numbers;
  if (rules.empty()) return numbers;
  std::call_once(held_->drawn, [&] {
    try {
      make_room(numbers, rules.size() * instances);
    } catch (const std::exception&) {
      throw Error(no_room(*this));
    }
    for (std::size_t k = 0; k < rules.size(); ++k) entries(k, 0, instances, numbers.data() + k * instances);
  });
  return numbers;
}

std::vector<double> Problem::array(std::string_view field, std::size_t i) const {
  return gather(fields, field, [&](std::size_t k) { return entry(k, i); });
}

std::vector<double> Problem::shared_array(std::string_view field) const {
  return gather(shared_fields, field, [&](std::size_t k) { return shared[k]; });
}

double initial_gap(const Problem& problem, std::size_t i) {
  InstanceFunction f(family_of(problem.user_family.get(), problem.family), problem);
  f.select(i);
  return f.gap(problem.array("start", i));
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
