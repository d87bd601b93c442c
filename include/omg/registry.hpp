#pragma once

// All that can be named in a study: families, update rules, meta-learners and classical methods.
#include "omg/registry/families.hpp"
#include "omg/registry/methods.hpp"
