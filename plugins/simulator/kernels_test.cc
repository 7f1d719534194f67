// Kernels: numbers equal to the reference's bit by bit, claims, the blocked layout, the profile,
// concurrent runs.
#include <cstring>
#include <set>
#include <thread>

#include "tenon/operators/kernel.h"
#include "testing/simulator.h"

namespace tenon::simulator::testing {
namespace {

using sdk::testing::IntsAttribute;
using sdk::testing::TestNode;
using sdk::testing::TestValue;

constexpr tenon_layout kBlocked = TENON_LAYOUT_OWN;

// What the reference kernel computes on plain pointers.
std::vector<float> Reference(const NodeView& node, const std::vector<const Tensor*>& inputs,
                             const Tensor& output) {
  const operators::Kernel* row =
      operators::FindKernel(node.domain, node.op, node.revision, DataType::kFloat32);
  std::vector<operators::TensorSpec> specs;
  std::vector<void*> pointers;
  for (const Tensor* input : inputs) {
    specs.push_back({true, DataType::kFloat32, Shape(input->dims)});
    pointers.push_back(const_cast<float*>(input->data.data()));
  }
  const operators::TensorSpec to{true, DataType::kFloat32, Shape(output.dims)};
  auto plan = row->Plan(node, specs, {&to, 1});
  if (!plan.ok()) throw std::runtime_error(plan.status().ToString());
  std::vector<float> result(output.Bytes() / sizeof(float));
  void* out = result.data();
  std::vector<std::max_align_t> workspace(
      static_cast<size_t>((*plan)->workspace_bytes()) / sizeof(std::max_align_t) + 8);
  void* aligned = workspace.data();
  size_t room = workspace.size() * sizeof(std::max_align_t);
  std::align(64, 1, aligned, room);
  const auto status =
      (*plan)->Run({pointers, {&out, 1}, aligned, operators::ParallelFor::Inline()});
  if (!status.ok()) throw std::runtime_error(status.ToString());
  return result;
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// A 3x3 convolution with padding 1 and a bias: as the host's node, and as the reference's.
struct ConvCase {
  Tensor x = RandomTensor({2, 6, 9, 7}, 1), w = RandomTensor({5, 6, 3, 3}, 2),
         b = RandomTensor({5}, 3);
  Tensor y{{2, 5, 9, 7}, {}};
  std::vector<int64_t> pads_values{1, 1, 1, 1};
  tenon_attribute pads = IntsAttribute("pads", pads_values);
  TestValue vx{"x", TENON_FLOAT32, {-1, 6, -1, -1}}, vw{"w", TENON_FLOAT32, {5, 6, 3, 3}},
      vb{"b", TENON_FLOAT32, {5}}, vy{"y", TENON_FLOAT32, {-1, 5, -1, -1}};
  TestNode node{"Conv", {&vx, &vw, &vb}, {&vy}, {&pads}};

  std::vector<const Tensor*> inputs() const { return {&x, &w, &b}; }
  std::vector<float> Expected() const {
    AttributeView view;
    view.name = "pads";
    view.kind = AttributeView::Kind::kInts;
    view.ints = pads_values;
    return Reference({"", "Conv", "node", 1, {&view, 1}}, inputs(), y);
  }
};

class EachKindOfMemory : public ::testing::TestWithParam<const char*> {
 protected:
  Simulator simulator_{{{"memory", GetParam()}, {"delay_us", "20"}}};
};
INSTANTIATE_TEST_SUITE_P(Kinds, EachKindOfMemory, ::testing::Values("locked", "handle", "unified"));

TEST_P(EachKindOfMemory, ConvHasTheBitsOfTheReference) {
  ConvCase conv;
  EXPECT_TRUE(
      SameBits(Compute(simulator_, "sim_conv", conv.node, conv.inputs(), conv.y), conv.Expected()));
}

TEST_P(EachKindOfMemory, TheNodeIsCopied) {
  auto conv = std::make_unique<ConvCase>();
  const std::vector<float> expected = conv->Expected();
  const auto run = CreateKernel(simulator_, "sim_conv", conv->node);
  const Tensor x = conv->x, w = conv->w, b = conv->b, y = conv->y;
  conv.reset();
  ASSERT_TRUE(run->Prepare({&x, &w, &b}, {y}).ok());
  Queue queue(simulator_);
  ASSERT_TRUE(run->Enqueue(queue.handle()).ok());
  ASSERT_TRUE(queue.Finish().ok());
  EXPECT_TRUE(SameBits(run->Output(), expected));
}

TEST_P(EachKindOfMemory, RunsWithoutAQueueToTheEnd) {
  ConvCase conv;
  const auto run = CreateKernel(simulator_, "sim_conv", conv.node);
  ASSERT_TRUE(run->Prepare(conv.inputs(), {conv.y}).ok());
  ASSERT_TRUE(run->Enqueue(nullptr).ok());
  EXPECT_TRUE(SameBits(run->Output(), conv.Expected()));
}

TEST(Kernels, EachReferenceRowHasOne) {
  Simulator simulator;
  std::set<std::string> names;
  for (const tenon_kernel_descriptor* d : simulator.backend().descriptors()) {
    EXPECT_TRUE(names.insert(d->name).second) << d->name;
    const bool allocates = (d->flags & TENON_KERNEL_ALLOCATES_OUTPUT) != 0;
    EXPECT_EQ((d->flags & TENON_KERNEL_CAPTURABLE) != 0, !allocates) << d->name;
    EXPECT_EQ((d->flags & TENON_KERNEL_HOST_SYNC) != 0, allocates) << d->name;
  }
  EXPECT_EQ(names.size(), operators::AllKernels().size() + 2) << "and two reorders";
}

TEST(Kernels, ARecordedKernelReplays) {
  Simulator simulator;
  ConvCase conv;
  const auto run = CreateKernel(simulator, "sim_conv", conv.node);
  ASSERT_TRUE(run->Prepare(conv.inputs(), {conv.y}).ok());
  Queue queue(simulator);
  const auto& api = simulator.queue();
  ASSERT_TRUE(simulator.Take(api.record_begin(queue.handle())).ok());
  ASSERT_TRUE(run->Enqueue(queue.handle()).ok());
  tenon_recording* recording = nullptr;
  ASSERT_TRUE(simulator.Take(api.record_end(queue.handle(), &recording)).ok());
  conv.x = RandomTensor(conv.x.dims, 99);
  run->input_buffer(0).Write(conv.x.data.data(), conv.x.Bytes());
  ASSERT_TRUE(simulator.Take(api.replay(queue.handle(), recording)).ok());
  ASSERT_TRUE(queue.Finish().ok());
  api.recording_destroy(queue.handle(), recording);
  EXPECT_TRUE(SameBits(run->Output(), conv.Expected()));
}

TEST(Kernels, RunConcurrentlyOnTheirQueues) {
  Simulator simulator{{{"delay_us", "50"}}};
  ConvCase conv;
  const std::vector<float> expected = conv.Expected();
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 5; ++i) {
          if (!SameBits(Compute(simulator, "sim_conv", conv.node, conv.inputs(), conv.y), expected))
            ++wrong;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

TEST(Kernels, CheckTheArgumentsOfARun) {
  Simulator simulator{{{"memory", "unified"}}};
  const TestValue x("x", TENON_FLOAT32, {-1});
  const TestNode node("Neg", {&x}, {&x});
  const tenon_kernel_descriptor* d = simulator.Find("sim_neg");
  tenon_kernel* kernel = nullptr;
  ASSERT_TRUE(
      simulator.Take(d->create(d, simulator.backend().handle(), simulator.handle(), &node, &kernel))
          .ok());
  sdk::testing::TestArgument in({16}, static_cast<float*>(nullptr)),
      out({16}, static_cast<float*>(nullptr));
  const tenon_argument *inputs[] = {&in}, *outputs[] = {&out};
  tenon_plan_info info{};
  info.struct_size = TENON_SIZE_TO(tenon_plan_info, plan);
  ASSERT_TRUE(simulator.Take(d->prepare(d, kernel, inputs, 1, outputs, 1, &info)).ok());
  Buffer buffer(simulator, 1024);
  for (sdk::testing::TestArgument* argument : {&in, &out}) {
    argument->buffer = buffer.handle();
    argument->tensor.data = buffer.base();
    argument->memory_kind = buffer.kind();
  }
  tenon_run run{};
  run.struct_size = TENON_SIZE_TO(tenon_run, correlation_id);
  run.inputs = inputs;
  run.outputs = outputs;
  run.input_count = run.output_count = 1;
  const auto try_run = [&] { return simulator.Take(d->run(d, kernel, info.plan, &run)); };
  EXPECT_TRUE(try_run().ok());
  out.offset = 256;
  EXPECT_EQ(try_run().code(), Code::kInvalidArgument) << "data is not base plus offset";
  out.tensor.data = buffer.base() + 256;
  EXPECT_TRUE(try_run().ok());
  out.offset = 8;
  out.tensor.data = buffer.base() + 8;
  EXPECT_EQ(try_run().code(), Code::kInvalidArgument) << "not aligned";
  out.offset = 1024;
  out.tensor.data = buffer.base() + 1024;
  EXPECT_EQ(try_run().code(), Code::kInvalidArgument) << "outside the buffer";
  out.offset = 0;
  out.tensor.data = buffer.base();
  out.bytes = 32;
  EXPECT_EQ(try_run().code(), Code::kInvalidArgument) << "not what the plan was made for";
  out.bytes = 64;
  out.memory_kind = 1;
  EXPECT_EQ(try_run().code(), Code::kInvalidArgument) << "not the kind of the buffer";
  outputs[0] = nullptr;
  EXPECT_EQ(try_run().code(), Code::kInvalidArgument) << "missing";
  d->plan_release(d, kernel, info.plan);
  d->destroy(d, kernel);
}

class Claims : public ::testing::Test {
 protected:
  static std::set<std::string> Claimed(const std::string& claim) {
    Simulator simulator{{{"claim", claim}}};
    std::set<std::string> claimed;
    const TestValue x("x", TENON_FLOAT32, {1, 2, 4, 4});
    for (const char* op : {"Relu", "Neg"}) {
      for (int i = 0; i < 100; ++i) {
        const std::string name = "node" + std::to_string(i);
        TestNode node(op, {&x}, {&x});
        node.name = name.c_str();
        tenon::Status why;
        const std::string kernel = op == std::string("Relu") ? "sim_relu" : "sim_neg";
        if (CreateKernel(simulator, kernel, node, &why)) {
          claimed.insert(op + name);
        } else {
          EXPECT_EQ(why.code(), Code::kUnsupported);
          EXPECT_NE(why.message().find(claim), std::string_view::npos) << why.ToString();
        }
      }
    }
    return claimed;
  }
};

TEST_F(Claims, AllNoneAndOperators) {
  EXPECT_EQ(Claimed("all").size(), 200u);
  EXPECT_TRUE(Claimed("none").empty());
  const auto relu = Claimed("ops:Conv,Relu");
  EXPECT_EQ(relu.size(), 100u);
  EXPECT_TRUE(relu.contains("Relunode0"));
}

TEST_F(Claims, ASeedTakesAboutHalfAndAlwaysTheSame) {
  const auto first = Claimed("seed:7");
  EXPECT_EQ(first, Claimed("seed:7"));
  EXPECT_NE(first, Claimed("seed:8"));
  EXPECT_GT(first.size(), 70u);
  EXPECT_LT(first.size(), 130u);
}

TEST(Options, AreCheckedWhereTheLoaderCannot) {
  const auto why = [](OptionMap options) -> std::string {
    try {
      const Simulator simulator(std::move(options));
    } catch (const std::exception& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(why({{"claim", "some"}}).find("claim"), std::string::npos);
  EXPECT_NE(why({{"claim", "seed:x"}}).find("claim"), std::string::npos);
  EXPECT_NE(why({{"fault", "fire:1"}}).find("fault"), std::string::npos);
  EXPECT_NE(why({{"fault", "copy:0"}}).find("fault"), std::string::npos);
  EXPECT_NE(why({{"largest_allocation", "-1"}}).find("largest_allocation"), std::string::npos);
  EXPECT_NE(why({{"colour", "red"}}), "");
}

class BlockedLayout : public ::testing::Test {
 protected:
  uint64_t BlockedBytes(const std::vector<int64_t>& dims) const {
    return simulator_.backend().layouts()[0]->bytes(TENON_FLOAT32,
                                                    static_cast<int32_t>(dims.size()), dims.data());
  }
  Tensor Blocked(const std::vector<int64_t>& dims) const {
    return {dims, {}, kBlocked, BlockedBytes(dims)};
  }
  std::vector<float> Reorder(const Tensor& from, const Tensor& to) {
    const TestValue x("x", TENON_FLOAT32, from.dims), y("y", TENON_FLOAT32, from.dims);
    TestNode node("Reorder", {&x}, {&y});
    node.domain = "ai.tenon";
    return Compute(simulator_,
                   to.layout == kBlocked ? "sim_reorder_to_blocked" : "sim_reorder_from_blocked",
                   node, {&from}, to);
  }
  Tensor ToBlocked(const Tensor& plain) {
    Tensor blocked = Blocked(plain.dims);
    blocked.data = Reorder(plain, blocked);
    return blocked;
  }
  Simulator simulator_{{{"layout", "blocked"}, {"memory", "handle"}}};
};

TEST_F(BlockedLayout, RoundsChannelsUp) {
  EXPECT_EQ(BlockedBytes({2, 5, 3, 3}), 2u * 8 * 9 * 4);
  EXPECT_EQ(BlockedBytes({2, 8, 3}), 2u * 8 * 3 * 4);
  EXPECT_EQ(BlockedBytes({2, 5}), 0u);
  EXPECT_EQ(BlockedBytes({2, -1, 3}), 0u);
}

TEST_F(BlockedLayout, ReordersThereAndBack) {
  const Tensor plain = RandomTensor({2, 6, 3, 5}, 4);
  const Tensor blocked = ToBlocked(plain);
  // Element (n=1, c=5, i=7): block 1 of 2, lane 1.
  EXPECT_EQ(blocked.data[((1 * 2 + 1) * 15 + 7) * 4 + 1], plain.data[(1 * 6 + 5) * 15 + 7]);
  EXPECT_EQ(blocked.data[((1 * 2 + 1) * 15 + 7) * 4 + 2], 0.0F) << "filled up with zeros";
  EXPECT_TRUE(SameBits(Reorder(blocked, {plain.dims, {}}), plain.data));
}

TEST_F(BlockedLayout, KernelsHaveTheBitsOfTheReference) {
  ConvCase conv;
  const Tensor x = ToBlocked(conv.x), to = Blocked(conv.y.dims);
  Tensor y = to;
  y.data = Compute(simulator_, "sim_blocked_conv", conv.node, {&x, &conv.w, &conv.b}, to);
  EXPECT_TRUE(SameBits(Reorder(y, {conv.y.dims, {}}), conv.Expected()));

  const TestValue value("y", TENON_FLOAT32, conv.y.dims);
  Tensor sum = to;
  sum.data = Compute(simulator_, "sim_blocked_add", TestNode("Add", {&value, &value}, {&value}),
                     {&y, &y}, to);
  std::vector<float> expected = conv.Expected();
  for (float& v : expected) v += v;
  EXPECT_TRUE(SameBits(Reorder(sum, {conv.y.dims, {}}), expected));
}

TEST_F(BlockedLayout, RefusesShapesThatMayBroadcast) {
  const TestValue a("a", TENON_FLOAT32, {1, 4, 8, 8}), b("b", TENON_FLOAT32, {1, 4, 1, 1});
  tenon::Status why;
  EXPECT_EQ(CreateKernel(simulator_, "sim_blocked_add", TestNode("Add", {&a, &b}, {&a}), &why),
            nullptr);
  EXPECT_EQ(why.code(), Code::kUnsupported);
}

TEST(Profile, TellsEventsOnTheClockOfTheDevice) {
  struct Event {
    std::string name;
    uint64_t correlation_id, begin_ns, end_ns;
  };
  std::vector<Event> events;
  auto services = std::make_shared<backend::HostServices>();
  services->profile = [&](const std::string&, const tenon_profile_event& event) {
    events.push_back({event.name, event.correlation_id, event.begin_ns, event.end_ns});
  };
  Simulator simulator({}, services);
  const tenon_profile_interface& profile = *simulator.backend().profile();
  ConvCase conv;
  const auto run = CreateKernel(simulator, "sim_conv", conv.node);
  ASSERT_TRUE(run->Prepare(conv.inputs(), {conv.y}).ok());
  Queue queue(simulator);
  uint64_t device_before = 0, device_after = 0, host_before = 0, host_after = 0;
  ASSERT_TRUE(simulator.Take(profile.enable(simulator.handle(), 1)).ok());
  ASSERT_TRUE(
      simulator.Take(profile.clocks(simulator.handle(), &device_before, &host_before)).ok());
  ASSERT_TRUE(run->Enqueue(queue.handle(), 1234).ok());
  ASSERT_TRUE(queue.Finish().ok());
  ASSERT_TRUE(simulator.Take(profile.clocks(simulator.handle(), &device_after, &host_after)).ok());
  ASSERT_TRUE(simulator.Take(profile.flush(simulator.handle())).ok());
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].name, "Conv \"node\"");
  EXPECT_EQ(events[0].correlation_id, 1234u);
  EXPECT_LE(device_before, events[0].begin_ns);
  EXPECT_LE(events[0].begin_ns, events[0].end_ns);
  EXPECT_LE(events[0].end_ns, device_after);
  EXPECT_GE(device_before, host_before + 1'000'000'000) << "a clock of its own";
  EXPECT_GT(device_after - device_before, host_after - host_before) << "which is faster";
  ASSERT_TRUE(simulator.Take(profile.enable(simulator.handle(), 0)).ok());
  ASSERT_TRUE(run->Enqueue(queue.handle()).ok());
  ASSERT_TRUE(queue.Finish().ok());
  ASSERT_TRUE(simulator.Take(profile.flush(simulator.handle())).ok());
  EXPECT_EQ(events.size(), 1u);
}

}  // namespace
}  // namespace tenon::simulator::testing
