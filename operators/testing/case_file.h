// Single nodes with inputs and expected outputs, as make_cases.py writes them. For tests.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "tenon/operators/tensor.h"

namespace tenon::operators::testing {

// A tensor with its contents; absent where `present` is false.
struct HeldTensor {
  bool present = false;
  TensorView view;  // data points into `bytes`
  std::vector<uint64_t> bytes;

  HeldTensor() = default;
  HeldTensor(const HeldTensor& other)
      : present(other.present), view(other.view), bytes(other.bytes) {
    if (present) view.data = bytes.data();
  }
  HeldTensor(HeldTensor&&) = default;
  HeldTensor& operator=(HeldTensor other) {
    present = other.present;
    view = other.view;
    bytes = std::move(other.bytes);
    return *this;
  }
  static HeldTensor Make(DataType type, const Shape& shape,
                         const void* data);  // data may be null: zeros
  int64_t byte_size() const;
};

struct HeldAttribute {
  AttributeView view;  // points into the rest
  std::string name, text;
  std::vector<int64_t> ints;
  std::vector<float> floats;
  std::vector<std::string> strings;
  HeldTensor tensor;
};

struct Case {
  std::string name, domain, op;
  int opset = 0;
  double rtol = 0, atol = 0;
  std::deque<HeldAttribute> attributes;
  std::vector<HeldTensor> inputs, outputs;
};

struct CaseFile {
  std::vector<std::pair<std::string, uint32_t>> left_out;  // reason, count
  std::deque<Case> cases;
};

// Aborts the test program's run of cases (an empty file) where the file is missing or not
// understood.
CaseFile ReadCases(const std::string& path);

}  // namespace tenon::operators::testing
