// Shape functions of selection, scattering and contraction where sizes are symbols or not known;
// with known sizes they are compared in cases_test.cc.
#include "testing/tensors.h"

namespace tenon::operators::testing {
namespace {

constexpr int64_t kN = SymbolDim(0), kM = SymbolDim(1), kUnknown = kUnknownDim;
constexpr DataType kFloat = DataType::kFloat32, kInt = DataType::kInt64;

struct Input {
  DataType type;
  Shape shape;
  HeldTensor value = {};
};
InferInput View(const Input& input) {
  return {true, input.type, input.shape, input.value.present ? &input.value.view : nullptr};
}
Input Known(HeldTensor value) { return {value.view.type, value.view.shape, value}; }
Input Scalar(int64_t value) { return Known(HeldTensor::Make(kInt, Shape(), &value)); }

// The shapes of the outputs, or the error's message.
std::string Inferred(const HeldNode& node, const std::vector<Input>& inputs, int outputs = 1) {
  std::vector<InferInput> views;
  for (const Input& input : inputs) views.push_back(View(input));
  std::vector<InferOutput> results(static_cast<size_t>(outputs));
  const Operator& op = *FindOperator(node.node().domain, node.node().op);
  const Status status = op.infer(node.node(), views, results);
  if (!status.ok()) return std::string(status.message());
  std::string text;
  for (const InferOutput& result : results)
    text += (text.empty() ? "" : " ") + result.shape.ToString();
  return text;
}
HeldNode Node(const char* op, std::initializer_list<std::pair<const char*, int64_t>> ints = {}) {
  HeldNode node("", op, FindOperator("", op)->newest().number, {}, 1);
  for (const auto& [name, value] : ints) node.SetInt(name, value);
  return node;
}
void ExpectError(const std::string& got, std::string_view part) {
  EXPECT_NE(got.find(part), std::string::npos) << got;
}

TEST(InferStructure, TopK) {
  const Input x = {kFloat, {kN, 7}};
  EXPECT_EQ(Inferred(Node("TopK"), {x, Known(Ints({3}))}, 2), "[s0, 3] [s0, 3]");
  EXPECT_EQ(Inferred(Node("TopK", {{"axis", 0}}), {x, Known(Ints({3}))}, 2), "[3, 7] [3, 7]");
  EXPECT_EQ(Inferred(Node("TopK"), {x, {kInt, {1}}}), "[s0, ?]");
  EXPECT_EQ(Inferred(Node("TopK"), {{kFloat, Shape::UnknownRank()}, Known(Ints({3}))}), "[...]");
  ExpectError(Inferred(Node("TopK"), {x, Known(Ints({8}))}), "K is 8");
  ExpectError(Inferred(Node("TopK", {{"axis", 2}}), {x, Known(Ints({1}))}), "axis 2");
}

TEST(InferStructure, DataDependent) {
  EXPECT_EQ(Inferred(Node("Unique"), {{kFloat, {2, 3}}}, 4), "[?] [?] [6] [?]");
  EXPECT_EQ(Inferred(Node("Unique", {{"axis", -1}}), {{kFloat, {2, kN}}}, 4),
            "[2, ?] [?] [s0] [?]");
  EXPECT_EQ(Inferred(Node("Unique"), {{kFloat, Shape::UnknownRank()}}, 4), "[?] [?] [?] [?]");
  const bool kept[] = {true, false, true};
  const Input condition = Known(HeldTensor::Make(DataType::kBool, Shape{3}, kept));
  EXPECT_EQ(Inferred(Node("Compress", {{"axis", 1}}), {{kFloat, {kN, 3}}, condition}), "[s0, 2]");
  EXPECT_EQ(Inferred(Node("Compress", {{"axis", 1}}), {{kFloat, {kN, 2}}, condition}), "[s0, 1]");
  EXPECT_EQ(Inferred(Node("Compress", {{"axis", 0}}), {{kFloat, {kN, 3}}, condition}), "[?, 3]");
  EXPECT_EQ(Inferred(Node("Compress"), {{kFloat, {2, 3}}, condition}), "[2]");
  EXPECT_EQ(Inferred(Node("Compress"), {{kFloat, Shape::UnknownRank()}, condition}), "[?]");
  ExpectError(Inferred(Node("Compress"), {{kFloat, {2}}, {kInt, {2}}}), "expected a bool vector");
  EXPECT_EQ(Inferred(Node("NonMaxSuppression"), {{kFloat, {kN, kM, 4}}, {kFloat, {kN, 80, kM}}}),
            "[?, 3]");
  ExpectError(Inferred(Node("NonMaxSuppression"), {{kFloat, {1, 5, 4}}, {kFloat, {1, 80, 6}}}),
              "as many batches and boxes");
}

TEST(InferStructure, OneHot) {
  const Input values = {kFloat, {2}};
  EXPECT_EQ(Inferred(Node("OneHot"), {{kInt, {kN}}, Scalar(5), values}), "[s0, 5]");
  EXPECT_EQ(Inferred(Node("OneHot", {{"axis", 0}}), {{kInt, {kN}}, {kInt, {}}, values}), "[?, s0]");
  EXPECT_EQ(Inferred(Node("OneHot"), {{kInt, {kN}}, Known(Floats({1}, {3})), values}), "[s0, 3]");
  ExpectError(Inferred(Node("OneHot"), {{kInt, {kN}}, Scalar(-1), values}), "no size");
  ExpectError(Inferred(Node("OneHot"), {{kInt, {1, 1, 1, 1, 1, 1, 1, 1}}, Scalar(1), values}),
              "at most 8");
}

TEST(InferStructure, Scatter) {
  EXPECT_EQ(
      Inferred(Node("ScatterElements"), {{kFloat, {kN, 3}}, {kInt, {kM, 2}}, {kFloat, {kM, 2}}}),
      "[s0, 3]");
  ExpectError(
      Inferred(Node("ScatterElements"), {{kFloat, {kN, 3}}, {kInt, {2, 4}}, {kFloat, {2, 4}}}),
      "to lie within");
  ExpectError(Inferred(Node("ScatterElements"), {{kFloat, {3}}, {kInt, {2}}, {kFloat, {3}}}),
              "expected the same");
  EXPECT_EQ(Inferred(Node("ScatterND"), {{kFloat, {kN, 3}}, {kInt, {kM, 1}}, {kFloat, {kM, 3}}}),
            "[s0, 3]");
  EXPECT_EQ(
      Inferred(Node("ScatterND"), {{kFloat, {kN, 3}}, {kInt, {kM, kUnknown}}, {kFloat, {kM, 3}}}),
      "[s0, 3]");
  ExpectError(Inferred(Node("ScatterND"), {{kFloat, {4, 3}}, {kInt, {2, 1}}, {kFloat, {2, 4}}}),
              "updates has shape");
}

TEST(InferStructure, Matrices) {
  EXPECT_EQ(Inferred(Node("EyeLike"), {{kFloat, Shape::UnknownRank()}}), "[?, ?]");
  EXPECT_EQ(Inferred(Node("Trilu"), {{kFloat, {kN, 2, kM}}}), "[s0, 2, s1]");
  EXPECT_EQ(Inferred(Node("Det"), {{kFloat, {kN, 4, kM}}}), "[s0]");
  ExpectError(Inferred(Node("Det"), {{kFloat, {4, 3}}}), "[..., M, M]");
  EXPECT_EQ(Inferred(Node("ReverseSequence"), {{kFloat, {kN, kM}}, {kInt, {kM}}}), "[s0, s1]");
  ExpectError(Inferred(Node("ReverseSequence"), {{kFloat, {2, 3}}, {kInt, {2}}}), "batch entry");
  EXPECT_EQ(Inferred(Node("CumSum"), {{kFloat, {kN, 2}}, {kInt, {}}}), "[s0, 2]");
  ExpectError(Inferred(Node("CumSum"), {{kFloat, {kN, 2}}, Scalar(2)}), "axis 2");
}

TEST(InferStructure, Sizes) {
  EXPECT_EQ(Inferred(Node("CenterCropPad"), {{kFloat, {kN, 4}}, Known(Ints({3, 5}))}), "[3, 5]");
  EXPECT_EQ(Inferred(Node("CenterCropPad"), {{kFloat, {kN, 4}}, {kInt, {2}}}), "[?, ?]");
  HeldNode first = Node("CenterCropPad");
  first.SetInts("axes", std::vector<int64_t>{-1});
  EXPECT_EQ(Inferred(first, {{kFloat, {kN, 4}}, Known(Ints({3}))}), "[s0, 3]");
  ExpectError(Inferred(first, {{kFloat, {kN, 4}}, Known(Ints({3, 3}))}), "2 elements for 1 axes");
  HeldNode words = Node("TfIdfVectorizer");
  words.SetInts("ngram_indexes", std::vector<int64_t>{4, 0});
  EXPECT_EQ(Inferred(words, {{kInt, {kN, kM}}}), "[s0, 5]");
  EXPECT_EQ(Inferred(words, {{kInt, {kM}}}), "[5]");
  EXPECT_EQ(Inferred(words, {{kInt, Shape::UnknownRank()}}), "[...]");
}

TEST(InferStructure, Losses) {
  HeldNode node = Node("SoftmaxCrossEntropyLoss");
  const std::vector<Input> inputs = {{kFloat, {kN, 10, kM}}, {kInt, {kN, kM}}};
  EXPECT_EQ(Inferred(node, inputs, 2), "[] [s0, 10, s1]");
  node.SetString("reduction", "none");
  EXPECT_EQ(Inferred(node, inputs, 2), "[s0, s1] [s0, 10, s1]");
  EXPECT_EQ(Inferred(node, {{kFloat, Shape::UnknownRank()}, {kInt, {kN, kM}}}), "[s0, s1]");
  ExpectError(Inferred(node, {{kFloat, {2, 3}}, {kInt, {3}}}), "the labels have shape [3]");
  ExpectError(Inferred(node, {{kFloat, {2, 3}}, {kInt, {2}}, {kFloat, {2}}}), "for each class");
  node.SetString("reduction", "median");
  ExpectError(Inferred(node, inputs), "median");
}

TEST(InferStructure, Random) {
  EXPECT_EQ(Inferred(Node("RandomNormalLike"), {{kFloat, {kN, 2}}}), "[s0, 2]");
  EXPECT_EQ(Inferred(Node("Bernoulli"), {{kFloat, Shape::UnknownRank()}}), "[...]");
  EXPECT_EQ(Inferred(Node("Multinomial", {{"sample_size", 5}}), {{kFloat, {kN, 9}}}), "[s0, 5]");
  EXPECT_EQ(Inferred(Node("Multinomial"), {{kFloat, Shape::UnknownRank()}}), "[?, 1]");
  HeldNode node = Node("RandomUniform");
  node.SetInts("shape", std::vector<int64_t>{2, 3});
  EXPECT_EQ(Inferred(node, {}), "[2, 3]");
  node.SetInts("shape", std::vector<int64_t>{-1});
  ExpectError(Inferred(node, {}), "size -1");
}

std::string Einsum(const char* equation, std::vector<Shape> shapes) {
  HeldNode node = Node("Einsum");
  node.SetString("equation", equation);
  std::vector<Input> inputs;
  for (const Shape& shape : shapes) inputs.push_back({kFloat, shape});
  return Inferred(node, inputs);
}

TEST(InferStructure, Einsum) {
  EXPECT_EQ(Einsum("bij,bjk->bki", {{kN, 2, kM}, {kN, kM, 5}}), "[s0, 5, 2]");
  EXPECT_EQ(Einsum("...ij,...jk", {{kN, 1, 2, 3}, {4, 3, 5}}), "[s0, 4, 2, 5]");
  EXPECT_EQ(Einsum("...ij,jk->...ik", {Shape::UnknownRank(), {3, 5}}), "[...]");
  EXPECT_EQ(Einsum("ij,jk->ik", {Shape::UnknownRank(), {3, 5}}), "[?, 5]");
  EXPECT_EQ(Einsum("ii->i", {{kN, kN}}), "[s0]");
  EXPECT_EQ(Einsum("bA", {{2, 3}}), "[3, 2]");  // capitals first
  EXPECT_EQ(Einsum("->", {{}}), "[]");
  ExpectError(Einsum("ij,jk->ik", {{2, 3}, {4, 5}}), "has size 4");
  ExpectError(Einsum("ij->k", {{2, 3}}), "which no input has");
  ExpectError(Einsum("ij->ii", {{2, 3}}), "twice");
  ExpectError(Einsum("ii", {{2, 3}}), "one label");
  ExpectError(Einsum("ij", {{2, 3, 4}}), "for 2 letters");
  ExpectError(Einsum("ij", {{2, 3}, {2}}), "more inputs");
  ExpectError(Einsum("ij,j", {{2, 3}}), "not understood");
  ExpectError(Einsum("i.j", {{2, 3}}), "not understood");
  ExpectError(Einsum("......", {{2, 3}}), "not understood");
  ExpectError(Einsum("i-j", {{2}}), "not understood");
  ExpectError(Einsum("...i->i", {{2, 3}}), "lacks");
  ExpectError(Einsum("abcdefghi", {{2}}), "more than 8");
  ExpectError(Einsum("abcdef,ghijkl->abcdefghijkl", {{1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1}}),
              "more than 8");
}

}  // namespace
}  // namespace tenon::operators::testing
