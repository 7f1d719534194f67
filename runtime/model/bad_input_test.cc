// What a hostile or damaged file may hold: every one ends in a status that names the place.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "tenon/passes/passes.h"
#include "testing.h"

namespace tenon::model {
namespace {

using testing::AddNode;
using testing::Import;
using Model = testing::onnx::ModelProto;

struct BadCase {
  const char* name;
  std::function<void(Model&)> damage;
  Code code;
  const char* says;
};

const BadCase kCases[] = {
    {"cycle", [](Model& m) { m.mutable_graph()->mutable_node(0)->set_input(0, "y"); },
     Code::kInvalidArgument, "cycle"},
    {"missing value", [](Model& m) { m.mutable_graph()->mutable_node(1)->set_input(0, "gone"); },
     Code::kInvalidArgument, "node \"act\" reads \"gone\""},
    {"missing output", [](Model& m) { m.mutable_graph()->mutable_output(0)->set_name("gone"); },
     Code::kInvalidArgument, "output \"gone\""},
    {"value made twice", [](Model& m) { AddNode(m, "Neg", {"x"}, {"h"}, "again"); },
     Code::kInvalidArgument, "\"h\""},
    {"input made by a node", [](Model& m) { AddNode(m, "Neg", {"h"}, {"x"}, "again"); },
     Code::kInvalidArgument, "\"x\""},
    {"initializer twice", [](Model& m) { testing::AddWeight(m, "w", {1}, {1}); },
     Code::kInvalidArgument, "\"w\""},
    {"a part without a name",
     [](Model& m) {
       AddNode(m, "Split", {"x"}, {"a", "", "c"}, "split");
       AddNode(m, "Add", {"a", "c"}, {"sum"});
     },
     Code::kInvalidArgument, "\"split\""},
    {"unknown operator", [](Model& m) { m.mutable_graph()->mutable_node(1)->set_op_type("Reelu"); },
     Code::kUnsupported, "Reelu"},
    {"unknown domain", [](Model& m) { m.mutable_graph()->mutable_node(1)->set_domain("acme"); },
     Code::kInvalidArgument, "acme"},
    {"opset of the future", [](Model& m) { m.mutable_opset_import(0)->set_version(999); },
     Code::kUnsupported, "999"},
    {"opset of the past", [](Model& m) { m.mutable_opset_import(0)->set_version(0); },
     Code::kUnsupported, "opset 0"},
    {"two opsets of the default domain",
     [](Model& m) {
       auto* again = m.add_opset_import();
       again->set_domain("ai.onnx");
       again->set_version(11);
     },
     Code::kInvalidArgument, "the model imports opsets 17 and 11 of the default domain"},
    {"two opsets of the default domain in a function",
     [](Model& m) {
       auto* function = m.add_functions();
       function->set_domain("own");
       function->set_name("Act");
       function->add_input("a");
       function->add_output("b");
       for (const int version : {13, 11}) function->add_opset_import()->set_version(version);
       m.add_opset_import()->set_domain("own");
       m.mutable_opset_import(1)->set_version(1);
       m.mutable_graph()->mutable_node(1)->set_domain("own");
       m.mutable_graph()->mutable_node(1)->set_op_type("Act");
     },
     Code::kInvalidArgument, "the function imports opsets 13 and 11 of the default domain"},
    {"IR version without opsets, and none",
     [](Model& m) {
       m.set_ir_version(3);
       m.clear_opset_import();
     },
     Code::kInvalidArgument, "imports no opset"},
    {"operator of the past",
     [](Model& m) {
       m.mutable_opset_import(0)->set_version(3);
       m.mutable_graph()->mutable_node(1)->set_op_type("Clip");  // had no bounds by default
     },
     Code::kUnsupported, "opset 3 defines the operator otherwise"},
    {"IR version of the future", [](Model& m) { m.set_ir_version(99); }, Code::kUnsupported, "99"},
    {"no graph", [](Model& m) { m.clear_graph(); }, Code::kDataLoss, "no graph"},
    {"no outputs", [](Model& m) { m.mutable_graph()->clear_output(); }, Code::kInvalidArgument,
     "no outputs"},
    {"dimension product overflows",
     [](Model& m) {
       auto* t = m.mutable_graph()->mutable_initializer(0);
       t->clear_dims();
       for (int i = 0; i < 4; ++i) t->add_dims(int64_t{1} << 40);
     },
     Code::kInvalidArgument, "\"w\""},
    {"negative dimension",
     [](Model& m) { m.mutable_graph()->mutable_initializer(0)->set_dims(0, -3); },
     Code::kInvalidArgument, "-3"},
    {"raw_data too short",
     [](Model& m) { m.mutable_graph()->mutable_initializer(0)->mutable_raw_data()->resize(40); },
     Code::kInvalidArgument, "raw_data has 40 bytes"},
    {"raw_data too long",
     [](Model& m) { m.mutable_graph()->mutable_initializer(0)->mutable_raw_data()->resize(52); },
     Code::kInvalidArgument, "raw_data has 52 bytes"},
    {"unknown element type",
     [](Model& m) { m.mutable_graph()->mutable_initializer(0)->set_data_type(77); },
     Code::kUnsupported, "77"},
    {"rank of 100",
     [](Model& m) {
       for (int i = 0; i < 98; ++i) m.mutable_graph()->mutable_initializer(0)->add_dims(1);
     },
     Code::kUnsupported, "rank 100"},
    {"petabytes asked for",
     [](Model& m) {
       auto* t = m.mutable_graph()->mutable_initializer(0);
       t->clear_dims();
       t->add_dims(int64_t{1} << 50);
       t->clear_raw_data();
     },
     Code::kInvalidArgument, "\"w\""},
    {"external data",
     [](Model& m) {
       auto* t = m.mutable_graph()->mutable_initializer(0);
       t->clear_raw_data();
       t->set_data_location(testing::onnx::TensorProto::EXTERNAL);
       t->add_external_data()->set_key("location");
       t->mutable_external_data(0)->set_value("w.bin");
     },
     Code::kInvalidArgument, "opened from memory"},
    {"unknown attribute",
     [](Model& m) {
       auto* a = m.mutable_graph()->mutable_node(1)->add_attribute();
       a->set_name("frobnicate");
       a->set_type(testing::onnx::AttributeProto::INT);
     },
     Code::kInvalidArgument, "frobnicate"},
    {"too few inputs", [](Model& m) { m.mutable_graph()->mutable_node(1)->clear_input(); },
     Code::kInvalidArgument, "act"},
};

TEST(BadInputTest, EveryDamageHasItsErrorAndItsPlace) {
  for (const BadCase& bad : kCases) {
    Model model = testing::SmallModel();
    bad.damage(model);
    Result<graph::Graph> graph = Import(model);
    ASSERT_FALSE(graph.ok()) << bad.name;
    EXPECT_EQ(graph.status().code(), bad.code) << bad.name << ": " << graph.status().ToString();
    EXPECT_NE(graph.status().message().find(bad.says), std::string_view::npos)
        << bad.name << ": " << graph.status().ToString();
  }
}

TEST(BadInputTest, ShapesThatDoNotFitAreFoundByInference) {
  Model model = testing::SmallModel();
  model.mutable_graph()
      ->mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->mutable_dim(1)
      ->set_dim_value(7);
  Result<graph::Graph> graph = Import(model);
  ASSERT_TRUE(graph.ok());
  const Status status = passes::RunPipeline(*graph, {});
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_NE(status.message().find("mul"), std::string_view::npos) << status.ToString();
}

TEST(BadInputTest, AFoldThatExplodesIsLeftAlone) {
  Model model = testing::EmptyModel();
  testing::SetType(model.mutable_graph()->add_output(), "y", {});
  model.mutable_graph()->mutable_output(0)->mutable_type()->mutable_tensor_type()->clear_shape();
  auto* shape = model.mutable_graph()->add_initializer();
  shape->set_name("s");
  shape->set_data_type(testing::onnx::TensorProto::INT64);
  shape->add_dims(3);
  for (int i = 0; i < 3; ++i) shape->add_int64_data(100'000);
  AddNode(model, "ConstantOfShape", {"s"}, {"y"}, "big");
  Result<graph::Graph> graph = Import(model);
  ASSERT_TRUE(graph.ok()) << graph.status().ToString();
  ASSERT_TRUE(passes::RunPipeline(*graph, {}).ok());
  EXPECT_FALSE(graph->values[graph->outputs[0]].constant);
}

TEST(BadInputTest, TruncatedAndRandomBytesNeverCrash) {
  const std::string bytes = testing::SmallModel().SerializeAsString();
  for (size_t size = 0; size < bytes.size(); ++size) {
    Result<graph::Graph> graph = Import(bytes.substr(0, size));
    EXPECT_FALSE(graph.ok()) << size;
  }
  std::mt19937 random(7);
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = bytes;
    for (int k = 0; k < 3; ++k) damaged[random() % damaged.size()] = static_cast<char>(random());
    Result<graph::Graph> graph = Import(damaged);
    if (graph.ok()) static_cast<void>(passes::RunPipeline(*graph, {}));
  }
  for (int i = 0; i < 500; ++i) {
    std::string noise(random() % 200, ' ');
    for (char& c : noise) c = static_cast<char>(random());
    EXPECT_FALSE(Import(noise).ok());
  }
}

TEST(BadInputTest, MissingAndEmptyFiles) {
  EXPECT_EQ(ImportFile("/nonexistent/model.onnx").status().code(), Code::kNotFound);
  EXPECT_EQ(ImportFile("/tmp").status().code(), Code::kInvalidArgument);
  EXPECT_EQ(Import(std::string()).status().code(), Code::kDataLoss);
}

}  // namespace
}  // namespace tenon::model
