#include "wire.h"

#include <gtest/gtest.h>

#include "testing.h"

namespace tenon::model {
namespace {

std::span<const std::byte> Bytes(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

TEST(WireTest, RawDataIsLiftedOutAndTheRestStays) {
  const std::string model = testing::SmallModel().SerializeAsString();
  Result<StrippedModel> stripped = StripModel(Bytes(model), 8);
  ASSERT_TRUE(stripped.ok()) << stripped.status().ToString();
  ASSERT_EQ(stripped->raw.size(), 1u);
  EXPECT_EQ(stripped->raw[0].length, 48u);
  float last = 0;
  memcpy(&last, model.data() + stripped->raw[0].offset + 44, 4);
  EXPECT_EQ(last, 11.0f);
  testing::onnx::ModelProto parsed;
  ASSERT_TRUE(parsed.ParseFromString(stripped->proto));
  EXPECT_EQ(parsed.graph().initializer(0).raw_data().size(), 8u);
  EXPECT_EQ(parsed.graph().node(1).op_type(), "Relu");
}

TEST(WireTest, TruncationAtEveryByteIsAnErrorOrAShorterModel) {
  const std::string model = testing::SmallModel().SerializeAsString();
  for (size_t size = 0; size < model.size(); ++size) {
    Result<StrippedModel> stripped = StripModel(Bytes(model.substr(0, size)), 8);
    if (!stripped.ok()) {
      EXPECT_EQ(stripped.status().code(), Code::kDataLoss) << size;
    }
  }
}

TEST(WireTest, LyingLengthsAreRefused) {
  const std::string lies[] = {
      std::string("\x3a\xff\xff\xff\xff\x0f", 6),                       // graph of 4 GB
      std::string("\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11),  // of 2^64 - 1
      std::string("\x3a\x05\x2a\x7f\x01\x02\x03", 7),  // tensor longer than its graph
      std::string("\x0b\x00", 2),                      // group
      std::string("\x00\x01", 2),                      // field 0
      std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11),  // endless number
  };
  for (const std::string& lie : lies) {
    Result<StrippedModel> stripped = StripModel(Bytes(lie), 8);
    ASSERT_FALSE(stripped.ok());
    EXPECT_EQ(stripped.status().code(), Code::kDataLoss);
  }
}

TEST(WireTest, DeepNestingIsRefused) {
  // attribute.g within node within graph, many times over.
  std::string bytes;
  const auto wrap = [&](char tag) {
    std::string length;
    for (size_t n = bytes.size();; n >>= 7) {
      length += static_cast<char>((n & 127) | (n >= 128 ? 128 : 0));
      if (n < 128) break;
    }
    bytes = std::string(1, tag) + length + bytes;
  };
  for (int i = 0; i < 1000; ++i) {
    wrap(0x32);  // AttributeProto.g
    wrap(0x2a);  // NodeProto.attribute
    wrap(0x0a);  // GraphProto.node
  }
  wrap(0x3a);  // ModelProto.graph
  Result<StrippedModel> stripped = StripModel(Bytes(bytes), 32);
  ASSERT_FALSE(stripped.ok());
  EXPECT_NE(stripped.status().message().find("deeper than 32 (tenon_limits.max_depth"),
            std::string_view::npos)
      << stripped.status().ToString();
}

}  // namespace
}  // namespace tenon::model
