#include "value_pb.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "failure.h"
#include "npy.h"

namespace tenon::tools {
namespace {

class ValuePbTest : public ::testing::Test {
 protected:
  std::string path_ =
      (std::filesystem::temp_directory_path() / ("tenon_pb_" + std::to_string(getpid()) + ".pb"))
          .string();
  void TearDown() override { std::filesystem::remove(path_); }
  void Put(std::string_view bytes) { WriteFile(path_, bytes, nullptr, 0); }
  std::string Refusal(HostValue::Kind kind) {
    try {
      ReadValuePb(path_, kind);
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), kUsage);
      return failure.what();
    }
    return "";
  }
};
using namespace std::string_literals;

// What onnx.helper.make_tensor("t", TensorProto.FLOAT, [2], [1.0, -2.0]).SerializeToString() wrote.
const std::string kFloats = "\x08\x02\x10\x01\x22\x08\x00\x00\x80\x3f\x00\x00\x00\xc0\x42\x01t"s;

TEST_F(ValuePbTest, ReadsWhatOnnxWrote) {
  Put(kFloats);
  const HostTensor floats = ReadTensorPb(path_);
  EXPECT_EQ(floats.dtype, TENON_FLOAT32);
  EXPECT_EQ(floats.dims, (std::vector<int64_t>{2}));
  EXPECT_EQ(reinterpret_cast<const float*>(floats.data.data())[1], -2.0f);
  // onnx.numpy_helper.from_array(np.array([[7], [-1]], np.int16), "i")
  Put("\x08\x02\x08\x01\x10\x05\x42\x01i\x4a\x04\x07\x00\xff\xff"s);
  const HostTensor raw = ReadTensorPb(path_);
  EXPECT_EQ(raw.dims, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(reinterpret_cast<const int16_t*>(raw.data.data())[1], -1);
  // make_tensor("b", TensorProto.BOOL, [3], [True, False, True]): bytes in int32_data
  Put("\x08\x03\x10\x09\x2a\x03\x01\x00\x01\x42\x01"s + "b");
  EXPECT_EQ(ReadTensorPb(path_).data,
            (std::vector<std::byte>{std::byte{1}, std::byte{0}, std::byte{1}}));
  // make_tensor("s", TensorProto.STRING, [2], ["ab", ""])
  Put("\x08\x02\x10\x08\x32\x02"s + "ab" + "\x32\x00\x42\x01s"s);
  EXPECT_EQ(ReadTensorPb(path_).strings, (std::vector<std::string>{"ab", ""}));
}

TEST_F(ValuePbTest, ReadsSequencesAndOptionals) {
  // SequenceProto(name="q", elem_type=TENSOR, tensor_values=[kFloats, kFloats])
  const std::string element = "\x1a"s + static_cast<char>(kFloats.size()) + kFloats;
  Put("\x0a\x01q\x10\x01"s + element + element);
  EXPECT_EQ(ReadValuePb(path_, HostValue::Kind::kSequence).tensors.size(), 2u);
  // OptionalProto(name="o", elem_type=TENSOR, tensor_value=kFloats), then an empty one
  Put("\x0a\x01o\x10\x01"s + element);
  EXPECT_EQ(ReadValuePb(path_, HostValue::Kind::kOptional).tensors.size(), 1u);
  Put("\x0a\x01o\x10\x00"s);
  EXPECT_TRUE(ReadValuePb(path_, HostValue::Kind::kOptional).tensors.empty());
}

TEST_F(ValuePbTest, WritesWhatItReads) {
  const uint16_t values[] = {0x3f80, 0xc000, 0};
  const int64_t dims[] = {3, 1};
  WriteTensorPb(path_, "y", TENON_BFLOAT16, dims, values, sizeof values);
  const HostTensor tensor = ReadTensorPb(path_);
  EXPECT_EQ(tensor.dtype, TENON_BFLOAT16);
  EXPECT_EQ(tensor.dims, (std::vector<int64_t>{3, 1}));
  EXPECT_EQ(reinterpret_cast<const uint16_t*>(tensor.data.data())[1], 0xc000);
}

TEST_F(ValuePbTest, BrokenFilesAreUsageErrors) {
  const auto tensor = HostValue::Kind::kTensor;
  Put("\xff\xff\xff\xff"s);
  EXPECT_NE(Refusal(tensor).find("not a TensorProto"), std::string::npos);
  Put("\x08\x03"s + kFloats.substr(2));
  EXPECT_NE(Refusal(tensor).find("holds 2 values, float32[3] needs 3"), std::string::npos);
  Put("\x08\x02\x10\x63"s);
  EXPECT_NE(Refusal(tensor).find("unknown element type 99"), std::string::npos);
  Put("\x08\x02\x10\x01\x4a\x01\x00"s);
  EXPECT_NE(Refusal(tensor).find("raw_data has 1 bytes, float32[2] needs 8"), std::string::npos);
  Put("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x40\x10\x01"s);
  EXPECT_NE(Refusal(tensor).find("too large"), std::string::npos);
  Put("\x08\x02\x10\x08\x32\x02"s + "ab");
  EXPECT_NE(Refusal(tensor).find("holds 1 strings, its shape needs 2"), std::string::npos);
}

}  // namespace
}  // namespace tenon::tools
