#include "tenon/operators/status.h"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

namespace tenon {
namespace {

Result<int> Half(int value) {
  if (value % 2 != 0) return Status(Code::kInvalidArgument, "odd");
  return value / 2;
}
Status Quarter(int value, int& out) {
  TENON_ASSIGN(const int half, Half(value));
  TENON_ASSIGN(out, Half(half));
  return {};
}

TEST(Status, CarriesCodeAndMessage) {
  EXPECT_TRUE(Status().ok());
  EXPECT_EQ(Status().ToString(), "OK");
  const Status status = Status(Code::kIo, "disk full").WithContext("model.onnx");
  EXPECT_EQ(status.ToString(), "IO: model.onnx: disk full");
  EXPECT_EQ(status.Clone().code(), Code::kIo);
}

TEST(Status, ResultsPropagate) {
  int out = 0;
  EXPECT_TRUE(Quarter(12, out).ok());
  EXPECT_EQ(out, 3);
  EXPECT_EQ(Quarter(6, out).message(), "odd");
}

TEST(Status, ExceptionsBecomeStatuses) {
  const auto thrown = [](auto exception) { return Caught([&]() -> Status { throw exception; }); };
  EXPECT_EQ(thrown(std::runtime_error("why")).ToString(), "INTERNAL: why");
  EXPECT_EQ(thrown(1).code(), Code::kInternal);
  const Status memory = thrown(std::bad_alloc());
  EXPECT_EQ(memory.ToString(), "OUT_OF_MEMORY: out of memory");
  EXPECT_EQ(memory.Clone().WithContext("a plan").ToString(),
            "OUT_OF_MEMORY: a plan: out of memory");
  const Result<int> result = Caught([]() -> Result<int> { throw std::bad_alloc(); });
  EXPECT_EQ(result.status().code(), Code::kOutOfMemory);
}

}  // namespace
}  // namespace tenon
