#pragma once

#include <memory>
#include <string_view>

#include "reference/family.hpp"
#include "reference/learner.hpp"
#include "reference/method.hpp"
#include "reference/rule.hpp"

namespace omg::reference {

// By entry name, for S = double and long double. Each throws Error where the reference has no
// independent form of the entry.

/// Instance i of a problem as a function.
template <class S>
std::unique_ptr<Family<S>> make_family(const Problem& problem, std::size_t i);

template <class S>
std::unique_ptr<Rule<S>> make_rule(std::string_view name, const Coefficients<S>& k);

template <class S>
std::unique_ptr<Learner<S>> make_learner(std::string_view name, const Coefficients<S>& k);

template <class S>
std::unique_ptr<Method<S>> make_classical(std::string_view name, Oracle<S>& f, const Coefficients<S>& k);

}  // namespace omg::reference
