#include "cuda/specialisation.hpp"

#include <sstream>

#include "omg/catalogue.hpp"
#include "omg/registry.hpp"

#include "study/traits.hpp"

namespace omg::cuda {

namespace {

using CountingContext = ArenaContext<double>;

/// Stands for a family where only the vectors of a method are counted.
struct NoFamily {};

template <class Method>
std::size_t method_entries(int n) {
  const CountingContext c{n, nullptr};
  NoFamily family;
  const Options options;
  const Coefficients<double, Method::parameters> coefficients{};
  const Bounds<double> bounds{};
  const typename Method::template Lane<CountingContext, NoFamily, Options> lane(c, family, options, coefficients,
                                                                                bounds);
  (void)lane;
  return static_cast<std::size_t>(c.used);
}

template <class Family>
std::size_t family_entries(const Shape& shape) {
  const CountingContext c{shape.n, nullptr};
  const typename Family::template Scratch<CountingContext> scratch(c, shape);
  (void)scratch;
  return static_cast<std::size_t>(c.used);
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

const char* text_of(bool value) { return value ? "true" : "false"; }

const std::string& type_of(Hint hint) { return catalogue().hints.at(static_cast<std::size_t>(hint)).type; }
const std::string& type_of(Target target) { return catalogue().targets.at(static_cast<std::size_t>(target)).type; }
const std::string& type_of(Domain domain) { return catalogue().domains.at(static_cast<std::size_t>(domain)).type; }

}  // namespace

std::size_t lane_entries(const Specialisation& chosen) {
  std::size_t entries = 0;
  const int n = chosen.shape.n;
  if (!chosen.classical.empty()) {
    with_entry(ClassicalMethods{}, chosen.classical,
               [&]<class Method>(Method*) { entries += method_entries<Classical<Method>>(n); });
  } else {
    with_entry(Rules{}, chosen.rule, [&]<class Rule>(Rule*) {
      with_entry(Learners{}, chosen.learner,
                 [&]<class Learner>(Learner*) { entries += method_entries<MetaGradient<Rule, Learner>>(n); });
    });
  }
  with_entry(Families{}, chosen.family,
             [&]<class Family>(Family*) { entries += family_entries<Family>(chosen.shape); });
  return entries;
}

LaunchPolicy launch_policy(const Specialisation& chosen) {
  LaunchPolicy policy;
  const int n = chosen.shape.n;
  const int longest = chosen.rule.empty() ? n : std::max(n, rule_traits(chosen.rule).meta_dimension(n));
  // Up to 16 coordinates (32 in a vector of pairs) the live vectors of a lane fit the 255 registers of a thread.
  policy.in_registers = n <= 16 && longest <= 32;
  // So few numbers never spill, and more warps hide more latency.
  if (policy.in_registers && n <= 4) policy.least_blocks = 0;
  // 256 bytes are 64 registers; a longer record is loaded again in every iteration.
  const std::size_t entries = chosen.record_size - static_cast<std::size_t>(n);
  const std::size_t bytes = entries * (chosen.precision == Precision::float64 ? 8 : 4);
  if (policy.in_registers && bytes <= 256) policy.held_entries = static_cast<int>(entries);
  return policy;
}

Specialisation specialise(const Cell& cell, bool tracing) {
  Specialisation out;
  out.precision = cell.precision;
  out.family = cell.problem->family;
  out.rule = cell.method.rule;
  out.learner = cell.method.learner;
  out.classical = cell.method.classical;
  out.options = cell.options;
  out.shape = cell.problem->shape;
  out.data_size = cell.problem->data_size;
  out.record_size = cell.problem->record_size();
  out.certificate = !tracing && !cell.bound_table.empty();
  out.track_best = !tracing && cell.track_best;
  out.one_variant = cell.variants.size() == 1;
  // Ascending and as many as iterations: all of them.
  out.every_iteration = !tracing && static_cast<std::int64_t>(cell.record_at.size()) == cell.iterations;
  out.tracing = tracing;
  return out;
}

KernelSource lane_source(const Specialisation& chosen, const LaunchPolicy& policy) {
  const Catalogue& all = catalogue();
  const CatalogueEntry& family = entry_of(all.families, chosen.family);
  std::ostringstream text;
  text << "#pragma once\n\n#include \"omg/lane/options.hpp\"\n#include \"" << family.header << "\"\n";
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
       << "using Real = " << real_name(chosen.precision) << ";\n"
       << "using Method = " << method << ";\n"
       << "using Family = " << family.type << ";\n\n";

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
  if (policy.in_registers) {
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

  text << "using Context = "
       << (policy.in_registers ? "RegisterContext<Real, Shape::n>" : "ArenaContext<Real, Strided>") << ";\n";
  text << "inline constexpr bool in_registers = " << text_of(policy.in_registers)
       << ", certificate = " << text_of(chosen.certificate) << ", track_best = " << text_of(chosen.track_best)
       << ", every_iteration = " << text_of(chosen.every_iteration) << ", one_variant = " << text_of(chosen.one_variant)
       << ", tracing = " << text_of(chosen.tracing) << ";\n"
       << "inline constexpr int held_entries = " << policy.held_entries << ", block_threads = " << policy.block_threads
       << ", least_blocks = " << policy.least_blocks << ";\n\n"
       << "}  // namespace omg::cuda::chosen\n";
  return {"kernels/lane.cu", "specialisation.hpp", text.str()};
}

KernelSource merge_source(Precision precision) {
  return {"kernels/merge.cu", "precision.hpp",
          std::string("#pragma once\n\nnamespace omg::cuda::chosen {\nusing Real = ") + real_name(precision) +
              ";\n}  // namespace omg::cuda::chosen\n"};
}

}  // namespace omg::cuda
