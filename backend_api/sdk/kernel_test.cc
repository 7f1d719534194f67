#include "tenon/backend_api/sdk/kernel.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tenon/backend_api/sdk/testing/host.h"
#include "tenon/backend_api/sdk/testing/node.h"

namespace tenon::sdk_test {
namespace {

using namespace sdk::testing;  // NOLINT

template <typename T>
void Double(const sdk::Run& run) {
  const auto x = run.Input<T>(0).elements();
  const auto y = run.Output<T>(0).elements();
  for (size_t i = 0; i < x.size(); ++i) y[i] = static_cast<T>(2 * x[i]);
}

tenon_status Fails(const sdk::Run& run) { return run.host().Error(TENON_IO, "no"); }
void Scratch(sdk::Shapes& shapes) {
  shapes.SetWorkspace(static_cast<uint64_t>(shapes.Input(0).Count()) * 4, 128);
}

// Counts its objects, to see that each is ended once.
struct Counted {
  Counted() { ++live; }
  Counted(const Counted&) { ++live; }
  ~Counted() { --live; }
  static inline int live = 0;
};

class Scale : Counted {
 public:
  static tenon_status Accepts(const sdk::Node& node) {
    return node.Int("by", 0) != 0 ? sdk::kOk : node.RefuseAttribute("by", "absent", "a number");
  }
  explicit Scale(const sdk::Node& node) : by_(static_cast<float>(node.Int("by", 0))) {
    if (by_ < 0) throw sdk::Failure(TENON_INVALID_ARGUMENT, "by is negative");
  }
  sdk::Packing Packs(uint32_t input, sdk::Tensor<const void> weight) const {
    return input == 1 ? sdk::Packing{.bytes = weight.bytes(), .format = "scaled", .alignment = 32}
                      : sdk::Packing{};
  }
  void Pack(uint32_t, sdk::Tensor<const void> weight, sdk::Tensor<void> blob) const {
    const auto* from = static_cast<const float*>(weight.data());
    for (int64_t i = 0; i < weight.Count(); ++i)
      static_cast<float*>(blob.data())[i] = by_ * from[i];
  }
  struct Plan {
    int64_t count;
    Counted counted = {};
  };
  Plan Prepare(sdk::Shapes& shapes) const {
    if (shapes.Input(0).rank() != 1)
      throw sdk::Refusal(TENON_REASON_RANK, "input 0 rank", "?", "1");
    shapes.SetWorkspace(4);
    return {shapes.Input(0).dim(0)};
  }
  void Run(const Plan& plan, const sdk::Run& run) const {
    for (int64_t i = 0; i < plan.count; ++i)
      run.Output<float>(0)[i] = run.Input<float>(0)[i] + run.Input<float>(1)[i];
  }

