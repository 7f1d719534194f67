#include "value_pb.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "comparison.h"
#include "failure.h"
#include "files.h"

namespace tenon::tools {
namespace {

class ValuePbTest : public ::testing::Test {
 protected:
  std::string path_ =
      (std::filesystem::temp_directory_path() / ("tenon_pb_" + std::to_string(getpid()) + ".pb"))
          .string();
  void TearDown() override { std::filesystem::remove(path_); }
  void Put(std::string_view bytes) { WriteFile(path_, bytes, nullptr, 0); }
  HostTensor Read(tenon_value_kind kind = TENON_VALUE_TENSOR) {
    return ReadValuePb(path_, kind, TENON_FLOAT32);
  }
  std::string Refusal() {
    try {
      Read();
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
  const HostTensor floats = Read();
  EXPECT_EQ(floats.dtype, TENON_FLOAT32);
  EXPECT_EQ(floats.dims, (std::vector<int64_t>{2}));
  EXPECT_EQ(reinterpret_cast<const float*>(floats.data.data())[1], -2.0f);
  // onnx.numpy_helper.from_array(np.array([[7], [-1]], np.int16), "i")
  Put("\x08\x02\x08\x01\x10\x05\x42\x01i\x4a\x04\x07\x00\xff\xff"s);
  const HostTensor raw = Read();
  EXPECT_EQ(raw.dims, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(reinterpret_cast<const int16_t*>(raw.data.data())[1], -1);
  // make_tensor("b", TensorProto.BOOL, [3], [True, False, True]): bytes in int32_data
  Put("\x08\x03\x10\x09\x2a\x03\x01\x00\x01\x42\x01"s + "b");
  EXPECT_EQ(Read().data, (std::vector<std::byte>{std::byte{1}, std::byte{0}, std::byte{1}}));
  // make_tensor("s", TensorProto.STRING, [2], ["ab", ""])
  Put("\x08\x02\x10\x08\x32\x02"s + "ab" + "\x32\x00\x42\x01s"s);
  EXPECT_EQ(Read().strings, (std::vector<std::string>{"ab", ""}));
}

TEST_F(ValuePbTest, ReadsSequencesAndOptionals) {
  // SequenceProto(name="q", elem_type=TENSOR, tensor_values=[kFloats, kFloats])
  const std::string element = "\x1a"s + static_cast<char>(kFloats.size()) + kFloats;
  Put("\x0a\x01q\x10\x01"s + element + element);
  HostTensor sequence = Read(TENON_VALUE_SEQUENCE);
  ASSERT_EQ(sequence.items.size(), 2u);
  EXPECT_EQ(sequence.items[1].dims, (std::vector<int64_t>{2}));
  // OptionalProto(name="o", elem_type=TENSOR, tensor_value=kFloats), then an empty one
  Put("\x0a\x01o\x10\x01"s + element);
  EXPECT_EQ(Read(TENON_VALUE_OPTIONAL).items.size(), 1u);
  Put("\x0a\x01o\x10\x00"s);
  EXPECT_FALSE(Read(TENON_VALUE_OPTIONAL).present);
}

TEST_F(ValuePbTest, WritesWhatItReads) {
  HostTensor numbers = MakeTensor(TENON_BFLOAT16, {3, 1});
  reinterpret_cast<uint16_t*>(numbers.data.data())[1] = 0xc000;
  const HostTensor strings = {.dtype = kString, .dims = {2}, .strings = {"a", "bc"}};
  const auto list = [](tenon_value_kind kind, std::vector<HostTensor> items, bool present = true) {
    return HostTensor{
        .dtype = TENON_BFLOAT16, .kind = kind, .items = std::move(items), .present = present};
  };
  for (HostTensor value :
       {numbers, strings, list(TENON_VALUE_SEQUENCE, {}),
        list(TENON_VALUE_SEQUENCE, {numbers, numbers}), list(TENON_VALUE_OPTIONAL, {numbers}),
        list(TENON_VALUE_OPTIONAL, {}, false), list(TENON_VALUE_OPTIONAL_SEQUENCE, {numbers}),
        list(TENON_VALUE_OPTIONAL_SEQUENCE, {}, false)}) {
    const Tensor written = value.Wrap();
    WriteValuePb(path_, written.get());
    const HostTensor read = ReadValuePb(path_, value.kind, value.dtype);
    EXPECT_EQ(Compare(written.get(), read, {0, 0}).mismatch, "") << Describe(written.get());
    EXPECT_EQ(read.dtype, value.dtype);
    EXPECT_EQ(read.present, value.present);
  }
}

TEST_F(ValuePbTest, BrokenFilesAreUsageErrors) {
  Put("\xff\xff\xff\xff"s);
  EXPECT_NE(Refusal().find("not a TensorProto"), std::string::npos);
  Put("\x08\x03"s + kFloats.substr(2));
  EXPECT_NE(Refusal().find("holds 2 values, float32[3] needs 3"), std::string::npos);
  Put("\x08\x02\x10\x63"s);
  EXPECT_NE(Refusal().find("unknown element type 99"), std::string::npos);
  Put("\x08\x02\x10\x01\x4a\x01\x00"s);
  EXPECT_NE(Refusal().find("raw_data has 1 bytes, float32[2] needs 8"), std::string::npos);
  Put("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x40\x10\x01"s);
  EXPECT_NE(Refusal().find("too large"), std::string::npos);
  Put("\x08\x02\x10\x08\x32\x02"s + "ab");
  EXPECT_NE(Refusal().find("holds 1 strings, its shape needs 2"), std::string::npos);
}

}  // namespace
}  // namespace tenon::tools
