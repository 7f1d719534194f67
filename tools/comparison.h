// How far a tensor is from what it should be.
#pragma once

#include <string>

#include "host_tensor.h"

namespace tenon::tools {

// An element of a float type may differ by atol + rtol times the largest magnitude of the expected tensor; for types of 16
// bits rtol is at least a unit in the last place, for smaller floats and all that is no float nothing may differ.
struct Tolerance {
  double rtol = 1e-4;
  double atol = 1e-7;
  bool exact = false;  // nothing may differ, whatever is above
};

struct Difference {
  double largest = 0;    // of absolute differences; 1 where elements that are no numbers differ
  double relative = 0;   // to the largest magnitude
  double allowed = 0;    // what `largest` may be
  std::string mismatch;  // what is out of bounds, and where; "" where all is well
};

// Strings are equal or not; of sequences and optionals each item is compared.
Difference Compare(const tenon_tensor* got, const HostTensor& want, const Tolerance& tolerance);

}  // namespace tenon::tools
