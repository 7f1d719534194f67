#include <gtest/gtest.h>

#include "tenon/passes/passes.h"
#include "testing.h"

namespace tenon::model {
namespace {

using testing::Import;

TEST(ImportTest, ASmallModel) {
  Result<graph::Graph> graph = Import(testing::SmallModel());
  ASSERT_TRUE(graph.ok()) << graph.status().ToString();
  ASSERT_EQ(graph->nodes.size(), 2u);
  EXPECT_EQ(graph->nodes[0].op, "MatMul");
  EXPECT_NE(graph->nodes[0].definition, nullptr);
  const graph::Value& w = graph->values[graph->FindValue("w")];
  ASSERT_TRUE(w.constant);
  EXPECT_EQ(reinterpret_cast<const float*>(w.constant->blob->data)[11], 11.0f);
  EXPECT_EQ(graph->values[graph->inputs[0]].shape, Shape({2, 3}));
}

TEST(ImportTest, SymbolsAndAnonymousDimensions) {
  testing::onnx::ModelProto model = testing::SmallModel();
  auto* shape = model.mutable_graph()
                    ->mutable_input(0)
                    ->mutable_type()
                    ->mutable_tensor_type()
                    ->mutable_shape();
  shape->mutable_dim(0)->set_dim_param("N");
  Result<graph::Graph> named = Import(model);
  ASSERT_TRUE(named.ok());
  EXPECT_EQ(named->values[named->inputs[0]].shape[0], SymbolDim(0));
  EXPECT_EQ(named->symbols[0], "N");
  for (const char* anonymous : {"?", ""}) {
    shape->mutable_dim(0)->set_dim_param(anonymous);
    EXPECT_EQ(Import(model)->values[Import(model)->inputs[0]].shape[0], kUnknownDim);
  }
  shape->mutable_dim(0)->set_dim_value(-1);
  EXPECT_EQ(Import(model)->values[Import(model)->inputs[0]].shape[0], kUnknownDim);
}

TEST(ImportTest, ConstantNodesAreInitializersAndTypedFieldsAreRead) {
  testing::onnx::ModelProto model = testing::EmptyModel();
  testing::SetType(model.mutable_graph()->add_output(), "y", {2},
                   testing::onnx::TensorProto::FLOAT16);
  auto* attribute = testing::AddNode(model, "Constant", {}, {"c"})->add_attribute();
  attribute->set_name("value");
  attribute->set_type(testing::onnx::AttributeProto::TENSOR);
  attribute->mutable_t()->set_data_type(testing::onnx::TensorProto::FLOAT16);
  attribute->mutable_t()->add_dims(2);
  attribute->mutable_t()->add_int32_data(0x3c00);
  attribute->mutable_t()->add_int32_data(0xc000);
  testing::AddNode(model, "Identity", {"c"}, {"y"});
  Result<graph::Graph> graph = Import(model);
  ASSERT_TRUE(graph.ok()) << graph.status().ToString();
  const graph::Value& c = graph->values[graph->FindValue("c")];
  ASSERT_TRUE(c.constant);
  EXPECT_EQ(reinterpret_cast<const uint16_t*>(c.constant->blob->data)[1], 0xc000);
}

TEST(ImportTest, ConstantsWithoutElementsAreNotNull) {
  testing::onnx::ModelProto model = testing::EmptyModel();
  testing::SetType(model.mutable_graph()->add_output(), "y", {0},
                   testing::onnx::TensorProto::INT64);
  testing::AddNode(model, "Identity", {"none"}, {"y"});
  auto* none = model.mutable_graph()->add_initializer();
  none->set_name("none");
  none->set_data_type(testing::onnx::TensorProto::INT64);
  none->add_dims(0);
  Result<graph::Graph> graph = Import(model);
  ASSERT_TRUE(graph.ok()) << graph.status().ToString();
  const graph::Value& value = graph->values[graph->FindValue("none")];
  ASSERT_TRUE(value.constant);
  EXPECT_EQ(value.constant->blob->size, 0u);
  EXPECT_NE(value.constant->blob->data, nullptr);
}

TEST(ImportTest, WhatIsNotZeroIsTrue) {
  for (const bool raw : {false, true}) {
    testing::onnx::ModelProto model = testing::EmptyModel();
    auto* tensor = model.mutable_graph()->add_initializer();
    tensor->set_name("c");
    tensor->set_data_type(testing::onnx::TensorProto::BOOL);
    tensor->add_dims(4);
    for (const int value : {0, 1, 2, 255}) {
      if (!raw) tensor->add_int32_data(value);
    }
    if (raw) tensor->set_raw_data(std::string("\0\1\2\xff", 4));
    testing::AddNode(model, "Not", {"c"}, {"y"});
    testing::SetType(model.mutable_graph()->add_output(), "y", {4},
                     testing::onnx::TensorProto::BOOL);
    Result<graph::Graph> graph = Import(model);
    ASSERT_TRUE(graph.ok()) << graph.status().ToString();
    const auto* bytes =
        reinterpret_cast<const uint8_t*>(graph->values[graph->FindValue("c")].constant->blob->data);
    EXPECT_EQ(std::vector<uint8_t>(bytes, bytes + 4), (std::vector<uint8_t>{0, 1, 1, 1}));
  }
}

TEST(ImportTest, ExportedModelsImportToTheSameGraph) {
  Result<graph::Graph> graph = Import(testing::SmallModel());
  ASSERT_TRUE(graph.ok());
  ASSERT_TRUE(passes::RunPipeline(*graph, {}).ok());
  Result<std::string> bytes = Export(*graph);
  ASSERT_TRUE(bytes.ok()) << bytes.status().ToString();
  Result<graph::Graph> again = Import(*bytes);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  ASSERT_TRUE(passes::RunPipeline(*again, {}).ok());
  EXPECT_EQ(again->Dump(), graph->Dump());
}

// Relu of opset 1 had a hint that opset 6 no longer has; MatMul was the same.
TEST(ImportTest, OpsetsBeforeTheOldestCountWhereNothingChanged) {
  testing::onnx::ModelProto model = testing::SmallModel(1);
  auto* hint = model.mutable_graph()->mutable_node(1)->add_attribute();
  hint->set_name("consumed_inputs");
  hint->set_type(testing::onnx::AttributeProto::INTS);
  hint->add_ints(0);
  Result<graph::Graph> graph = Import(model);
  ASSERT_TRUE(graph.ok()) << graph.status().ToString();
  ASSERT_EQ(graph->nodes.size(), 2u);
  EXPECT_EQ(graph->nodes[1].op, "Relu");
  EXPECT_EQ(graph->nodes[1].revision, 1);
  EXPECT_TRUE(graph->nodes[1].attributes.empty());
  ASSERT_FALSE(graph->opsets.empty());
  EXPECT_EQ(graph->opsets[0].second, 6);
}

// An Optional without element: its type is an attribute.
TEST(ImportTest, TypesOfEmptyOptionalsAreKeptWhenExported) {
  for (const bool sequence : {false, true}) {
    testing::onnx::ModelProto model = testing::EmptyModel(18);
    testing::onnx::TypeProto type;
    (sequence ? type.mutable_sequence_type()->mutable_elem_type() : &type)
        ->mutable_tensor_type()
        ->set_elem_type(testing::onnx::TensorProto::DOUBLE);
    auto* attribute = testing::AddNode(model, "Optional", {}, {"o"})->add_attribute();
    attribute->set_name("type");
    attribute->set_type(testing::onnx::AttributeProto::TYPE_PROTO);
    *attribute->mutable_tp() = type;
    auto* output = model.mutable_graph()->add_output();
    output->set_name("o");
    *output->mutable_type()->mutable_optional_type()->mutable_elem_type() = type;
    std::string bytes = model.SerializeAsString();
    for (int round = 0; round < 2; ++round) {
      Result<graph::Graph> graph = Import(bytes);
      ASSERT_TRUE(graph.ok()) << graph.status().ToString();
      graph->values[graph->outputs[0]].type = DataType::kUndefined;
      const Status ran = passes::RunPipeline(*graph, {});
      ASSERT_TRUE(ran.ok()) << ran.ToString();
      const graph::Value& value = graph->values[graph->outputs[0]];
      EXPECT_EQ(value.type, DataType::kFloat64);
      EXPECT_EQ(value.kind, sequence ? ValueKind::kOptionalSequence : ValueKind::kOptional);
      Result<std::string> exported = Export(*graph);
      ASSERT_TRUE(exported.ok()) << exported.status().ToString();
      bytes = *exported;
    }
  }
}

TEST(ImportTest, OperatorsOfTenonAreExportedWithTheirDomain) {
  testing::onnx::ModelProto model = testing::EmptyModel(8);
  testing::SetType(model.mutable_graph()->add_input(), "s", {2, 3});
  testing::SetType(model.mutable_graph()->add_input(), "x", {2, 5, 3});
  testing::SetType(model.mutable_graph()->add_output(), "y", {2, 3});
  auto* scan = testing::AddNode(model, "Scan", {"", "s", "x"}, {"y"}, "scan");
  auto* count = scan->add_attribute();
  count->set_name("num_scan_inputs");
  count->set_type(testing::onnx::AttributeProto::INT);
  count->set_i(1);
  testing::onnx::ModelProto body;
  body.mutable_graph()->set_name("body");
  for (const char* name : {"from", "more"}) body.mutable_graph()->add_input()->set_name(name);
  body.mutable_graph()->add_output()->set_name("to");
  testing::AddNode(body, "Add", {"from", "more"}, {"to"});
  auto* attribute = scan->add_attribute();
  attribute->set_name("body");
  attribute->set_type(testing::onnx::AttributeProto::GRAPH);
  *attribute->mutable_g() = body.graph();
  Result<graph::Graph> graph = Import(model);
  ASSERT_TRUE(graph.ok()) << graph.status().ToString();
  ASSERT_TRUE(passes::RunPipeline(*graph, {}).ok());
  EXPECT_EQ(graph->nodes[0].op, "Scan8");
  Result<std::string> bytes = Export(*graph);
  ASSERT_TRUE(bytes.ok()) << bytes.status().ToString();
  Result<graph::Graph> again = Import(*bytes);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  ASSERT_TRUE(passes::RunPipeline(*again, {}).ok());
  EXPECT_EQ(again->Dump(), graph->Dump());
}

TEST(ImportTest, OldOpsetsBecomeNewRevisions) {
  testing::onnx::ModelProto model = testing::EmptyModel(6);
  testing::SetType(model.mutable_graph()->add_input(), "x", {2, 3});
  testing::SetType(model.mutable_graph()->add_output(), "y", {2, 3});
  auto* node = testing::AddNode(model, "Clip", {"x"}, {"y"}, "clip");
  auto* attribute = node->add_attribute();
  attribute->set_name("max");
  attribute->set_type(testing::onnx::AttributeProto::FLOAT);
  attribute->set_f(6);
  Result<graph::Graph> graph = Import(model);
  ASSERT_TRUE(graph.ok()) << graph.status().ToString();
  ASSERT_TRUE(passes::Canonicalise(*graph, {}).ok());
  const graph::Node& clip = graph->nodes[0];
  EXPECT_EQ(clip.revision, clip.definition->newest().number);
  EXPECT_EQ(clip.Find("max"), nullptr);
  ASSERT_EQ(clip.inputs.size(), 3u);
  EXPECT_EQ(*reinterpret_cast<const float*>(graph->values[clip.inputs[2]].constant->blob->data),
            6.0f);
}

TEST(ImportTest, ADomainMayBeImportedTwiceInOneVersion) {
  testing::onnx::ModelProto model = testing::SmallModel();
  model.add_opset_import()->set_domain("ai.onnx");
  model.mutable_opset_import(1)->set_version(17);
  const Result<graph::Graph> graph = Import(model);
  EXPECT_TRUE(graph.ok()) << graph.status().ToString();
}

TEST(ImportTest, TheFirstIrVersionsHaveOpset1) {
  for (const int version : {1, 2}) {
    testing::onnx::ModelProto model = testing::SmallModel();
    model.set_ir_version(version);
    model.clear_opset_import();
    Result<graph::Graph> graph = Import(model);
    ASSERT_TRUE(graph.ok()) << graph.status().ToString();
    EXPECT_EQ(graph->nodes[0].revision, 1);
    model.mutable_graph()->mutable_node(1)->set_op_type("Clip");  // had no bounds by default
    EXPECT_EQ(Import(model).status().code(), Code::kUnsupported);
  }
}

// ONNX deprecated GroupNormalization's first revision.
TEST(ImportTest, ADeprecatedRevisionThatTenonHasIsCheckedAndTaken) {
  testing::onnx::ModelProto model = testing::EmptyModel(18);
  testing::SetType(model.mutable_graph()->add_input(), "x", {1, 4, 2});
  testing::AddWeight(model, "scale", {2}, {1, 1});
  testing::AddWeight(model, "bias", {2}, {0, 0});
  testing::SetType(model.mutable_graph()->add_output(), "y", {1, 4, 2});
  auto* node = testing::AddNode(model, "GroupNormalization", {"x", "scale", "bias"}, {"y"}, "norm");
  auto* attribute = node->add_attribute();
  attribute->set_name("num_groups");
  attribute->set_type(testing::onnx::AttributeProto::INT);
  attribute->set_i(2);
  Result<graph::Graph> graph = Import(model);
  ASSERT_TRUE(graph.ok()) << graph.status().ToString();
  EXPECT_EQ(graph->nodes[0].revision, 18);
  attribute->set_name("groups");
  Status status = Import(model).status();
  EXPECT_NE(status.message().find("groups"), std::string_view::npos) << status.ToString();
  attribute->set_name("num_groups");
  node->mutable_input()->RemoveLast();
  status = Import(model).status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument) << status.ToString();
}

TEST(ImportTest, WhatNoNewerOpsetHasIsExportedInItsOwn) {
  testing::onnx::ModelProto model = testing::EmptyModel(9);
  testing::SetType(model.mutable_graph()->add_input(), "x", {2, 3});
  testing::SetType(model.mutable_graph()->add_output(), "y", {2, 3});
  auto* attribute = testing::AddNode(model, "Clip", {"x"}, {"y"}, "clip")->add_attribute();
  attribute->set_name("max");
  attribute->set_type(testing::onnx::AttributeProto::FLOAT);
  attribute->set_f(6);
  Result<graph::Graph> graph = Import(model);
  ASSERT_TRUE(graph.ok()) << graph.status().ToString();
  Result<std::string> bytes = Export(*graph);
  ASSERT_TRUE(bytes.ok()) << bytes.status().ToString();
  Result<graph::Graph> again = Import(*bytes);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_EQ(again->Dump(), graph->Dump());
  EXPECT_LT(again->opsets[0].second, 11);
  // What fits opset 13 is exported in it.
  graph = Import(testing::SmallModel(9));
  ASSERT_TRUE(graph.ok()) << graph.status().ToString();
  again = Import(*Export(*graph));
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_EQ(again->opsets[0].second, 13);
}

}  // namespace
}  // namespace tenon::model
