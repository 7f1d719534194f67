// Functions of ONNX on a backend that has only what their bodies need.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "onnx_bytes.h"
#include "tenon/runtime/tenon.hpp"

namespace {

// y = op(x) for float32 vectors, opset 22.
std::vector<std::byte> UnaryModel(const char* op) {
  static onnx_bytes graph, opset, model;
  graph.size = opset.size = model.size = 0;
  const int64_t dims[] = {-1};
  onnx_node(&graph, op, "node", "x", nullptr, "y");
  onnx_text(&graph, 2, "g");
  onnx_value(&graph, 11, "x", 1, 1, dims, "n");
  onnx_value(&graph, 12, "y", 1, 1, dims, "n");
  onnx_int(&opset, 2, 22);
  onnx_int(&model, 1, 10);
  onnx_message(&model, 7, &graph);
  onnx_message(&model, 8, &opset);
  const auto* begin = reinterpret_cast<const std::byte*>(model.data);
  return {begin, begin + model.size};
}

class ExpandFunctionsTest : public ::testing::Test {
 protected:
  std::vector<float> Run(const char* op, std::vector<float> x, const std::string& backends) {
    const tenon::Session session(tenon::Model(runtime_, UnaryModel(op)), {.backends = backends});
    ops_.clear();
    for (const tenon_placement_row* row : session.placement()) ops_.insert(row->op);
    const auto size = static_cast<int64_t>(x.size());
    const std::vector<tenon::Tensor> out = session.Run({tenon::Tensor::Wrap(x, {size})});
    const std::span<float> y = out[0].As<float>();
    return {y.begin(), y.end()};
  }
  tenon::Runtime runtime_{{.backend_files = {TENON_PRIMITIVES}, .threads = 1}};
  std::set<std::string> ops_;  // of the last session
};

const std::vector<float> kValues = {-4, -1.5F, 0, 0.25F, 2, 5};

TEST_F(ExpandFunctionsTest, ABodyTakesThePlaceOfANodeThatNoBackendHas) {
  const std::vector<float> y = Run("Relu", kValues, "primitives");
  EXPECT_TRUE(ops_.contains("Max") && !ops_.contains("Relu"));
  for (size_t i = 0; i < y.size(); ++i) EXPECT_EQ(y[i], std::max(kValues[i], 0.0F));
}

TEST_F(ExpandFunctionsTest, FunctionsWithinABodyAreExpandedToo) {
  const std::vector<float> y = Run("HardSwish", kValues, "primitives");
  EXPECT_TRUE(!ops_.contains("HardSwish") && !ops_.contains("HardSigmoid"));
  for (size_t i = 0; i < y.size(); ++i) {
    const float x = kValues[i];
    EXPECT_NEAR(y[i], x * std::max(0.0F, std::min(1.0F, x / 6 + 0.5F)), 1e-6);
  }
}

TEST_F(ExpandFunctionsTest, WhatSomeBackendHasStaysWhole) {
  Run("HardSwish", kValues, "primitives,reference");
  EXPECT_EQ(ops_, std::set<std::string>{"HardSwish"});
}

TEST_F(ExpandFunctionsTest, AFunctionWhoseBodyNobodyComputesNamesWhatIsMissing) {
  try {
    Run("Celu", kValues, "primitives");
    ADD_FAILURE();
  } catch (const tenon::Error& error) {
    EXPECT_EQ(error.code(), TENON_UNSUPPORTED);
    EXPECT_NE(std::string_view(error.what()).find("Div"), std::string_view::npos) << error.what();
  }
}

}  // namespace
