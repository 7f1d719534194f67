// What most tests of this room need: backends, an executable, tensors of floats.
#pragma once

#include <gtest/gtest.h>

#include "fake_backend.h"
#include "program_builder.h"
#include "tenon/execution/executable.h"

namespace tenon::execution::testing {

class ExecutionTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ResetKnobs(); }
  void TearDown() override {
    options_ = {};
    EXPECT_EQ(knobs().live_kernels, 0);
    EXPECT_EQ(knobs().live_plans, 0);
    EXPECT_EQ(knobs().live_buffers, 0);
  }

  ExecutableOptions& options() {
    if (options_.backends.empty()) {
      auto services = std::make_shared<backend::HostServices>();
      for (auto negotiate : {NegotiateFake, NegotiateFakeQueue}) {
        auto created = backend::Backend::Create(negotiate, {}, services);
        EXPECT_TRUE(created.ok()) << created.status().message();
        if (created.ok()) options_.backends.push_back(std::move(created).value());
      }
    }
    return options_;
  }
  std::shared_ptr<Executable> Make(std::shared_ptr<const program::Program> program) {
    auto made = Executable::Create(std::move(program), options());
    EXPECT_TRUE(made.ok()) << made.status().message();
    return made.ok() ? std::move(made).value() : nullptr;
  }
  static std::shared_ptr<Tensor> Wrap(std::vector<float>& data, const Shape& shape) {
    auto tensor = Tensor::Wrap(DataType::kFloat32, shape, data.data(), data.size() * sizeof(float));
    EXPECT_TRUE(tensor.ok()) << tensor.status().message();
    return std::move(tensor).value();
  }
  static std::vector<float> Read(Tensor& tensor) {
    std::vector<float> out(tensor.bytes() / sizeof(float));
    EXPECT_TRUE(tensor.Read(out.data(), tensor.bytes()).ok());
    return out;
  }
  static std::vector<float> Output(Binding& binding, uint32_t output) {
    auto tensor = binding.GetOutput(output);
    EXPECT_TRUE(tensor.ok()) << tensor.status().message();
    return tensor.ok() ? Read(**tensor) : std::vector<float>();
  }

  ExecutableOptions options_;
};

#define TENON_EXPECT_OK(expression)                    \
  do {                                                 \
    const ::tenon::Status tenon_s_ = (expression);     \
    EXPECT_TRUE(tenon_s_.ok()) << tenon_s_.ToString(); \
  } while (false)
#define TENON_EXPECT_FAILS(expression, expected_code, text)                                  \
  do {                                                                                       \
    const ::tenon::Status tenon_s_ = (expression);                                           \
    EXPECT_EQ(tenon_s_.code(), expected_code) << tenon_s_.ToString();                        \
    EXPECT_NE(tenon_s_.message().find(text), std::string_view::npos) << tenon_s_.ToString(); \
  } while (false)

}  // namespace tenon::execution::testing
