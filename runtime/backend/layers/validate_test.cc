// What the layer finds wrong with the object, its tables and devices; with statuses, wherever they
// come from; and that it says nothing of a correct backend and keeps nothing from the host.
#include <gmock/gmock.h>

#include <cfenv>
#include <cmath>
#include <stdexcept>

#include "abi_c11_test.h"
#include "layers/testing/misdeed.h"
#include "layers/testing/node.h"

namespace tenon::backend::testing {
namespace {

constexpr tenon_code kRefused = TENON_INVALID_ARGUMENT;

template <typename T>
const T& Table(const Patched& p, const char* name) {
  return *static_cast<const T*>(p->handle()->interface(p->handle(), name, 1));
}

/* ----------------------------------------------------------------------- The object, its tables */
// Gives a table for everything, or one that changes.
using Interface = decltype(tenon_backend::interface);
Interface real;
Patch Answers(Interface slot) {
  return {.object = [slot](tenon_backend& object) {
    real = object.interface;
    object.interface = slot;
  }};
}

std::vector<Misdeed> Objects() {
  std::vector<Misdeed> rows = {
      {.name = "TableOfAnUnknownName",
       .complaint = "R8: backend.interface: gives a table for a name that nobody knows",
       .patch = Answers([](tenon_backend* backend, const char* name, uint32_t version) {
         const void* table = real(backend, name, version);
         return table || version != 1 ? table : &complete_device_interface;
       })},
      {.name = "TableOfAnUnknownVersion",
       .complaint = "R8: backend.interface: gives a table in a version that nobody knows",
       .patch = Answers([](tenon_backend* backend, const char* name, uint32_t) {
         return real(backend, name, 1);
       })},
      {.name = "TableTooSmall",
       .complaint = "R1: backend.interface: profile: struct_size is 4, expected 8 or more",
       .patch = {.profile = [](tenon_profile_interface& table) { table.struct_size = 4; }}},
      {.name = "TableWithAWildSize",
       .complaint = "R1: backend.interface: profile: struct_size is 1000000",
       .patch = {.profile = [](tenon_profile_interface& table) { table.struct_size = 1000000; }}},
      {.name = "TableWithReserved",
       .complaint = "R1: backend.interface: memory: a reserved field is not 0",
       .patch = {.memory = [](tenon_memory_interface& table) { table.reserved = 1; }}},
      {.name = "TableHasChanged",
       .complaint = "R14: backend.interface: memory: the table has changed since it was looked up",
       .act = [](const Patched& p) { Table<tenon_memory_interface>(p, "memory"); },
       .patch = {.memory =
                     [](tenon_memory_interface& table) {
                       static int count;
                       if (++count % 2 == 0) table.trim = nullptr;
                     }}},
      {.name = "SomeSlotsOfRecordings",
       .complaint = "R9: backend.interface: queue: only some of the four slots of recordings",
       .patch = {.queue = [](tenon_queue_interface& table) { table.replay = nullptr; }}},
      {.name = "NameIsNull",
       .complaint = "R7: backend.interface: name is NULL",
       .act = [](const Patched& p) { p->handle()->interface(p->handle(), nullptr, 1); }},
      {.name = "EndedTwice",
       .complaint = "R4: backend.destroy: the backend is used after its end",
       .act =
           [](const Patched& p) {
             Table<tenon_device_interface>(p, "device").close(p.device().handle());
             p->handle()->destroy(p->handle());
           },
       .also = "R4: * is used after "},
      {.name = "UsedAfterItsEnd",
       .complaint = "R4: backend.interface: the backend is used after its end",
       .act =
           [](const Patched& p) {
             Table<tenon_device_interface>(p, "device").close(p.device().handle());
             p->handle()->destroy(p->handle());
             EXPECT_EQ(p->handle()->interface(p->handle(), "memory", 1), nullptr);
           },
       .also = "R4: * is used after "},
      {.name = "DeviceIsOpenAtTheEnd",
       .complaint = "R4: backend.destroy: 1 devices are open",
       .act =
           [](const Patched& p) {
             tenon_device* device = nullptr;
             EXPECT_EQ(
                 p.Code(Table<tenon_device_interface>(p, "device").open(p->handle(), 0, &device)),
                 TENON_OK);
           }},
      {.name = "ArtifactLivesAtTheEnd",
       .complaint = "R4: backend.destroy: 1 artifacts live",
       .act =
           [](const Patched& p) {
             const Node node("Neg");
             static tenon_artifact* artifact;
             EXPECT_EQ(p.Code(p->compile()->compile(p->handle(), &node.segment, &node.request,
                                                    &artifact)),
                       TENON_OK);
           }},
      {.name = "RecordingLivesAtTheEnd",
       .complaint = "R4: backend.destroy: 1 recordings live",
       .act =
           [](const Patched& p) {
             const HeldQueue q(p);
             static tenon_recording* recording;
             EXPECT_EQ(p.Code(p.queue().record_begin(q.queue)), TENON_OK);
             EXPECT_EQ(p.Code(p.queue().record_end(q.queue, &recording)), TENON_OK);
           }},
      {.name = "NoticeHasNotComeAtTheEnd",
       .complaint = "R5: backend.destroy: 1 callbacks of timeline_notify have not come",
       .act =
           [](const Patched& p) {
             HeldQueue q(p);
             EXPECT_EQ(q.Finish(1), TENON_OK);
             p.Code(p.queue().timeline_notify(
                 p.device().handle(), q.timeline, 1, [](void*, tenon_code) {}, nullptr));
           },
       .patch = {.queue =
                     [](tenon_queue_interface& table) {
                       table.timeline_notify = [](tenon_device*, tenon_timeline*, uint64_t,
                                                  void (*)(void*, tenon_code),
                                                  void*) { return tenon_status{}; };
                     }},
       .also = "R12: queue.timeline_destroy: timeline *: somebody waits on it"},
  };
  // Each is ended too late: after its device, and after the backend.
  const std::pair<const char*, std::function<void(const Patched&)>> left[] = {
      {"queues",
       [](const Patched& p) {
         static tenon_queue* queue;
         EXPECT_EQ(p.Code(p.queue().create(p.device().handle(), &queue)), TENON_OK);
       }},
      {"timelines",
       [](const Patched& p) {
         static tenon_timeline* timeline;
         EXPECT_EQ(p.Code(p.queue().timeline_create(p.device().handle(), &timeline)), TENON_OK);
       }},
      {"buffers",
       [](const Patched& p) {
         static tenon_buffer* buffer;
         void* base = nullptr;
         EXPECT_EQ(
             p.Code(p.memory().allocate(p.device().handle(), 1, 64, 64, nullptr, &buffer, &base)),
             TENON_OK);
       }},
      {"kernels", [](const Patched& p) {
         static tenon_kernel* kernel;
         const Node node("Neg");
         const tenon_kernel_descriptor* d = p.Kernel("neg");
         EXPECT_EQ(p.Code(d->create(d, p->handle(), p.device().handle(), &node.node, &kernel)),
                   TENON_OK);
       }}};
  for (const auto& [what, make] : left) {
    rows.push_back(
        {.name = std::string(what) + "AreLeft",
         .complaint = "R4: device.close: 1 " + std::string(what) + " of the device are not ended",
         .act = make});
    if (what == std::string("kernels") || what == std::string("buffers"))
      rows.back().also = "R4: backend.destroy: 1 " + std::string(what) + " live";
  }
  return rows;
}

/* --------------------------------------------------------------------------------------- Devices */
// The facts that enumerate and options give, changed. What is not usable the runtime refuses.
struct Facts {
  tenon_memory_kind kinds[2];
  const tenon_memory_kind* kind_list[2];
  tenon_device_info infos[2];
  const tenon_device_info* list[2];
  uint32_t count;
};
Facts facts;
Misdeed Enumerates(const char* name, const char* complaint,
                   const std::function<void(Facts&)>& change) {
  const auto patch = [change](tenon_device_interface& table) {
    const tenon_device_info* const* list = nullptr;
    uint32_t count = 0;
    EXPECT_EQ(complete_device_interface.enumerate(nullptr, &list, &count).code, TENON_OK);
    facts = {{*list[0]->memory_kinds[0], *list[0]->memory_kinds[1]},
             {&facts.kinds[0], &facts.kinds[1]},
             {*list[0], *list[0]},
             {&facts.infos[0], &facts.infos[1]},
             1};
    for (tenon_device_info& info : facts.infos) info.memory_kinds = facts.kind_list;
    change(facts);
    table.enumerate = [](tenon_backend*, const tenon_device_info* const** out_devices,
                         uint32_t* out_count) {
      *out_devices = facts.count > 2 ? nullptr : facts.list;
      *out_count = facts.count;
      return tenon_status{};
    };
  };
  return {.name = name, .complaint = std::string(complaint), .patch = {.device = patch}};
}
Misdeed Opens(const char* name, const char* complaint,
              decltype(tenon_device_interface::open) open) {
  return {.name = name, .complaint = complaint, .patch = {.device = [open](auto& table) {
                                                  table.open = open;
                                                }}};
}
std::vector<Misdeed> Devices() {
  const auto with_kind = [](const char* name, const char* complaint,
                            const std::function<void(tenon_memory_kind&)>& change) {
    return Enumerates(name, complaint, [change](Facts& f) { change(f.kinds[0]); });
  };
  const auto with_info = [](const char* name, const char* complaint,
                            const std::function<void(tenon_device_info&)>& change) {
    return Enumerates(name, complaint, [change](Facts& f) { change(f.infos[0]); });
  };
  return {
      {.name = "EnumerateWithoutOut",
       .complaint = "R3: device.enumerate: out_devices is NULL",
       .act =
           [](const Patched& p) {
             uint32_t count = 0;
             EXPECT_EQ(p.Code(Table<tenon_device_interface>(p, "device")
                                  .enumerate(p->handle(), nullptr, &count)),
                       kRefused);
           }},
      {.name = "OpenWithoutOut",
       .complaint = "R3: device.open: out_device is NULL",
       .act =
           [](const Patched& p) {
             EXPECT_EQ(
                 p.Code(Table<tenon_device_interface>(p, "device").open(p->handle(), 0, nullptr)),
                 kRefused);
           }},
      {.name = "ClosedTwice",
       .complaint = "R4: device.close: device * is used after its end",
       .act =
           [](const Patched& p) {
             Table<tenon_device_interface>(p, "device").close(p.device().handle());
           }},
      Opens("OpenGivesNothing", "R3: device.open: gives no device",
            [](tenon_backend*, uint32_t, tenon_device**) { return tenon_status{}; }),
      Opens("OpenFailsAndGives", "R2: device.open: failed, but out_device is set",
            [](tenon_backend*, uint32_t, tenon_device** out_device) {
              *out_device = reinterpret_cast<tenon_device*>(out_device);
              return Fails(TENON_UNAVAILABLE);
            }),
      Enumerates("NoList", "R7: device.enumerate: the list of devices is NULL but has a count of 3",
                 [](Facts& f) { f.count = 3; }),
      Enumerates("NoInfo", "R7: device.enumerate: a device's info is NULL",
                 [](Facts& f) { f.list[0] = nullptr; }),
      Enumerates("TwoOfAnId", "R13: device.enumerate: two devices have the id 0",
                 [](Facts& f) { f.count = 2; }),
      with_info("TooSmall", "R1: device.enumerate: tenon_device_info: struct_size is 8",
                [](tenon_device_info& info) { info.struct_size = 8; }),
      with_info("NoName", "R7: device.enumerate: a device's name is NULL",
                [](tenon_device_info& info) { info.name = nullptr; }),
      with_info("NoFingerprint", "R7: device.enumerate: a device's fingerprint is NULL",
                [](tenon_device_info& info) { info.fingerprint = nullptr; }),
      with_info("NoKinds", "R7: device.enumerate: the list of memory kinds is NULL",
                [](tenon_device_info& info) { info.memory_kinds = nullptr; }),
      with_info("NegativePeak", "R13: device.enumerate: a device's gflops or gbytes is negative",
                [](tenon_device_info& info) { info.gbytes = -1; }),
      with_info("PeakIsNotANumber", "R13: device.enumerate: a device's gflops or gbytes is",
                [](tenon_device_info& info) { info.gflops = std::nan(""); }),
      Enumerates("NoKind", "R7: device.enumerate: a memory kind is NULL",
                 [](Facts& f) { f.kind_list[1] = nullptr; }),
      Enumerates("TwoKindsOfAnId", "R13: device.enumerate: two memory kinds have the id 1",
                 [](Facts& f) { f.kinds[1].id = 1; }),
      with_kind("KindTooSmall", "R1: device.enumerate: tenon_memory_kind: struct_size is 8",
                [](tenon_memory_kind& kind) { kind.struct_size = 8; }),
      with_kind("KindWithReserved", "R1: device.enumerate: tenon_memory_kind: a reserved field",
                [](tenon_memory_kind& kind) { kind.reserved = 1; }),
      with_kind("KindWithoutName",
                "R7: device.enumerate: device complete, memory kind 1: name is NULL",
                [](tenon_memory_kind& kind) { kind.name = nullptr; }),
      with_kind("KindOfTheHosts",
                "R13: device.enumerate: device complete, memory kind 0: the id is outside 1 to 31",
                [](tenon_memory_kind& kind) { kind.id = 0; }),
      with_kind("KindOfAWildId",
                "R13: device.enumerate: device complete, memory kind 32: the id is outside",
                [](tenon_memory_kind& kind) { kind.id = 32; }),
      with_kind("KindOddlyAligned",
                "R13: device.enumerate: device complete, memory kind 1: alignment 0 is no power",
                [](tenon_memory_kind& kind) { kind.alignment = 0; }),
      with_kind("KindWithoutGranule",
                "R13: device.enumerate: device complete, memory kind 1: ownership_granule or",
                [](tenon_memory_kind& kind) { kind.ownership_granule = 0; }),
      with_kind("KindWithoutAllocations",
                "R13: device.enumerate: device complete, memory kind 1: ownership_granule or",
                [](tenon_memory_kind& kind) { kind.largest_allocation = 0; }),
      with_kind("KindWithAnAddressThatIsNone",
                "R13: device.enumerate: device complete, memory kind 1: HOST_ADDRESS without",
                [](tenon_memory_kind& kind) {
                  kind.flags = TENON_MEMORY_HOST_READ | TENON_MEMORY_HOST_ADDRESS;
                }),
      {.name = "KindThatCannotBeMapped",
       .complaint = "R9: device.enumerate: * has HOST_READ or HOST_WRITE, but memory.map or unmap",
       .patch = {.memory = [](tenon_memory_interface& table) { table.map = nullptr; }}},
  };
}

Misdeed Offers(const char* name, const char* complaint,
               const std::function<void(tenon_option&)>& change, uint32_t count = 1) {
  const auto patch = [change, count](tenon_device_interface& table) {
    static tenon_option option;
    static const char* choices[1];
    static const tenon_option* list[2];
    static uint32_t given;
    choices[0] = "slow";
    option = {sizeof option, TENON_OPTION_CHOICE, "speed", "slow", "How it goes", choices, 1, 0};
    list[0] = list[1] = &option;
    given = count;
    change(option);
    if (option.reserved == 77) choices[0] = nullptr, option.reserved = 0;
    if (option.reserved == 78) list[0] = nullptr;
    table.options = [](tenon_backend*, const tenon_option* const** out_options,
                       uint32_t* out_count) {
      *out_options = given > 2 ? nullptr : list;
      *out_count = given;
    };
  };
  return {.name = name, .complaint = complaint, .patch = {.device = patch}};
}
std::vector<Misdeed> Options() {
  return {
      {.name = "OptionsWithoutOut",
       .complaint = "R3: device.options: out_options is NULL",
       .act =
           [](const Patched& p) {
             uint32_t count = 0;
             Table<tenon_device_interface>(p, "device").options(p->handle(), nullptr, &count);
           }},
      Offers(
          "NoList", "R7: device.options: the list of options is NULL but has a count of 3",
          [](tenon_option&) {}, 3),
      Offers("NoOption", "R7: device.options: an option is NULL",
             [](tenon_option& option) { option.reserved = 78; }),
      Offers(
          "TwoOfAName", "R13: device.options: two options are called speed", [](tenon_option&) {},
          2),
      Offers("TooSmall", "R1: device.options: tenon_option: struct_size is 8",
             [](tenon_option& option) { option.struct_size = 8; }),
      Offers("Reserved", "R1: device.options: tenon_option: a reserved field is not 0",
             [](tenon_option& option) { option.reserved = 1; }),
      Offers("NoName", "R7: device.options: an option's name is NULL",
             [](tenon_option& option) { option.name = nullptr; }),
      Offers("NoDefault", "R7: device.options: an option's default_value is NULL",
             [](tenon_option& option) { option.default_value = nullptr; }),
      Offers("NoDescription", "R7: device.options: an option's description is NULL",
             [](tenon_option& option) { option.description = nullptr; }),
      Offers("NoChoices", "R7: device.options: the list of choices is NULL",
             [](tenon_option& option) { option.choices = nullptr; }),
      Offers("NoChoice", "R7: device.options: an option's choice is NULL",
             [](tenon_option& option) { option.reserved = 77; }),
  };
}

/* -------------------------------------------------------------------------------------- Statuses */
// What any slot may give wrongly, here memory.trim.
Misdeed Trims(const char* name, const char* complaint, decltype(tenon_memory_interface::trim) slot,
              tenon_code code) {
  return {.name = name,
          .complaint = std::string(complaint),
          .act =
              [code](const Patched& p) {
                EXPECT_EQ(p.memory().trim(p.device().handle()).code, code);
                EXPECT_EQ(std::fegetround(), FE_TONEAREST);
              },
          .patch = {.memory = [slot](tenon_memory_interface& table) { table.trim = slot; }}};
}
std::vector<Misdeed> Statuses() {
  return {
      Trims(
          "UnknownCode", "R2: memory.trim: gives the unknown code 99",
          [](tenon_device*) {
            return tenon_status{99, 0, nullptr};
          },
          99),
      Trims(
          "NegativeCode", "R2: memory.trim: gives the unknown code -1",
          [](tenon_device*) {
            return tenon_status{-1, 0, nullptr};
          },
          -1),
      Trims(
          "OkWithDetail", "R2: memory.trim: gives OK with a detail",
          [](tenon_device*) {
            static tenon_error* detail;
            detail = HostOfPatched()->error(HostOfPatched(), TENON_IO, "fine").detail;
            return tenon_status{TENON_OK, 0, detail};
          },
          TENON_OK),
      Trims(
          "Reserved", "R1: memory.trim: gives a status whose reserved field is not 0",
          [](tenon_device*) {
            return tenon_status{TENON_OK, 1, nullptr};
          },
          TENON_OK),
      Trims(
          "DetailOfItsOwn", "R2: memory.trim: gives a detail that tenon_host.error did not make",
          [](tenon_device*) {
            return tenon_status{TENON_IO, 0, reinterpret_cast<tenon_error*>(0x10)};
          },
          TENON_IO),
      Trims(
          "DetailThatIsReleased",
          "R2: memory.trim: gives a detail that tenon_host.error did not make",
          [](tenon_device*) {
            const tenon_status status = HostOfPatched()->error(HostOfPatched(), TENON_IO, "gone");
            HostOfPatched()->error_release(HostOfPatched(), status.detail);
            return status;
          },
          TENON_IO),
      Trims(
          "Throws", "R6: memory.trim: threw an exception across the ABI",
          [](tenon_device*) -> tenon_status { throw std::runtime_error("thrown"); },
          TENON_INTERNAL),
      Trims(
          "ThrowsAnything", "R6: memory.trim: threw an exception across the ABI",
          [](tenon_device*) -> tenon_status { throw 1; }, TENON_INTERNAL),
      Trims(
          "ChangesRounding", "R6: memory.trim: changed the floating-point environment",
          [](tenon_device*) {
            std::fesetround(FE_UPWARD);
            return tenon_status{};
          },
          TENON_OK),
  };
}

class Validate : public MisdeedTest {};
TEST_P(Validate, IsFound) { Check(); }
INSTANTIATE_TEST_SUITE_P(Object, Validate, ::testing::ValuesIn(Objects()), NameOf);
INSTANTIATE_TEST_SUITE_P(Device, Validate, ::testing::ValuesIn(Devices()), NameOf);
INSTANTIATE_TEST_SUITE_P(Option, Validate, ::testing::ValuesIn(Options()), NameOf);
INSTANTIATE_TEST_SUITE_P(Status, Validate, ::testing::ValuesIn(Statuses()), NameOf);

/* ---------------------------------------------------------------- What is right, what goes through */
// Every slot of the complete backend; the program of the ABI's own test checks what comes back.
class EightFloats final : public RunOutputs {
 public:
  Result<const tenon_argument*> AllocateOutput(uint32_t, int32_t, const int64_t* dims) override {
    y_.dim = dims[0];
    y_.argument.bytes = static_cast<uint64_t>(dims[0]) * sizeof(float);
    return static_cast<const tenon_argument*>(&y_.argument);
  }
  tenon_run_context* handle() {
    return reinterpret_cast<tenon_run_context*>(static_cast<RunOutputs*>(this));
  }

