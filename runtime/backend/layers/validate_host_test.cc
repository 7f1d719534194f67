// What the layer finds wrong with a backend's calls of the host, and with code that the host calls.
#include <cfenv>

#include "layers/testing/misdeed.h"
#include "layers/testing/node.h"

namespace tenon::backend::testing {
namespace {

using Call = std::function<void(const tenon_host*)>;
// The backend calls the host, within a slot or not.
Misdeed Calls(const char* name, const char* complaint, const Call& call) {
  return {.name = name, .complaint = complaint, .act = [call](const Patched&) {
            call(HostOfPatched());
          }};
}
// What the host lends.
const void* data;
uint64_t size;
void Release(const tenon_host* host, tenon_status status) {
  host->error_release(host, status.detail);
}
// Refused by the layer: the detail says why.
void ExpectRefused(const tenon_host* host, tenon_status status) {
  EXPECT_EQ(status.code, TENON_INVALID_ARGUMENT);
  Release(host, status);
}

/* --------------------------------------------------------------------------- Errors and memory */
std::vector<Misdeed> Simple() {
  return {
      Calls("LogOfNothing", "R7: host.log: message is NULL",
            [](const tenon_host* h) { h->log(h, TENON_LOG_INFO, nullptr); }),
      Calls("LogOfNoUtf8", "R7: host.log: message is not UTF-8",
            [](const tenon_host* h) { h->log(h, TENON_LOG_INFO, "\xFF"); }),
      Calls("ErrorThatIsOk", "R2: host.error: code 0, expected one of TENON_ that is not OK",
            [](const tenon_host* h) { Release(h, h->error(h, TENON_OK, "fine")); }),
      Calls("ErrorOfAnUnknownCode", "R2: host.error: code 15",
            [](const tenon_host* h) { Release(h, h->error(h, 15, "odd")); }),
      Calls("ErrorWithoutMessage", "R7: host.error: message is NULL",
            [](const tenon_host* h) { Release(h, h->error(h, TENON_IO, nullptr)); }),
      Calls("RefuseWithoutField", "R7: host.refuse: field is NULL",
            [](const tenon_host* h) {
              Release(h, h->refuse(h, TENON_REASON_RANK, nullptr, "5", "4"));
            }),
      Calls("RefuseWithoutGot", "R7: host.refuse: got is NULL",
            [](const tenon_host* h) {
              Release(h, h->refuse(h, TENON_REASON_RANK, "rank", nullptr, "4"));
            }),
      Calls("RefuseWithoutWants", "R7: host.refuse: wants is NULL",
            [](const tenon_host* h) {
              Release(h, h->refuse(h, TENON_REASON_RANK, "rank", "5", nullptr));
            }),
      Calls("DetailReleasedTwice", "R4: host.error_release: detail * is no live detail",
            [](const tenon_host* h) {
              const tenon_status status = h->error(h, TENON_IO, "once");
              Release(h, status);
              Release(h, status);
            }),
      Calls("MessageOfAReleasedDetail", "R4: host.error_message: detail * is no live detail",
            [](const tenon_host* h) {
              const tenon_status status = h->error(h, TENON_IO, "once");
              Release(h, status);
              EXPECT_STREQ(h->error_message(h, status.detail), "");
            }),
      Calls("DetailIsKept", "R2: backend.destroy: 1 details were neither passed on nor released",
            [](const tenon_host* h) { Keep(h->error(h, TENON_IO, "kept").detail); }),
      Calls("AllocateOddlyAligned", "R13: host.allocate: alignment 48 is no power of two",
            [](const tenon_host* h) { h->free(h, h->allocate(h, 64, 48)); }),
      Calls("FreeTwice", "R4: host.free: * is no memory of host.allocate",
            [](const tenon_host* h) {
              void* memory = h->allocate(h, 64, 64);
              h->free(h, memory);
              h->free(h, memory);
            }),
      Calls("MemoryIsKept", "R4: backend.destroy: 1 blocks of host.allocate are not freed",
            [](const tenon_host* h) { Keep(h->allocate(h, 64, 64)); }),
      Calls("OptionWithoutName", "R7: host.option: name is NULL",
            [](const tenon_host* h) { EXPECT_EQ(h->option(h, nullptr), nullptr); }),
      Calls("OptionThatIsNotListed",
            "R13: host.option: there is no option \"sped\"; device.options lists greeting, speed",
            [](const tenon_host* h) { EXPECT_EQ(h->option(h, "sped"), nullptr); }),
      {.name = "OptionOfNone",
       .complaint = "R13: host.option: there is no option \"speed\"; device.options lists none",
       .act = [](const Patched&) { HostOfPatched()->option(HostOfPatched(), "speed"); },
       .patch = {.device = [](tenon_device_interface& table) { table.options = nullptr; }}},
      Calls("SchemaWithoutDomain", "R7: host.operator_schema: domain is NULL",
            [](const tenon_host* h) { EXPECT_EQ(h->operator_schema(h, nullptr, "Add"), nullptr); }),
      Calls("SchemaWithoutName", "R7: host.operator_schema: name is NULL",
            [](const tenon_host* h) { EXPECT_EQ(h->operator_schema(h, "", nullptr), nullptr); }),
      {.name = "OptionTooEarly",
       .complaint = "R13: host.option: is asked before device.enumerate",
       .patch = {.device =
                     [](tenon_device_interface& table) {
                       table.options = [](tenon_backend*, const tenon_option* const**, uint32_t*) {
                         HostOfPatched()->option(HostOfPatched(), "greeting");
                       };
                     }}},
  };
}

/* --------------------------------------------------------------------------- Cache and segments */
std::vector<Misdeed> Lent() {
  static const std::string kLong(256, 'k');
  return {
      Calls("GetWithoutKey", "R7: host.cache_get: key is NULL",
            [](const tenon_host* h) { ExpectRefused(h, h->cache_get(h, nullptr, &data, &size)); }),
      Calls("GetOfALongKey", "R13: host.cache_get: a key of 256 characters, expected 1 to 255",
            [](const tenon_host* h) { Release(h, h->cache_get(h, kLong.c_str(), &data, &size)); }),
      Calls("PutOfAnEmptyKey", "R13: host.cache_put: a key of 0 characters, expected 1 to 255",
            [](const tenon_host* h) { Release(h, h->cache_put(h, "", "x", 1)); }),
      Calls("GetWithoutOutData", "R3: host.cache_get: out_data is NULL",
            [](const tenon_host* h) { ExpectRefused(h, h->cache_get(h, "k", nullptr, &size)); }),
      Calls("GetWithoutOutSize", "R3: host.cache_get: out_size is NULL",
            [](const tenon_host* h) { ExpectRefused(h, h->cache_get(h, "k", &data, nullptr)); }),
      Calls("PutOfNothing", "R7: host.cache_put: the list of bytes is NULL but has a count of 7",
            [](const tenon_host* h) { ExpectRefused(h, h->cache_put(h, "k", nullptr, 7)); }),
      Calls("ReleaseOfOtherBytes", "R4: host.cache_release: * are no bytes of the host's",
            [](const tenon_host* h) { h->cache_release(h, &size); }),
      Calls("ExportIsKept",
            "R4: backend.destroy: 1 results of host.cache_get or segment_to_onnx are not released",
            [](const tenon_host* h) {
              const Node node("Neg");
              EXPECT_EQ(h->segment_to_onnx(h, &node.segment, 17, &data, &size).code, TENON_OK);
              Keep(data);
            }),
      Calls("ReleasedTwice", "R4: host.cache_release: * are no bytes of the host's",
            [](const tenon_host* h) {
              const Node node("Neg");
              EXPECT_EQ(h->segment_to_onnx(h, &node.segment, 17, &data, &size).code, TENON_OK);
              h->cache_release(h, data);
              h->cache_release(h, data);
            }),
      Calls("ExportOfNothing", "R7: host.segment_to_onnx: segment is NULL",
            [](const tenon_host* h) {
              ExpectRefused(h, h->segment_to_onnx(h, nullptr, 17, &data, &size));
            }),
      Calls("ExportWithoutOutData", "R3: host.segment_to_onnx: out_data is NULL",
            [](const tenon_host* h) {
              const Node node("Neg");
              ExpectRefused(h, h->segment_to_onnx(h, &node.segment, 17, nullptr, &size));
            }),
      Calls("ExportWithoutOutSize", "R3: host.segment_to_onnx: out_size is NULL",
            [](const tenon_host* h) {
              const Node node("Neg");
              ExpectRefused(h, h->segment_to_onnx(h, &node.segment, 17, &data, nullptr));
            }),
  };
}

/* --------------------------------------------------------------------------- Threads, callbacks */
void Nothing(void*) {}
void Body(void*, int64_t, int64_t) {}
void Reached(void*, tenon_code) {}
HostTimeline& Timeline() {
  static HostTimeline timeline;
  return timeline;
}
tenon_profile_event Event() {
  tenon_profile_event event{};
  event.struct_size = sizeof event;
  event.name = "event";
  return event;
}

std::vector<Misdeed> Callbacks() {
  return {
      Calls("NoBody", "R9: host.parallel_for: body is NULL",
            [](const tenon_host* h) { h->parallel_for(h, 4, 1, nullptr, nullptr); }),
      Calls("NegativeTotal", "R13: host.parallel_for: total -1 in chunks of 1",
            [](const tenon_host* h) { h->parallel_for(h, -1, 1, Body, nullptr); }),
      Calls("NoChunks", "R13: host.parallel_for: total 4 in chunks of 0",
            [](const tenon_host* h) { h->parallel_for(h, 4, 0, Body, nullptr); }),
      Calls("BodyThrows", "R6: host.parallel_for: threw an exception across the ABI",
            [](const tenon_host* h) {
              h->parallel_for(
                  h, 4, 1, [](void*, int64_t, int64_t) { throw 1; }, nullptr);
            }),
      Calls("BodyChangesRounding", "R6: host.parallel_for: changed the floating-point environment",
            [](const tenon_host* h) {
              h->parallel_for(
                  h, 4, 1, [](void*, int64_t, int64_t) { std::fesetround(FE_UPWARD); }, nullptr);
            }),
      Calls("NoTask", "R9: host.submit: task is NULL",
            [](const tenon_host* h) { ExpectRefused(h, h->submit(h, nullptr, nullptr)); }),
      Calls("TaskThrows", "R6: host.submit: threw an exception across the ABI",
            [](const tenon_host* h) {
              EXPECT_EQ(h->submit(
                             h, [](void*) { throw 1; }, nullptr)
                            .code,
                        TENON_OK);
            }),
      Calls("QueryOfNothing", "R7: host.timeline_query: timeline is NULL",
            [](const tenon_host* h) { ExpectRefused(h, h->timeline_query(h, nullptr, &size)); }),
      Calls("QueryWithoutOut", "R3: host.timeline_query: out_value is NULL",
            [](const tenon_host* h) {
              ExpectRefused(h, h->timeline_query(h, Timeline().handle(), nullptr));
            }),
      Calls("WaitForNothing", "R7: host.timeline_wait: timeline is NULL",
            [](const tenon_host* h) { ExpectRefused(h, h->timeline_wait(h, nullptr, 1, 0)); }),
      Calls("NotifyOfNothing", "R7: host.timeline_notify: timeline is NULL",
            [](const tenon_host* h) { h->timeline_notify(h, nullptr, 1, Reached, nullptr); }),
      Calls("NotifyNobody", "R9: host.timeline_notify: reached is NULL",
            [](const tenon_host* h) {
              h->timeline_notify(h, Timeline().handle(), 0, nullptr, nullptr);
            }),
      Calls("ReachedThrows", "R6: host.timeline_notify: threw an exception across the ABI",
            [](const tenon_host* h) {
              h->timeline_notify(
                  h, Timeline().handle(), 0, [](void*, tenon_code) { throw 1; }, nullptr);
            }),
      {.name = "QueryOfItsOwn",
       .complaint = "R12: host.timeline_query: the timeline is the backend's own",
       .act =
           [](const Patched& p) {
             const HeldQueue q(p);
             ExpectRefused(HostOfPatched(),
                           HostOfPatched()->timeline_query(HostOfPatched(), q.timeline, &size));
           }},
      {.name = "WaitForItsOwn",
       .complaint = "R12: host.timeline_wait: the timeline is the backend's own",
       .act =
           [](const Patched& p) {
             const HeldQueue q(p);
             ExpectRefused(HostOfPatched(),
                           HostOfPatched()->timeline_wait(HostOfPatched(), q.timeline, 1, 0));
           }},
      {.name = "NotifyOfItsOwn",
       .complaint = "R12: host.timeline_notify: the timeline is the backend's own",
       .act =
           [](const Patched& p) {
             const HeldQueue q(p);
             HostOfPatched()->timeline_notify(HostOfPatched(), q.timeline, 1, Reached, nullptr);
           }},
      Calls("NoEvent", "R7: host.profile_event: event is NULL",
            [](const tenon_host* h) { h->profile_event(h, nullptr); }),
      Calls("EventTooSmall", "R1: host.profile_event: tenon_profile_event: struct_size is 8",
            [](const tenon_host* h) {
              tenon_profile_event event = Event();
              event.struct_size = 8;
              h->profile_event(h, &event);
            }),
      Calls("EventWithoutName", "R7: host.profile_event: name is NULL",
            [](const tenon_host* h) {
              tenon_profile_event event = Event();
              event.name = nullptr;
              h->profile_event(h, &event);
            }),
      Calls("EventOfAnUnknownDevice", "R13: host.profile_event: there is no device 5",
            [](const tenon_host* h) {
              tenon_profile_event event = Event();
              event.device = 5;
              h->profile_event(h, &event);
            }),
      Calls("EventEndsBeforeItBegins", "R13: host.profile_event: ends before it begins",
            [](const tenon_host* h) {
              tenon_profile_event event = Event();
              event.begin_ns = 2;
              event.end_ns = 1;
              h->profile_event(h, &event);
            }),
  };
}

/* ------------------------------------------------------------------------------ allocate_output */
// What a run asks of allocate_output, and what it must get.
struct Asked {
  uint32_t index;
  int32_t rank;
  const int64_t* dims;
  const tenon_argument** out;
  tenon_code expected;
  int times;
};
Asked asked;
tenon_run_context* last_context;
void Ask(tenon_run_context* context) {
  const tenon_host* h = HostOfPatched();
  for (int i = 0; i < asked.times; ++i) {
    const tenon_status status =
        h->allocate_output(h, context, asked.index, asked.rank, asked.dims, asked.out);
    EXPECT_EQ(status.code, asked.expected);
    Release(h, status);
  }
}
class Outputs final : public RunOutputs {
 public:
  Result<const tenon_argument*> AllocateOutput(uint32_t, int32_t, const int64_t*) override {
    return static_cast<const tenon_argument*>(&y_.argument);
  }
  tenon_run_context* handle() {
    return reinterpret_cast<tenon_run_context*>(static_cast<RunOutputs*>(this));
  }

