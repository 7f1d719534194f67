// What the layer finds written to the backend's own memory, and when it does not look.
#include "layers/testing/misdeed.h"

namespace tenon::backend::testing {
namespace {

using Act = std::function<void(const Patched&)>;
using RunSlot = decltype(tenon_kernel_descriptor::run);
#define RUN [](const tenon_kernel_descriptor*, tenon_kernel*, tenon_plan*, const tenon_run* run)

constexpr uint32_t kPointers = COMPLETE_POINTERS;

void HostMayRead(tenon_memory_kind& kind) {
  if (kind.id == kPointers) kind.flags |= TENON_MEMORY_COHERENT | TENON_MEMORY_HOST_ADDRESS;
}
// "broken" with `run`, on a device whose first kind the host reads and writes in place.
Patch Runs(RunSlot run, const std::function<void(tenon_kernel_descriptor&)>& change = {}) {
  return {.device = Kinds(HostMayRead), .kernel = OneKernel([run, change](auto& d) {
                                          if (run) d.run = run;
                                          if (change) change(d);
                                        })};
}
void InPlace(tenon_kernel_descriptor& d) {
  static const tenon_in_place first = {0, 0};
  d.in_place = &first;
  d.in_place_count = 1;
}
float* Data(const tenon_argument* argument) { return static_cast<float*>(argument->tensor.data); }

// One run of "broken" on arguments in one buffer: 32 bytes each, 32 bytes apart.
struct OwnRun {
  explicit OwnRun(const Patched& of) : p(of) {
    for (int i = 0; i < 256; ++i) static_cast<float*>(arena.base)[i] = 1;
    run.struct_size = sizeof run;
    run.input_count = 2;
    run.output_count = 2;
    run.inputs = inputs;
    run.outputs = outputs;
    run.workspace = &w.argument;
  }
  tenon_code Run() const {
    const tenon_kernel_descriptor* d = p.Kernel("broken");
    return p.Code(d->run(d, nullptr, nullptr, &run));
  }
  struct Part : Floats {
    Part(const HeldBuffer& b, uint64_t offset)
        : Floats(8, static_cast<char*>(b.base) + offset, b.buffer, kPointers, offset) {}
  };
  const Patched& p;
  HeldBuffer arena{p, kPointers, 1024};
  Part a{arena, 0}, b{arena, 64}, y{arena, 128}, z{arena, 192}, w{arena, 256};
  const tenon_argument* inputs[2] = {&a.argument, &b.argument};
  const tenon_argument* outputs[2] = {&y.argument, &z.argument};
  tenon_run run{};
};
Act OneRun(const std::function<void(OwnRun&)>& change = {}) {
  return [change](const Patched& p) {
    OwnRun run(p);
    if (change) change(run);
    EXPECT_EQ(run.Run(), TENON_OK);
  };
}

std::vector<Misdeed> InOwnMemory() {
  return {
      {.name = "BeyondAnOutput",
       .complaint = "R13: kernel.run: kernel broken: wrote outside of output 0",
       .act = OneRun(),
       .patch = Runs(RUN {
         Data(run->outputs[0])[8] = 2;
         return tenon_status{};
       })},
      {.name = "BeforeAnOutput",
       .complaint = "R13: kernel.run: kernel broken: wrote outside of output 1",
       .act = OneRun(),
       .patch = Runs(RUN {
         Data(run->outputs[1])[-1] = 2;
         return tenon_status{};
       })},
      {.name = "BeyondAnOutputAndFails",
       .complaint = "R13: kernel.run: kernel broken: wrote outside of output 1",
       .act = [](const Patched& p) { EXPECT_EQ(OwnRun(p).Run(), TENON_INTERNAL); },
       .patch = Runs(RUN {
         Data(run->outputs[1])[8] = 2;
         return Fails();
       })},
      {.name = "FarBeforeAnOutput",
       .complaint = "R13: kernel.run: kernel broken: wrote outside of output 0",
       .act = OneRun(),
       .patch = Runs(RUN {
         Data(run->outputs[0])[-20] = 2;
         return tenon_status{};
       })},
      {.name = "BeyondAnOutputInPlace",
       .complaint = "R13: kernel.run: kernel broken: wrote outside of output 0",
       .act = OneRun([](OwnRun& run) { run.outputs[0] = &run.a.argument; }),
       .patch = Runs(
           RUN {
             Data(run->outputs[0])[8] = 2;
             return tenon_status{};
           },
           InPlace)},
      {.name = "BeforeTheWorkspace",
       .complaint = "R13: kernel.run: kernel broken: wrote outside of the workspace",
       .act = OneRun(),
       .patch = Runs(RUN {
         Data(run->workspace)[-1] = 2;
         return tenon_status{};
       })},
      {.name = "BeyondTheWorkspace",
       .complaint = "R13: kernel.run: kernel broken: wrote outside of the workspace",
       .act = OneRun(),
       .patch = Runs(RUN {
         for (int i = 8; i < 16; ++i) Data(run->workspace)[i] = 2;
         return tenon_status{};
       })},
      {.name = "IntoAnInput",
       .complaint = "R13: kernel.run: kernel broken: wrote into input 1",
       .act = OneRun(),
       .patch = Runs(RUN {
         Data(run->inputs[1])[7] = 2;
         return tenon_status{};
       })},
      {.name = "BeyondTheBuffer",
       .complaint = "R13: kernel.run: kernel broken: wrote outside of output 0",
       .act =
           [](const Patched& p) {
             OwnRun run(p);
             const HeldBuffer exact(p, kPointers, 32);
             const OwnRun::Part last(exact, 0);
             run.outputs[0] = &last.argument;
             EXPECT_EQ(run.Run(), TENON_OK);
           },
       .patch = Runs(RUN {
         Data(run->outputs[0])[8] = 2;
         return tenon_status{};
       })},
      {.name = "BeyondTheBlob",
       .complaint = "R13: kernel.prepack: kernel broken: wrote outside of the blob",
       .act =
           [](const Patched& p) {
             const OwnRun run(p);
             float weights[8] = {};
             const Floats weight(8, weights);
             const tenon_kernel_descriptor* d = p.Kernel("broken");
             for (const tenon_argument* blob : {(const tenon_argument*)nullptr, run.outputs[0]}) {
               tenon_prepack_info info{};
               info.struct_size = sizeof info;
               EXPECT_EQ(p.Code(d->prepack(d, nullptr, 0, &weight.argument, blob, &info)),
                         TENON_OK);
             }
           },
       .patch = Runs({},
                     [](tenon_kernel_descriptor& d) {
                       d.prepack = [](const tenon_kernel_descriptor*, tenon_kernel*, uint32_t,
                                      const tenon_argument*, const tenon_argument* blob,
                                      tenon_prepack_info* out_info) {
                         if (blob) Data(blob)[8] = 2;
                         *out_info = {sizeof *out_info, kPointers, 32, 64, "plain"};
                         return tenon_status{};
                       };
                     })},
  };
}

class ValidateWritten : public MisdeedTest {};
TEST_P(ValidateWritten, IsFound) { Check(); }
INSTANTIATE_TEST_SUITE_P(Own, ValidateWritten, ::testing::ValuesIn(InOwnMemory()), NameOf);

/* ---------------------------------------------------------------------------------- What is right */
// What somebody does while "broken" runs; its run writes all that it may write.
std::function<void()> meanwhile;
const RunSlot kWritesItsOwn = RUN {
  for (int i = 0; i < 8; ++i) {
    for (uint32_t o = 0; o < run->output_count; ++o) Data(run->outputs[o])[i] = 3;
    if (run->workspace) Data(run->workspace)[i] = 3;
  }
  if (const std::function<void()> act = std::exchange(meanwhile, {})) act();
  return tenon_status{};
};

TEST(ValidateWrittenSilent, OutputsAndWorkspace) {
  Patched p(Runs(kWritesItsOwn, InPlace));
  {
    OwnRun run(p);
    EXPECT_EQ(run.Run(), TENON_OK);
    run.outputs[0] = &run.a.argument;
    EXPECT_EQ(run.Run(), TENON_OK);
    EXPECT_EQ(Data(run.outputs[0])[7], 3);
  }
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
// Arguments without a byte between them, at both ends of a buffer.
TEST(ValidateWrittenSilent, SideBySide) {
  Patched p(Runs(kWritesItsOwn));
  {
    OwnRun run(p);
    const HeldBuffer exact(p, kPointers, 128);
    OwnRun::Part first(exact, 0), second(exact, 64);
    first.dim = second.dim = 16;
    first.argument.bytes = second.argument.bytes = 64;
    run.outputs[0] = &first.argument;
    run.outputs[1] = &second.argument;
    EXPECT_EQ(run.Run(), TENON_OK);
  }
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
// Others may write beside a run's outputs: another run, a queue, the host through a mapping.
TEST(ValidateWrittenSilent, OthersWriteMeanwhile) {
  Patched p(Runs(kWritesItsOwn));
  {
    OwnRun run(p), other(p);
    const OwnRun::Part beside(run.arena, 320);
    other.run.output_count = 1;
    other.outputs[0] = &beside.argument;
    meanwhile = [&] { EXPECT_EQ(other.Run(), TENON_OK); };
    EXPECT_EQ(run.Run(), TENON_OK);
    meanwhile = [&] {
      meanwhile = [&] { Data(run.outputs[0])[0] = 5; };
      EXPECT_EQ(other.Run(), TENON_OK);
    };
    EXPECT_EQ(run.Run(), TENON_OK);

    Data(&beside.argument)[0] = 0;
    const tenon_location to = At(run.arena.buffer, 320);
    HeldQueue q(p);
    const auto fill = [&](float value) {
      EXPECT_EQ(p.Code(p.queue().fill(q.queue, &to, 32, &value, sizeof value)), TENON_OK);
    };
    meanwhile = [&] {
      fill(4);
      EXPECT_EQ(q.Finish(1), TENON_OK);
    };
    EXPECT_EQ(run.Run(), TENON_OK);
    fill(7);
    meanwhile = [&] { EXPECT_EQ(q.Finish(2), TENON_OK); };
    EXPECT_EQ(run.Run(), TENON_OK);
    EXPECT_EQ(Data(&beside.argument)[0], 7);

    void* pointer = nullptr;
    tenon_device* device = p.device().handle();
    const auto map = [&] {
      EXPECT_EQ(p.Code(p.memory().map(device, run.arena.buffer, 320, 32, TENON_ACCESS_WRITE,
                                      nullptr, 0, 0, &pointer)),
                TENON_OK);
    };
    const auto unmap = [&] {
      static_cast<float*>(pointer)[0] += 1;
      EXPECT_EQ(p.Code(p.memory().unmap(device, run.arena.buffer, pointer, nullptr)), TENON_OK);
    };
    map();
    meanwhile = unmap;
    EXPECT_EQ(run.Run(), TENON_OK);
    meanwhile = [&] { map(), unmap(); };
    EXPECT_EQ(run.Run(), TENON_OK);
    EXPECT_EQ(Data(&beside.argument)[0], 9);
  }
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
// The owner of imported memory writes to it when he likes.
TEST(ValidateWrittenSilent, ImportedMemory) {
  Patched p(Runs(kWritesItsOwn));
  alignas(64) static float memory[32];
  {
    OwnRun run(p);
    tenon_external_memory external{};
    external.struct_size = sizeof external;
    external.kind = TENON_EXTERNAL_HOST_POINTER;
    external.pointer = memory;
    external.size = sizeof memory;
    HeldBuffer imported(p, kPointers, 32);
    imported.Free();
    EXPECT_EQ(p.Code(p.memory().import_memory(p.device().handle(), kPointers, &external,
                                              &imported.buffer, &imported.base)),
              TENON_OK);
    const OwnRun::Part y(imported, 0);
    run.outputs[0] = &y.argument;
    meanwhile = [] { memory[31] = 1; };
    EXPECT_EQ(run.Run(), TENON_OK);
  }
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}

/* ------------------------------------------------------------------------- What is not checked */
using Strings = std::vector<std::string>;
constexpr const char* kUnchecked = "validate: complete: memory kind ";

// It is said once for each kind, and is no complaint.
TEST(ValidateUnchecked, WorkOnQueues) {
  Patched p(Runs(kWritesItsOwn));
  {
    OwnRun run(p);
    HeldQueue q(p);
    run.run.queue = q.queue;
    for (int i = 0; i < 2; ++i) EXPECT_EQ(run.Run(), TENON_OK);
    q.Finish(1);
  }
  p.Close();
  EXPECT_TRUE(p.IsSilent());
  EXPECT_EQ(p.LoggedAfter(kUnchecked),
            Strings{"pointers: what kernels write is not checked (work on queues)"});
}
TEST(ValidateUnchecked, KindsOfMemory) {
  const auto said = [](tenon_memory_flags missing) {
    Patch patch = Runs(kWritesItsOwn);
    patch.device = Kinds([missing](tenon_memory_kind& kind) {
      HostMayRead(kind);
      if (kind.id == kPointers) kind.flags &= ~missing;
    });
    Patched p(patch);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(OwnRun(p).Run(), TENON_OK);
    p.Close();
    EXPECT_TRUE(p.IsSilent());
    return p.LoggedAfter(kUnchecked);
  };
  const std::string what = "pointers: what kernels write is not checked ";
  EXPECT_EQ(said(0), Strings{});
  EXPECT_EQ(said(TENON_MEMORY_COHERENT), Strings{what + "(it is not coherent)"});
  EXPECT_EQ(said(TENON_MEMORY_HOST_ADDRESS), Strings{what + "(the host cannot read it in place)"});
  EXPECT_EQ(said(TENON_MEMORY_HOST_READ), Strings{what + "(the host cannot read it in place)"});
}
TEST(ValidateUnchecked, Handles) {
  Patched p(Runs({}));
  {
    OwnRun run(p);
    const HeldBuffer bytes(p, COMPLETE_HANDLES, 32);
    const Floats y(8, nullptr, bytes.buffer, COMPLETE_HANDLES);
    run.outputs[0] = &y.argument;
    EXPECT_EQ(run.Run(), TENON_OK);
  }
  p.Close();
  EXPECT_TRUE(p.IsSilent());
  EXPECT_EQ(p.LoggedAfter(kUnchecked),
            Strings{"handles: what kernels write is not checked (buffers are handles)"});
}

}  // namespace
}  // namespace tenon::backend::testing
