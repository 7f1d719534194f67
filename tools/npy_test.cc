#include "npy.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "failure.h"

namespace tenon::tools {
namespace {

class NpyTest : public ::testing::Test {
 protected:
  std::string path_ =
      (std::filesystem::temp_directory_path() / ("tenon_npy_" + std::to_string(getpid()) + ".npy"))
          .string();
  void TearDown() override { std::filesystem::remove(path_); }
};

// Bytes that numpy.save wrote for np.array([[1, 2], [3, 4]], np.int16).
TEST_F(NpyTest, ReadsWhatNumpyWrote) {
  std::string bytes("\x93NUMPY\x01\x00v\x00", 10);
  bytes += "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2), }";
  bytes.resize(127, ' ');
  bytes += '\n';
  bytes += std::string("\1\0\2\0\3\0\4\0", 8);
  std::ofstream(path_, std::ios::binary) << bytes;
  const HostTensor tensor = ReadNpy(path_);
  EXPECT_EQ(tensor.dtype, TENON_INT16);
  EXPECT_EQ(tensor.dims, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(reinterpret_cast<const int16_t*>(tensor.data.data())[3], 4);
}

TEST_F(NpyTest, WritesWhatItReads) {
  const float values[] = {1.5f, -2.0f, 0.0f};
  const int64_t dims[] = {1, 3, 1};
  ASSERT_TRUE(WriteNpy(path_, TENON_FLOAT32, dims, values, sizeof values));
  EXPECT_EQ(std::filesystem::file_size(path_) % 64, sizeof values);
  const HostTensor tensor = ReadNpy(path_);
  EXPECT_EQ(tensor.dims, (std::vector<int64_t>{1, 3, 1}));
  EXPECT_EQ(reinterpret_cast<const float*>(tensor.data.data())[1], -2.0f);
}

TEST_F(NpyTest, RefusesTruncatedFiles) {
  const float values[] = {1, 2};
  const int64_t dims[] = {2};
  WriteNpy(path_, TENON_FLOAT32, dims, values, sizeof values);
  const auto whole = std::filesystem::file_size(path_);
  for (uintmax_t size = 0; size < whole; size += 3) {
    std::filesystem::resize_file(path_, size);
    EXPECT_THROW(ReadNpy(path_), Failure) << size;
    WriteNpy(path_, TENON_FLOAT32, dims, values, sizeof values);
  }
}

TEST_F(NpyTest, RefusesHostileHeaders) {
  const std::string many(1 << 20, 'a');
  for (const std::string& header :
       {"{'descr': '" + many, "{'descr': '" + many + "', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::string(1 << 20, '1') + "), }",
        std::string("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }"),
        std::string("{'descr': '<f4', 'fortran_order': False, 'shape': (1"), std::string()}) {
    std::string bytes("\x93NUMPY\x02\x00", 8);
    const auto size = static_cast<uint32_t>(header.size());
    bytes.append(reinterpret_cast<const char*>(&size), sizeof size);
    std::ofstream(path_, std::ios::binary) << bytes << header << "data";
    EXPECT_THROW(ReadNpy(path_), Failure) << header.substr(0, 100);
  }
}

TEST_F(NpyTest, SaysWhichTypesItLacks) {
  const int64_t dims[] = {1};
  EXPECT_FALSE(WriteNpy(path_, TENON_BFLOAT16, dims, "ab", 2));
}

}  // namespace
}  // namespace tenon::tools