 private:
  float data_[8] = {};
  Floats y_{8, data_};
};
Misdeed Allocates(const char* name, const char* complaint, const Asked& ask,
                  tenon_kernel_flags flags = TENON_KERNEL_ALLOCATES_OUTPUT,
                  const std::function<void()>& after = {}) {
  return {.name = name,
          .complaint = complaint,
          .act =
              [ask, after](const Patched& p) {
                asked = ask;
                float data[8] = {};
                const Floats x(8, data);
                Outputs outputs;
                EXPECT_EQ(
                    p.Code(RunKernel(p, "broken", &x.argument, nullptr, nullptr, outputs.handle())),
                    ask.expected);
                if (after) after();
              },
          .patch = {.kernel = OneKernel([flags](tenon_kernel_descriptor& d) {
                      d.flags = flags;
                      d.run = [](const tenon_kernel_descriptor*, tenon_kernel*, tenon_plan*,
                                 const tenon_run* run) {
                        last_context = run->context;
                        Ask(run->context);
                        return Fails(asked.expected);
                      };
                    })}};
}

std::vector<Misdeed> AllocateOutput() {
  static const int64_t eight[] = {8}, negative[] = {-1};
  static const tenon_argument* out;
  constexpr tenon_code kRefused = TENON_INVALID_ARGUMENT;
  return {
      Allocates("WithoutOut", "R3: host.allocate_output: out_argument is NULL",
                {0, 1, eight, nullptr, kRefused, 1}),
      Allocates("UnknownOutput", "R13: host.allocate_output: kernel broken, output 1 of 1, rank 1",
                {1, 1, eight, &out, kRefused, 1}),
      Allocates("WildRank", "R13: host.allocate_output: kernel broken, output 0 of 1, rank 9",
                {0, 9, eight, &out, kRefused, 1}),
      Allocates("NoDims", "R13: host.allocate_output: kernel broken, output 0 of 1, rank 1",
                {0, 1, nullptr, &out, kRefused, 1}),
      Allocates("NegativeDimension", "R13: host.allocate_output: kernel broken, output 0 of 1",
                {0, 1, negative, &out, kRefused, 1}),
      Allocates("Twice", "R13: host.allocate_output: kernel broken, output 0 is allocated twice",
                {0, 1, eight, &out, TENON_OK, 2}),
      Allocates("WithoutTheFlag",
                "R14: host.allocate_output: kernel broken, output 0: the descriptor lacks the flag",
                {0, 1, eight, &out, TENON_OK, 1}, 0),
      Allocates("AfterTheRun", "R4: host.allocate_output: run context * is of no run that is under",
                {0, 1, eight, &out, TENON_OK, 1}, TENON_KERNEL_ALLOCATES_OUTPUT,
                [] {
                  asked.expected = kRefused;
                  Ask(last_context);
                }),
  };
}

/* --------------------------------------------------------------------------- After the end */
// Every service, called when the backend is destroyed. None reaches the host.
std::vector<Misdeed> AfterTheEnd() {
  const std::pair<const char*, Call> calls[] = {
      {"log", [](const tenon_host* h) { h->log(h, TENON_LOG_INFO, "late"); }},
      {"error", [](const tenon_host* h) { h->error(h, TENON_IO, "late"); }},
      {"refuse", [](const tenon_host* h) { h->refuse(h, TENON_REASON_RANK, "rank", "5", "4"); }},
      {"error_message", [](const tenon_host* h) { h->error_message(h, nullptr); }},
      {"error_release", [](const tenon_host* h) { h->error_release(h, nullptr); }},
      {"allocate", [](const tenon_host* h) { EXPECT_EQ(h->allocate(h, 8, 8), nullptr); }},
      {"free", [](const tenon_host* h) { h->free(h, nullptr); }},
      {"parallel_for", [](const tenon_host* h) { h->parallel_for(h, 1, 1, Body, nullptr); }},
      {"submit", [](const tenon_host* h) { h->submit(h, Nothing, nullptr); }},
      {"option", [](const tenon_host* h) { EXPECT_EQ(h->option(h, "speed"), nullptr); }},
      {"operator_schema",
       [](const tenon_host* h) { EXPECT_EQ(h->operator_schema(h, "", "Add"), nullptr); }},
      {"clock_ns", [](const tenon_host* h) { EXPECT_EQ(h->clock_ns(h), 0u); }},
      {"cancelled", [](const tenon_host* h) { EXPECT_EQ(h->cancelled(h, nullptr), 0); }},
      {"cache_get", [](const tenon_host* h) { h->cache_get(h, "k", &data, &size); }},
      {"cache_release", [](const tenon_host* h) { h->cache_release(h, nullptr); }},
      {"cache_put", [](const tenon_host* h) { h->cache_put(h, "k", "x", 1); }},
      {"profile_event", [](const tenon_host* h) { h->profile_event(h, nullptr); }},
      {"timeline_query", [](const tenon_host* h) { h->timeline_query(h, nullptr, &size); }},
      {"timeline_wait", [](const tenon_host* h) { h->timeline_wait(h, nullptr, 1, 0); }},
      {"timeline_notify",
       [](const tenon_host* h) { h->timeline_notify(h, nullptr, 1, Reached, nullptr); }},
      {"allocate_output",
       [](const tenon_host* h) { h->allocate_output(h, nullptr, 0, 0, nullptr, nullptr); }},
      {"segment_to_onnx",
       [](const tenon_host* h) { h->segment_to_onnx(h, nullptr, 17, &data, &size); }},
      {"thread_count", [](const tenon_host* h) { EXPECT_EQ(h->thread_count(h), 1u); }}};
  std::vector<Misdeed> rows;
  for (const auto& [slot, call] : calls) {
    rows.push_back(
        {.name = slot,
         .complaint = std::string("R4: host.") + slot + ": is called after backend.destroy",
         .act =
             [call = call](const Patched& p) {
               const auto* table = static_cast<const tenon_device_interface*>(
                   p->handle()->interface(p->handle(), "device", 1));
               table->close(p.device().handle());
               p->handle()->destroy(p->handle());
               call(HostOfPatched());
             },
         // What the runtime does when it ends the backend once more.
         .also = "R4: * is used after "});
  }
  return rows;
}

class ValidateHost : public MisdeedTest {};
TEST_P(ValidateHost, IsFound) { Check(); }
INSTANTIATE_TEST_SUITE_P(Simple, ValidateHost, ::testing::ValuesIn(Simple()), NameOf);
INSTANTIATE_TEST_SUITE_P(Lent, ValidateHost, ::testing::ValuesIn(Lent()), NameOf);
INSTANTIATE_TEST_SUITE_P(Callbacks, ValidateHost, ::testing::ValuesIn(Callbacks()), NameOf);
INSTANTIATE_TEST_SUITE_P(Outputs, ValidateHost, ::testing::ValuesIn(AllocateOutput()), NameOf);
INSTANTIATE_TEST_SUITE_P(Ended, ValidateHost, ::testing::ValuesIn(AfterTheEnd()), NameOf);

// Tasks that have not begun when the backend is destroyed; bytes that are not given back.
class Later final : public ParallelRunner {
 public:
  void ParallelFor(int64_t total, int64_t, Body body, void* context) override {
    body(context, 0, total);
  }
  Status Submit(std::function<void()> task) override {
    tasks_.push_back(std::move(task));
    return {};
  }
  void RunAll() {
    for (const auto& task : tasks_) task();
  }

