// Shape functions of recurrent, normalising, quantised and sampling operators: what they say of symbols and unknown
// dimensions, and what they refuse.
#include <gtest/gtest.h>

#include <utility>

#include "testing/held_node.h"

namespace tenon::operators::testing {
namespace {

constexpr int64_t kS0 = SymbolDim(0), kS1 = SymbolDim(1);
constexpr DataType kFloat = DataType::kFloat32;

// A node with the shapes of its inputs, nothing more.
class Shaped {
 public:
  Shaped(const char* op, int revision, std::vector<Shape> inputs, DataType type = kFloat)
      : node_("", op, revision, {}, 0) {
    for (const Shape& shape : inputs) inputs_.push_back({true, type, shape, nullptr});
  }
  HeldNode& node() { return node_; }
  InferInput& operator[](size_t i) {
    if (inputs_.size() <= i) inputs_.resize(i + 1);
    return inputs_[i];
  }
  Status Try(size_t count) {
    outputs_.assign(count, {});
    return FindOperator("", node_.node().op)->infer(node_.node(), inputs_, outputs_);
  }
  // Shapes of `count` outputs, one after the other, or the error.
  std::string Infer(size_t count = 1) {
    const Status status = Try(count);
    if (!status.ok()) return status.ToString();
    std::string text;
    for (const InferOutput& output : outputs_) text += output.shape.ToString();
    return text;
  }

