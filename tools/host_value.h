// What a model takes or gives: a tensor, a sequence of tensors, or an optional of either.
#pragma once

#include <vector>

#include "comparison.h"

namespace tenon::tools {

struct HostValue {
  tenon_value_kind kind = TENON_VALUE_TENSOR;
  bool present = true;              // false: an optional without a value
  std::vector<HostTensor> tensors;  // one; those of a sequence; none where an optional is empty

  // Lends the memory of a tensor; the value must outlive it.
  Tensor Wrap();
};

// What the run gave against what it should be.
Difference Compare(const Tensor& got, const HostValue& want, const Tolerance& tolerance);

}  // namespace tenon::tools