 private:
  float by_;
};

constexpr auto kRows =
    sdk::Rows(sdk::ForTypes<float, double, int32_t>([]<typename T>() {
                return sdk::Row{.op = "Double",
                                .revisions = {1, 7},
                                .types = sdk::Same<T>,
                                .kernel = sdk::Function<Double<T>>,
                                .in_place = {{0, 0}}};
              }),
              sdk::Row{.op = "Fails",
                       .revisions = {1},
                       .types = sdk::AnyType,
                       .kernel = sdk::Function<Fails, Scratch>,
                       .name = "own_name"},
              sdk::Row{.op = "Scale",
                       .revisions = {1},
                       .types = {{sdk::Bits<float>, sdk::Bits<float, double>}, {}},
                       .kernel = sdk::Class<Scale>});

TEST(Rows, TypesExpandToOneRowEach) {
  static_assert(kRows.size() == 5);
  TestHost host;
  const char* names[] = {"double_float32", "double_float64", "double_int32", "own_name", "scale"};
  for (size_t i = 0; i < kRows.size(); ++i) {
    EXPECT_STREQ(sdk::RowDescriptor(kRows[i], sdk::Host(&host)).name, names[i]);
  }
  const sdk::RowDescriptor d(kRows[1], sdk::Host(&host));
  EXPECT_EQ(d.struct_size, TENON_SIZE_TO(tenon_kernel_descriptor, destroy));
  EXPECT_EQ(d.revision_max, 7u);
  ASSERT_EQ(d.input_dtype_count, 1u);
  EXPECT_EQ(d.input_dtypes[0], TENON_DTYPE_BIT(TENON_FLOAT64));
  ASSERT_EQ(d.in_place_count, 1u);
  EXPECT_EQ(d.input_memory, nullptr);
  EXPECT_EQ(d.create, nullptr);
  EXPECT_EQ(d.supports, nullptr);
  EXPECT_EQ(d.prepare, nullptr);
  const sdk::RowDescriptor any(kRows[3], sdk::Host(&host));
  ASSERT_EQ(any.input_dtype_count, 1u);
  EXPECT_EQ(any.input_dtypes[0], sdk::kAnyType);
}

TEST(Function, RunsAndFails) {
  TestHost host;
  float x[] = {1, 2, 3}, y[3] = {};
  const TestArgument in({3}, x), out({3}, y);
  const tenon_argument* ins[] = {&in};
  const tenon_argument* outs[] = {&out};
  tenon_run run{};
  run.inputs = ins;
  run.outputs = outs;
  run.input_count = run.output_count = 1;
  const sdk::RowDescriptor doubles(kRows[0], sdk::Host(&host)), fails(kRows[3], sdk::Host(&host));
  EXPECT_EQ(doubles.run(&doubles, nullptr, nullptr, &run).code, TENON_OK);
  EXPECT_EQ(y[2], 6);

  tenon_plan_info info{};
  EXPECT_EQ(fails.prepare(&fails, nullptr, ins, 1, outs, 1, &info).code, TENON_OK);
  EXPECT_EQ(info.workspace_bytes, 12u);
  EXPECT_EQ(info.workspace_alignment, 128u);
  EXPECT_EQ(info.plan, nullptr);
  const sdk::Run view(sdk::Host(&host), &run);
  EXPECT_EQ(view.Input<float>(0).raw(), &in);
  EXPECT_FALSE(view.Input<float>(1));
  EXPECT_FALSE(view.Output<float>(1));
  EXPECT_FALSE(view.WorkspaceTensor());
  sdk::Shapes shapes(ins, 1, outs, 1);
  EXPECT_FALSE(shapes.Input(1));
  EXPECT_FALSE(shapes.Output(1));
  const tenon_status status = fails.run(&fails, nullptr, nullptr, &run);
  EXPECT_EQ(status.code, TENON_IO);
  EXPECT_EQ(host.Take(status), "no");
}

class ClassKernel : public testing::Test {
 protected:
  tenon_status Make(int64_t by) {
    by_ = IntAttribute("by", by);
    const TestNode node("Scale", {&x_, &w_}, {&x_}, {&by_});
    const tenon_status status = d_.supports(&d_, nullptr, nullptr, &node);
    return sdk::IsOk(status) ? d_.create(&d_, nullptr, nullptr, &node, &kernel_) : status;
  }
  TestHost host_;
  sdk::RowDescriptor d_{kRows[4], sdk::Host(&host_)};
  TestValue x_{"x", TENON_FLOAT32, {2}}, w_{"w", TENON_FLOAT32, {2}};
  tenon_attribute by_{};
  tenon_kernel* kernel_ = nullptr;
};

TEST_F(ClassKernel, LivesThroughPackPrepareRun) {
  ASSERT_EQ(Make(10).code, TENON_OK);
  float w[] = {1, 2}, packed[2] = {}, x[] = {5, 6}, y[2] = {};
  const TestArgument weight({2}, w), blob({8}, packed), in({2}, x), out({2}, y);
  tenon_prepack_info pack{};
  EXPECT_EQ(d_.prepack(&d_, kernel_, 0, &in, nullptr, &pack).code, TENON_OK);
  EXPECT_EQ(pack.bytes, 0u);
  EXPECT_EQ(d_.prepack(&d_, kernel_, 1, &weight, nullptr, &pack).code, TENON_OK);
  EXPECT_EQ(pack.bytes, 8u);
  EXPECT_EQ(pack.alignment, 32u);
  EXPECT_STREQ(pack.format, "scaled");
  EXPECT_EQ(d_.prepack(&d_, kernel_, 1, &weight, &blob, &pack).code, TENON_OK);

  const tenon_argument* ins[] = {&in, &blob};
  const tenon_argument* outs[] = {&out};
  tenon_plan_info first{}, second{};
  EXPECT_EQ(d_.prepare(&d_, kernel_, ins, 2, outs, 1, &first).code, TENON_OK);
  EXPECT_EQ(d_.prepare(&d_, kernel_, ins, 2, outs, 1, &second).code, TENON_OK);
  EXPECT_NE(first.plan, second.plan);
  EXPECT_EQ(Counted::live, 3);  // the kernel and two plans
  tenon_run run{};
  run.inputs = ins;
  run.outputs = outs;
  run.input_count = 2;
  run.output_count = 1;
  EXPECT_EQ(d_.run(&d_, kernel_, first.plan, &run).code, TENON_OK);
  EXPECT_EQ(y[0], 15);
  EXPECT_EQ(y[1], 26);
  d_.plan_release(&d_, kernel_, first.plan);
  d_.plan_release(&d_, kernel_, second.plan);
  d_.destroy(&d_, kernel_);
  EXPECT_EQ(Counted::live, 0);
}

TEST_F(ClassKernel, RefusesFailsAndDeclines) {
  tenon_status status = Make(0);
  EXPECT_EQ(status.code, TENON_UNSUPPORTED);
  EXPECT_EQ(host_.Take(status), "7|attribute by|absent|a number");
  status = Make(-1);
  EXPECT_EQ(status.code, TENON_INVALID_ARGUMENT);
  EXPECT_EQ(host_.Take(status), "by is negative");
  EXPECT_EQ(kernel_, nullptr);
  EXPECT_EQ(Counted::live, 0);

  ASSERT_EQ(Make(1).code, TENON_OK);
  const TestArgument matrix({1, 2}, static_cast<float*>(nullptr));
  const tenon_argument* ins[] = {&matrix};
  tenon_plan_info info{};
  status = d_.prepare(&d_, kernel_, ins, 1, ins, 1, &info);
  EXPECT_EQ(status.code, TENON_UNSUPPORTED);
  EXPECT_EQ(info.plan, nullptr);
  host_.Take(status);
  d_.destroy(&d_, kernel_);
}

}  // namespace
}  // namespace tenon::sdk_test