 private:
  HeldNode node_;
  std::vector<InferInput> inputs_;
  std::vector<InferOutput> outputs_;
};

void ExpectError(Shaped& shaped, std::string_view what, size_t outputs = 1) {
  const Status status = shaped.Try(outputs);
  EXPECT_EQ(status.code(), Code::kInvalidArgument) << shaped.Infer(outputs);
  EXPECT_NE(status.message().find(what), std::string_view::npos) << status.message();
}

TEST(InferNn, Recurrent) {
  Shaped lstm("LSTM", 14, {{kS0, kS1, 10}, {2, 80, 10}, {2, 80, 20}});
  lstm.node().SetString("direction", "bidirectional");
  EXPECT_EQ(lstm.Infer(3), "[s0, 2, s1, 20][2, s1, 20][2, s1, 20]");
  lstm.node().SetInt("layout", 1);
  EXPECT_EQ(lstm.Infer(3), "[s0, s1, 2, 20][s0, 2, 20][s0, 2, 20]");
  EXPECT_EQ(lstm.Infer(0), "");
  Shaped unknown("GRU", 14, {Shape::UnknownRank(), Shape::UnknownRank(), Shape::UnknownRank()});
  EXPECT_EQ(unknown.Infer(2), "[?, 1, ?, ?][1, ?, ?]");
  unknown.node().SetInt("hidden_size", 7);
  EXPECT_EQ(unknown.Infer(2), "[?, 1, ?, 7][1, ?, 7]");
  unknown[4] = {true, DataType::kInt32, {3}, nullptr};  // sequence_lens knows the batch
  EXPECT_EQ(unknown.Infer(2), "[?, 1, 3, 7][1, 3, 7]");
  Shaped gates("GRU", 14, {{kS0, kS1, 10}, {1, 60, 10}, {1, 60, kUnknownDim}});
  EXPECT_EQ(gates.Infer(1), "[s0, 1, s1, 20]");
  Shaped wrong("RNN", 14, {{4, 2, 10}, {1, 6, 9}, {1, 6, 6}});
  ExpectError(wrong, "W has shape [1, 6, 9] (expected [1, 6, 10])");
  Shaped bias("LSTM", 14, {{4, 2, 10}, {1, 24, 10}, {1, 24, 6}, {1, 24}});
  ExpectError(bias, "B has shape [1, 24] (expected [1, 48])");
  Shaped missing("LSTM", 1, {{4, 2, 10}, {1, 24, 10}});
  ExpectError(missing, "R is missing");
  wrong.node().SetString("direction", "up");
  ExpectError(wrong, "attribute direction is \"up\"");
}

TEST(InferNn, Attention) {
  Shaped flat("Attention", 25, {{kS0, kS1, 24}, {kS0, 6, 12}, {kS0, 6, 20}});
  flat.node().SetInt("q_num_heads", 4);
  flat.node().SetInt("kv_num_heads", 2);
  EXPECT_EQ(flat.Infer(4), "[s0, s1, 40][s0, 2, 6, 6][s0, 2, 6, 10][s0, 4, s1, 6]");
  flat[4] = {true, kFloat, {kS0, 2, SymbolDim(2), 6}, nullptr};
  flat[5] = {true, kFloat, {kS0, 2, SymbolDim(2), 10}, nullptr};
  EXPECT_EQ(flat.Infer(4), "[s0, s1, 40][s0, 2, ?, 6][s0, 2, ?, 10][s0, 4, s1, ?]");
  flat[4].shape[2] = flat[5].shape[2] = 3;
  EXPECT_EQ(flat.Infer(2), "[s0, s1, 40][s0, 2, 9, 6]");
  flat[5].present = false;
  ExpectError(flat, "only one of past_key and past_value");
  Shaped heads("Attention", 25, {{1, 3, 5, 8}, {1, 2, 7, 8}, {1, 2, 7, 8}});
  ExpectError(heads, "3 query heads, 2 key heads");
  Shaped unknown("Attention", 25, {Shape::UnknownRank(), Shape::UnknownRank(), {2, 3, 7, 8}});
  EXPECT_EQ(unknown.Infer(2), "[...][2, 3, 7, ?]");
  Shaped mask("Attention", 25, {{1, 2, 5, 8}, {1, 2, 7, 8}, {1, 2, 7, 8}, {4, 7}});
  ExpectError(mask, "attn_mask has shape [4, 7]");
  Shaped no_keys("Attention", 25, {{1, 2, 5, 8}, {1, 0, 7, 8}, {1, 0, 7, 8}});
  ExpectError(no_keys, "2 query heads, 0 key heads");
  Shaped no_heads("Attention", 25, {{1, 5, 8}, {1, 7, 8}, {1, 7, 8}});
  ExpectError(no_heads, "without q_num_heads");
}

TEST(InferNn, Rotary) {
  Shaped node("RotaryEmbedding", 23, {{kS0, 4, kS1, 8}, {100, 4}, {100, 4}});
  node[3] = {true, DataType::kInt64, {kS0, kS1}, nullptr};
  EXPECT_EQ(node.Infer(), "[s0, 4, s1, 8]");
  node.node().SetInt("rotary_embedding_dim", 4);
  ExpectError(node, "cos_cache has shape [100, 4] (expected [positions, 2])");
  Shaped caches("RotaryEmbedding", 23, {{1, 4, 3, 8}, {100, 4}, {99, 4}});
  caches[3] = {true, DataType::kInt64, {1, 3}, nullptr};
  ExpectError(caches, "sin_cache has shape [99, 4], cos_cache has [100, 4]");
  Shaped flat("RotaryEmbedding", 23, {{2, 3, 8}, {2, 3, 4}, {2, 3, 4}});
  ExpectError(flat, "expected attribute num_heads");
}

TEST(InferNn, TensorScatter) {
  Shaped node("TensorScatter", 24, {{kS0, 4, 10, 8}, {2, 4, kS1, 8}});
  EXPECT_EQ(node.Infer(), "[2, 4, 10, 8]");
  node[1].shape[2] = 11;
  ExpectError(node, "not longer in axis 2");
  node.node().SetInt("axis", 0);
  ExpectError(node, "axis is 0");
}

TEST(InferNn, Normalizations) {
  Shaped group("GroupNormalization", 21, {{kS0, 6, kUnknownDim}, {6}, {6}});
  group.node().SetInt("num_groups", 3);
  EXPECT_EQ(group.Infer(), "[s0, 6, ?]");
  group[1].shape = {3};
  ExpectError(group, "scale has shape [3] (expected [6])");
  group.node().SetInt("num_groups", 4);
  ExpectError(group, "6 channels in 4 groups");
  Shaped rms("RMSNormalization", 23, {{kS0, kS1, 8}, {8}});
  EXPECT_EQ(rms.Infer(), "[s0, s1, 8]");
  rms[1] = {true, DataType::kFloat16, {kS1, 8}, nullptr};
  ExpectError(rms, "scale has shape [s1, 8]");
  Shaped lrn("LRN", 1, {{kS0, kS1}});
  ExpectError(lrn, "attribute size is 0");
  lrn.node().SetInt("size", 3);
  EXPECT_EQ(lrn.Infer(), "[s0, s1]");
  Shaped lp("LpNormalization", 1, {{2, 3}});
  lp.node().SetInt("p", 3);
  ExpectError(lp, "attribute p is 3");
  Shaped mean("MeanVarianceNormalization", 9, {{2, 3}});
  ExpectError(mean, "expected four dimensions, or attribute axes");
}

TEST(InferNn, Quantize) {
  Shaped node("QuantizeLinear", 23, {{kS0, 3, kS1}, {3}});
  EXPECT_EQ(node.Infer(), "[s0, 3, s1]");
  node[1].shape = {4};
  ExpectError(node, "scale has shape [4], x has [s0, 3, s1]");
  node[1].shape = {kUnknownDim};
  EXPECT_EQ(node.Infer(), "[s0, 3, s1]");
  node[2] = {true, DataType::kInt8, Shape(), nullptr};
  ExpectError(node, "the zero point has shape []");
  Shaped blocks("DequantizeLinear", 23, {{kS0, 7}, {kS0, 3}}, DataType::kInt4);
  blocks[1].type = kFloat;
  blocks.node().SetInt("block_size", 3);
  EXPECT_EQ(blocks.Infer(), "[s0, 7]");
  blocks.node().SetInt("block_size", 2);
  ExpectError(blocks, "expected blocks of 2 in axis 1");
  blocks.node().SetInt("axis", -3);
  ExpectError(blocks, "axis -3 is out of range");
  Shaped dynamic("DynamicQuantizeLinear", 11, {{kS0, 7}});
  EXPECT_EQ(dynamic.Infer(3), "[s0, 7][][]");
}

TEST(InferNn, QuantizedProducts) {
  constexpr DataType kByte = DataType::kUint8;
  Shaped product("MatMulInteger", 10, {{kS0, 5, kS1}, {7, 4}, {1}, {4}}, kByte);
  EXPECT_EQ(product.Infer(), "[s0, 5, 4]");
  product[3].shape = {5};
  ExpectError(product, "b_zero_point has shape [5]");
  product[1].type = DataType::kInt32;
  ExpectError(product, "input 1 is int32");
  Shaped lines("QLinearMatMul", 10, {{2, 5, 7}, {2, 5, 1}, {}, {2, 7, 3}, {}, {}, {}, {}}, kByte);
  ExpectError(lines, "input 1 is uint8 (expected float32");
  lines[1].type = lines[4].type = lines[6].type = kFloat;
  EXPECT_EQ(lines.Infer(), "[2, 5, 3]");
  lines[1].shape = {2, 1, 5};
  ExpectError(lines, "a_scale has shape [2, 1, 5]");
  Shaped conv("ConvInteger", 10, {{kS0, 4, kS1, 8}, {6, 4, 3, 3}, {}, {6}}, kByte);
  EXPECT_EQ(conv.Infer(), "[s0, 6, ?, 6]");
  conv[2].shape = {4};
  ExpectError(conv, "x_zero_point has shape [4] (expected one value)");
  Shaped scaled("QLinearConv", 10, {{1, 4, 8, 8}, {}, {}, {6, 4, 3, 3}, {6}, {6}, {}, {}, {5}},
                kByte);
  scaled[8].type = DataType::kInt32;
  ExpectError(scaled, "input 1 is uint8 (expected float32)");
  scaled[1].type = scaled[4].type = scaled[6].type = kFloat;
  ExpectError(scaled, "B has shape [5] (expected [6]");
}

// An int64 input with contents.
class Contents {
 public:
  explicit Contents(std::vector<int64_t> values, bool scalar = false) : values_(std::move(values)) {
    view_ = {DataType::kInt64, scalar ? Shape() : Shape{static_cast<int64_t>(values_.size())},
             values_.data()};
  }
  InferInput input() const { return {true, view_.type, view_.shape, &view_}; }
  InferInput unknown() const { return {true, view_.type, view_.shape, nullptr}; }

