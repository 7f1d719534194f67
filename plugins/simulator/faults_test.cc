// Faults: each kind at each occurrence ends in a status that names it, leaves nothing behind, and
// the next try is right.
#include <chrono>
#include <thread>

#include "testing/simulator.h"

namespace tenon::simulator::testing {
namespace {

using sdk::testing::TestNode;
using sdk::testing::TestValue;

// Uses every call once or more: two kernels between copies, mappings and fences.
tenon::Status TryRound(Simulator& simulator) try {
  const TestValue x("x", TENON_FLOAT32, {-1});
  const Tensor in = RandomTensor({64}, 3);
  tenon::Status status;
  const auto neg = CreateKernel(simulator, "sim_neg", TestNode("Neg", {&x}, {&x}), &status);
  TENON_RETURN_IF_ERROR(std::move(status));
  const auto relu = CreateKernel(simulator, "sim_relu", TestNode("Relu", {&x}, {&x}), &status);
  TENON_RETURN_IF_ERROR(std::move(status));
  TENON_RETURN_IF_ERROR(neg->Prepare({&in}, {{{64}, {}}}));
  TENON_RETURN_IF_ERROR(relu->Prepare({&in}, {{{64}, {}}}));
  Queue queue(simulator);
  Buffer upload(simulator, 256);
  TENON_RETURN_IF_ERROR(
      queue.Copy({nullptr, const_cast<float*>(in.data.data()), 0}, upload.At(), 256));
  TENON_RETURN_IF_ERROR(queue.Copy(upload.At(), neg->input_buffer(0).At(), 256));
  TENON_RETURN_IF_ERROR(neg->Enqueue(queue.handle()));
  TENON_RETURN_IF_ERROR(queue.Copy(neg->output_buffer(0).At(), relu->input_buffer(0).At(), 256));
  TENON_RETURN_IF_ERROR(relu->Enqueue(queue.handle()));
  std::vector<float> out(64);
  TENON_RETURN_IF_ERROR(queue.Copy(relu->output_buffer(0).At(), {nullptr, out.data(), 0}, 256));
  TENON_RETURN_IF_ERROR(queue.Finish());
  for (size_t i = 0; i < out.size(); ++i) EXPECT_EQ(out[i], std::max(-in.data[i], 0.0F));
  return {};
} catch (const std::exception& error) {
  return tenon::Status(Code::kInternal, error.what());
}

struct FaultCase {
  const char* word;
  int occurrences;  // in a round
};
class EachFault : public ::testing::TestWithParam<FaultCase> {};
// map is asked for twice, by Prepare, which only asserts: see MapFails.
INSTANTIATE_TEST_SUITE_P(Kinds, EachFault,
                         ::testing::Values(FaultCase{"alloc", 5}, FaultCase{"queue", 1},
                                           FaultCase{"timeline", 1}, FaultCase{"create", 2},
                                           FaultCase{"prepare", 2}, FaultCase{"enqueue", 6},
                                           FaultCase{"copy", 4}, FaultCase{"kernel", 2}),
                         [](const auto& info) { return std::string(info.param.word); });

TEST_P(EachFault, EndsInAStatusAndTheNextRoundIsRight) {
  for (int n = 1; n <= GetParam().occurrences; ++n) {
    const std::string fault = GetParam().word + (":" + std::to_string(n));
    Simulator simulator{{{"fault", fault}, {"delay_us", "20"}}};
    const tenon::Status status = TryRound(simulator);
    EXPECT_FALSE(status.ok()) << fault;
    EXPECT_NE(status.message().find("injected fault " + fault), std::string_view::npos)
        << status.ToString();
    const tenon::Status next = TryRound(simulator);
    EXPECT_TRUE(next.ok()) << next.ToString();
    EXPECT_EQ(simulator.backend().host_bytes(), 0u);
  }
  Simulator simulator(
      {{"fault", GetParam().word + (":" + std::to_string(GetParam().occurrences + 1))}});
  EXPECT_TRUE(TryRound(simulator).ok()) << "there are no more occurrences in a round";
}

TEST(Faults, OfKernelsNameTheNode) {
  Simulator simulator{{{"fault", "kernel:2"}}};
  EXPECT_NE(TryRound(simulator).message().find("Relu \"node\""), std::string_view::npos);
}

TEST(Faults, MapFails) {
  Simulator simulator{{{"fault", "map:2"}}};
  Buffer buffer(simulator, 64);
  void* pointer = nullptr;
  const auto map = [&] {
    return simulator.Take(simulator.memory().map(simulator.handle(), buffer.handle(), 0, 64,
                                                 TENON_ACCESS_READ, nullptr, 0, 0, &pointer));
  };
  const auto unmap = [&] {
    EXPECT_TRUE(
        simulator
            .Take(simulator.memory().unmap(simulator.handle(), buffer.handle(), pointer, nullptr))
            .ok());
  };
  ASSERT_TRUE(map().ok());
  unmap();
  EXPECT_EQ(map().code(), Code::kIo);
  ASSERT_TRUE(map().ok());
  unmap();
}

TEST(Faults, AFailureTravelsUntilItIsSignalled) {
  Simulator simulator{{{"fault", "copy:1"}, {"memory", "handle"}}};
  Queue first(simulator), second(simulator);
  Buffer a(simulator, 64), b(simulator, 64);
  Timeline one(simulator), two(simulator), three(simulator);
  ASSERT_TRUE(first.Fill(a, 1).ok());  // fails
  ASSERT_TRUE(first.Fill(b, 1).ok());  // left out
  ASSERT_TRUE(first.Signal(one.At(1)).ok());
  ASSERT_TRUE(first.Fill(b, 2).ok());  // works again
  ASSERT_TRUE(first.Signal(two.At(1)).ok());
  ASSERT_TRUE(first.Submit().ok());
  ASSERT_TRUE(second.Wait(one.At(1)).ok());
  ASSERT_TRUE(second.Fill(a, 3).ok());
  ASSERT_TRUE(second.Signal(three.At(1)).ok());
  ASSERT_TRUE(second.Submit().ok());
  EXPECT_EQ(one.Wait(1).code(), Code::kIo);
  EXPECT_TRUE(two.Wait(1).ok());
  EXPECT_EQ(three.Wait(1).code(), Code::kIo);
  EXPECT_EQ(b.Read<uint32_t>(1)[0], 2u);
  EXPECT_EQ(a.Read<uint32_t>(1)[0], UINT32_MAX);
  EXPECT_TRUE(second.Finish().ok());
}

TEST(Faults, AHangingDeviceIsClosedAndItsThreadsJoined) {
  const auto start = std::chrono::steady_clock::now();
  {
    Simulator simulator{{{"fault", "hang:2"}}};
    Queue queue(simulator), waiting(simulator), other(simulator);
    Buffer buffer(simulator, 64), free_later(simulator, 64);
    Timeline timeline(simulator), never(simulator);
    backend::HostTimeline host;
    ASSERT_TRUE(queue.Fill(buffer, 1).ok());
    ASSERT_TRUE(queue.Fill(buffer, 2).ok());  // hangs
    ASSERT_TRUE(queue.Signal(timeline.At(1)).ok());
    ASSERT_TRUE(queue.Submit().ok());
    ASSERT_TRUE(waiting.Wait(timeline.At(1)).ok());
    ASSERT_TRUE(waiting.Fill(buffer, 3).ok());
    ASSERT_TRUE(waiting.Signal(never.At(1)).ok());
    ASSERT_TRUE(waiting.Submit().ok());
    EXPECT_EQ(never.Wait(1, 20'000'000).code(), Code::kDeadlineExceeded);
    EXPECT_TRUE(other.Fill(free_later, 4).ok());
    EXPECT_TRUE(other.Finish().ok()) << "the other queues work";
    const tenon_fence fence = never.At(1);
    simulator.memory().free(simulator.handle(), free_later.release(), &fence, 1);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(Faults, ALostDeviceStaysLostAndItsObjectsEnd) {
  Simulator simulator{{{"fault", "lost:3"}, {"delay_us", "20"}}};
  const TestValue x("x", TENON_FLOAT32, {-1});
  const TestNode node("Neg", {&x}, {&x});
  const Tensor in = RandomTensor({64}, 3);
  const auto neg = CreateKernel(simulator, "sim_neg", node);
  ASSERT_TRUE(neg->Prepare({&in}, {{{64}, {}}}).ok());
  Queue queue(simulator), waiting(simulator);
  Timeline timeline(simulator), host_waits(simulator), never(simulator);
  Buffer buffer(simulator, 64);
  void* mapped = nullptr;
  const auto& api = simulator.memory();
  const auto map = [&] {
    return simulator.Take(api.map(simulator.handle(), neg->input_buffer(0).handle(), 0, 4,
                                  TENON_ACCESS_READ, nullptr, 0, 0, &mapped));
  };
  ASSERT_TRUE(map().ok());
  ASSERT_TRUE(waiting.Wait(never.At(1)).ok());
  ASSERT_TRUE(waiting.Signal(host_waits.At(1)).ok());
  ASSERT_TRUE(waiting.Submit().ok());
  for (uint32_t i = 0; i < 5; ++i) ASSERT_TRUE(queue.Fill(buffer, i).ok());
  ASSERT_TRUE(queue.Signal(timeline.At(1)).ok());
  ASSERT_TRUE(queue.Submit().ok());
  EXPECT_EQ(timeline.Wait(1).code(), Code::kDeviceLost);
  EXPECT_EQ(host_waits.Wait(1).code(), Code::kDeviceLost) << "whoever waits is told";
  EXPECT_EQ(queue.Fill(buffer, 9).code(), Code::kDeviceLost);
  EXPECT_EQ(queue.Submit().code(), Code::kDeviceLost);
  EXPECT_EQ(neg->Enqueue(queue.handle()).code(), Code::kDeviceLost);
  EXPECT_THROW(Buffer(simulator, 64), std::runtime_error);
  EXPECT_THROW(Queue{simulator}, std::runtime_error);
  EXPECT_TRUE(
      simulator.Take(api.unmap(simulator.handle(), neg->input_buffer(0).handle(), mapped, nullptr))
          .ok());
  EXPECT_EQ(map().code(), Code::kDeviceLost);
}

TEST(Faults, AnotherObjectOfTheBackendIsNotLost) {
  Simulator lost{{{"fault", "lost:1"}}}, other;
  const tenon::Status status = TryRound(lost);
  EXPECT_EQ(status.code(), Code::kDeviceLost);
  EXPECT_NE(status.message().find("injected fault lost:1"), std::string_view::npos)
      << status.ToString();
  EXPECT_TRUE(TryRound(other).ok());
}

TEST(Quiesce, FinishesWhatIsUnderWayAndStartsNothingMore) {
  Simulator simulator{{{"delay_us", "1000"}}};
  Queue queue(simulator);
  Buffer buffer(simulator, 64);
  for (uint32_t i = 1; i <= 50; ++i) ASSERT_TRUE(queue.Fill(buffer, i).ok());
  ASSERT_TRUE(queue.Submit().ok());
  tenon_backend* backend = simulator.backend().handle();
  ASSERT_TRUE(simulator.Take(backend->quiesce(backend, 60 * kSecond)).ok());
  EXPECT_EQ(buffer.Read<uint32_t>(1)[0], 50u);
  EXPECT_EQ(queue.Fill(buffer, 1).code(), Code::kFailedPrecondition);
}

TEST(Quiesce, GivesUpOnWorkThatHangs) {
  Simulator simulator{{{"fault", "hang:1"}}};
  Queue queue(simulator);
  Buffer buffer(simulator, 64);
  ASSERT_TRUE(queue.Fill(buffer, 1).ok());
  ASSERT_TRUE(queue.Submit().ok());
  tenon_backend* backend = simulator.backend().handle();
  EXPECT_EQ(simulator.Take(backend->quiesce(backend, 10'000'000)).code(), Code::kDeadlineExceeded);
}

}  // namespace
}  // namespace tenon::simulator::testing
