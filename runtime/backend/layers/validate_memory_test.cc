// What the layer finds wrong with memory, on both sides.
#include <algorithm>
#include <cstring>

#include "layers/testing/misdeed.h"

namespace tenon::backend::testing {
namespace {

constexpr uint32_t kPointers = COMPLETE_POINTERS, kHandles = COMPLETE_HANDLES;

tenon_code Allocate(const Patched& p, uint32_t kind, uint64_t size = 256, uint64_t alignment = 64,
                    tenon_queue* queue = nullptr) {
  tenon_buffer* buffer = nullptr;
  void* base = nullptr;
  const tenon_code code = p.Code(
      p.memory().allocate(p.device().handle(), kind, size, alignment, queue, &buffer, &base));
  p.memory().free(p.device().handle(), buffer, nullptr, 0);
  return code;
}
void* Map(const HeldBuffer& b, uint64_t offset, uint64_t size, tenon_access access) {
  void* pointer = nullptr;
  b.patched.Code(b.patched.memory().map(b.patched.device().handle(), b.buffer, offset, size, access,
                                        nullptr, 0, 0, &pointer));
  return pointer;
}
tenon_code Unmap(const HeldBuffer& b, void* pointer, tenon_fence* out_fence = nullptr) {
  return b.patched.Code(
      b.patched.memory().unmap(b.patched.device().handle(), b.buffer, pointer, out_fence));
}
// Work that uses the buffer is enqueued.
void Use(const HeldQueue& q, const HeldBuffer& b) {
  const tenon_location to = At(b.buffer);
  const uint32_t pattern = 0;
  q.patched.Code(q.patched.queue().fill(q.queue, &to, 64, &pattern, sizeof pattern));
}

/* ---------------------------------------------------------------------------------- The host */
// Calls that the layer refuses.
void RefusedAllocate(const Patched& p, uint32_t kind, uint64_t size, uint64_t alignment) {
  EXPECT_EQ(Allocate(p, kind, size, alignment), TENON_INVALID_ARGUMENT);
}
void FreeWhileUsed(const Patched& p) {
  HeldQueue q(p);
  HeldBuffer b(p, kPointers, 256);
  const tenon_fence before = q.Signal(1);
  Use(q, b);
  p.Code(p.queue().submit(q.queue));  // the work is done, but the host does not know
  b.Free(&before, 1);
  q.Finish(2);
}
void MapWhileUsed(const Patched& p) {
  HeldQueue q(p);
  HeldBuffer b(p, kPointers, 256);
  Use(q, b);
  Unmap(b, Map(b, 0, 64, TENON_ACCESS_READ));
  q.Finish(1);
}
// Work on a range while another range of the same granule of 64 bytes is mapped.
void UseWhileMapped(const Patched& p, uint64_t mapped, uint64_t used) {
  HeldQueue q(p);
  HeldBuffer b(p, kPointers, 256);
  void* pointer = Map(b, mapped, 4, TENON_ACCESS_READ);
  const tenon_location to = At(b.buffer, used);
  EXPECT_EQ(p.Code(p.queue().fill(q.queue, &to, 4, "1234", 4)), TENON_OK);
  Unmap(b, pointer);
  q.Finish(1);
}
void MapRange(const Patched& p, uint64_t offset, uint64_t size, tenon_access access) {
  const HeldBuffer b(p, kPointers, 256);
  EXPECT_EQ(Map(b, offset, size, access), nullptr);
}

std::vector<Misdeed> OfTheHost() {
  return {
      {.name = "AllocateNothing",
       .complaint = "R13: memory.allocate: size 0 and alignment 64",
       .act = [](const Patched& p) { RefusedAllocate(p, kPointers, 0, 64); }},
      {.name = "AllocateOddlyAligned",
       .complaint = "R13: memory.allocate: size 8 and alignment 48",
       .act = [](const Patched& p) { RefusedAllocate(p, kPointers, 8, 48); }},
      {.name = "AllocateAnUnknownKind",
       .complaint = "R13: memory.allocate: the device has no memory kind 9",
       .act = [](const Patched& p) { RefusedAllocate(p, 9, 8, 64); }},
      {.name = "AllocateWithoutOutBuffer",
       .complaint = "R3: memory.allocate: out_buffer is NULL",
       .act =
           [](const Patched& p) {
             void* base = nullptr;
             EXPECT_EQ(p.Code(p.memory().allocate(p.device().handle(), kPointers, 8, 8, nullptr,
                                                  nullptr, &base)),
                       TENON_INVALID_ARGUMENT);
           }},
      {.name = "AllocateWithoutOutBase",
       .complaint = "R3: memory.allocate: out_base is NULL",
       .act =
           [](const Patched& p) {
             tenon_buffer* buffer = nullptr;
             EXPECT_EQ(p.Code(p.memory().allocate(p.device().handle(), kPointers, 8, 8, nullptr,
                                                  &buffer, nullptr)),
                       TENON_INVALID_ARGUMENT);
           }},
      {.name = "AllocateForAnEndedQueue",
       .complaint = "R4: memory.allocate: queue *is used after its end",
       .act =
           [](const Patched& p) {
             tenon_queue* queue = nullptr;
             p.Code(p.queue().create(p.device().handle(), &queue));
             p.queue().destroy(queue);
             EXPECT_EQ(Allocate(p, kPointers, 8, 8, queue), TENON_INVALID_ARGUMENT);
           }},
      {.name = "AllocateForWhatIsNoQueue",
       .complaint = "R4: memory.allocate: queue *was never given by the backend",
       .act =
           [](const Patched& p) {
             auto* queue = reinterpret_cast<tenon_queue*>(p.device().handle());
             EXPECT_EQ(Allocate(p, kPointers, 8, 8, queue), TENON_INVALID_ARGUMENT);
           }},
      {.name = "AllocateForAnotherDevicesQueue",
       .complaint = "R4: memory.allocate: the queue is of another device",
       .act =
           [](const Patched& p) {
             tenon_queue* queue = nullptr;
             p.Code(p.queue().create(p->devices()[1]->handle(), &queue));
             EXPECT_EQ(Allocate(p, kPointers, 8, 8, queue), TENON_INVALID_ARGUMENT);
             p.queue().destroy(queue);
           },
       .patch = {.device = TwoDevices}},
      {.name = "AllocateOnAClosedDevice",
       .complaint = "R4: memory.allocate: device *is used after its end",
       .act =
           [](const Patched& p) {
             static const tenon_device_interface* device;
             device = static_cast<const tenon_device_interface*>(
                 p->handle()->interface(p->handle(), "device", 1));
             device->close(p.device().handle());
             tenon_buffer* buffer = nullptr;
             void* base = nullptr;
             EXPECT_EQ(p.Code(p.memory().allocate(p.device().handle(), kPointers, 8, 8, nullptr,
                                                  &buffer, &base)),
                       TENON_INVALID_ARGUMENT);
           },
       .also = "R4: device.close: device * is used after its end"},
      {.name = "FreeTwice",
       .complaint = "R4: memory.free: buffer *is no live buffer",
       .act =
           [](const Patched& p) {
             HeldBuffer b(p, kPointers, 8);
             tenon_buffer* again = b.buffer;
             b.Free();
             p.memory().free(p.device().handle(), again, nullptr, 0);
           }},
      {.name = "FreeOnAnotherDevice",
       .complaint = "R4: memory.free: buffer *belongs to another device",
       .act =
           [](const Patched& p) {
             const HeldBuffer b(p, kPointers, 8);
             p.memory().free(p->devices()[1]->handle(), b.buffer, nullptr, 0);
           },
       .patch = {.device = TwoDevices}},
      {.name = "FreeWhileMapped",
       .complaint = "R4: memory.free: buffer *is freed while it is mapped",
       .act =
           [](const Patched& p) {
             const HeldBuffer b(p, kPointers, 8);
             Map(b, 0, 8, TENON_ACCESS_READ);
           }},
      {.name = "FreeWhileUsed",
       .complaint = "R12: memory.free: buffer *is in use by work under way",
       .act = FreeWhileUsed},
      {.name = "MapBeyondTheEnd",
       .complaint = "R13: memory.map: buffer *: 57 bytes at 200 with access 1; it has 256",
       .act = [](const Patched& p) { MapRange(p, 200, 57, TENON_ACCESS_READ); }},
      {.name = "MapFarBeyondTheEnd",
       .complaint = "R13: memory.map: buffer *: 2 bytes at",
       .act = [](const Patched& p) { MapRange(p, UINT64_MAX, 2, TENON_ACCESS_READ); }},
      {.name = "MapWithoutAccess",
       .complaint = "R13: memory.map: buffer *: 8 bytes at 0 with access 0",
       .act = [](const Patched& p) { MapRange(p, 0, 8, 0); }},
      {.name = "MapWithUnknownAccess",
       .complaint = "R13: memory.map: buffer *: 8 bytes at 0 with access 4",
       .act = [](const Patched& p) { MapRange(p, 0, 8, 4); }},
      {.name = "MapWithoutOutPointer",
       .complaint = "R3: memory.map: out_pointer is NULL",
       .act =
           [](const Patched& p) {
             const HeldBuffer b(p, kPointers, 8);
             EXPECT_EQ(p.Code(p.memory().map(p.device().handle(), b.buffer, 0, 8, TENON_ACCESS_READ,
                                             nullptr, 0, 0, nullptr)),
                       TENON_INVALID_ARGUMENT);
           }},
      {.name = "MapAFreedBuffer",
       .complaint = "R4: memory.map: buffer *is no live buffer",
       .act =
           [](const Patched& p) {
             HeldBuffer b(p, kPointers, 8);
             tenon_buffer* freed = b.buffer;
             b.Free();
             void* pointer = nullptr;
             EXPECT_EQ(p.Code(p.memory().map(p.device().handle(), freed, 0, 8, TENON_ACCESS_READ,
                                             nullptr, 0, 0, &pointer)),
                       TENON_INVALID_ARGUMENT);
           }},
      {.name = "MapWhatTheHostMayNotRead",
       .complaint = "R13: memory.map: buffer *: its memory kind does not allow the access 3",
       .act =
           [](const Patched& p) {
             const HeldBuffer b(p, kPointers, 8);
             Unmap(b, Map(b, 0, 8, TENON_ACCESS_READ_WRITE));
           },
       .patch = {.device =
                     Kinds([](tenon_memory_kind& k) { k.flags &= ~TENON_MEMORY_HOST_READ; })}},
      {.name = "MapWhatTheHostMayNotWrite",
       .complaint = "R13: memory.map: buffer *: its memory kind does not allow the access 3",
       .act =
           [](const Patched& p) {
             const HeldBuffer b(p, kPointers, 8);
             Unmap(b, Map(b, 0, 8, TENON_ACCESS_READ_WRITE));
           },
       .patch = {.device =
                     Kinds([](tenon_memory_kind& k) { k.flags &= ~TENON_MEMORY_HOST_WRITE; })}},
      {.name = "MapOverlappingForWriting",
       .complaint = "R12: memory.map: buffer *: a range that is mapped for writing overlaps",
       .act =
           [](const Patched& p) {
             const HeldBuffer b(p, kPointers, 256);
             void* first = Map(b, 0, 65, TENON_ACCESS_WRITE);
             Unmap(b, Map(b, 64, 64, TENON_ACCESS_READ));
             Unmap(b, first);
           }},
      {.name = "MapWhileUsed",
       .complaint = "R12: memory.map: buffer *is in use by work under way",
       .act = MapWhileUsed},
      {.name = "UseBeforeWhatIsMapped",
       .complaint = "R12: queue.fill: buffer *: work on a range is enqueued while the host has it",
       .act = [](const Patched& p) { UseWhileMapped(p, 124, 64); }},
      {.name = "UseBehindWhatIsMapped",
       .complaint = "R12: queue.fill: buffer *: work on a range is enqueued while the host has it",
       .act = [](const Patched& p) { UseWhileMapped(p, 64, 124); }},
      {.name = "UnmapAnotherPointer",
       .complaint = "R4: memory.unmap: buffer *is no mapping of it",
       .act =
           [](const Patched& p) {
             const HeldBuffer b(p, kPointers, 8);
             EXPECT_EQ(Unmap(b, b.base), TENON_INVALID_ARGUMENT);
           }},
      {.name = "UnmapTwice",
       .complaint = "R4: memory.unmap: buffer *is no mapping of it",
       .act =
           [](const Patched& p) {
             const HeldBuffer b(p, kHandles, 8);
             void* pointer = Map(b, 0, 8, TENON_ACCESS_READ);
             EXPECT_EQ(Unmap(b, pointer), TENON_OK);
             EXPECT_EQ(Unmap(b, pointer), TENON_INVALID_ARGUMENT);
           }},
      {.name = "UnmapAFreedBuffer",
       .complaint = "R4: memory.unmap: buffer *is no live buffer",
       .act =
           [](const Patched& p) {
             HeldBuffer b(p, kPointers, 8);
             tenon_buffer* freed = b.buffer;
             b.Free();
             EXPECT_EQ(p.Code(p.memory().unmap(p.device().handle(), freed, nullptr, nullptr)),
                       TENON_INVALID_ARGUMENT);
           }},
  };
}

// The structs of stats, import and export.
void Stats(const Patched& p, uint32_t kind, uint32_t struct_size) {
  tenon_memory_stats stats{};
  stats.struct_size = struct_size;
  p.Code(p.memory().stats(p.device().handle(), kind, &stats));
}
void Import(const Patched& p, uint32_t kind, uint32_t struct_size) {
  alignas(64) static char bytes[64];
  tenon_external_memory external{};
  external.struct_size = struct_size;
  external.kind = TENON_EXTERNAL_HOST_POINTER;
  external.pointer = bytes;
  external.size = sizeof bytes;
  tenon_buffer* buffer = nullptr;
  void* base = nullptr;
  p.Code(p.memory().import_memory(p.device().handle(), kind, &external, &buffer, &base));
  p.memory().free(p.device().handle(), buffer, nullptr, 0);
}
void Export(const Patched& p, uint32_t struct_size) {
  const HeldBuffer b(p, kPointers, 64);
  tenon_external_memory external{};
  external.struct_size = struct_size;
  p.Code(p.memory().export_memory(p.device().handle(), b.buffer, TENON_EXTERNAL_HOST_POINTER,
                                  &external));
}
constexpr uint32_t kStats = sizeof(tenon_memory_stats), kExternal = sizeof(tenon_external_memory);

std::vector<Misdeed> WithStructs() {
  return {
      {.name = "StatsWithoutOut",
       .complaint = "R3: memory.stats: out_stats is NULL",
       .act =
           [](const Patched& p) {
             p.Code(p.memory().stats(p.device().handle(), kPointers, nullptr));
           }},
      {.name = "StatsWithoutSize",
       .complaint = "R1: memory.stats: tenon_memory_stats: struct_size is 0",
       .act = [](const Patched& p) { Stats(p, kPointers, 0); }},
      {.name = "StatsWithAWildSize",
       .complaint = "R1: memory.stats: tenon_memory_stats: struct_size is 4294967295",
       .act = [](const Patched& p) { Stats(p, kPointers, UINT32_MAX); }},
      {.name = "StatsOfAnUnknownKind",
       .complaint = "R13: memory.stats: the device has no memory kind 3",
       .act = [](const Patched& p) { Stats(p, 3, kStats); }},
      {.name = "ImportNothing",
       .complaint = "R7: memory.import_memory: external is NULL",
       .act =
           [](const Patched& p) {
             tenon_buffer* buffer = nullptr;
             void* base = nullptr;
             p.Code(p.memory().import_memory(p.device().handle(), 1, nullptr, &buffer, &base));
           }},
      {.name = "ImportWithoutOut",
       .complaint = "R3: memory.import_memory: out_buffer is NULL",
       .act =
           [](const Patched& p) {
             tenon_external_memory external{};
             void* base = nullptr;
             p.Code(p.memory().import_memory(p.device().handle(), 1, &external, nullptr, &base));
           }},
      {.name = "ImportWithoutSize",
       .complaint = "R1: memory.import_memory: tenon_external_memory: struct_size is 4",
       .act = [](const Patched& p) { Import(p, kPointers, 4); }},
      {.name = "ImportIntoAnUnknownKind",
       .complaint = "R13: memory.import_memory: the device has no memory kind 3",
       .act = [](const Patched& p) { Import(p, 3, kExternal); }},
      {.name = "ExportWithoutOut",
       .complaint = "R3: memory.export_memory: out_external is NULL",
       .act =
           [](const Patched& p) {
             const HeldBuffer b(p, kPointers, 64);
             p.Code(p.memory().export_memory(p.device().handle(), b.buffer, 1, nullptr));
           }},
      {.name = "ExportWithoutSize",
       .complaint = "R1: memory.export_memory: tenon_external_memory: struct_size is 0",
       .act = [](const Patched& p) { Export(p, 0); }},
      {.name = "ExportOfNoBuffer",
       .complaint = "R4: memory.export_memory: buffer 0x0",
       .act =
           [](const Patched& p) {
             tenon_external_memory external{};
             external.struct_size = kExternal;
             p.Code(p.memory().export_memory(p.device().handle(), nullptr, 1, &external));
           }},
  };
}

/* ------------------------------------------------------------------------------- The backend */
using AllocateSlot = decltype(tenon_memory_interface::allocate);
Patch Allocates(AllocateSlot slot) {
  return {.memory = [slot](tenon_memory_interface& t) { t.allocate = slot; }};
}
void AllocateOne(const Patched& p) { Allocate(p, kPointers); }
// A buffer that the complete backend made, before something is changed in what it gave.
void Real(tenon_device* device, uint32_t kind, tenon_buffer** out_buffer, void** out_base) {
  EXPECT_EQ(
      complete_memory_interface.allocate(device, kind, 256, 64, nullptr, out_buffer, out_base).code,
      TENON_OK);
}
#define ALLOCATE                                                             \
  [](tenon_device * device, uint32_t kind, uint64_t, uint64_t, tenon_queue*, \
     tenon_buffer * *out_buffer, void** out_base)
#define MAP                                                                                        \
  [](tenon_device*, tenon_buffer*, uint64_t, uint64_t, tenon_access, const tenon_fence*, uint32_t, \
     uint64_t, void** out_pointer)
#define UNMAP [](tenon_device*, tenon_buffer*, void*, tenon_fence* out_fence)

void MapOne(const Patched& p) {
  const HeldBuffer b(p, kPointers, 64);
  void* pointer = Map(b, 0, 8, TENON_ACCESS_READ);
  tenon_fence fence{};
  Unmap(b, pointer, &fence);
}

std::vector<Misdeed> OfTheBackend() {
  return {
      {.name = "AllocateGivesNothing",
       .complaint = "R3: memory.allocate: gives no buffer",
       .act = AllocateOne,
       .patch = Allocates([](tenon_device*, uint32_t, uint64_t, uint64_t, tenon_queue*,
                             tenon_buffer**, void**) { return tenon_status{}; })},
      {.name = "AllocateFailsAndGives",
       .complaint = "R2: memory.allocate: failed, but an out parameter is set",
       .act = AllocateOne,
       .patch = Allocates([](tenon_device*, uint32_t, uint64_t, uint64_t, tenon_queue*,
                             tenon_buffer** out_buffer, void**) {
         *out_buffer = reinterpret_cast<tenon_buffer*>(0x10);
         return Fails(TENON_OUT_OF_MEMORY);
       })},
      {.name = "AllocateGivesNoBase",
       .complaint = "R13: memory.allocate: buffer *: out_base is NULL in addressable memory",
       .act = AllocateOne,
       .patch = Allocates(ALLOCATE {
         Real(device, kind, out_buffer, out_base);
         *out_base = nullptr;
         return tenon_status{};
       })},
      {.name = "AllocateGivesABaseOfAHandle",
       .complaint =
           "R13: memory.allocate: buffer *: out_base is set in memory that is not addressable",
       .act = [](const Patched& p) { Allocate(p, kHandles); },
       .patch = Allocates(ALLOCATE {
         Real(device, kind, out_buffer, out_base);
         *out_base = reinterpret_cast<void*>(0x1000);
         return tenon_status{};
       })},
      {.name = "AllocateGivesWhatIsNotAligned",
       .complaint = "R13: memory.allocate: buffer *: its base is not aligned to 64",
       .act = AllocateOne,
       .patch = Allocates(ALLOCATE {
         Real(device, kind, out_buffer, out_base);
         *out_base = static_cast<char*>(*out_base) + 32;
         return tenon_status{};
       })},
      {.name = "AllocateGivesALiveBuffer",
       .complaint = "R4: memory.allocate: gives buffer *which is live already",
       .act =
           [](const Patched& p) {
             HeldBuffer first(p, kPointers, 8), second(p, kPointers, 8);
             second.buffer = nullptr;  // it is the first
           },
       .patch = Allocates(ALLOCATE {
         static tenon_buffer* only;
         static void* base;
         static int count;
         if (++count % 2) Real(device, kind, &only, &base);
         *out_buffer = only;
         *out_base = base;
         return tenon_status{};
       })},
      {.name = "AllocateGivesBytesOfALiveBuffer",
       .complaint = "R4: memory.allocate: buffer *shares bytes with buffer",
       .act = [](const Patched& p) { const HeldBuffer first(p, 1, 256), second(p, 1, 256); },
       .patch = Allocates(ALLOCATE {
         static void* base;
         static int count;
         Real(device, kind, out_buffer, out_base);
         if (++count % 2) base = *out_base;
         *out_base = base;
         return tenon_status{};
       })},
      {.name = "ImportFailsAndGives",
       .complaint = "R2: memory.import_memory: failed, but an out parameter is set",
       .act = [](const Patched& p) { Import(p, kPointers, kExternal); },
       .patch = {.memory =
                     [](tenon_memory_interface& t) {
                       t.import_memory = [](tenon_device*, uint32_t, const tenon_external_memory*,
                                            tenon_buffer**, void** out_base) {
                         *out_base = out_base;
                         return Fails(TENON_UNSUPPORTED);
                       };
                     }}},
      {.name = "MapGivesNothing",
       .complaint = "R3: memory.map: gives no pointer",
       .act = MapOne,
       .patch = {.memory =
                     [](tenon_memory_interface& t) {
                       t.map = [](tenon_device*, tenon_buffer*, uint64_t, uint64_t, tenon_access,
                                  const tenon_fence*, uint32_t, uint64_t,
                                  void**) { return tenon_status{}; };
                     }}},
      {.name = "MapFailsAndGives",
       .complaint = "R2: memory.map: failed, but out_pointer is set",
       .act =
           [](const Patched& p) {
             const HeldBuffer b(p, kPointers, 64);
             EXPECT_EQ(Map(b, 0, 8, TENON_ACCESS_READ), nullptr);
           },
       .patch = {.memory =
                     [](tenon_memory_interface& t) {
                       t.map = MAP {
                         *out_pointer = out_pointer;
                         return Fails();
                       };
                     }}},
      {.name = "UnmapGivesAFenceOfUnknownOrigin",
       .complaint = "R12: memory.unmap: gives a fence of the unknown origin 7",
       .act = MapOne,
       .patch = {.memory =
                     [](tenon_memory_interface& t) {
                       t.unmap = UNMAP {
                         *out_fence = {reinterpret_cast<tenon_timeline*>(out_fence), 1, 7, 0};
                         return tenon_status{};
                       };
                     }}},
      {.name = "UnmapGivesAFenceOfAnUnknownTimeline",
       .complaint = "R12: memory.unmap: timeline *is no live timeline",
       .act = MapOne,
       .patch = {.memory =
                     [](tenon_memory_interface& t) {
                       t.unmap = UNMAP {
                         *out_fence = {reinterpret_cast<tenon_timeline*>(out_fence), 1, 0, 0};
                         return tenon_status{};
                       };
                     }}},
      {.name = "StatsChangeTheSize",
       .complaint = "R1: memory.stats: changed struct_size",
       .act = [](const Patched& p) { Stats(p, kPointers, kStats); },
       .patch = {.memory =
                     [](tenon_memory_interface& t) {
                       t.stats = [](tenon_device*, uint32_t, tenon_memory_stats* out_stats) {
                         out_stats->struct_size = 8;
                         return tenon_status{};
                       };
                     }}},
      {.name = "StatsAbovePeak",
       .complaint = "R13: memory.stats: bytes_in_use is above peak_bytes_in_use",
       .act = [](const Patched& p) { Stats(p, kPointers, kStats); },
       .patch = {.memory =
                     [](tenon_memory_interface& t) {
                       t.stats = [](tenon_device*, uint32_t, tenon_memory_stats* out_stats) {
                         out_stats->bytes_in_use = 8;
                         return tenon_status{};
                       };
                     }}},
      {.name = "ExportGivesAnotherKind",
       .complaint = "R13: memory.export_memory: asked for kind 1, gives kind 2",
       .act = [](const Patched& p) { Export(p, kExternal); },
       .patch = {.memory =
                     [](tenon_memory_interface& t) {
                       t.export_memory = [](tenon_device*, tenon_buffer*, uint32_t,
                                            tenon_external_memory* out_external) {
                         out_external->kind = TENON_EXTERNAL_FILE_DESCRIPTOR;
                         return tenon_status{};
                       };
                     }}},
      {.name = "ExportChangesTheSize",
       .complaint = "R1: memory.export_memory: changed struct_size",
       .act = [](const Patched& p) { Export(p, kExternal); },
       .patch = {.memory =
                     [](tenon_memory_interface& t) {
                       t.export_memory = [](tenon_device*, tenon_buffer*, uint32_t kind,
                                            tenon_external_memory* out_external) {
                         *out_external = {};
                         out_external->kind = kind;
                         return tenon_status{};
                       };
                     }}},
  };
}

class ValidateMemory : public MisdeedTest {};
TEST_P(ValidateMemory, IsFound) { Check(); }
INSTANTIATE_TEST_SUITE_P(Host, ValidateMemory, ::testing::ValuesIn(OfTheHost()), NameOf);
INSTANTIATE_TEST_SUITE_P(Structs, ValidateMemory, ::testing::ValuesIn(WithStructs()), NameOf);
INSTANTIATE_TEST_SUITE_P(Backend, ValidateMemory, ::testing::ValuesIn(OfTheBackend()), NameOf);

// The uses that are right, near to those above.
TEST(ValidateMemorySilent, FreeBehindAFence) {
  Patched p;
  {
    HeldQueue q(p);
    HeldBuffer b(p, kPointers, 256), c(p, kHandles, 256);
    Use(q, b);
    const tenon_fence fence = q.Signal(1);
    b.Free(&fence, 1);
    Use(q, c);
    EXPECT_EQ(q.Finish(2), TENON_OK);
  }
  p.memory().free(p.device().handle(), nullptr, nullptr, 0);
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
TEST(ValidateMemorySilent, MapBesideWorkAndBesideMappings) {
  Patched p;
  {
    HeldQueue q(p);
    HeldBuffer b(p, kPointers, 256);
    void* first = Map(b, 64, 64, TENON_ACCESS_WRITE);
    void* second = Map(b, 128, 64, TENON_ACCESS_READ);
    void* third = Map(b, 128, 64, TENON_ACCESS_READ);
    Use(q, b);  // the first 64 bytes
    for (void* pointer : {third, first, second}) EXPECT_EQ(Unmap(b, pointer), TENON_OK);
    EXPECT_EQ(q.Finish(1), TENON_OK);
  }
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
TEST(ValidateMemorySilent, CoherentMemoryIsMappedWhileItIsUsed) {
  Patched p({.device = Kinds([](tenon_memory_kind& k) { k.flags |= TENON_MEMORY_COHERENT; })});
  {
    HeldQueue q(p);
    HeldBuffer b(p, kPointers, 256);
    Use(q, b);
    void* pointer = Map(b, 0, 64, TENON_ACCESS_READ);
    Use(q, b);
    EXPECT_EQ(Unmap(b, pointer), TENON_OK);
    EXPECT_EQ(q.Finish(1), TENON_OK);
  }
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}

}  // namespace
}  // namespace tenon::backend::testing
