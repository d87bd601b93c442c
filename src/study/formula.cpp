#include "formula.hpp"

#include <algorithm>
#include <bit>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <muParser.h>

namespace omg {

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
/// Largest index of a tabulated sequence: beyond it the table would cost more than the answer is worth.
constexpr double largest_index = 1 << 26;

constexpr std::string_view allowed =
    "allowed are the variables t, T, L, mu, R, n, G, the constants pi, inf and numbers, the operators + - * / ^, "
    "comparisons and ?:, the functions theta(t), ogm_theta(t), silver(t), sqrt, exp, log, log2, log10, abs, min, max, "
    "sin, cos, tanh, …";

/// θ ↦ (1 + √(1 + factor · θ²))/2
double next_theta(double theta, double factor) { return (1.0 + std::sqrt(1.0 + factor * theta * theta)) / 2.0; }

bool is_index(double t, double least) { return t >= least && t <= largest_index && t == std::floor(t); }

double silver(double t) {
  if (!is_index(t, 1)) return not_a_number;
  const int valuation = std::countr_zero(static_cast<unsigned long>(t));
  return 1.0 + std::pow(1.0 + std::numbers::sqrt2, valuation - 1);
}

/// A plain number, without the detour through the parser.
std::optional<double> as_number(std::string_view text) {
  double value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size() || std::isnan(value)) return std::nullopt;
  return value;
}

/// muParser lets a formula assign to its variables; here that can only be a slip.
std::size_t find_assignment(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=') continue;
    const bool doubled = i + 1 < text.size() && text[i + 1] == '=';
    if (doubled) {
      ++i;
    } else if (i == 0 || std::string_view("<>!").find(text[i - 1]) == std::string_view::npos) {
      return i;
    }
  }
  return std::string_view::npos;
}

}  // namespace

struct Formula::Compiled {
  std::string text;
  Place place;
  std::optional<double> number;
  mu::Parser parser;
  FormulaInputs inputs;
  std::vector<double> thetas{1.0};  ///< θ₁, θ₂, …
  std::set<std::string, std::less<>> used;

  double theta(double t) {
    if (!is_index(t, 1)) return not_a_number;
    const auto index = static_cast<std::size_t>(t);
    while (thetas.size() < index) thetas.push_back(next_theta(thetas.back(), 4.0));
    return thetas[index - 1];
  }

  // With θ₀ = 1 in place of θ₁ = 1 the indices shift by one.
  double ogm_theta(double t) {
    if (!is_index(t, 0)) return not_a_number;
    if (t < inputs.T) return theta(t + 1);
    double value = inputs.T >= 1 ? next_theta(theta(inputs.T), 8.0) : 1.0;
    for (double s = inputs.T; s < t; ++s) value = next_theta(value, 4.0);
    return value;
  }

  void define_names() {
    parser.DefineVar("t", &inputs.t);
    parser.DefineVar("T", &inputs.T);
    parser.DefineVar("L", &inputs.L);
    parser.DefineVar("mu", &inputs.mu);
    parser.DefineVar("R", &inputs.R);
    parser.DefineVar("G", &inputs.G);
    parser.DefineVar("n", &inputs.n);
    parser.DefineConst("pi", std::numbers::pi);
    parser.DefineConst("inf", std::numeric_limits<double>::infinity());
    parser.DefineFunUserData(
        "theta", +[](void* self, double t) { return static_cast<Compiled*>(self)->theta(t); }, this, false);
    parser.DefineFunUserData(
        "ogm_theta", +[](void* self, double t) { return static_cast<Compiled*>(self)->ogm_theta(t); }, this, false);
    parser.DefineFun("silver", silver);
    // The order of the operations, and with it the last bits, is that of the text.
    parser.EnableOptimizer(false);
  }

  [[noreturn]] void refuse(const std::string& reason) const {
    // Deeply nested or generated text is not shown whole.
    constexpr std::size_t shown = 200;
    throw Error(place, fmt::format("the formula \"{}{}\" does not parse: {}; {}", text.substr(0, shown),
                                   text.size() > shown ? "…" : "", reason, allowed));
  }

  // muParser counts positions from 0 and words them in several ways; here they count from 1.
  [[nodiscard]] std::string reason_of(const mu::ParserError& error) const {
    std::string reason = error.GetMsg();
    if (error.GetCode() == mu::ecUNASSIGNABLE_TOKEN) reason = fmt::format("unexpected \"{}\"", error.GetToken());
    for (const char* position : {" found at position", " at position", " at expression position"})
      reason = reason.substr(0, reason.find(position));
    if (!reason.empty()) reason[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
    if (error.GetPos() < 0 || text.empty()) return reason;
    return fmt::format("{} at position {}", reason,
                       std::min(static_cast<std::size_t>(error.GetPos()) + 1, text.size()));
  }

  void compile() {
    number = as_number(text);
    if (number) return;
    if (const std::size_t at = find_assignment(text); at != std::string_view::npos)
      refuse(fmt::format("unexpected \"=\" at position {}", at + 1));
    define_names();
    try {
      parser.SetExpr(text);
      parser.Eval();
      if (parser.GetNumResults() != 1)
        refuse(fmt::format("it gives {} values where one is meant", parser.GetNumResults()));
      for (const auto& [name, address] : parser.GetUsedVar()) used.insert(name);
    } catch (const mu::ParserError& error) {
      refuse(reason_of(error));
    }
  }
};

Formula::Formula(std::string_view text, const Place& place) : compiled_(std::make_unique<Compiled>()) {
  compiled_->text = text;
  compiled_->place = place;
  compiled_->compile();
}

Formula::Formula(Formula&&) noexcept = default;
Formula& Formula::operator=(Formula&&) noexcept = default;
Formula::~Formula() = default;

double Formula::operator()(const FormulaInputs& at) const {
  if (compiled_->number) return *compiled_->number;
  compiled_->inputs = at;
  const double value = compiled_->parser.Eval();
  return std::isnan(value) ? not_a_number : value;  // of no sign, which messages would show
}

const std::string& Formula::text() const { return compiled_->text; }
const Place& Formula::place() const { return compiled_->place; }
bool Formula::uses(std::string_view variable) const { return compiled_->used.contains(variable); }

}  // namespace omg
