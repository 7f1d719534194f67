// What the layer finds wrong with queues, what is enqueued on them, and recordings.
#include <atomic>
#include <thread>

#include "layers/testing/misdeed.h"

namespace tenon::backend::testing {
namespace {

constexpr uint32_t kPointers = COMPLETE_POINTERS;

tenon_queue* MakeQueue(const Patched& p, const Device& device) {
  tenon_queue* queue = nullptr;
  EXPECT_EQ(p.Code(p.queue().create(device.handle(), &queue)), TENON_OK);
  return queue;
}

/* ---------------------------------------------------------------------------- Copies and fills */
// A queue and two buffers of 256 bytes; what is enqueued is done in the end.
struct Bench {
  explicit Bench(const Patched& of) : p(of), q(of), a(of, kPointers, 256), b(of, kPointers, 256) {}
  ~Bench() { q.Finish(100); }
  tenon_code Copy(const tenon_location* from, const tenon_location* to, uint64_t size) const {
    return p.Code(p.queue().copy(q.queue, from, to, size));
  }
  tenon_code Fill(tenon_location to, uint64_t size, const void* pattern, uint32_t bytes) const {
    return p.Code(p.queue().fill(q.queue, &to, size, pattern, bytes));
  }
  const Patched& p;
  HeldQueue q;
  HeldBuffer a, b;
};
// A copy that the layer refuses.
std::function<void(const Patched&)> BadCopy(
    const std::function<tenon_code(const Bench&, tenon_location, tenon_location)>& copy) {
  return [copy](const Patched& p) {
    const Bench bench(p);
    EXPECT_EQ(copy(bench, At(bench.a.buffer), At(bench.b.buffer)), TENON_INVALID_ARGUMENT);
  };
}
std::function<void(const Patched&)> BadFill(uint64_t offset, uint64_t size, bool pattern,
                                            uint32_t pattern_size) {
  return [=](const Patched& p) {
    const Bench bench(p);
    const uint64_t bytes[2] = {};
    EXPECT_EQ(bench.Fill(At(bench.a.buffer, offset), size, pattern ? bytes : nullptr, pattern_size),
              TENON_INVALID_ARGUMENT);
  };
}

// A copy onto itself must not be done in earnest.
void CopyNothing(tenon_queue_interface& table) {
  table.copy = [](tenon_queue*, const tenon_location*, const tenon_location*, uint64_t) {
    return tenon_status{};
  };
}

std::vector<Misdeed> Moves() {
  const char* const kPattern = "R13: queue.fill: a pattern of ";
  return {
      {.name = "CopyFromNull",
       .complaint = "R7: queue.copy: source is NULL",
       .act = BadCopy([](const Bench& at, tenon_location, tenon_location to) {
         return at.Copy(nullptr, &to, 8);
       })},
      {.name = "CopyToNull",
       .complaint = "R7: queue.copy: destination is NULL",
       .act = BadCopy([](const Bench& at, tenon_location from, tenon_location) {
         return at.Copy(&from, nullptr, 8);
       })},
      {.name = "CopyFromNowhere",
       .complaint = "R7: queue.copy: source: neither buffer nor host memory",
       .act = BadCopy([](const Bench& at, tenon_location, tenon_location to) {
         const tenon_location nowhere{};
         return at.Copy(&nowhere, &to, 8);
       })},
      {.name = "CopyBeyondTheEnd",
       .complaint = "R13: queue.copy: destination: 8 bytes at 250 do not fit into the buffer's 256",
       .act = BadCopy([](const Bench& at, tenon_location from, tenon_location to) {
         to.offset = 250;
         return at.Copy(&from, &to, 8);
       })},
      {.name = "CopyFarBeyondTheEnd",
       .complaint = "R13: queue.copy: source: 2 bytes at 18446744073709551615 do not fit",
       .act = BadCopy([](const Bench& at, tenon_location from, tenon_location to) {
         from.offset = UINT64_MAX;
         return at.Copy(&from, &to, 2);
       })},
      {.name = "CopyFromAFreedBuffer",
       .complaint = "R4: queue.copy: source: buffer * is no live buffer",
       .act =
           [](const Patched& p) {
             Bench bench(p);
             const tenon_location from = At(bench.a.buffer), to = At(bench.b.buffer);
             bench.a.Free();
             EXPECT_EQ(bench.Copy(&from, &to, 8), TENON_INVALID_ARGUMENT);
           }},
      {.name = "CopyToAnotherDevice",
       .complaint = "R4: queue.copy: destination: buffer * belongs to another device",
       .act =
           [](const Patched& p) {
             const Bench bench(p);
             tenon_queue* queue = MakeQueue(p, *p->devices()[1]);
             static float host[2];
             const tenon_location from = {nullptr, host, 0}, to = At(bench.b.buffer);
             EXPECT_EQ(p.Code(p.queue().copy(queue, &from, &to, 8)), TENON_INVALID_ARGUMENT);
             p.queue().destroy(queue);
           },
       .patch = {.device = TwoDevices}},
      {.name = "CopyOntoItself",
       .complaint = "R13: queue.copy: source and destination overlap",
       .act =
           [](const Patched& p) {
             const Bench bench(p);
             const tenon_location from = At(bench.a.buffer), to = At(bench.a.buffer, 63);
             EXPECT_EQ(bench.Copy(&from, &to, 64), TENON_OK);
           },
       .patch = {.queue = CopyNothing}},
      {.name = "CopyOntoItselfOnTheHost",
       .complaint = "R13: queue.copy: source and destination overlap",
       .act =
           [](const Patched& p) {
             const Bench bench(p);
             static char host[64];
             const tenon_location from = {nullptr, host, 0}, to = {nullptr, host + 16, 15};
             EXPECT_EQ(bench.Copy(&from, &to, 32), TENON_OK);
           },
       .patch = {.queue = CopyNothing}},
      {.name = "FillWithoutPattern", .complaint = kPattern, .act = BadFill(0, 8, false, 8)},
      {.name = "FillWithThreeBytes", .complaint = kPattern, .act = BadFill(0, 12, true, 3)},
      {.name = "FillWithNoBytes", .complaint = kPattern, .act = BadFill(0, 12, true, 0)},
      {.name = "FillWithSixteenBytes", .complaint = kPattern, .act = BadFill(0, 64, true, 16)},
      {.name = "FillOfAnOddSize", .complaint = kPattern, .act = BadFill(0, 10, true, 4)},
      {.name = "FillAtAnOddOffset", .complaint = kPattern, .act = BadFill(2, 8, true, 4)},
      {.name = "FillBeyondTheEnd",
       .complaint = "R13: queue.fill: destination: 8 bytes at 256 do not fit",
       .act = BadFill(256, 8, true, 8)},
  };
}

/* ------------------------------------------------------------------------------- Life, threads */
// Two threads are in submit at the same time.
void SubmitOnTwoThreads(const Patched& p) {
  const HeldQueue q(p);
  const auto submit = [&] { p.Code(p.queue().submit(q.queue)); };
  std::thread other(submit);
  submit();
  other.join();
}
void MeetInSubmit(tenon_queue_interface& table) {
  static std::atomic<int> inside;
  inside = 0;
  table.submit = [](tenon_queue*) {
    ++inside;
    while (inside < 2) std::this_thread::yield();
    return tenon_status{};
  };
}
void LoseTheDevice(tenon_queue_interface& table) {
  static int calls;
  calls = 0;
  table.submit = [](tenon_queue*) { return Fails(++calls == 1 ? TENON_DEVICE_LOST : TENON_OK); };
}
std::function<void(tenon_queue_interface&)> Creates(decltype(tenon_queue_interface::create) slot) {
  return [slot](tenon_queue_interface& table) { table.create = slot; };
}

std::vector<Misdeed> Life() {
  return {
      {.name = "CreateWithoutOut",
       .complaint = "R3: queue.create: out_queue is NULL",
       .act = [](const Patched& p) { p.Code(p.queue().create(p.device().handle(), nullptr)); }},
      {.name = "CreateGivesNothing",
       .complaint = "R3: queue.create: gives no queue",
       .act =
           [](const Patched& p) {
             tenon_queue* queue = nullptr;
             p.Code(p.queue().create(p.device().handle(), &queue));
           },
       .patch = {.queue = Creates([](tenon_device*, tenon_queue**) { return tenon_status{}; })}},
      {.name = "CreateFailsAndGives",
       .complaint = "R2: queue.create: failed, but out_queue is set",
       .act =
           [](const Patched& p) {
             tenon_queue* queue = nullptr;
             EXPECT_EQ(p.Code(p.queue().create(p.device().handle(), &queue)), TENON_INTERNAL);
             EXPECT_EQ(queue, nullptr);
           },
       .patch = {.queue = Creates([](tenon_device*, tenon_queue** out_queue) {
                   *out_queue = reinterpret_cast<tenon_queue*>(out_queue);
                   return Fails();
                 })}},
      {.name = "UsedAfterItsEnd",
       .complaint = "R4: queue.submit: queue * is used after its end",
       .act =
           [](const Patched& p) {
             tenon_queue* queue = MakeQueue(p, p.device());
             p.queue().destroy(queue);
             EXPECT_EQ(p.Code(p.queue().submit(queue)), TENON_INVALID_ARGUMENT);
           }},
      {.name = "DestroyedTwice",
       .complaint = "R4: queue.destroy: queue * is used after its end",
       .act =
           [](const Patched& p) {
             tenon_queue* queue = MakeQueue(p, p.device());
             p.queue().destroy(queue);
             p.queue().destroy(queue);
           }},
      {.name = "ADeviceIsNoQueue",
       .complaint = "R4: queue.submit: queue * was never given by the backend",
       .act =
           [](const Patched& p) {
             auto* queue = reinterpret_cast<tenon_queue*>(p.device().handle());
             EXPECT_EQ(p.Code(p.queue().submit(queue)), TENON_INVALID_ARGUMENT);
           }},
      {.name = "TwoThreads",
       .complaint = "R5: queue.submit: two threads are in slots of the same queue",
       .act = SubmitOnTwoThreads,
       .patch = {.queue = MeetInSubmit}},
      {.name = "WorksAgainAfterItWasLost",
       .complaint = "R2: queue.submit: succeeds on a device that is lost",
       .act =
           [](const Patched& p) {
             const HeldQueue q(p);
             EXPECT_EQ(p.Code(p.queue().submit(q.queue)), TENON_DEVICE_LOST);
             EXPECT_EQ(p.Code(p.queue().submit(q.queue)), TENON_OK);
           },
       .patch = {.queue = LoseTheDevice}},
  };
}

/* ---------------------------------------------------------------------------------- Recordings */
struct Tape {
  explicit Tape(const Patched& of) : bench(of) {
    EXPECT_EQ(of.Code(of.queue().record_begin(bench.q.queue)), TENON_OK);
    EXPECT_EQ(bench.Fill(At(bench.a.buffer, 64), 64, "12345678", 8), TENON_OK);
    EXPECT_EQ(of.Code(of.queue().record_end(bench.q.queue, &recording)), TENON_OK);
  }
  ~Tape() { bench.p.queue().recording_destroy(bench.q.queue, recording); }
  tenon_code Replay(tenon_queue* queue) const {
    return bench.p.Code(bench.p.queue().replay(queue, recording));
  }
  Bench bench;
  tenon_recording* recording = nullptr;
};
// What is not allowed while a queue records, and a backend that does not mind.
std::function<void(const Patched&)> WhileRecording(
    const std::function<tenon_status(const Patched&, const HeldQueue&)>& slot) {
  return [slot](const Patched& p) {
    const HeldQueue q(p);
    EXPECT_EQ(p.Code(p.queue().record_begin(q.queue)), TENON_OK);
    EXPECT_EQ(p.Code(slot(p, q)), TENON_OK);
    tenon_recording* recording = nullptr;
    EXPECT_EQ(p.Code(p.queue().record_end(q.queue, &recording)), TENON_OK);
    p.queue().recording_destroy(q.queue, recording);
  };
}
void DoNotMind(tenon_queue_interface& table) {
  table.wait =
      table.signal = [](tenon_queue*, const tenon_fence*, uint32_t) { return tenon_status{}; };
  table.submit = [](tenon_queue*) { return tenon_status{}; };
}
std::function<void(tenon_queue_interface&)> Ends(decltype(tenon_queue_interface::record_end) slot) {
  return [slot](tenon_queue_interface& table) { table.record_end = slot; };
}
void RecordNothing(const Patched& p) {
  const HeldQueue q(p);
  tenon_recording* recording = nullptr;
  p.Code(p.queue().record_begin(q.queue));
  p.Code(p.queue().record_end(q.queue, &recording));
  EXPECT_EQ(recording, nullptr);
}

std::vector<Misdeed> Recordings() {
  return {
      {.name = "BegunTwice",
       .complaint = "R13: queue.record_begin: the queue records already",
       .act =
           [](const Patched& p) {
             const HeldQueue q(p);
             p.Code(p.queue().record_begin(q.queue));
             p.Code(p.queue().record_begin(q.queue));
             tenon_recording* recording = nullptr;
             p.Code(p.queue().record_end(q.queue, &recording));
             p.queue().recording_destroy(q.queue, recording);
           }},
      {.name = "EndedWithoutBeginning",
       .complaint = "R13: queue.record_end: the queue does not record",
       .act =
           [](const Patched& p) {
             const HeldQueue q(p);
             tenon_recording* recording = nullptr;
             EXPECT_EQ(p.Code(p.queue().record_end(q.queue, &recording)),
                       TENON_FAILED_PRECONDITION);
           }},
      {.name = "EndWithoutOut",
       .complaint = "R3: queue.record_end: out_recording is NULL",
       .act =
           [](const Patched& p) {
             const HeldQueue q(p);
             p.Code(p.queue().record_begin(q.queue));
             EXPECT_EQ(p.Code(p.queue().record_end(q.queue, nullptr)), TENON_INVALID_ARGUMENT);
             tenon_recording* recording = nullptr;
             EXPECT_EQ(p.Code(p.queue().record_end(q.queue, &recording)), TENON_OK);
             p.queue().recording_destroy(q.queue, recording);
           }},
      {.name = "EndGivesNothing",
       .complaint = "R3: queue.record_end: gives no recording",
       .act = RecordNothing,
       .patch = {.queue = Ends([](tenon_queue*, tenon_recording**) { return tenon_status{}; })}},
      {.name = "EndFailsAndGives",
       .complaint = "R2: queue.record_end: failed, but out_recording is set",
       .act = RecordNothing,
       .patch = {.queue = Ends([](tenon_queue*, tenon_recording** out_recording) {
                   *out_recording = reinterpret_cast<tenon_recording*>(out_recording);
                   return Fails();
                 })}},
      {.name = "EndGivesALiveRecording",
       .complaint = "R4: queue.record_end: recording *, which it gives, is live already",
       .act =
           [](const Patched& p) {
             const Tape one(p);
             Tape two(p);
             two.recording = nullptr;
           },
       .patch = {.queue =
                     [](tenon_queue_interface& table) {
                       static tenon_recording* only;
                       only = nullptr;
                       table.record_end = [](tenon_queue* queue, tenon_recording** out_recording) {
                         tenon_recording* fresh = nullptr;
                         EXPECT_EQ(complete_queue_interface.record_end(queue, &fresh).code,
                                   TENON_OK);
                         if (only) complete_queue_interface.recording_destroy(queue, fresh);
                         if (!only) only = fresh;
                         *out_recording = only;
                         return tenon_status{};
                       };
                     }}},
      {.name = "WaitSucceeds",
       .complaint = "R13: queue.wait: succeeds while the queue records",
       .act = WhileRecording([](const Patched& p, const HeldQueue& q) {
         return p.queue().wait(q.queue, nullptr, 0);
       }),
       .patch = {.queue = DoNotMind}},
      {.name = "SignalSucceeds",
       .complaint = "R13: queue.signal: succeeds while the queue records",
       .act = WhileRecording([](const Patched& p, const HeldQueue& q) {
         return p.queue().signal(q.queue, nullptr, 0);
       }),
       .patch = {.queue = DoNotMind}},
      {.name = "SubmitSucceeds",
       .complaint = "R13: queue.submit: succeeds while the queue records",
       .act = WhileRecording(
           [](const Patched& p, const HeldQueue& q) { return p.queue().submit(q.queue); }),
       .patch = {.queue = DoNotMind}},
      {.name = "ReplayOfNothing",
       .complaint = "R4: queue.replay: recording 0x0 is no live recording of the device",
       .act =
           [](const Patched& p) {
             const HeldQueue q(p);
             EXPECT_EQ(p.Code(p.queue().replay(q.queue, nullptr)), TENON_INVALID_ARGUMENT);
           }},
      {.name = "ReplayOnAnotherDevice",
       .complaint = "R4: queue.replay: recording * is no live recording of the device",
       .act =
           [](const Patched& p) {
             const Tape tape(p);
             tenon_queue* queue = MakeQueue(p, *p->devices()[1]);
             EXPECT_EQ(tape.Replay(queue), TENON_INVALID_ARGUMENT);
             p.queue().destroy(queue);
           },
       .patch = {.device = TwoDevices}},
      {.name = "ReplayWithAFreedBuffer",
       .complaint = "R4: queue.replay: recording * uses a buffer that is freed",
       .act =
           [](const Patched& p) {
             Tape tape(p);
             tape.bench.a.Free();
             EXPECT_EQ(tape.Replay(tape.bench.q.queue), TENON_INVALID_ARGUMENT);
           }},
      {.name = "ReplayOnTwoQueues",
       .complaint = "R12: queue.replay: recording * may still be replayed on another queue",
       .act =
           [](const Patched& p) {
             const Tape tape(p);
             HeldQueue other(p);
             EXPECT_EQ(tape.Replay(tape.bench.q.queue), TENON_OK);
             EXPECT_EQ(tape.Replay(other.queue), TENON_OK);
             other.Finish(1);
           }},
      {.name = "ReplayWhileMapped",
       .complaint = "R12: queue.replay: buffer *: work on a range is enqueued while the host has",
       .act =
           [](const Patched& p) {
             const Tape tape(p);
             void* pointer = nullptr;
             tenon_buffer* buffer = tape.bench.a.buffer;
             p.Code(p.memory().map(p.device().handle(), buffer, 100, 8, TENON_ACCESS_READ, nullptr,
                                   0, 0, &pointer));
             tape.Replay(tape.bench.q.queue);
             p.Code(p.memory().unmap(p.device().handle(), buffer, pointer, nullptr));
           }},
      {.name = "DestroyedTwice",
       .complaint = "R4: queue.recording_destroy: recording * is no live recording",
       .act =
           [](const Patched& p) {
             const Tape tape(p);
             p.queue().recording_destroy(tape.bench.q.queue, tape.recording);
           }},
      {.name = "FreedWhileItIsReplayed",
       .complaint = "R12: memory.free: buffer * is in use by work under way",
       .act =
           [](const Patched& p) {
             Tape tape(p);
             EXPECT_EQ(tape.bench.q.Finish(1), TENON_OK);
             EXPECT_EQ(tape.Replay(tape.bench.q.queue), TENON_OK);
             p.Code(p.queue().submit(tape.bench.q.queue));
             tape.bench.a.Free();
           }},
  };
}

class ValidateQueue : public MisdeedTest {};
TEST_P(ValidateQueue, IsFound) { Check(); }
INSTANTIATE_TEST_SUITE_P(Moves, ValidateQueue, ::testing::ValuesIn(Moves()), NameOf);
INSTANTIATE_TEST_SUITE_P(Life, ValidateQueue, ::testing::ValuesIn(Life()), NameOf);
INSTANTIATE_TEST_SUITE_P(Recordings, ValidateQueue, ::testing::ValuesIn(Recordings()), NameOf);

// The uses that are right, near to those above.
TEST(ValidateQueueSilent, ReplaysInOrder) {
  Patched p;
  {
    const Tape tape(p);
    HeldQueue other(p);
    EXPECT_EQ(tape.Replay(tape.bench.q.queue), TENON_OK);
    EXPECT_EQ(tape.Replay(tape.bench.q.queue), TENON_OK);
    tenon_queue* queue = tape.bench.q.queue;
    const tenon_fence fence = {tape.bench.q.timeline, 1, TENON_ORIGIN_BACKEND, 0};
    EXPECT_EQ(p.Code(p.queue().signal(queue, &fence, 1)), TENON_OK);
    EXPECT_EQ(p.Code(p.queue().submit(queue)), TENON_OK);
    EXPECT_EQ(p.Code(p.queue().wait(other.queue, &fence, 1)), TENON_OK);
    EXPECT_EQ(tape.Replay(other.queue), TENON_OK);
    EXPECT_EQ(other.Finish(1), TENON_OK);
  }
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
TEST(ValidateQueueSilent, ARecordingHoldsItsOwnBuffersAlone) {
  Patched p;
  {
    Tape tape(p);
    tenon_queue* queue = tape.bench.q.queue;
    tenon_recording* second = nullptr;
    EXPECT_EQ(p.Code(p.queue().record_begin(queue)), TENON_OK);
    EXPECT_EQ(tape.bench.Fill(At(tape.bench.b.buffer), 64, "1", 1), TENON_OK);
    EXPECT_EQ(p.Code(p.queue().record_end(queue, &second)), TENON_OK);
    tape.bench.a.Free();
    EXPECT_EQ(p.Code(p.queue().replay(queue, second)), TENON_OK);
    EXPECT_EQ(tape.bench.q.Finish(1), TENON_OK);
    p.queue().recording_destroy(queue, second);
  }
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
TEST(ValidateQueueSilent, FencesAreRefusedWhileItRecords) {
  Patched p;
  {
    const HeldQueue q(p);
    const tenon_fence fence = {q.timeline, 1, TENON_ORIGIN_BACKEND, 0};
    EXPECT_EQ(p.Code(p.queue().record_begin(q.queue)), TENON_OK);
    EXPECT_EQ(p.Code(p.queue().signal(q.queue, &fence, 1)), TENON_FAILED_PRECONDITION);
    EXPECT_EQ(p.Code(p.queue().wait(q.queue, &fence, 1)), TENON_FAILED_PRECONDITION);
    EXPECT_EQ(p.Code(p.queue().submit(q.queue)), TENON_FAILED_PRECONDITION);
    tenon_recording* recording = nullptr;
    EXPECT_EQ(p.Code(p.queue().record_end(q.queue, &recording)), TENON_OK);
    // The signal was not taken: its value is still free.
    EXPECT_EQ(p.Code(p.queue().signal(q.queue, &fence, 1)), TENON_OK);
    EXPECT_EQ(p.Code(p.queue().submit(q.queue)), TENON_OK);
    EXPECT_EQ(p.Code(p.queue().timeline_wait(p.device().handle(), q.timeline, 1, 0)), TENON_OK);
    p.queue().recording_destroy(q.queue, recording);
    p.queue().recording_destroy(q.queue, nullptr);
    p.queue().destroy(nullptr);
  }
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}

}  // namespace
}  // namespace tenon::backend::testing
