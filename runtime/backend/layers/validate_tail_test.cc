// The bytes behind a buffer: what is found there, and that the host does not see them.
#include "layers/testing/misdeed.h"

namespace tenon::backend::testing {
namespace {

constexpr uint32_t kPointers = COMPLETE_POINTERS;
constexpr uint64_t kMost = 1 << 20;  // the kind's largest allocation
constexpr uint64_t kTail = 4096;

// What the backend was asked for, and how it counts: as it is asked.
struct Counted {
  std::vector<uint64_t> sizes;
  uint64_t most = UINT64_MAX;  // larger ones fail
  uint64_t in_use = 0, peak = 0;
};
Counted counted;

// A device whose first kind the host reads and writes in place, but for what `change` does.
Patch Counts(const std::function<void(tenon_memory_kind&)>& change = [](tenon_memory_kind&) {}) {
  counted = {};
  return {.device = Kinds([change](tenon_memory_kind& kind) {
            kind.flags |= TENON_MEMORY_COHERENT;
            if (kind.id == kPointers) kind.flags |= TENON_MEMORY_HOST_ADDRESS;
            change(kind);
          }),
          .memory = [](tenon_memory_interface& table) {
            table.allocate = [](tenon_device* device, uint32_t kind, uint64_t size,
                                uint64_t alignment, tenon_queue* queue, tenon_buffer** out_buffer,
                                void** out_base) {
              counted.sizes.push_back(size);
              if (size > counted.most)
                return HostOfPatched()->error(HostOfPatched(), TENON_OUT_OF_MEMORY, "full");
              counted.in_use += size;
              counted.peak = std::max(counted.peak, counted.in_use);
              return complete_memory_interface.allocate(device, kind, size, alignment, queue,
                                                        out_buffer, out_base);
            };
            table.stats = [](tenon_device*, uint32_t, tenon_memory_stats* out_stats) {
              out_stats->bytes_in_use = out_stats->bytes_reserved = counted.in_use;
              out_stats->peak_bytes_in_use = counted.peak;
              out_stats->allocation_count = counted.sizes.size();
              return tenon_status{};
            };
          }};
}
using Sizes = std::vector<uint64_t>;
Sizes AskedFor(uint64_t size, const std::function<void(tenon_memory_kind&)>& change) {
  Patched p(Counts(change));
  HeldBuffer(p, kPointers, size);
  p.Close();
  EXPECT_TRUE(p.IsSilent());
  return counted.sizes;
}

void HostMayRead(tenon_memory_kind& kind) {
  if (kind.id == kPointers) kind.flags |= TENON_MEMORY_COHERENT | TENON_MEMORY_HOST_ADDRESS;
}
// "broken", which does on a queue what it may not.
const Patch kWritesBeyond = {.device = Kinds(HostMayRead),
                             .kernel = OneKernel([](tenon_kernel_descriptor& d) {
                               d.run = [](const tenon_kernel_descriptor*, tenon_kernel*,
                                          tenon_plan*, const tenon_run* run) {
                                 static_cast<float*>(run->outputs[0]->tensor.data)[8] = 1;
                                 return tenon_status{};
                               };
                             })};
// Runs it on 32 bytes, and frees them behind a fence that is reached, or not yet.
void RunOnAQueue(const Patched& p, bool reached) {
  HeldBuffer x(p, kPointers, 32), y(p, kPointers, 32);
  const Floats in(8, x.base, x.buffer, kPointers), out(8, y.base, y.buffer, kPointers);
  HeldQueue q(p);
  EXPECT_EQ(p.Code(RunKernel(p, "broken", &in.argument, &out.argument, q.queue)), TENON_OK);
  if (reached) {
    EXPECT_EQ(q.Finish(1), TENON_OK);
  }
  const tenon_fence fence = q.Signal(2);
  x.Free(&fence, 1);
  y.Free(&fence, 1);
  EXPECT_EQ(q.Finish(3), TENON_OK);
}

const Misdeed kOnAQueue = {
    .name = "OnAQueue",
    .complaint = "R13: memory.free: buffer * of 32 bytes was written beyond its end",
    .act = [](const Patched& p) { RunOnAQueue(p, true); },
    .patch = kWritesBeyond};
const Misdeed kBehindTheEnd = {
    .name = "BehindTheEnd",
    .complaint = "R13: memory.free: buffer * of 100 bytes was written beyond its end",
    .act =
        [](const Patched& p) {
          const HeldBuffer b(p, kPointers, 100);
          static_cast<char*>(b.base)[99] = 1;  // is its own
          static_cast<char*>(b.base)[100] = 1;
        },
    .patch = {.device = Kinds(HostMayRead)}};
class ValidateTail : public MisdeedTest {};
TEST_P(ValidateTail, IsFound) { Check(); }
INSTANTIATE_TEST_SUITE_P(Free, ValidateTail, ::testing::Values(kBehindTheEnd, kOnAQueue), NameOf);

// Work may still write there: it is not looked at.
TEST(ValidateTailSilent, WhileWorkIsUnderWay) {
  Patched p(kWritesBeyond);
  RunOnAQueue(p, false);
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}

TEST(ValidateTailHidden, WhereItIsAskedFor) {
  const auto without = [](tenon_memory_flags flag) {
    return [flag](tenon_memory_kind& kind) { kind.flags &= ~flag; };
  };
  EXPECT_EQ(AskedFor(100, [](tenon_memory_kind&) {}), Sizes{100 + kTail});
  EXPECT_EQ(AskedFor(kMost - kTail, [](tenon_memory_kind&) {}), Sizes{kMost});
  EXPECT_EQ(AskedFor(kMost - kTail + 1, [](tenon_memory_kind&) {}), Sizes{kMost - kTail + 1});
  EXPECT_EQ(AskedFor(100, [](tenon_memory_kind& kind) { kind.capacity = kMost; }), Sizes{100});
  EXPECT_EQ(AskedFor(100, without(TENON_MEMORY_COHERENT)), Sizes{100});
  EXPECT_EQ(AskedFor(100, without(TENON_MEMORY_HOST_ADDRESS)), Sizes{100});
  EXPECT_EQ(AskedFor(100, without(TENON_MEMORY_HOST_READ)), Sizes{100});
  EXPECT_EQ(AskedFor(100, without(TENON_MEMORY_HOST_WRITE)), Sizes{100});
}
// A refusal is passed on: there is no second try that the host does not know of.
TEST(ValidateTailHidden, NotFromFailures) {
  Patched p(Counts());
  counted.most = 0;
  tenon_buffer* buffer = nullptr;
  void* base = nullptr;
  EXPECT_EQ(
      p.Code(p.memory().allocate(p.device().handle(), kPointers, 100, 64, nullptr, &buffer, &base)),
      TENON_OUT_OF_MEMORY);
  EXPECT_EQ(counted.sizes.size(), 1u);
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
TEST(ValidateTailHidden, FromStats) {
  Patched p(Counts());
  const auto stats = [&] {
    tenon_memory_stats s{};
    s.struct_size = sizeof s;
    EXPECT_EQ(p.Code(p.memory().stats(p.device().handle(), kPointers, &s)), TENON_OK);
    return Sizes{s.bytes_in_use, s.bytes_reserved, s.peak_bytes_in_use};
  };
  const auto end = [&](HeldBuffer& b, uint64_t asked) {
    b.Free();
    counted.in_use -= asked + kTail;
  };
  {
    HeldBuffer first(p, kPointers, 100), second(p, kPointers, 200), third(p, kPointers, 300);
    EXPECT_EQ(stats(), (Sizes{600, 600, 600}));
    end(first, 100);
    end(second, 200);
    EXPECT_EQ(stats(), (Sizes{300, 300, 600}));
    HeldBuffer large(p, kPointers, 700);  // more bytes in fewer buffers
    EXPECT_EQ(stats(), (Sizes{1000, 1000, 1000}));
    end(large, 700);
    end(third, 300);
    EXPECT_EQ(stats(), (Sizes{0, 0, 1000}));
  }
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
TEST(ValidateTailHidden, FromExport) {
  Patch patch = Counts();
  patch.memory = [counts = patch.memory](tenon_memory_interface& table) {
    counts(table);
    table.export_memory = [](tenon_device*, tenon_buffer*, uint32_t kind,
                             tenon_external_memory* out_external) {
      out_external->kind = kind;
      out_external->size = counted.sizes.back();
      return tenon_status{};
    };
  };
  Patched p(patch);
  {
    const HeldBuffer b(p, kPointers, 100);
    tenon_external_memory external{};
    external.struct_size = sizeof external;
    EXPECT_EQ(p.Code(p.memory().export_memory(p.device().handle(), b.buffer,
                                              TENON_EXTERNAL_HOST_POINTER, &external)),
              TENON_OK);
    EXPECT_EQ(external.size, 100u);
  }
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
// The host may not map them.
TEST(ValidateTailHidden, FromRanges) {
  Patched p(Counts());
  {
    const HeldBuffer b(p, kPointers, 100);
    void* pointer = nullptr;
    EXPECT_EQ(p.Code(p.memory().map(p.device().handle(), b.buffer, 100, 1, TENON_ACCESS_READ,
                                    nullptr, 0, 0, &pointer)),
              TENON_INVALID_ARGUMENT);
  }
  p.Close();
  EXPECT_TRUE(p.Complains("R13: memory.map: buffer"));
}

}  // namespace
}  // namespace tenon::backend::testing