 private:
  std::vector<std::function<void()>> tasks_;
};
// What the host answers arrives at the backend.
TEST(ValidateHost, ServicesGoThrough) {
  Patched p;
  const tenon_host* h = HostOfPatched();
  h->log(h, TENON_LOG_INFO, "a line");
  EXPECT_TRUE(p.Logged("complete: a line"));
  EXPECT_EQ(h->abi_minor, p->abi_minor());
  const tenon_status broken = h->error(h, TENON_IO, "broken");
  EXPECT_EQ(broken.code, TENON_IO);
  EXPECT_STREQ(h->error_message(h, broken.detail), "broken");
  Release(h, broken);
  const tenon_status refused = h->refuse(h, TENON_REASON_RANK, "rank", "5", "4");
  EXPECT_EQ(refused.code, TENON_UNSUPPORTED);
  EXPECT_STREQ(h->error_message(h, refused.detail), "rank: got 5, wants 4");
  Release(h, refused);
  EXPECT_STREQ(h->error_message(h, nullptr), "");
  EXPECT_STREQ(h->option(h, "speed"), "fast");
  const tenon_operator_schema* add = h->operator_schema(h, "", "Add");
  ASSERT_NE(add, nullptr);
  EXPECT_EQ(add->max_inputs, 2u);
  EXPECT_EQ(h->operator_schema(h, "", "NoSuchOperator"), nullptr);
  const uint64_t now = h->clock_ns(h);
  EXPECT_LE(now, h->clock_ns(h));
  CancelToken token;
  EXPECT_EQ(h->cancelled(h, token.handle()), 0);
  token.Cancel();
  EXPECT_NE(h->cancelled(h, token.handle()), 0);

  std::vector<int64_t> chunks;
  h->parallel_for(
      h, 10, 4,
      [](void* context, int64_t begin, int64_t end) {
        static_cast<std::vector<int64_t>*>(context)->push_back(end - begin);
      },
      &chunks);
  EXPECT_EQ(chunks, (std::vector<int64_t>{4, 4, 2}));
  int done = 0;
  EXPECT_EQ(h->submit(
                 h, [](void* context) { ++*static_cast<int*>(context); }, &done)
                .code,
            TENON_OK);
  EXPECT_EQ(done, 1);

  EXPECT_EQ(h->cache_put(h, "key", "bytes", 5).code, TENON_OK);
  EXPECT_EQ(h->cache_get(h, "key", &data, &size).code, TENON_OK);
  EXPECT_EQ(std::string(static_cast<const char*>(data), size), "bytes");
  h->cache_release(h, data);
  HostTimeline timeline;
  timeline.Signal(3);
  uint64_t value = 0;
  EXPECT_EQ(h->timeline_query(h, timeline.handle(), &value).code, TENON_OK);
  EXPECT_EQ(value, 3u);
  EXPECT_EQ(h->timeline_wait(h, timeline.handle(), 3, 0).code, TENON_OK);
  const tenon_status late = h->timeline_wait(h, timeline.handle(), 4, 0);
  EXPECT_EQ(late.code, TENON_DEADLINE_EXCEEDED);
  Release(h, late);
  tenon_code told = TENON_INTERNAL;
  h->timeline_notify(
      h, timeline.handle(), 3,
      [](void* context, tenon_code code) { *static_cast<tenon_code*>(context) = code; }, &told);
  EXPECT_EQ(told, TENON_OK);
  void* memory = h->allocate(h, 100, 256);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % 256, 0u);
  EXPECT_EQ(p->host_bytes(), 100u);
  h->free(h, memory);
  h->free(h, nullptr);
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}

class Full final : public ParallelRunner {
 public:
  void ParallelFor(int64_t total, int64_t, Body body, void* context) override {
    body(context, 0, total);
  }
  Status Submit(std::function<void()>) override { return Status(Code::kUnavailable, "full"); }
};
TEST(ValidateHost, TaskThatIsNotTakenIsNotMissed) {
  Patched p({}, std::make_shared<Full>());
  const tenon_status status = HostOfPatched()->submit(HostOfPatched(), Nothing, nullptr);
  EXPECT_EQ(status.code, TENON_UNAVAILABLE);
  EXPECT_STREQ(HostOfPatched()->error_message(HostOfPatched(), status.detail), "full");
  Release(HostOfPatched(), status);
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
TEST(ValidateHost, TaskIsNotDoneAtTheEnd) {
  static int done;
  done = 0;
  auto later = std::make_shared<Later>();
  Patched p({}, later);
  const auto count = [](void*) { ++done; };
  EXPECT_EQ(HostOfPatched()->submit(HostOfPatched(), count, nullptr).code, TENON_OK);
  p->handle()->quiesce(p->handle(), 0);
  const auto* table =
      static_cast<const tenon_device_interface*>(p->handle()->interface(p->handle(), "device", 1));
  table->close(p.device().handle());
  p->handle()->destroy(p->handle());
  later->RunAll();
  EXPECT_EQ(done, 1);
  EXPECT_TRUE(p.Complains("R11: backend.destroy: 1 tasks of host.submit are not done"));
}

}  // namespace
}  // namespace tenon::backend::testing
