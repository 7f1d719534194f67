// What the layer finds wrong with fences; and the book in which it keeps them.
#include "layers/validate_fences.h"

#include "layers/testing/misdeed.h"

namespace tenon::backend::testing {
namespace {

tenon_timeline* Timeline(uintptr_t number) { return reinterpret_cast<tenon_timeline*>(number); }
tenon_fence Fence(tenon_timeline* timeline, uint64_t value) {
  return {timeline, value, TENON_ORIGIN_BACKEND, 0};
}

/* --------------------------------------------------------------------------------------- Fences */
// A queue waits for, or signals, a fence that the row changes.
std::function<void(const Patched&)> Waits(const std::function<void(tenon_fence&)>& change) {
  return [change](const Patched& p) {
    HeldQueue q(p);
    tenon_fence fence = q.Signal(1);
    change(fence);
    p.Code(p.queue().wait(q.queue, &fence, 1));
    q.Finish(2);
  };
}
HostTimeline& OfTheHost() {
  static HostTimeline timeline;
  return timeline;
}

std::vector<Misdeed> Fences() {
  return {
      {.name = "NoList",
       .complaint = "R7: queue.wait: the list of fences is NULL but has a count of 1",
       .act =
           [](const Patched& p) {
             const HeldQueue q(p);
             EXPECT_EQ(p.Code(p.queue().wait(q.queue, nullptr, 1)), TENON_INVALID_ARGUMENT);
           }},
      {.name = "Reserved",
       .complaint = "R1: queue.wait: a fence's reserved field is not 0",
       .act = Waits([](tenon_fence& fence) { fence.reserved = 1; })},
      {.name = "UnknownTimeline",
       .complaint = "R12: queue.wait: timeline 0x10 is no live timeline of this backend",
       .act = Waits([](tenon_fence& fence) { fence.timeline = Timeline(0x10); })},
      {.name = "UnknownOrigin",
       .complaint = "R12: queue.wait: timeline * is no live timeline of this backend",
       .act = Waits([](tenon_fence& fence) { fence.origin = 2; })},
      {.name = "NoTimelineOfTheHost",
       .complaint = "R12: queue.wait: timeline 0x0 of the host is NULL",
       .act = Waits([](tenon_fence& fence) {
         fence = {nullptr, 1, TENON_ORIGIN_HOST, 0};
       })},
      {.name = "HostsTimelineIsSignalled",
       .complaint = "R12: queue.signal: timeline * of the host is to be signalled by a queue",
       .act =
           [](const Patched& p) {
             const HeldQueue q(p);
             const tenon_fence fence = {OfTheHost().handle(), 1, TENON_ORIGIN_HOST, 0};
             EXPECT_EQ(p.Code(p.queue().signal(q.queue, &fence, 1)), TENON_INVALID_ARGUMENT);
           }},
      {.name = "EndedTimelineAtFree",
       .complaint = "R12: memory.free: timeline * is no live timeline of this backend",
       .act =
           [](const Patched& p) {
             HeldBuffer b(p, COMPLETE_POINTERS, 8);
             tenon_buffer* buffer = b.buffer;
             const tenon_fence fence = Fence(Timeline(0x10), 1);
             p.memory().free(p.device().handle(), buffer, &fence, 1);  // refused: it is still live
           }},
      {.name = "EndedTimelineAtMap",
       .complaint = "R12: memory.map: timeline * is no live timeline of this backend",
       .act =
           [](const Patched& p) {
             const HeldBuffer b(p, COMPLETE_POINTERS, 8);
             const tenon_fence fence = Fence(Timeline(0x10), 1);
             void* pointer = nullptr;
             EXPECT_EQ(p.Code(p.memory().map(p.device().handle(), b.buffer, 0, 8, TENON_ACCESS_READ,
                                             &fence, 1, 0, &pointer)),
                       TENON_INVALID_ARGUMENT);
           }},
      {.name = "SameValueAgain",
       .complaint = "R12: queue.signal: timeline *: 1 is not above the last value",
       .act =
           [](const Patched& p) {
             HeldQueue q(p);
             q.Signal(1);
             q.Signal(1);
             q.Finish(2);
           }},
      {.name = "LowerValueWhenTheHigherIsReached",
       .complaint = "R12: queue.signal: timeline *: 4 is not above the last value",
       .act =
           [](const Patched& p) {
             HeldQueue q(p);
             q.Finish(5);
             q.Signal(4);
             q.Finish(6);
           }},
  };
}
class ValidateFences : public MisdeedTest {};
TEST_P(ValidateFences, IsFound) { Check(); }
INSTANTIATE_TEST_SUITE_P(Fences, ValidateFences, ::testing::ValuesIn(Fences()), NameOf);

/* ------------------------------------------------------------------------------------- The book */
using validate::FenceBook;

TEST(FenceBook, WhatIsDoneFollowsSignalsAndWaits) {
  FenceBook book;
  const uint64_t a = book.AddQueue(), b = book.AddQueue();
  tenon_timeline *of_a = Timeline(0x10), *of_b = Timeline(0x20);
  EXPECT_TRUE(book.AddTimeline(of_a, nullptr) && book.AddTimeline(of_b, nullptr));
  EXPECT_FALSE(book.AddTimeline(of_a, nullptr));
  const uint64_t work = book.Enqueue(a);
  EXPECT_TRUE(book.Signal(a, Fence(of_a, 1)));
  const uint64_t later = book.Enqueue(a);
  book.Wait(b, Fence(of_a, 1));
  const uint64_t of_other = book.Enqueue(b);
  EXPECT_TRUE(book.Signal(b, Fence(of_b, 1)));

  const tenon_fence first[] = {Fence(of_a, 1)}, second[] = {Fence(of_b, 1)};
  EXPECT_FALSE(book.Done(a, work, {}));
  EXPECT_TRUE(book.Done(a, work, first));
  EXPECT_FALSE(book.Done(a, later, first));
  EXPECT_TRUE(book.Done(b, of_other, second));
  EXPECT_TRUE(book.Done(a, work, second)) << "b has waited for it";
  EXPECT_FALSE(book.Done(a, later, second));

  EXPECT_TRUE(book.Before(a, work, b));
  EXPECT_FALSE(book.Before(a, later, b));
  EXPECT_TRUE(book.Before(a, later, a));
  EXPECT_FALSE(book.Before(b, of_other, a));

  book.Reached(of_b, 1);
  EXPECT_TRUE(book.Done(a, work, {}));
  EXPECT_TRUE(book.Done(b, of_other, {}));
  EXPECT_FALSE(book.Done(a, later, {}));
  EXPECT_EQ(book.RemoveTimeline(of_a), 0);
  EXPECT_EQ(book.RemoveTimeline(of_a), -1);
}
TEST(FenceBook, ASignalThatFailedWasNone) {
  FenceBook book;
  const uint64_t queue = book.AddQueue();
  tenon_timeline* timeline = Timeline(0x10);
  book.AddTimeline(timeline, nullptr);
  EXPECT_TRUE(book.Signal(queue, Fence(timeline, 3)));
  book.Reached(timeline, 3);
  EXPECT_TRUE(book.Signal(queue, Fence(timeline, 5)));
  EXPECT_TRUE(book.Signal(queue, Fence(timeline, 6)));
  EXPECT_TRUE(book.MayReach(timeline, 6));
  book.Unsignal(queue, Fence(timeline, 6));
  EXPECT_TRUE(book.MayReach(timeline, 5));
  EXPECT_FALSE(book.MayReach(timeline, 6));
  book.Unsignal(queue, Fence(timeline, 5));
  EXPECT_FALSE(book.MayReach(timeline, 5));
  EXPECT_TRUE(book.MayReach(timeline, 3));
  EXPECT_FALSE(book.Signal(queue, Fence(timeline, 3)));
  EXPECT_TRUE(book.Signal(queue, Fence(timeline, 4)));
}
TEST(FenceBook, WhatWaitsForTheHostMayBeginLate) {
  FenceBook book;
  const uint64_t queue = book.AddQueue(), other = book.AddQueue();
  const uint64_t work = book.Enqueue(queue);
  const tenon_fence host[] = {{Timeline(0x10), 1, TENON_ORIGIN_HOST, 0}};
  EXPECT_FALSE(book.Before(queue, work, other));
  book.Wait(other, host[0]);
  EXPECT_TRUE(book.WaitsForHost(other));
  EXPECT_FALSE(book.WaitsForHost(queue));
  EXPECT_TRUE(book.Before(queue, work, other)) << "the host may have ordered them";
  EXPECT_TRUE(book.Done(queue, work, host));
}

}  // namespace
}  // namespace tenon::backend::testing
