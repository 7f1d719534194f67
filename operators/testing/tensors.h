// Small tensors for tests, and what the rules between revisions made of a node's.
#pragma once

#include <gtest/gtest.h>

#include "testing/held_node.h"

namespace tenon::operators::testing {

// Zeros where there are fewer values than elements.
inline HeldTensor Floats(const Shape& shape, std::vector<float> values = {}) {
  values.resize(static_cast<size_t>(shape.ElementCount()));
  return HeldTensor::Make(DataType::kFloat32, shape, values.data());
}
inline HeldTensor Ints(std::vector<int64_t> values) {
  return HeldTensor::Make(DataType::kInt64, Shape{static_cast<int64_t>(values.size())},
                          values.data());
}
inline std::vector<int64_t> IntsAt(const HeldNode& node, int input) {
  const TensorView* value = node.input(input).value;
  return {value->as<int64_t>(), value->as<int64_t>() + value->shape.ElementCount()};
}
template <typename T>
std::vector<T> ValuesOf(const HeldTensor& tensor) {
  const TensorView& view = tensor.view;
  return {view.as<T>(), view.as<T>() + view.shape.ElementCount()};
}
inline void ExpectRefused(HeldNode& node, int revision, std::string_view why) {
  const Status status = node.Rewrite(revision);
  EXPECT_EQ(status.code(), Code::kUnsupported);
  EXPECT_NE(status.message().find(why), std::string_view::npos) << status.message();
}

}  // namespace tenon::operators::testing
