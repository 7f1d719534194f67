// What a model takes or gives: a tensor, a sequence of tensors, or an optional of either.
#pragma once

#include <vector>

#include "host_tensor.h"

namespace tenon::tools {

struct HostValue {
  enum class Kind { kTensor, kSequence, kOptional, kOther };
  Kind kind = Kind::kTensor;
  std::vector<HostTensor> tensors;  // one; a sequence's elements; none where an optional is empty
};

}  // namespace tenon::tools
