// How densely a test makes calls fail: every TENON_TEST_FAULT_STEP-th; 1, each, where that is not set.
#pragma once

#include <algorithm>
#include <cstdlib>

namespace tenon {

inline int FaultStep() {
  const char* step = std::getenv("TENON_TEST_FAULT_STEP");
  return step ? std::max(1, std::atoi(step)) : 1;
}

}  // namespace tenon
