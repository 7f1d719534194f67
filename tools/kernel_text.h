// How kernels are told to people.
#pragma once

#include <string>

#include "tenon/runtime/tenon.hpp"

namespace tenon::tools {

// "Conv", "ai.tenon.Scan8".
std::string QualifiedName(std::string_view domain, std::string_view name);
// Element types of input 0: "float32 float64"; "any" where the descriptor does not say.
std::string InputTypes(const tenon_kernel_descriptor& kernel);

}  // namespace tenon::tools
