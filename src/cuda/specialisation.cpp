#include "cuda/specialisation.hpp"

#include <algorithm>
#include <sstream>

#include "omg/catalogue.hpp"
#include "omg/lane/team.hpp"
#include "omg/registry.hpp"
#include "omg/user_family.hpp"

#include "study/traits.hpp"
#include "user/family_module.hpp"

namespace omg::cuda {

namespace {

/// Counts the numbers that the vectors of a lane take, and has none: of one thread, or of a team of `Members`, where
/// small vectors are with every member.
class Counter {
 public:
  using Real = double;
  template <class Dim>
  using Vector = MemoryVector<double, Contiguous>;
  template <class Dim>
  using Shared = Vector<Dim>;

  explicit Counter(int n) : n_(n) {}
  [[nodiscard]] int n() const { return n_; }
  [[nodiscard]] std::size_t used() const { return used_; }
  template <class Dim>
  Vector<Dim> vector() const {
    return room(Dim::at(n_));
  }
  template <class Dim>
  Shared<Dim> shared() const {
    return room(Dim::at(n_));
  }

 protected:
  MemoryVector<double, Contiguous> room(int entries) const {
    used_ += static_cast<std::size_t>(entries);
    return {};
  }

 private:
  int n_;
  mutable std::size_t used_ = 0;
};

template <int Members>
class TeamCounter : public Counter {
 public:
  static constexpr int members = Members;

  /// `held`: points are with the members that they belong to.
  TeamCounter(int n, bool held) : Counter(n), held_(held) {}
  template <class Dim>
  Vector<Dim> vector() const {
    return Dim::replicated || (held_ && is_point<Dim>) ? Vector<Dim>{} : Counter::vector<Dim>();
  }
  using Counter::room;

