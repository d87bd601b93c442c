#pragma once

#include <filesystem>
#include <string>

#include "omg/run.hpp"

namespace omg {

/// What a run has finished, as the text of `checkpoint_file`: the statistics of the first `statistics.lanes` lanes of
/// every cell, the seconds they took and the backend. Each cell carries a hash of all that decides its statistics.
std::string write_checkpoint(const Plan& plan, const StudyResult& finished);

/// Reads it back, for the same plan. Throws Error, with the reason: the file is damaged, of another version, or a cell
/// is not what it was.
StudyResult read_checkpoint(const Plan& plan, const std::filesystem::path& file);

}  // namespace omg