 private:
  float data_[8] = {};
  Floats y_{8, data_};
};
TEST(Validate, SilentWhenEverythingIsCalled) {
  Patched p;
  EightFloats outputs;
  HostTimeline timeline;
  timeline.Signal(1);
  CancelToken cancel;
  const abi_c11_objects objects = {outputs.handle(), timeline.handle(),
                                   const_cast<tenon_cancel*>(cancel.handle())};
  EXPECT_EQ(abi_c11_call_everything(p->handle(), p->host(), &objects), 0)
      << "the line of abi_c11_test.c whose check failed";
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
// A complaint is said once, in the log and in the list.
TEST(Validate, SaysEachThingOnce) {
  Patched p;
  for (int i = 0; i < 3; ++i) p.memory().stats(p.device().handle(), 1, nullptr);
  EXPECT_EQ(p.Complaints(), std::vector<std::string>{"R3: memory.stats: out_stats is NULL"});
  EXPECT_EQ(p->violations(), p.Complaints());
}
// Two of them see the same.
TEST(Validate, WrapsItself) {
  Patched p({.layers = {"validate", "validate"}});
  ASSERT_TRUE(p.made());
  {
    HeldQueue q(p);
    HeldBuffer b(p, COMPLETE_POINTERS, 64);
    const tenon_location to = At(b.buffer);
    EXPECT_EQ(p.Code(p.queue().fill(q.queue, &to, 64, "1", 1)), TENON_OK);
    EXPECT_EQ(q.Finish(1), TENON_OK);
  }
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
// A handle that is NULL has nobody to complain to: the call is refused and does no harm.
TEST(Validate, NullHandles) {
  Patched p;
  void* base = nullptr;
  tenon_buffer* buffer = nullptr;
  uint64_t value = 0;
  EXPECT_EQ(p.memory().allocate(nullptr, 1, 8, 8, nullptr, &buffer, &base).code, kRefused);
  EXPECT_EQ(p.memory().trim(nullptr).code, kRefused);
  EXPECT_EQ(p.queue().submit(nullptr).code, kRefused);
  EXPECT_EQ(p.queue().timeline_query(nullptr, nullptr, &value).code, kRefused);
  EXPECT_EQ(p->profile()->enable(nullptr, 1).code, kRefused);
  EXPECT_EQ(p->compile()->check(nullptr, nullptr, nullptr, 0).code, kRefused);
  EXPECT_EQ(p->handle()->quiesce(nullptr, 0).code, kRefused);
  EXPECT_EQ(p->handle()->interface(nullptr, "memory", 1), nullptr);
  p.memory().free(nullptr, nullptr, nullptr, 0);
  p->handle()->destroy(nullptr);
  Table<tenon_device_interface>(p, "device").close(nullptr);
  p->compile()->artifact_release(p->handle(), nullptr);
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
// Optional slots that a backend lacks stay NULL; all that it has is there.
TEST(Validate, KeepsWhatIsOptional) {
  Patched p({.object = [](tenon_backend& object) { object.quiesce = nullptr; },
             .memory = [](tenon_memory_interface& t) { t.stats = nullptr, t.trim = nullptr; },
             .queue =
                 [](tenon_queue_interface& t) {
                   t.record_begin = nullptr;
                   t.record_end = nullptr;
                   t.replay = nullptr;
                   t.recording_destroy = nullptr;
                   t.timeline_notify = nullptr;
                 },
             .profile = [](tenon_profile_interface& t) { t.flush = nullptr; }});
  ASSERT_TRUE(p.made());
  EXPECT_EQ(p->handle()->quiesce, nullptr);
  EXPECT_EQ(p.memory().stats, nullptr);
  EXPECT_EQ(p.memory().trim, nullptr);
  EXPECT_NE(p.memory().import_memory, nullptr);
  EXPECT_EQ(p.queue().replay, nullptr);
  EXPECT_EQ(p.queue().timeline_notify, nullptr);
  EXPECT_NE(p.queue().timeline_wait, nullptr);
  EXPECT_EQ(p->profile()->flush, nullptr);
  EXPECT_EQ(p->handle()->interface(p->handle(), "no.such.interface", 1), nullptr);
  EXPECT_EQ(p->handle()->interface(p->handle(), "memory", 2), nullptr);
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
// An older backend's table ends earlier, a newer one's later: the host sees what both know.
TEST(Validate, TablesOfOtherVersions) {
  static struct {
    tenon_memory_interface table;
    void (*appended)(tenon_device*);
  } longer;
  longer = {complete_memory_interface, [](tenon_device*) {}};
  longer.table.struct_size = sizeof longer;
  static tenon_profile_interface shorter;
  shorter = complete_profile_interface;
  shorter.struct_size = TENON_SIZE_TO(tenon_profile_interface, clocks);
  Patched p({.object = [](tenon_backend& object) {
    real = object.interface;
    object.interface = [](tenon_backend* backend, const char* name,
                          uint32_t version) -> const void* {
      const void* table = real(backend, name, version);
      if (table && name == std::string("memory")) return &longer;
      if (table && name == std::string("profile")) return &shorter;
      return table;
    };
  }});
  ASSERT_TRUE(p.made());
  EXPECT_EQ(p.memory().struct_size, sizeof(tenon_memory_interface));
  { const HeldBuffer b(p, COMPLETE_POINTERS, 64); }
  EXPECT_EQ(p->profile()->struct_size, shorter.struct_size);
  EXPECT_EQ(p->profile()->flush, nullptr);
  EXPECT_EQ(p.Code(p->profile()->enable(p.device().handle(), 1)), TENON_OK);
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
// What a slot gives arrives unchanged: code, detail and the values.
TEST(Validate, GivesFailuresOn) {
  Patched p;
  const Node node("Neg");
  const Status status = p->Take(p->compile()->check(p->handle(), &node.target, "x", 1));
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_EQ(status.message(), "no artifact of this backend");
  uint32_t colours[1] = {};
  EXPECT_EQ(p.Code(p->compile()->colour(p->handle(), &node.target, &node.segment, colours)),
            TENON_OK);
  EXPECT_EQ(colours[0], 1u);
  double share = 0;
  Node reports("Neg");
  reports.request.progress = [](void* context, double done) {
    *static_cast<double*>(context) = done;
  };
  reports.request.progress_context = &share;
  tenon_artifact* artifact = nullptr;
  EXPECT_EQ(
      p.Code(p->compile()->compile(p->handle(), &reports.segment, &reports.request, &artifact)),
      TENON_OK);
  EXPECT_EQ(share, 1);
  p->compile()->artifact_release(p->handle(), artifact);
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
// The same backend without memory kinds it maps, queues or devices' extras: synchronous, on the host.
TEST(Validate, SilentWithoutQueueAndDevice) {
  Patched p({.object =
                 [](tenon_backend& object) {
                   real = object.interface;
                   object.interface = [](tenon_backend* backend, const char* name,
                                         uint32_t version) -> const void* {
                     const std::string_view of = name;
                     return of == "kernel" || of == "operators" ? real(backend, name, version)
                                                                : nullptr;
                   };
                 },
             .kernel = OneKernel([](tenon_kernel_descriptor& d) {
               d.create = [](const tenon_kernel_descriptor*, tenon_backend*, tenon_device* device,
                             const tenon_node*, tenon_kernel** out_kernel) {
                 EXPECT_EQ(device, nullptr);
                 *out_kernel = reinterpret_cast<tenon_kernel*>(0x10);
                 return tenon_status{};
               };
               d.destroy = [](const tenon_kernel_descriptor*, tenon_kernel*) {};
               d.run = [](const tenon_kernel_descriptor*, tenon_kernel* kernel, tenon_plan*,
                          const tenon_run* run) {
                 EXPECT_EQ(kernel, reinterpret_cast<tenon_kernel*>(0x10));
                 const auto* x = static_cast<const float*>(run->inputs[0]->tensor.data);
                 auto* y = static_cast<float*>(run->outputs[0]->tensor.data);
                 for (int i = 0; i < 8; ++i) y[i] = -x[i];
                 return tenon_status{};
               };
             })});
  ASSERT_TRUE(p.made()) << p.refusal().ToString();
  EXPECT_EQ(p.device().handle(), nullptr);
  const tenon_kernel_descriptor* d = p.Kernel("broken");
  const Node node("Neg");
  tenon_kernel* kernel = nullptr;
  EXPECT_EQ(p.Code(d->create(d, p->handle(), nullptr, &node.node, &kernel)), TENON_OK);
  float in[8] = {1, 2, 3, 4, 5, 6, 7, 8}, out[8] = {};
  const Floats x(8, in), y(8, out);
  const tenon_argument* const input = &x.argument;
  const tenon_argument* const output = &y.argument;
  tenon_run run{};
  run.struct_size = sizeof run;
  run.input_count = run.output_count = 1;
  run.inputs = &input;
  run.outputs = &output;
  EXPECT_EQ(p.Code(d->run(d, kernel, nullptr, &run)), TENON_OK);
  EXPECT_THAT(out, ::testing::ElementsAre(-1, -2, -3, -4, -5, -6, -7, -8));
  // And it still looks: there is no device that could be meant.
  d->destroy(d, kernel);
  EXPECT_TRUE(p.IsSilent());
  EXPECT_EQ(
      p.Code(d->create(d, p->handle(), reinterpret_cast<tenon_device*>(&run), &node.node, &kernel)),
      kRefused);
  p.Close();
  EXPECT_EQ(p.Complaints(), std::vector<std::string>{
                                "R4: kernel.create: a device is given, but the backend has none"});
}

}  // namespace
}  // namespace tenon::backend::testing
