// What the layer finds wrong with timelines.
#include "layers/testing/misdeed.h"

namespace tenon::backend::testing {
namespace {

tenon_timeline* Timeline(uintptr_t number) { return reinterpret_cast<tenon_timeline*>(number); }
tenon_fence Fence(tenon_timeline* timeline, uint64_t value) {
  return {timeline, value, TENON_ORIGIN_BACKEND, 0};
}

void Ignore(void*, tenon_code) {}
tenon_code Notify(const Patched& p, tenon_timeline* timeline, uint64_t value,
                  void (*reached)(void*, tenon_code)) {
  return p.Code(p.queue().timeline_notify(p.device().handle(), timeline, value, reached, nullptr));
}
tenon_code Query(const Patched& p, const Device& device, tenon_timeline* timeline) {
  uint64_t value = 0;
  return p.Code(p.queue().timeline_query(device.handle(), timeline, &value));
}
tenon_timeline* MakeTimeline(const Patched& p) {
  tenon_timeline* timeline = nullptr;
  EXPECT_EQ(p.Code(p.queue().timeline_create(p.device().handle(), &timeline)), TENON_OK);
  return timeline;
}

std::vector<Misdeed> OfTheHostsCalls() {
  return {
      {.name = "CreateWithoutOut",
       .complaint = "R3: queue.timeline_create: out_timeline is NULL",
       .act =
           [](const Patched& p) {
             p.Code(p.queue().timeline_create(p.device().handle(), nullptr));
           }},
      {.name = "QueryWithoutOut",
       .complaint = "R3: queue.timeline_query: out_value is NULL",
       .act =
           [](const Patched& p) {
             const HeldQueue q(p);
             p.Code(p.queue().timeline_query(p.device().handle(), q.timeline, nullptr));
           }},
      {.name = "QueryOfAnEndedOne",
       .complaint = "R4: queue.timeline_query: timeline * is no live timeline of the device",
       .act =
           [](const Patched& p) {
             tenon_timeline* timeline = MakeTimeline(p);
             p.queue().timeline_destroy(p.device().handle(), timeline);
             EXPECT_EQ(Query(p, p.device(), timeline), TENON_INVALID_ARGUMENT);
           }},
      {.name = "QueryOnAnotherDevice",
       .complaint = "R4: queue.timeline_query: timeline * is no live timeline of the device",
       .act =
           [](const Patched& p) {
             const HeldQueue q(p);
             EXPECT_EQ(Query(p, *p->devices()[1], q.timeline), TENON_INVALID_ARGUMENT);
           },
       .patch = {.device = TwoDevices}},
      {.name = "WaitForNone",
       .complaint = "R4: queue.timeline_wait: timeline 0x0 is no live timeline of the device",
       .act =
           [](const Patched& p) {
             EXPECT_EQ(p.Code(p.queue().timeline_wait(p.device().handle(), nullptr, 1, 0)),
                       TENON_INVALID_ARGUMENT);
           }},
      {.name = "NotifyOfNone",
       .complaint = "R4: queue.timeline_notify: timeline 0x0 is no live timeline of the device",
       .act =
           [](const Patched& p) {
             EXPECT_EQ(Notify(p, nullptr, 1, Ignore), TENON_INVALID_ARGUMENT);
           }},
      {.name = "NotifyNobody",
       .complaint = "R9: queue.timeline_notify: reached is NULL",
       .act =
           [](const Patched& p) {
             const HeldQueue q(p);
             EXPECT_EQ(Notify(p, q.timeline, 1, nullptr), TENON_INVALID_ARGUMENT);
           }},
      {.name = "DestroyedTwice",
       .complaint = "R4: queue.timeline_destroy: timeline * is no live timeline",
       .act =
           [](const Patched& p) {
             tenon_timeline* timeline = MakeTimeline(p);
             p.queue().timeline_destroy(p.device().handle(), timeline);
             p.queue().timeline_destroy(p.device().handle(), timeline);
           }},
      {.name = "DestroyedWithAPendingSignal",
       .complaint = "R12: queue.timeline_destroy: timeline *: 1 signals are pending",
       .act =
           [](const Patched& p) {
             HeldQueue q(p);
             q.Signal(1);  // and nobody asked whether it is reached
           }},
      {.name = "DestroyedWhileItIsWaitedFor",
       .complaint = "R12: queue.timeline_destroy: timeline *: somebody waits on it",
       .act =
           [](const Patched& p) {
             const HeldQueue q(p);
             EXPECT_EQ(Notify(p, q.timeline, 1, Ignore), TENON_OK);
           },
       .also = "R5: backend.destroy: 1 callbacks of timeline_notify have not come"},
  };
}

using QueuePatch = std::function<void(tenon_queue_interface&)>;
QueuePatch Creates(decltype(tenon_queue_interface::timeline_create) slot) {
  return [slot](tenon_queue_interface& table) { table.timeline_create = slot; };
}
QueuePatch Queries(decltype(tenon_queue_interface::timeline_query) slot) {
  return [slot](tenon_queue_interface& table) { table.timeline_query = slot; };
}
QueuePatch Notifies(decltype(tenon_queue_interface::timeline_notify) slot) {
  return [slot](tenon_queue_interface& table) { table.timeline_notify = slot; };
}
void CreateOne(const Patched& p) {
  tenon_timeline* timeline = nullptr;
  p.Code(p.queue().timeline_create(p.device().handle(), &timeline));
}
// Signals 1 and asks to be told.
void NotifyOne(const Patched& p) {
  HeldQueue q(p);
  EXPECT_EQ(q.Finish(1), TENON_OK);
  Notify(p, q.timeline, 1, Ignore);
}

std::vector<Misdeed> OfTheBackendsAnswers() {
  return {
      {.name = "CreateGivesNothing",
       .complaint = "R3: queue.timeline_create: gives no timeline",
       .act = CreateOne,
       .patch = {.queue = Creates([](tenon_device*, tenon_timeline**) { return tenon_status{}; })}},
      {.name = "CreateFailsAndGives",
       .complaint = "R2: queue.timeline_create: failed, but out_timeline is set",
       .act = CreateOne,
       .patch = {.queue = Creates([](tenon_device*, tenon_timeline** out_timeline) {
                   *out_timeline = Timeline(0x10);
                   return Fails();
                 })}},
      {.name = "CreateGivesALiveOne",
       .complaint = "R4: queue.timeline_create: gives timeline 0x10, which is live already",
       .act =
           [](const Patched& p) {
             CreateOne(p);
             tenon_timeline* timeline = MakeTimeline(p);
             p.queue().timeline_destroy(p.device().handle(), timeline);
           },
       .patch = {.queue =
                     [](tenon_queue_interface& table) {
                       table.timeline_create = [](tenon_device*, tenon_timeline** out_timeline) {
                         *out_timeline = Timeline(0x10);
                         return tenon_status{};
                       };
                       table.timeline_destroy = [](tenon_device*, tenon_timeline*) {};
                     }}},
      {.name = "QueryGoesBack",
       .complaint = "R12: queue.timeline_query: timeline * went back to 1",
       .act =
           [](const Patched& p) {
             HeldQueue q(p);
             q.Finish(2);
             Query(p, p.device(), q.timeline);
             Query(p, p.device(), q.timeline);
           },
       .patch = {.queue =
                     [](tenon_queue_interface& table) {
                       static uint64_t next;
                       next = 3;
                       table.timeline_query = [](tenon_device*, tenon_timeline*,
                                                 uint64_t* out_value) {
                         *out_value = --next;
                         return tenon_status{};
                       };
                     }}},
      {.name = "QueryIsAhead",
       .complaint = "R12: queue.timeline_query: timeline * has reached 7, a value that nothing",
       .act =
           [](const Patched& p) {
             HeldQueue q(p);
             q.Finish(6);
             Query(p, p.device(), q.timeline);
           },
       .patch = {.queue = Queries([](tenon_device*, tenon_timeline*, uint64_t* out_value) {
                   *out_value = 7;
                   return tenon_status{};
                 })}},
      {.name = "WaitIsAhead",
       .complaint = "R12: queue.timeline_wait: timeline * has reached 2, a value that nothing",
       .act =
           [](const Patched& p) {
             HeldQueue q(p);
             q.Finish(1);
             EXPECT_EQ(p.Code(p.queue().timeline_wait(p.device().handle(), q.timeline, 2, 0)),
                       TENON_OK);
           },
       .patch = {.queue =
                     [](tenon_queue_interface& table) {
                       table.timeline_wait = [](tenon_device*, tenon_timeline*, uint64_t,
                                                uint64_t) { return tenon_status{}; };
                     }}},
      {.name = "WaitGivesUp",
       .complaint = "R13: queue.timeline_wait: gave up a wait without a limit",
       .act =
           [](const Patched& p) {
             const HeldQueue q(p);
             EXPECT_EQ(
                 p.Code(p.queue().timeline_wait(p.device().handle(), q.timeline, 1, UINT64_MAX)),
                 TENON_DEADLINE_EXCEEDED);
           }},
      {.name = "NotifyIsAhead",
       .complaint = "R12: queue.timeline_notify: timeline * has reached 1, a value that nothing",
       .act =
           [](const Patched& p) {
             const HeldQueue q(p);
             Notify(p, q.timeline, 1, Ignore);
           },
       .patch = {.queue = Notifies([](tenon_device*, tenon_timeline*, uint64_t,
                                      void (*reached)(void*, tenon_code), void* context) {
                   reached(context, TENON_OK);
                   return tenon_status{};
                 })}},
      {.name = "NotifiesTwice",
       .complaint = "R5: queue.timeline_notify: reached was called more than once",
       .act = NotifyOne,
       .patch = {.queue = Notifies([](tenon_device*, tenon_timeline*, uint64_t,
                                      void (*reached)(void*, tenon_code), void* context) {
                   reached(context, TENON_OK);
                   reached(context, TENON_OK);
                   return tenon_status{};
                 })}},
      {.name = "NotifiesWithAnUnknownCode",
       .complaint = "R2: queue.timeline_notify: reached is called with the unknown code 99",
       .act = NotifyOne,
       .patch = {.queue = Notifies([](tenon_device*, tenon_timeline*, uint64_t,
                                      void (*reached)(void*, tenon_code), void* context) {
                   reached(context, 99);
                   return tenon_status{};
                 })}},
      {.name = "NotifyFailsAndCalls",
       .complaint = "R2: queue.timeline_notify: failed, but called reached",
       .act = NotifyOne,
       .patch = {.queue = Notifies([](tenon_device*, tenon_timeline*, uint64_t,
                                      void (*reached)(void*, tenon_code), void* context) {
                   reached(context, TENON_OK);
                   return Fails();
                 })}},
      {.name = "NotifyFailsAndCallsLater",
       .complaint = "R5: queue.timeline_notify: reached was called more than once",
       .act =
           [](const Patched& p) {
             NotifyOne(p);
             const HeldQueue q(p);
             Notify(p, q.timeline, 1, Ignore);
           },
       .patch = {.queue =
                     [](tenon_queue_interface& table) {
                       static void* first;
                       first = nullptr;
                       table.timeline_notify = [](tenon_device*, tenon_timeline*, uint64_t,
                                                  void (*reached)(void*, tenon_code),
                                                  void* context) {
                         if (first) reached(first, TENON_OK);
                         first = context;
                         return Fails();
                       };
                     }}},
  };
}
class ValidateTimelines : public MisdeedTest {};
TEST_P(ValidateTimelines, IsFound) { Check(); }
INSTANTIATE_TEST_SUITE_P(Host, ValidateTimelines, ::testing::ValuesIn(OfTheHostsCalls()), NameOf);
INSTANTIATE_TEST_SUITE_P(Backend, ValidateTimelines, ::testing::ValuesIn(OfTheBackendsAnswers()),
                         NameOf);

// A notice that fails tells nothing of the value, and one that comes late is in order.
TEST(ValidateTimelinesSilent, NoticesOfEveryKind) {
  static std::vector<tenon_code> codes;
  codes.clear();
  Patched p;
  {
    HeldQueue q(p);
    EXPECT_EQ(Notify(p, q.timeline, 1, [](void*, tenon_code code) { codes.push_back(code); }),
              TENON_OK);
    EXPECT_EQ(codes.size(), 0u);
    EXPECT_EQ(q.Finish(1), TENON_OK);
    EXPECT_EQ(codes.size(), 1u);
    EXPECT_EQ(Query(p, p.device(), q.timeline), TENON_OK);
  }
  p.Close();
  EXPECT_EQ(codes, std::vector<tenon_code>{TENON_OK});
  EXPECT_TRUE(p.IsSilent());
}
// A device that is lost, or hangs, says no more what its queues have done: its objects may go.
tenon_code gone;
TEST(ValidateTimelinesSilent, ObjectsOfALostDeviceAreEnded) {
  for (const tenon_code code : {TENON_DEVICE_LOST, TENON_DEADLINE_EXCEEDED}) {
    gone = code;
    Patched p({.queue = [](tenon_queue_interface& table) {
      table.submit = [](tenon_queue*) {
        return Fails(gone == TENON_DEVICE_LOST ? gone : tenon_code{TENON_OK});
      };
      table.timeline_wait = [](tenon_device*, tenon_timeline*, uint64_t, uint64_t) {
        return Fails(gone);
      };
      table.destroy = [](tenon_queue* queue) {
        complete_queue_interface.submit(queue);  // so that it ends before its objects
        complete_queue_interface.destroy(queue);
      };
    }});
    tenon_device* device = p.device().handle();
    tenon_queue* queue = nullptr;
    tenon_timeline* timeline = MakeTimeline(p);
    EXPECT_EQ(p.Code(p.queue().create(device, &queue)), TENON_OK);
    HeldBuffer b(p, COMPLETE_POINTERS, 64);
    const tenon_location to = At(b.buffer);
    const tenon_fence fence = Fence(timeline, 1);
    EXPECT_EQ(p.Code(p.queue().fill(queue, &to, 64, "1", 1)), TENON_OK);
    EXPECT_EQ(p.Code(p.queue().signal(queue, &fence, 1)), TENON_OK);
    p.Code(p.queue().submit(queue));
    if (code == TENON_DEADLINE_EXCEEDED) {
      EXPECT_EQ(p.Code(p.queue().timeline_wait(device, timeline, 1, 1'000'000'000)), code);
    }
    p.queue().destroy(queue);
    b.Free();
    p.queue().timeline_destroy(device, timeline);
    p.Close();
    EXPECT_TRUE(p.IsSilent()) << code;
  }
}

}  // namespace
}  // namespace tenon::backend::testing
