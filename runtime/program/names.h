// Words for what stands in programs, shared by the text dump and JSON.
#pragma once

#include <string>

#include "tenon/program/program.h"

namespace tenon::program {

const char* HomeName(Home home);  // "arena"
// "Conv \"conv1\"", "Reorder", "segment of 4 nodes", or the kind of step.
std::string StepTitle(const Program& program, const Step& step);

}  // namespace tenon::program
