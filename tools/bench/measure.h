// Measures one point of `tenon bench`, in this process.
#pragma once

#include <nlohmann/json.hpp>

#include "bench/sweep.h"

namespace tenon::tools {

// What tools/schemas/bench.json says of a point; where it is saved or compared, with "series". `before`: the saved
// point that it is compared with, or nullptr; it then has "against" with the comparison. Throws Failure.
nlohmann::ordered_json MeasurePoint(const Point& point, const nlohmann::ordered_json* before);

}  // namespace tenon::tools
