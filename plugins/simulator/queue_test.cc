// Order, fences, failure that travels, recordings, and queues of the host and of other threads.
#include <atomic>
#include <thread>

#include "testing/simulator.h"

namespace tenon::simulator::testing {
namespace {

using backend::HostTimeline;

class QueueTest : public ::testing::Test {
 protected:
  Simulator simulator_{{{"memory", "handle"}, {"delay_us", "200"}, {"seed", "11"}}};
  Buffer a_{simulator_, 64}, b_{simulator_, 64};

  tenon_fence HostFence(HostTimeline& timeline, uint64_t value) {
    return {timeline.handle(), value, TENON_ORIGIN_HOST, 0};
  }
  uint32_t First(Buffer& buffer) { return buffer.Read<uint32_t>(1)[0]; }
};

TEST_F(QueueTest, RunsInOrder) {
  Queue queue(simulator_);
  uint32_t value = 0;
  for (uint32_t i = 1; i <= 100; ++i) ASSERT_TRUE(queue.Fill(a_, i).ok());
  ASSERT_TRUE(queue.Copy(a_.At(), b_.At(), 64).ok());
  ASSERT_TRUE(queue.Copy(b_.At(4), {nullptr, &value, 0}, 4).ok());
  ASSERT_TRUE(queue.Finish().ok());
  EXPECT_EQ(value, 100u);
}

TEST_F(QueueTest, RunsNothingBeforeItIsSubmitted) {
  Queue queue(simulator_);
  Timeline timeline(simulator_);
  ASSERT_TRUE(queue.Fill(a_, 1).ok());
  ASSERT_TRUE(queue.Signal(timeline.At(1)).ok());
  EXPECT_EQ(timeline.Wait(1, 5'000'000).code(), Code::kDeadlineExceeded);
  ASSERT_TRUE(queue.Submit().ok());
  EXPECT_TRUE(timeline.Wait(1).ok());
}

TEST_F(QueueTest, WaitsForTheOtherQueueAndTheHost) {
  Queue first(simulator_), second(simulator_);
  Timeline timeline(simulator_);
  HostTimeline host;
  ASSERT_TRUE(second.Wait(timeline.At(3)).ok());
  ASSERT_TRUE(second.Copy(a_.At(), b_.At(), 64).ok());
  ASSERT_TRUE(second.Submit().ok());
  ASSERT_TRUE(first.Wait(HostFence(host, 5)).ok());
  ASSERT_TRUE(first.Fill(a_, 42).ok());
  ASSERT_TRUE(first.Signal(timeline.At(3)).ok());
  ASSERT_TRUE(first.Submit().ok());
  EXPECT_EQ(timeline.Wait(1, 5'000'000).code(), Code::kDeadlineExceeded);
  host.Signal(5);
  ASSERT_TRUE(second.Finish().ok());
  EXPECT_EQ(First(b_), 42u);
  uint64_t value = 0;
  ASSERT_TRUE(
      simulator_
          .Take(simulator_.queue().timeline_query(simulator_.handle(), timeline.handle(), &value))
          .ok());
  EXPECT_EQ(value, 3u);
}

TEST_F(QueueTest, AFailedFenceOfTheHostTravels) {
  Queue first(simulator_), second(simulator_);
  Timeline between(simulator_), end(simulator_);
  HostTimeline host;
  ASSERT_TRUE(first.Wait(HostFence(host, 1)).ok());
  ASSERT_TRUE(first.Fill(a_, 1).ok());
  ASSERT_TRUE(first.Signal(between.At(1)).ok());
  ASSERT_TRUE(first.Submit().ok());
  ASSERT_TRUE(second.Wait(between.At(1)).ok());
  ASSERT_TRUE(second.Copy(a_.At(), b_.At(), 64).ok());
  ASSERT_TRUE(second.Signal(end.At(1)).ok());
  ASSERT_TRUE(second.Submit().ok());
  host.Fail(tenon::Status(Code::kCancelled, "stop"));
  EXPECT_EQ(end.Wait(1).code(), Code::kCancelled);
  EXPECT_EQ(between.Wait(1).code(), Code::kCancelled);
  EXPECT_EQ(First(a_), UINT32_MAX) << "the work was left out";
}

TEST_F(QueueTest, NotifiesOnceWithTheOutcome) {
  struct Told {
    std::atomic<int> count{0};
    std::atomic<tenon_code> code{-1};
    static void TENON_CALL Reached(void* context, tenon_code code) {
      static_cast<Told*>(context)->code = code;
      ++static_cast<Told*>(context)->count;
    }
  } reached, at_once, failed;
  const auto notify = [&](const Timeline& timeline, uint64_t value, Told& told) {
    return simulator_.Take(simulator_.queue().timeline_notify(
        simulator_.handle(), timeline.handle(), value, &Told::Reached, &told));
  };
  Queue queue(simulator_);
  Timeline timeline(simulator_), broken(simulator_);
  ASSERT_TRUE(notify(timeline, 2, reached).ok());
  ASSERT_TRUE(queue.Signal(timeline.At(2)).ok());
  ASSERT_TRUE(queue.Finish().ok());
  EXPECT_EQ(reached.count, 1);
  EXPECT_EQ(reached.code, TENON_OK);
  ASSERT_TRUE(notify(timeline, 1, at_once).ok());
  EXPECT_EQ(at_once.count, 1);
  HostTimeline host;
  ASSERT_TRUE(notify(broken, 1, failed).ok());
  ASSERT_TRUE(queue.Wait(HostFence(host, 1)).ok());
  ASSERT_TRUE(queue.Signal(broken.At(1)).ok());
  ASSERT_TRUE(queue.Submit().ok());
  host.Fail(tenon::Status(Code::kIo, "disk"));
  EXPECT_EQ(broken.Wait(1).code(), Code::kIo);
  ASSERT_TRUE(queue.Finish().ok());
  EXPECT_EQ(failed.count, 1);
  EXPECT_EQ(failed.code, TENON_IO);
}

TEST_F(QueueTest, EndsBeforeItsWorkAndTimelinesDo) {
  Timeline timeline(simulator_);
  {
    Queue queue(simulator_);
    for (uint32_t i = 0; i < 50; ++i) ASSERT_TRUE(queue.Fill(a_, i).ok());
    ASSERT_TRUE(queue.Signal(timeline.At(1)).ok());
  }
  ASSERT_TRUE(timeline.Wait(1).ok());
  EXPECT_EQ(First(a_), 49u);
}

TEST_F(QueueTest, ReplaysARecordingOnAnyQueue) {
  Queue first(simulator_), second(simulator_);
  const auto& api = simulator_.queue();
  ASSERT_TRUE(simulator_.Take(api.record_begin(first.handle())).ok());
  ASSERT_TRUE(first.Fill(a_, 77).ok());
  ASSERT_TRUE(first.Copy(a_.At(), b_.At(), 64).ok());
  EXPECT_EQ(first.Submit().code(), Code::kFailedPrecondition);
  Timeline timeline(simulator_);
  EXPECT_EQ(first.Signal(timeline.At(1)).code(), Code::kFailedPrecondition);
  EXPECT_EQ(first.Wait(timeline.At(1)).code(), Code::kFailedPrecondition);
  EXPECT_EQ(simulator_.Take(api.record_begin(first.handle())).code(), Code::kFailedPrecondition);
  tenon_recording* recording = nullptr;
  ASSERT_TRUE(simulator_.Take(api.record_end(first.handle(), &recording)).ok());
  ASSERT_TRUE(first.Finish().ok());
  EXPECT_EQ(First(b_), UINT32_MAX) << "recorded, not run";
  for (Queue* queue : {&first, &second}) {
    ASSERT_TRUE(queue->Fill(b_, 0).ok());
    ASSERT_TRUE(simulator_.Take(api.replay(queue->handle(), recording)).ok());
    ASSERT_TRUE(simulator_.Take(api.replay(queue->handle(), recording)).ok());
    ASSERT_TRUE(queue->Finish().ok());
    EXPECT_EQ(First(b_), 77u);
  }
  ASSERT_TRUE(simulator_.Take(api.replay(second.handle(), recording)).ok());
  api.recording_destroy(second.handle(), recording);
  ASSERT_TRUE(second.Finish().ok());
  EXPECT_EQ(simulator_.Take(api.record_end(first.handle(), &recording)).code(),
            Code::kFailedPrecondition);
}

TEST_F(QueueTest, RefusesRangesAndPatternsThatDoNotFit) {
  Queue queue(simulator_);
  EXPECT_EQ(queue.Copy(a_.At(8), b_.At(), 64).code(), Code::kInvalidArgument);
  EXPECT_EQ(queue.Copy({nullptr, nullptr, 0}, b_.At(), 64).code(), Code::kInvalidArgument);
  const tenon_location to = a_.At(2);
  const uint32_t pattern = 0;
  EXPECT_EQ(simulator_.Take(simulator_.queue().fill(queue.handle(), &to, 8, &pattern, 4)).code(),
            Code::kInvalidArgument);
  EXPECT_EQ(simulator_.Take(simulator_.queue().fill(queue.handle(), &to, 8, &pattern, 3)).code(),
            Code::kInvalidArgument);
  EXPECT_TRUE(queue.Finish().ok());
}

TEST_F(QueueTest, ManyThreadsUseTheirQueuesAtOnce) {
  std::vector<std::jthread> threads;
  std::atomic<int> wrong{0};
  for (uint32_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (uint32_t round = 0; round < 10; ++round) {
        Queue queue(simulator_);
        Buffer from(simulator_, 4096), to(simulator_, 4096);
        const uint32_t value = t * 100 + round;
        const bool ok = queue.Fill(from, value).ok() && queue.Copy(from.At(), to.At(), 4096).ok() &&
                        queue.Finish().ok();
        if (!ok || to.Read<uint32_t>(1024) != std::vector<uint32_t>(1024, value)) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace tenon::simulator::testing
