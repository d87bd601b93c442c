#include "omg/catalogue.hpp"

#include <algorithm>

#include "omg/error.hpp"
#include "omg/registry.hpp"

namespace omg {

namespace {

/// The name of a type without the namespace omg, cut out of the text "… type_name() [with T = omg::Huber; …]" (GCC) or
/// "… type_name() [T = omg::Huber]" (Clang).
template <class T>
constexpr std::string_view type_name() {
  constexpr std::string_view text = __PRETTY_FUNCTION__;
  constexpr std::string_view lead = "T = omg::";
  constexpr std::size_t begin = text.find(lead) + lead.size();
  return text.substr(begin, text.find_first_of(";]", begin) - begin);
}

/// A registry entry lies in omg/<folder>/<entry name>.hpp.
template <class Type>
CatalogueEntry describe(const std::string& folder) {
  CatalogueEntry out;
  out.name = Type::entry.name;
  out.type = type_name<Type>();
  out.header = "omg/" + folder + "/" + out.name + ".hpp";
  out.formula = Type::entry.formula;
  out.reference = Type::entry.reference;
  out.needs = Type::entry.needs;
  if constexpr (parameter_count<Type>() > 0)
    out.parameters.assign(std::begin(Type::parameters), std::end(Type::parameters));
  return out;
}

template <class... Types>
std::vector<CatalogueEntry> describe_all(TypeList<Types...>, const std::string& folder) {
  return {describe<Types>(folder)...};
}

/// A choice within a method that has no type of its own.
CatalogueEntry choice(std::string name, std::string type, std::string header, std::string formula,
                      std::string reference, std::string needs = "", std::vector<Parameter> parameters = {}) {
  return {std::move(name),      std::move(type),  "omg/" + header,      std::move(formula),
          std::move(reference), std::move(needs), std::move(parameters)};
}

std::vector<CatalogueEntry> hints() {
  const std::string paper = "Optimistic Meta-Gradients";
  return {
      choice("none", "Hint::none", "lane/hint.hpp", "ũ_{t+1} = 0", ""),
      choice("last", "Hint::last", "lane/hint.hpp", "ũ_{t+1} = u_t", paper + "; Rakhlin & Sridharan 2013"),
      choice("extrapolated", "Hint::extrapolated", "lane/hint.hpp", "ũ_{t+1} = 2u_t − u_{t-1}, ũ_2 = u_1", paper),
      choice("average", "Hint::average", "lane/hint.hpp", "ũ_{t+1} = e_t = θ e_{t-1} + (1 − θ) u_t, e_1 = u_1", paper,
             "", {MetaParameters::parameters[MetaParameters::hint_decay]}),
      choice("lookahead", "Hint::lookahead", "lane/hint.hpp",
             "ũ_{t+1} = ∇f((1 − ρ_{t+1}) y_t + ρ_{t+1} φ(y_t, w′)), w′ the next w without the new hint", paper,
             "one more gradient an iteration"),
  };
}

std::vector<CatalogueEntry> targets() {
  return {
      choice("bootstrap", "Target::bootstrap", "learners/bmg.hpp",
             "p_0 = x_t, p_j = φ(p_{j-1}, w_t) for j < K, z_t = p_{K-1} − η ∇f(p_{K-1})",
             "Flennerhag et al., Bootstrapped Meta-Learning, ICLR 2022",
             "K − 1 more gradients an iteration (averaged, K > 1: K), 1 with the rule iterate"),
      choice("optimistic", "Target::optimistic", "learners/bmg.hpp", "x_t − z_t = α_t u_t + α_{t+1} ũ_{t+1} − α_t ũ_t",
             "Optimistic Meta-Gradients", "a hint"),
      choice("kl", "Target::kl", "learners/bmg.hpp",
             "z_t ∝ x_t ⊙ exp(−η u_t), μ the negative entropy: KL(φ(y_{t-1}, w) ‖ z_t)",
             "Flennerhag et al., Bootstrapped Meta-Learning, ICLR 2022", "the rule iterate on the simplex"),
  };
}

std::vector<CatalogueEntry> domains() {
  const auto& common = MetaParameters::parameters;
  return {
      choice("all", "Domain::all", "lane/domain.hpp", "Π(w) = w", ""),
      choice("box", "Domain::box", "lane/domain.hpp", "Π(w)_i = min(max(w_i, lower_i), upper_i)", "", "",
             {common[MetaParameters::lower], common[MetaParameters::upper]}),
      choice("ball", "Domain::ball", "lane/domain.hpp", "Π(w) = w₁ + (w − w₁) min(1, radius/‖w − w₁‖)", "", "",
             {common[MetaParameters::radius]}),
      choice("simplex", "Domain::simplex", "lane/domain.hpp", "Π(w)_i = max(w_i − θ, 0), θ such that the sum is 1",
             "Michelot 1986"),
  };
}

void append(std::vector<Parameter>& to, const CatalogueEntry& entry) {
  to.insert(to.end(), entry.parameters.begin(), entry.parameters.end());
}

const CatalogueEntry& entry_of(const std::vector<CatalogueEntry>& entries, std::string_view kind,
                               std::string_view name) {
  const CatalogueEntry* entry = find_entry(entries, name);
  if (entry == nullptr) throw Error("unknown " + std::string(kind) + " \"" + std::string(name) + "\"");
  return *entry;
}

}  // namespace

const Catalogue& catalogue() {
  static const Catalogue all{describe_all(Families{}, "families"),
                             describe_all(Rules{}, "rules"),
                             describe_all(Learners{}, "learners"),
                             describe_all(ClassicalMethods{}, "classical"),
                             hints(),
                             targets(),
                             domains()};
  return all;
}

const CatalogueEntry* find_entry(const std::vector<CatalogueEntry>& entries, std::string_view name) {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

std::vector<Parameter> method_parameters(std::string_view rule, std::string_view learner, std::string_view classical) {
  const Catalogue& all = catalogue();
  std::vector<Parameter> out;
  if (!classical.empty()) {
    append(out, entry_of(all.classical, "classical method", classical));
  } else {
    out.assign(std::begin(MetaParameters::parameters), std::end(MetaParameters::parameters));
    append(out, entry_of(all.rules, "update rule", rule));
    append(out, entry_of(all.learners, "meta-learner", learner));
  }
  return out;
}

}  // namespace omg
