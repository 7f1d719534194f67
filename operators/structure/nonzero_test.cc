// NonZero where ONNX's cases do not reach: every element type, many chunks, scalars, known contents.
#include <gtest/gtest.h>

#include "testing/held_node.h"

namespace tenon::operators::testing {
namespace {

HeldNode NonZero(HeldTensor x) {
  std::vector<HeldTensor> inputs;
  inputs.push_back(std::move(x));
  return HeldNode("", "NonZero", 9, std::move(inputs), 1);
}

// Indices of a vector's elements that are not zero, by the kernel.
std::vector<int64_t> IndicesOf(DataType type, const void* data, int64_t count) {
  const auto result = NonZero(HeldTensor::Make(type, Shape{count}, data)).Run();
  EXPECT_TRUE(result.ok()) << result.status().ToString();
  if (!result.ok()) return {};
  const TensorView& view = (*result)[0].view;
  EXPECT_EQ(view.shape[0], 1);
  return {view.as<int64_t>(), view.as<int64_t>() + view.shape.ElementCount()};
}
template <typename T>
std::vector<int64_t> IndicesOf(DataType type, std::vector<T> bits) {
  return IndicesOf(type, bits.data(), static_cast<int64_t>(bits.size()));
}

// Zero, minus zero, the smallest number, NaN: by their bits in each format.
TEST(NonZero, KnowsTheZerosOfEveryType) {
  using Indices = std::vector<int64_t>;
  EXPECT_EQ(IndicesOf<uint32_t>(DataType::kFloat32, {0, 0x80000000, 1, 0x7fc00000, 0x3f800000}),
            (Indices{2, 3, 4}));
  EXPECT_EQ(IndicesOf<uint64_t>(DataType::kFloat64, {0, uint64_t{1} << 63, 1, 0x7ff8ull << 48}),
            (Indices{2, 3}));
  for (const DataType type : {DataType::kFloat16, DataType::kBfloat16}) {
    EXPECT_EQ(IndicesOf<uint16_t>(type, {0, 0x8000, 1, 0x7fff, 0x8001}), (Indices{2, 3, 4}));
  }
  for (const DataType type : {DataType::kFloat8E4M3FN, DataType::kFloat8E5M2}) {
    EXPECT_EQ(IndicesOf<uint8_t>(type, {0, 0x80, 1, 0x7f}), (Indices{2, 3}));
  }
  for (const DataType type : {DataType::kFloat8E4M3FNUZ, DataType::kFloat8E5M2FNUZ}) {
    EXPECT_EQ(IndicesOf<uint8_t>(type, {0, 0x80, 1}), (Indices{1, 2}));  // 0x80 is NaN
  }
  EXPECT_EQ(IndicesOf<uint8_t>(DataType::kFloat8E8M0, {0, 1}), (Indices{0, 1}));  // 0 is 2^-127
  EXPECT_EQ(IndicesOf<uint64_t>(DataType::kComplex64,
                                {0, uint64_t{1} << 63, uint64_t{1} << 31, uint64_t{1} << 32, 1}),
            (Indices{3, 4}));
  for (const DataType type : {DataType::kBool, DataType::kUint8, DataType::kInt8}) {
    EXPECT_EQ(IndicesOf<uint8_t>(type, {0, 0x80, 1, 0}), (Indices{1, 2}));
  }
  for (const DataType type : {DataType::kUint16, DataType::kInt16})
    EXPECT_EQ(IndicesOf<uint16_t>(type, {0, 0x8000, 256}), (Indices{1, 2}));
  for (const DataType type : {DataType::kUint32, DataType::kInt32})
    EXPECT_EQ(IndicesOf<uint32_t>(type, {0, 0x80000000, 65536}), (Indices{1, 2}));
  for (const DataType type : {DataType::kUint64, DataType::kInt64})
    EXPECT_EQ(IndicesOf<uint64_t>(type, {0, uint64_t{1} << 63, uint64_t{1} << 32}),
              (Indices{1, 2}));
}

TEST(NonZero, KeepsTheOrderOverManyChunks) {
  const Shape shape = {5, 1, 331, 67};  // seven chunks, none a whole number of rows
  std::vector<float> x(static_cast<size_t>(shape.ElementCount()));
  std::vector<std::vector<int64_t>> expected(4);
  uint32_t random = 1;
  for (int64_t i = 0; i < shape.ElementCount(); ++i) {
    random = random * 1664525 + 1013904223;
    const bool set = i / 16384 != 2 && random >> 30 == 0;  // one chunk has none
    x[static_cast<size_t>(i)] = set ? -1.0F : 0.0F;
    if (!set) continue;
    expected[0].push_back(i / (331 * 67));
    expected[1].push_back(0);
    expected[2].push_back(i / 67 % 331);
    expected[3].push_back(i % 67);
  }
  const auto result = NonZero(HeldTensor::Make(DataType::kFloat32, shape, x.data())).Run();
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  const auto columns = static_cast<int64_t>(expected[0].size());
  ASSERT_EQ((*result)[0].view.shape, (Shape{4, columns}));
  const auto* y = (*result)[0].view.as<int64_t>();
  for (int64_t d = 0; d < 4; ++d) {
    EXPECT_EQ(std::vector<int64_t>(y + d * columns, y + (d + 1) * columns),
              expected[static_cast<size_t>(d)]);
  }
}

// Of a scalar ONNX gives [0, N], not [1, N] as numpy did.
TEST(NonZero, GivesAScalarNoRows) {
  const float one = 1, zero = 0;
  for (const float* value : {&one, &zero}) {
    const auto result = NonZero(HeldTensor::Make(DataType::kFloat32, Shape{}, value)).Run();
    ASSERT_TRUE(result.ok()) << result.status().ToString();
    EXPECT_EQ((*result)[0].view.shape, (Shape{0, *value != 0}));
  }
}

TEST(NonZero, InfersExactlyWhatIsKnown) {
  const int32_t x[] = {0, 3, 0, -1, 2, 0};
  const HeldNode node = NonZero(HeldTensor::Make(DataType::kInt32, Shape{2, 3}, x));
  const Operator& op = *FindOperator("", "NonZero");
  InferOutput output;
  ASSERT_TRUE(op.infer(node.node(), node.InferInputs(true), {&output, 1}).ok());
  EXPECT_EQ(output.shape, (Shape{2, 3}));
  ASSERT_TRUE(op.infer(node.node(), node.InferInputs(false), {&output, 1}).ok());
  EXPECT_EQ(output.shape, (Shape{2, kUnknownDim}));
  InferInput unknown = {true, DataType::kInt32, Shape::UnknownRank(), nullptr};
  ASSERT_TRUE(op.infer(node.node(), {&unknown, 1}, {&output, 1}).ok());
  EXPECT_EQ(output.shape, (Shape{kUnknownDim, kUnknownDim}));
}

}  // namespace
}  // namespace tenon::operators::testing