 private:
  std::vector<int64_t> values_;
  TensorView view_;
};

// Kernels read what they are given as the types that are right.
TEST(InferNn, TypesOfTheOtherInputs) {
  struct Row {
    const char* op;
    int revision;
    std::vector<Shape> shapes;
    std::vector<size_t> typed;  // inputs whose type is checked
  };
  for (const Row& row : {Row{"BatchNormalization", 14, {{2, 3}, {3}, {3}, {3}, {3}}, {1, 2, 3, 4}},
                         Row{"InstanceNormalization", 1, {{2, 3, 4}, {3}, {3}}, {1, 2}},
                         Row{"LayerNormalization", 17, {{2, 3}, {3}, {3}}, {1, 2}},
                         Row{"GridSample", 20, {{1, 1, 4, 4}, {1, 2, 2, 2}}, {1}}}) {
    for (const size_t i : row.typed) {
      Shaped node(row.op, row.revision, row.shapes);
      node.Infer();
      node[i].type = DataType::kBool;
      ExpectError(node, "input " + std::to_string(i) + " is bool (expected ");
    }
  }
}

TEST(InferNn, Sampling) {
  Shaped sample("GridSample", 20, {{kS0, 3, kS1, 8}, {2, 5, kUnknownDim, 2}});
  EXPECT_EQ(sample.Infer(), "[2, 3, 5, ?]");
  sample[1].shape = {2, 5, 5, 3};
  ExpectError(sample, "grid has shape [2, 5, 5, 3]");
  sample.node().SetString("mode", "bilinear");
  ExpectError(sample, "attribute mode is \"bilinear\" (expected linear");
  Shaped unranked("GridSample", 20, {Shape::UnknownRank(), {kS0, 5, 6, 2}});
  EXPECT_EQ(unranked.Infer(), "[s0, ?, 5, 6]");

  const Contents size({2, 3, 5, 7});
  Shaped affine("AffineGrid", 20, {{kS0, 2, 3}});
  affine[1] = size.input();
  EXPECT_EQ(affine.Infer(), "[2, 5, 7, 2]");
  affine[1] = size.unknown();
  EXPECT_EQ(affine.Infer(), "[s0, ?, ?, 2]");
  affine[0].shape = {kS0, 3, 4};
  ExpectError(affine, "size has 4 elements");

  Shaped roi("RoiAlign", 16, {{kS0, 3, 8, 8}, {kS1, 4}});
  roi[2] = {true, DataType::kInt64, {kS1}, nullptr};
  roi.node().SetInt("output_height", 5);
  EXPECT_EQ(roi.Infer(), "[s1, 3, 5, 1]");
  roi[1].shape = {7, 5};
  ExpectError(roi, "rois has shape [7, 5]");

  const Contents image({5, 5}), block({1, 5});
  Shaped col2im("Col2Im", 18, {{kS0, 10, kS1}});
  col2im[1] = image.input();
  col2im[2] = block.input();
  EXPECT_EQ(col2im.Infer(), "[s0, 2, 5, 5]");
  col2im[1] = image.unknown();
  EXPECT_EQ(col2im.Infer(), "[s0, 2, ?, ?]");
  col2im[2] = block.unknown();
  EXPECT_EQ(col2im.Infer(), "[s0, ?, ?, ?]");
  col2im[1] = image.input();
  col2im[2] = block.input();
  const Contents scalar({3}, true);
  col2im[2] = scalar.unknown();
  ExpectError(col2im, "block_shape has shape []");
  col2im[2] = block.input();
  col2im[0].shape = {1, 10, 6};
  ExpectError(col2im, "expected [N, C * 5, 5]");

  Shaped unpool("MaxUnpool", 9, {{1, 2, kS0, 4}, {1, 2, kS0, 4}});
  unpool[1].type = DataType::kInt64;
  unpool.node().SetInts("kernel_shape", std::vector<int64_t>{2, 2});
  unpool.node().SetInts("strides", std::vector<int64_t>{2, 2});
  EXPECT_EQ(unpool.Infer(), "[1, 2, ?, 8]");
  const Contents wanted({1, 2, 9, 9});
  unpool[2] = wanted.input();
  EXPECT_EQ(unpool.Infer(), "[1, 2, 9, 9]");
  unpool[2] = wanted.unknown();
  EXPECT_EQ(unpool.Infer(), "[1, 2, ?, ?]");

  Shaped deform("DeformConv", 19, {{kS0, 4, 6, 6}, {8, 4, 3, 3}, {kS0, 18, 4, 4}});
  EXPECT_EQ(deform.Infer(), "[s0, 8, 4, 4]");
  deform[2].shape = {kS0, 9, 4, 4};
  ExpectError(deform, "offset has shape [s0, 9, 4, 4] (expected [s0, 18, 4, 4])");
  deform.node().SetInt("offset_group", 3);
  ExpectError(deform, "offset_group is 3");
}

TEST(InferNn, Signal) {
  const Contents eight({8}, true), axis({1}, true);
  Shaped dft("DFT", 20, {{kS0, kS1, 6, 1}});
  EXPECT_EQ(dft.Infer(), "[s0, s1, 6, 2]");
  dft[2] = axis.input();
  dft.node().SetInt("onesided", 1);
  EXPECT_EQ(dft.Infer(), "[s0, ?, 6, 2]");
  dft[1] = eight.input();
  EXPECT_EQ(dft.Infer(), "[s0, 5, 6, 2]");
  dft[2] = axis.unknown();
  EXPECT_EQ(dft.Infer(), "[?, ?, ?, 2]");
  dft.node().SetInt("inverse", 1);
  ExpectError(dft, "its input real");
  dft[0].shape = {2, 5, 6, 2};
  EXPECT_EQ(dft.Infer(), "[?, ?, ?, 1]");
  const Contents last({-1}, true);
  dft[2] = last.input();
  ExpectError(dft, "axis is the last one");

  const Contents empty({});
  dft[2] = {};
  dft[1] = empty.unknown();
  ExpectError(dft, "dft_length has shape [0] (expected a scalar)");
  Shaped stft("STFT", 17, {{kS0, 50, 1}});
  stft[1] = eight.input();
  EXPECT_EQ(stft.Infer(), "[s0, 1, 26, 2]");
  Shaped flat("STFT", 17, {{kS0, 50}});
  flat[1] = eight.input();
  EXPECT_EQ(flat.Infer(), "[s0, 1, 26, 2]");
  stft[2] = {true, kFloat, {12}, nullptr};
  EXPECT_EQ(stft.Infer(), "[s0, 5, 7, 2]");
  stft[1] = eight.unknown();
  EXPECT_EQ(stft.Infer(), "[s0, ?, 7, 2]");
  stft[3] = eight.input();
  ExpectError(stft, "window has 12 values, frame_length is 8");

  Shaped hann("HannWindow", 17, {});
  hann[0] = eight.input();
  EXPECT_EQ(hann.Infer(), "[8]");
  hann[0] = eight.unknown();
  EXPECT_EQ(hann.Infer(), "[?]");
  Shaped mel("MelWeightMatrix", 17, {});
  for (size_t i = 0; i < 3; ++i) mel[i] = eight.input();
  mel[3] = mel[4] = {true, kFloat, Shape(), nullptr};
  EXPECT_EQ(mel.Infer(), "[5, 8]");
  mel[4].type = DataType::kInt64;
  ExpectError(mel, "input 4 is int64 (expected float16");
  hann.node().SetInt("output_datatype", 8);
  ExpectError(hann, "is no number type");
}

TEST(InferNn, StatesOfLinearAttention) {
  Shaped node("LinearAttention", 27, {{kS0, kS1, 32}, {kS0, kS1, 16}, {kS0, kS1, 20}});
  node.node().SetInt("q_num_heads", 4);
  node.node().SetInt("kv_num_heads", 2);
  node.node().SetString("update_rule", "linear");
  EXPECT_EQ(node.Infer(2), "[s0, s1, 40][s0, 2, 8, 10]");
  node.node().SetString("update_rule", "gated");
  ExpectError(node, "rule gated without decay", 2);
  node[4] = {true, kFloat, {kS0, kS1, 6}, nullptr};
  ExpectError(node, "decay has shape [s0, s1, 6]", 2);
  node[4].shape[2] = 16;
  EXPECT_EQ(node.Infer(1), "[s0, s1, 40]");
  node.node().SetString("update_rule", "gated_delta");
  node[5] = {true, kFloat, {kS0, 3, 1}, nullptr};
  EXPECT_EQ(node.Infer(1), "[s0, 3, 40]");
  node[0].shape[1] = 4;
  ExpectError(node, "beta has shape [s0, 3, 1]", 2);
  Shaped conv("CausalConvWithState", 27, {{kS0, 4, kS1}, {4, 1, 5}});
  EXPECT_EQ(conv.Infer(2), "[s0, 4, s1][s0, 4, 4]");
  conv[3] = {true, kFloat, {kS0, 4, 5}, nullptr};
  ExpectError(conv, "past_state has shape [s0, 4, 5]", 2);
  Shaped swiglu("SwiGLU", 28, {{kS0, kUnknownDim}, {3, 4}});
  EXPECT_EQ(swiglu.Infer(), "[3, 4]");
  swiglu[0].shape[1] = 1;
  ExpectError(swiglu, "A has shape [s0, 1], B has [3, 4]");
}

}  // namespace
}  // namespace tenon::operators::testing
