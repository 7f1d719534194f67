// What the layer finds wrong with the object and its tables; with statuses, wherever they
// come from; and that it says nothing of a correct backend and keeps nothing from the host.
#include <gmock/gmock.h>

#include <cfenv>
#include <stdexcept>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

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
           },
       .patch = {.device =
                     [](tenon_device_interface& table) {
                       table.open = [](tenon_backend* backend, uint32_t id,
                                       tenon_device** out_device) {
                         const tenon_status status =
                             complete_device_interface.open(backend, id, out_device);
                         Keep(*out_device);
                         return status;
                       };
                     }}},
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
         const tenon_kernel_descriptor* d = p.Kernel("broken");
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
    rows.back().patch.queue = [](tenon_queue_interface& table) {
      table.create = [](tenon_device*, tenon_queue** out_queue) {
        *out_queue = reinterpret_cast<tenon_queue*>(0x10);
        return tenon_status{};
      };
    };
    rows.back().patch.kernel = OneKernel([](tenon_kernel_descriptor& d) {
      d.create = [](const tenon_kernel_descriptor*, tenon_backend*, tenon_device*,
                    const tenon_node*, tenon_kernel** out_kernel) {
        *out_kernel = reinterpret_cast<tenon_kernel*>(0x10);
        return tenon_status{};
      };
      d.destroy = [](const tenon_kernel_descriptor*, tenon_kernel*) {};
    });
  }
  return rows;
}

/* -------------------------------------------------------------------------------------- Statuses */
// What any slot may give wrongly, here memory.trim.
Misdeed Trims(const char* name, const char* complaint, decltype(tenon_memory_interface::trim) slot,
              tenon_code code) {
  return {.name = name,
          .complaint = std::string(complaint),
          .act =
              [code](const Patched& p) {
                const tenon_status status = p.memory().trim(p.device().handle());
                EXPECT_EQ(status.code, code);
                p.Code(status);
                EXPECT_EQ(std::fegetround(), FE_TONEAREST);
              },
          .patch = {.memory = [slot](tenon_memory_interface& table) { table.trim = slot; }}};
}
std::vector<Misdeed> Statuses() {
  std::vector<Misdeed> rows = {
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
#if defined(__x86_64__)
  // How subnormal numbers are computed: SSE alone.
  rows.push_back(Trims(
      "FlushesToZero", "R6: memory.trim: changed the floating-point environment",
      [](tenon_device*) {
        _mm_setcsr(_mm_getcsr() | 0x8000u);
        return tenon_status{};
      },
      TENON_OK));
  // What x87 computes with: x87 alone.
  rows.push_back(Trims(
      "ChangesPrecision", "R6: memory.trim: changed the floating-point",
      [](tenon_device*) {
        const uint16_t single = 0x007f;
        __asm__ volatile("fldcw %0" : : "m"(single));
        return tenon_status{};
      },
      TENON_OK));
#endif
  return rows;
}

class Validate : public MisdeedTest {};
TEST_P(Validate, IsFound) { Check(); }
INSTANTIATE_TEST_SUITE_P(Object, Validate, ::testing::ValuesIn(Objects()), NameOf);
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