 private:
  bool held_;
};

/// Stands for a family where only the vectors of a method are counted.
struct NoFamily {};

template <class Method, class C>
void count_method(const C& c) {
  NoFamily family;
  const Options options;
  const Coefficients<double, Method::parameters> coefficients{};
  const Bounds<double> bounds{};
  const typename Method::template Lane<C, NoFamily, Options> lane(c, family, options, coefficients, bounds);
  (void)lane;
}

template <class Family, class C>
void count_family(const C& c, const Shape& shape) {
  const typename Family::template Scratch<C> scratch(c, shape);
  (void)scratch;
}

/// Calls f with the type of that name out of a list of the registry.
template <class... Entries, class F>
void with_entry(TypeList<Entries...>, std::string_view name, F&& f) {
  const bool found =
      ((std::string_view(Entries::entry.name) == name ? (f(static_cast<Entries*>(nullptr)), true) : false) || ...);
  if (!found) throw Error("the CUDA engine does not know \"" + std::string(name) + "\"");
}

const CatalogueEntry& entry_of(const std::vector<CatalogueEntry>& entries, std::string_view name) {
  const CatalogueEntry* entry = find_entry(entries, name);
  if (entry == nullptr) throw Error("the CUDA engine does not know \"" + std::string(name) + "\"");
  return *entry;
}

const char* real_name(Precision precision) { return precision == Precision::float64 ? "double" : "float"; }

/// The number of a lane, or of lanes side by side.
std::string real_of(Precision precision, int pack) {
  const std::string number = real_name(precision);
  return pack == 1 ? number : "LanePack<" + number + ", " + std::to_string(pack) + ">";
}

const char* text_of(bool value) { return value ? "true" : "false"; }

const std::string& type_of(Hint hint) { return catalogue().hints.at(static_cast<std::size_t>(hint)).type; }
const std::string& type_of(Target target) { return catalogue().targets.at(static_cast<std::size_t>(target)).type; }
const std::string& type_of(Domain domain) { return catalogue().domains.at(static_cast<std::size_t>(domain)).type; }

/// What kernels/team.cu is told of the team and the place of its vectors.
std::string team_text(const LaunchPolicy& policy, int n) {
  std::ostringstream text;
  const bool in_registers = policy.vectors == Vectors::registers;
  text
      << "inline constexpr int team_size = " << policy.team << ", matrix_rows = " << policy.matrix_rows
      << ", matrix_columns = " << n << ";\n"
      << "inline constexpr long long local_entries = " << policy.local_entries
      << ", shared_entries = " << policy.shared_entries() << ", tile_entries = " << policy.tile_entries << ";\n"
      << "inline constexpr bool memory_in_shared = " << text_of(policy.memory_in_shared) << ";\n"
      << "template <class Team>\nusing Context = "
      << (in_registers ? "TeamRegisterContext<Real, Shape::n, Team>" : "TeamMemoryContext<Real, Team>") << ";\n"
      << "template <class Team>\n__device__ __forceinline__ Context<Team> make_context(const Shape& shape, const Team& "
         "team,\n                                                           TeamArena<Real>& local, Real* memory) {\n"
      << "  return Context<Team>(" << (in_registers ? "" : "shape.n, ") << "team, local, memory);\n}\n";
  return text.str();
}

}  // namespace

namespace {

template <class C>
std::size_t counted(const Specialisation& chosen, const C& c) {
  std::size_t scratch = 0;
  if (!chosen.classical.empty()) {
    with_entry(ClassicalMethods{}, chosen.classical,
               [&]<class Method>(Method*) { count_method<Classical<Method>>(c); });
  } else {
    with_entry(Rules{}, chosen.rule, [&]<class Rule>(Rule*) {
      with_entry(Learners{}, chosen.learner,
                 [&]<class Learner>(Learner*) { count_method<MetaGradient<Rule, Learner>>(c); });
    });
  }
  if (chosen.user_family) {
    // What its scratch takes of memory where none of it is with the members of a team, and the rooms that a team has
    // for the rows of a data set beside it (DifferenceScratch): never too little.
    cpu::FamilyArguments<double> arguments;
    arguments.shape = chosen.shape;
    arguments.n = chosen.shape.n;
    scratch = static_cast<std::size_t>(chosen.user_family->module->host.one.scratch(arguments));
    if constexpr (SharedByTeam<C>)
      scratch += static_cast<std::size_t>(chosen.shape.terms + std::max(chosen.shape.n, 2 * C::members));
  } else {
    with_entry(Families{}, chosen.family, [&]<class Family>(Family*) { count_family<Family>(c, chosen.shape); });
  }
  (void)c.template vector<PointDim>();  // a gradient that only the observer needs
  return c.used() + scratch;
}

}  // namespace

std::size_t lane_entries(const Specialisation& chosen) { return counted(chosen, Counter(chosen.shape.n)); }

std::size_t team_vector_entries(const Specialisation& chosen, int team, bool points_in_registers) {
  const int n = chosen.shape.n;
  switch (team) {
    case 32:
      return counted(chosen, TeamCounter<32>(n, points_in_registers));
    case 64:
      return counted(chosen, TeamCounter<64>(n, points_in_registers));
    case 128:
      return counted(chosen, TeamCounter<128>(n, points_in_registers));
    case 256:
      return counted(chosen, TeamCounter<256>(n, points_in_registers));
    case 512:
      return counted(chosen, TeamCounter<512>(n, points_in_registers));
    default:
      return counted(chosen, TeamCounter<1024>(n, points_in_registers));
  }
}

bool has_symmetric_matrix(const Specialisation& chosen) {
  bool found = false;
  if (chosen.user_family) return false;
  with_entry(Families{}, chosen.family, [&]<class Family>(Family*) {
    found = requires { Family::symmetric_matrix; };
  });
  return found && chosen.shape.rotated;
}

Specialisation specialise(const Cell& cell, bool tracing) {
  Specialisation out;
  out.precision = cell.precision;
  out.family = cell.problem->family;
  out.user_family = cell.problem->user_family;
  out.rule = cell.method.rule;
  out.learner = cell.method.learner;
  out.classical = cell.method.classical;
  out.options = cell.options;
  out.shape = cell.problem->shape;
  out.data_size = cell.problem->data_size;
  out.record_size = cell.problem->record_size();
  if (!tracing) out.observer = cell.observer();
  out.one_variant = cell.variants.size() == 1;
  // Ascending and as many as iterations: all of them.
  out.every_iteration = !tracing && static_cast<std::int64_t>(cell.record_at.size()) == cell.iterations;
  out.tracing = tracing;
  return out;
}

KernelSource lane_source(const Specialisation& chosen, const LaunchPolicy& policy) {
  const bool in_registers = policy.vectors == Vectors::registers, team = policy.tier != Tier::thread;
  const Catalogue& all = catalogue();
  std::ostringstream text;
  text << "#pragma once\n\n#include \"omg/lane/options.hpp\"\n#include \"omg/lane/pack.hpp\"\n#include "
          "\"omg/lane/team.hpp\"\n";
  std::string family;
  if (chosen.user_family) {
    // The text itself is part of the cache's key; the compiler's messages name the user's file and line.
    family = chosen.user_family->type;
    text << "#line 1 \"" << chosen.user_family->file.string() << "\"\n"
         << chosen.user_family->text << "\n#line 1 \"specialisation.hpp\"\n";
  } else {
    const CatalogueEntry& entry = entry_of(all.families, chosen.family);
    family = entry.type;
    text << "#include \"" << entry.header << "\"\n";
  }
  std::string method;
  if (!chosen.classical.empty()) {
    const CatalogueEntry& classical = entry_of(all.classical, chosen.classical);
    text << "#include \"" << classical.header << "\"\n";
    method = "Classical<" + classical.type + ">";
  } else {
    const CatalogueEntry &rule = entry_of(all.rules, chosen.rule), &learner = entry_of(all.learners, chosen.learner);
    text << "#include \"" << rule.header << "\"\n#include \"" << learner.header << "\"\n";
    method = "MetaGradient<" + rule.type + ", " + learner.type + ">";
  }
  text << "\nnamespace omg::cuda::chosen {\n\n"
       << "using Real = " << real_of(chosen.precision, policy.pack) << ";\n"
       << "using Method = " << method << ";\n"
       << "using Family = " << family << ";\n\n";

  const Options& o = chosen.options;
  text << "struct Options {\n"
       << "  static constexpr Hint hint = " << type_of(o.hint) << ";\n"
       << "  static constexpr Target target = " << type_of(o.target) << ";\n"
       << "  static constexpr Domain domain = " << type_of(o.domain) << ";\n"
       << "  static constexpr int bootstrap_steps = " << o.bootstrap_steps << ";\n"
       << "  static constexpr bool averaged = " << text_of(o.averaged) << ", null_step = " << text_of(o.null_step)
       << ";\n};\n\n";

  const Shape& s = chosen.shape;
  text << "struct Shape {\n";
  if (in_registers) {
    text << "  static constexpr int n = " << s.n << ", terms = " << s.terms << ", classes = " << s.classes
         << ", features = " << s.features << ", data_size = " << chosen.data_size << ";\n"
         << "  template <class Arguments>\n  explicit Shape(const Arguments&) {}\n";
  } else {
    // One kernel for every n.
    text << "  int n, terms, classes, features, data_size;\n"
         << "  template <class Arguments>\n  explicit Shape(const Arguments& a)\n"
         << "      : n(a.shape.n), terms(a.shape.terms), classes(a.shape.classes), features(a.shape.features), "
            "data_size(a.data_size) {}\n";
  }
  text << "  static constexpr bool rotated = " << text_of(s.rotated) << ", shared = " << text_of(s.shared)
       << ";\n};\n\n";

  const ObserverOptions& w = chosen.observer;
  text << "struct ObserverOptions {\n"
       << "  static constexpr bool certificate = " << text_of(w.certificate) << ", loss = " << text_of(w.loss)
       << ", sup = " << text_of(w.sup) << ", regret = " << text_of(w.regret)
       << ",\n                        stop_gap = " << text_of(w.stop_gap)
       << ", stop_gradient = " << text_of(w.stop_gradient) << ";\n  static constexpr int targets = " << w.targets
       << ";\n};\n\n";

  text << "inline constexpr bool in_registers = " << text_of(in_registers)
       << ", every_iteration = " << text_of(chosen.every_iteration) << ", one_variant = " << text_of(chosen.one_variant)
       << ", tracing = " << text_of(chosen.tracing) << ";\n"
       << "inline constexpr int block_threads = " << policy.block_threads << ", least_blocks = " << policy.least_blocks
       << ";\n";
  if (team) {
    text << team_text(policy, s.n);
  } else {
    text << "using Context = " << (in_registers ? "RegisterContext<Real, Shape::n>" : "ArenaContext<Real, Strided>")
         << ";\ninline constexpr int held_entries = " << policy.held_entries << ";\n";
  }
  text << "\n}  // namespace omg::cuda::chosen\n";
  return {team ? "kernels/team.cu" : "kernels/lane.cu", "specialisation.hpp", text.str()};
}

KernelSource merge_source(Precision precision) {
  return {"kernels/merge.cu", "precision.hpp",
          std::string("#pragma once\n\nnamespace omg::cuda::chosen {\nusing Real = ") + real_name(precision) +
              ";\n}  // namespace omg::cuda::chosen\n"};
}

}  // namespace omg::cuda
