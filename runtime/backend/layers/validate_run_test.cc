// What the layer finds wrong with runs.
#include <algorithm>
#include <cstring>
#include <span>

#include "layers/testing/misdeed.h"
#include "layers/testing/node.h"

namespace tenon::backend::testing {
namespace {

using Act = std::function<void(const Patched&)>;
using RunSlot = decltype(tenon_kernel_descriptor::run);
#define RUN [](const tenon_kernel_descriptor*, tenon_kernel*, tenon_plan*, const tenon_run* run)

/* ---------------------------------------------------------- A run in host memory, without a queue */
// One run of "broken" on arguments that the row may change.
struct HostRun {
  HostRun() {
    run.struct_size = sizeof run;
    run.input_count = 2;
    run.output_count = 2;
    run.inputs = inputs;
    run.outputs = outputs;
  }
  tenon_code Run(const Patched& p) const {
    const tenon_kernel_descriptor* d = p.Kernel("broken");
    return p.Code(d->run(d, nullptr, nullptr, &run));
  }
  float data[4][8] = {{1, 2, 3, 4, 5, 6, 7, 8}};
  Floats a{8, data[0]}, b{8, data[1]}, y{8, data[2]}, z{8, data[3]};
  const tenon_argument* inputs[2] = {&a.argument, &b.argument};
  const tenon_argument* outputs[2] = {&y.argument, &z.argument};
  tenon_run run{};
};
RunSlot run_of_the_row;
// Writes the outputs, but for those in place, and then does what the row's kernel does.
tenon_status WritingRun(const tenon_kernel_descriptor* self, tenon_kernel* kernel, tenon_plan* plan,
                        const tenon_run* run) {
  const std::span inputs(run->inputs, run->input_count);
  for (const tenon_argument* output : std::span(run->outputs, run->output_count)) {
    const bool kept = !output || std::ranges::any_of(inputs, [&](const tenon_argument* input) {
      return input && input->tensor.data == output->tensor.data;
    });
    if (!kept && output->bytes > 0) std::memset(output->tensor.data, 0, output->bytes);
  }
  return run_of_the_row ? run_of_the_row(self, kernel, plan, run) : tenon_status{};
}
Patch Runs(RunSlot run, const std::function<void(tenon_kernel_descriptor&)>& change = {}) {
  return {.kernel = OneKernel([run, change](tenon_kernel_descriptor& d) {
            run_of_the_row = run;
            d.run = WritingRun;
            if (change) change(d);
          })};
}
Act OneRun(const std::function<void(HostRun&)>& change = {}) {
  return [change](const Patched& p) {
    HostRun run;
    if (change) change(run);
    EXPECT_EQ(run.Run(p), TENON_OK);
  };
}
Act Refused(const std::function<void(HostRun&)>& change) {
  return [change](const Patched& p) {
    HostRun run;
    change(run);
    EXPECT_EQ(run.Run(p), TENON_INVALID_ARGUMENT);
  };
}
void InPlace(tenon_kernel_descriptor& d) {
  static const tenon_in_place first = {0, 0};
  d.in_place = &first;
  d.in_place_count = 1;
}
float* Data(const tenon_argument* argument) { return static_cast<float*>(argument->tensor.data); }

std::vector<Misdeed> OnTheHost() {
  return {
      {.name = "NoRun",
       .complaint = "R7: kernel.run: run is NULL",
       .act =
           [](const Patched& p) {
             const tenon_kernel_descriptor* d = p.Kernel("broken");
             EXPECT_EQ(p.Code(d->run(d, nullptr, nullptr, nullptr)), TENON_INVALID_ARGUMENT);
           },
       .patch = Runs({})},
      {.name = "NoSize",
       .complaint = "R1: kernel.run: tenon_run: struct_size is 0",
       .act = Refused([](HostRun& run) { run.run.struct_size = 0; }),
       .patch = Runs({})},
      {.name = "Reserved",
       .complaint = "R1: kernel.run: tenon_run: a reserved field is not 0",
       .act = OneRun([](HostRun& run) { run.run.reserved = 1; }),
       .patch = Runs({})},
      {.name = "NoInputs",
       .complaint = "R7: kernel.run: the list of input is NULL but has a count of 2",
       .act = Refused([](HostRun& run) { run.run.inputs = nullptr; }),
       .patch = Runs({})},
      {.name = "NoOutputs",
       .complaint = "R7: kernel.run: the list of output is NULL but has a count of 2",
       .act = Refused([](HostRun& run) { run.run.outputs = nullptr; }),
       .patch = Runs({})},
      {.name = "PlanThatNeverWas",
       .complaint = "R4: kernel.run: kernel broken: plan 0x10 is no live plan of the kernel",
       .act =
           [](const Patched& p) {
             const HostRun run;
             const tenon_kernel_descriptor* d = p.Kernel("broken");
             p.Code(d->run(d, nullptr, reinterpret_cast<tenon_plan*>(0x10), &run.run));
           },
       .patch = Runs({})},
      {.name = "BeforePrepare",
       .complaint = "R13: kernel.run: kernel broken: runs before it was prepared",
       .act = Refused([](HostRun&) {}),
       .patch = Runs({},
                     [](tenon_kernel_descriptor& d) {
                       d.prepare = [](const tenon_kernel_descriptor*, tenon_kernel*,
                                      const tenon_argument* const*, uint32_t,
                                      const tenon_argument* const*, uint32_t,
                                      tenon_plan_info*) { return tenon_status{}; };
                     })},
      {.name = "LeavesAnOutput",
       .complaint = "R13: kernel.run: kernel broken: did not write output 1",
       .act = OneRun(),
       .patch = {.kernel = OneKernel([](tenon_kernel_descriptor& d) {
                   d.run = RUN {
                     std::memset(Data(run->outputs[0]), 0, run->outputs[0]->bytes);
                     return tenon_status{};
                   };
                 })}},
      {.name = "LeavesPartOfAnOutput",
       .complaint = "R13: kernel.run: kernel broken: did not write output 0 from byte 16",
       .act = OneRun(),
       .patch = {.kernel = OneKernel([](tenon_kernel_descriptor& d) {
                   d.run = RUN {
                     std::memset(Data(run->outputs[0]), 0, 16);
                     std::memset(Data(run->outputs[1]), 0, run->outputs[1]->bytes);
                     return tenon_status{};
                   };
                 })}},
      {.name = "OutputOverAnInput",
       .complaint = "R14: kernel.run: kernel broken: output 0 overlaps input 0, which the",
       .act = OneRun([](HostRun& run) { run.outputs[0] = &run.a.argument; }),
       .patch = Runs({})},
      {.name = "OutputOverAnotherInputThanDeclared",
       .complaint = "R14: kernel.run: kernel broken: output 0 overlaps input 1, which the",
       .act = OneRun([](HostRun& run) { run.outputs[0] = &run.b.argument; }),
       .patch = Runs({}, InPlace)},
      {.name = "OutputOverPartOfAnInput",
       .complaint = "R14: kernel.run: kernel broken: output 0 overlaps input 0, which the",
       .act = OneRun([](HostRun& run) { run.y.argument.tensor.data = run.data[0] + 1; }),
       .patch = Runs({}, InPlace),
       // data[0] + 1 reaches into data[1].
       .also = "R14: kernel.run: kernel broken: output 0 overlaps input 1"},
      {.name = "OutputsOverlap",
       .complaint = "R13: kernel.run: kernel broken: outputs 0 and 1 overlap",
       .act = OneRun([](HostRun& run) { run.z.argument.tensor.data = run.data[2]; }),
       .patch = Runs({})},
      {.name = "WritesBeyondAnOutput",
       .complaint = "R13: kernel.run: kernel broken: wrote outside of output 1",
       .act = OneRun(),
       .patch = Runs(RUN {
         Data(run->outputs[1])[8] = 1;
         return tenon_status{};
       })},
      {.name = "WritesBeforeAnOutput",
       .complaint = "R13: kernel.run: kernel broken: wrote outside of output 0",
       .act = OneRun(),
       .patch = Runs(RUN {
         Data(run->outputs[0])[-1] = 1;
         return tenon_status{};
       })},
      {.name = "WritesBeyondAnOutputInPlace",
       .complaint = "R13: kernel.run: kernel broken: wrote outside of output 0",
       .act = OneRun([](HostRun& run) { run.outputs[0] = &run.a.argument; }),
       .patch = Runs(
           RUN {
             Data(run->outputs[0])[8] = 1;
             return tenon_status{};
           },
           InPlace)},
      {.name = "WritesBeforeAnInputThatIsOverwritten",
       .complaint = "R13: kernel.run: kernel broken: wrote outside of output 0",
       .act = OneRun([](HostRun& run) { run.outputs[0] = &run.a.argument; }),
       .patch = Runs(
           RUN {
             Data(run->inputs[0])[-1] = 1;
             return tenon_status{};
           },
           InPlace)},
      {.name = "WritesIntoAnInput",
       .complaint = "R13: kernel.run: kernel broken: wrote into input 1",
       .act = OneRun(),
       .patch = Runs(RUN {
         Data(run->inputs[1])[7] = 1;
         return tenon_status{};
       })},
      {.name = "WritesIntoAnInputAndFails",
       .complaint = "R13: kernel.run: kernel broken: wrote into input 0",
       .act = [](const Patched& p) { EXPECT_EQ(HostRun().Run(p), TENON_INTERNAL); },
       .patch = Runs(RUN {
         Data(run->inputs[0])[0] = 99;
         return Fails();
       })},
      {.name = "DoesNotAllocate",
       .complaint = "R14: kernel.run: kernel broken: is flagged ALLOCATES_OUTPUT, but has not",
       .act = OneRun([](HostRun& run) {
         run.run.output_count = 1;
         run.y.argument.tensor.data = nullptr;
         run.y.argument.bytes = 0;
       }),
       .patch =
           Runs({}, [](tenon_kernel_descriptor& d) { d.flags = TENON_KERNEL_ALLOCATES_OUTPUT; })},
      {.name = "UndeclaredType",
       .complaint = "R14: kernel.run: kernel broken, input 1: dtype 1 is not declared",
       .act = OneRun(),
       .patch = Runs({},
                     [](tenon_kernel_descriptor& d) {
                       static const tenon_dtypes types[] = {TENON_DTYPE_BIT(TENON_FLOAT32),
                                                            TENON_DTYPE_BIT(TENON_INT32)};
                       d.input_dtypes = types;
                       d.input_dtype_count = 2;
                     })},
  };
}

/* ------------------------------------------------------------------- A run with plan and workspace */
// The kernel "add" of the complete backend, or "broken" in its place, ready to run.
struct Ready {
  explicit Ready(const Patched& of, const char* name = "add") : p(of), d(of.Kernel(name)) {
    EXPECT_EQ(p.Code(d->create(d, p->handle(), p.device().handle(), &node.node, &kernel)),
              TENON_OK);
    const Floats shape(8, nullptr, nullptr, COMPLETE_POINTERS);
    const tenon_argument* const shapes[] = {&shape.argument, &shape.argument};
    plan.struct_size = sizeof plan;
    EXPECT_EQ(p.Code(d->prepare(d, kernel, shapes, 2, shapes, 1, &plan)), TENON_OK);
    run.struct_size = sizeof run;
    run.input_count = 2;
    run.output_count = 1;
    run.inputs = inputs;
    run.outputs = outputs;
    run.workspace = &workspace.argument;
    workspace.argument.dtype = TENON_UINT8;
    workspace.argument.bytes = 64;
    workspace.argument.tensor.dtype = {kDLUInt, 8, 1};
  }
  ~Ready() {
    if (plan.plan) d->plan_release(d, kernel, plan.plan);
    if (kernel) d->destroy(d, kernel);
  }
  tenon_code Run() const { return p.Code(d->run(d, kernel, plan.plan, &run)); }
  struct In : Floats {
    explicit In(const HeldBuffer& b, int64_t count = 8)
        : Floats(count, b.base, b.buffer, COMPLETE_POINTERS) {}
  };
  const Patched& p;
  const tenon_kernel_descriptor* d;
  Node node{"Add"};
  tenon_kernel* kernel = nullptr;
  tenon_plan_info plan{};
  HeldBuffer x_bytes{p, COMPLETE_POINTERS, 32}, w_bytes{p, COMPLETE_POINTERS, 32},
      y_bytes{p, COMPLETE_POINTERS, 32}, scratch{p, COMPLETE_POINTERS, 256};
  In x{x_bytes}, w{w_bytes}, y{y_bytes}, workspace{scratch, 64};
  const tenon_argument* inputs[2] = {&x.argument, &w.argument};
  const tenon_argument* outputs[1] = {&y.argument};
  tenon_run run{};
};
Act WithReady(const std::function<void(const Patched&, Ready&)>& act, const char* name = "add") {
  return [act, name](const Patched& p) {
    Ready ready(p, name);
    act(p, ready);
  };
}
// The kernel "add" under the name "broken", changed.
Patch ChangedAdd(const std::function<void(tenon_kernel_descriptor&)>& change) {
  return {.kernel = OneKernel([change](tenon_kernel_descriptor& d) {
            const tenon_kernel_descriptor* const* list = nullptr;
            uint32_t count = 0;
            EXPECT_EQ(complete_kernel_interface.descriptors(nullptr, &list, &count).code, TENON_OK);
            d = *list[1];
            d.name = "broken";
            change(d);
          })};
}
// What a run does to its own kernel while it is under way.
const std::function<void()>* meanwhile;

std::vector<Misdeed> WithPlans() {
  return {
      {.name = "NoWorkspace",
       .complaint = "R13: kernel.run: kernel add: workspace is NULL, the plan asked for 64 bytes",
       .act = WithReady([](const Patched&, Ready& ready) {
         ready.run.workspace = nullptr;
         EXPECT_EQ(ready.Run(), TENON_INVALID_ARGUMENT);
       })},
      {.name = "WorkspaceTooSmall",
       .complaint = "R13: kernel.run: kernel add: the workspace is smaller",
       .act = WithReady([](const Patched&, Ready& ready) {
         ready.workspace.dim = 63;
         ready.workspace.argument.bytes = 63;
         EXPECT_EQ(ready.Run(), TENON_INVALID_ARGUMENT);
       })},
      {.name = "WorkspaceOfAnotherKind",
       .complaint = "R13: kernel.run: kernel add: the workspace is smaller, of another memory kind",
       .act = WithReady([](const Patched&, Ready& ready) {
         static char host[64];
         ready.workspace.argument.memory_kind = TENON_MEMORY_HOST;
         ready.workspace.argument.buffer = nullptr;
         ready.workspace.argument.tensor.data = host;
         EXPECT_EQ(ready.Run(), TENON_INVALID_ARGUMENT);
       })},
      {.name = "WorkspaceLessAligned",
       .complaint = "R13: kernel.run: kernel add: the workspace is smaller, of another memory kind "
                    "or less aligned",
       .act = WithReady([](const Patched&, Ready& ready) {
         ready.workspace.argument.offset = 16;
         ready.workspace.argument.tensor.data = static_cast<char*>(ready.scratch.base) + 16;
         EXPECT_EQ(ready.Run(), TENON_INVALID_ARGUMENT);
       }),
       .also = "R13: kernel.run: workspace: offset 16 is not aligned to 64"},
      {.name = "WorkspaceIsFreed",
       .complaint = "R4: kernel.run: workspace: buffer * is no live buffer",
       .act = WithReady([](const Patched&, Ready& ready) {
         ready.scratch.Free();
         EXPECT_EQ(ready.Run(), TENON_INVALID_ARGUMENT);
       })},
      {.name = "PlanIsEnded",
       .complaint = "R4: kernel.run: kernel add: plan * is no live plan of the kernel",
       .act = WithReady([](const Patched&, Ready& ready) {
         ready.d->plan_release(ready.d, ready.kernel, ready.plan.plan);
         EXPECT_EQ(ready.Run(), TENON_INVALID_ARGUMENT);
         ready.plan.plan = nullptr;
       })},
      {.name = "PlanIsEndedDuringItsRun",
       .complaint = "R4: kernel.plan_release: kernel broken: the plan is ended during its run",
       .act = WithReady(
           [](const Patched&, Ready& ready) {
             const std::function<void()> end = [&] {
               ready.d->plan_release(ready.d, ready.kernel, ready.plan.plan);
             };
             meanwhile = &end;
             EXPECT_EQ(ready.Run(), TENON_OK);
             ready.plan.plan = nullptr;
           },
           "broken"),
       .patch = ChangedAdd([](tenon_kernel_descriptor& d) {
         d.run = RUN {
           if (run) (*meanwhile)();
           return tenon_status{};
         };
       })},
      {.name = "KernelIsEndedDuringItsRun",
       .complaint = "R4: kernel.destroy: kernel broken is ended during its run",
       .act = WithReady(
           [](const Patched&, Ready& ready) {
             const std::function<void()> end = [&] {
               ready.d->plan_release(ready.d, ready.kernel, ready.plan.plan);
               ready.d->destroy(ready.d, ready.kernel);
             };
             meanwhile = &end;
             EXPECT_EQ(ready.Run(), TENON_OK);
             ready.plan.plan = nullptr;
             ready.kernel = nullptr;
           },
           "broken"),
       .patch = ChangedAdd([](tenon_kernel_descriptor& d) {
         d.run = RUN {
           if (run) (*meanwhile)();
           return tenon_status{};
         };
       }),
       .also = "R4: kernel.plan_release: kernel broken: the plan is ended during its run"},
      {.name = "PackedInputIsNoBlob",
       .complaint = "R13: kernel.run: kernel add, input 1: is packed, expected its blob: uint8, "
                    "rank 1, 32 bytes",
       .act = WithReady([](const Patched& p, Ready& ready) {
         const Floats weight(8, ready.node.contents);
         tenon_prepack_info info{};
         info.struct_size = sizeof info;
         EXPECT_EQ(
             p.Code(ready.d->prepack(ready.d, ready.kernel, 1, &weight.argument, nullptr, &info)),
             TENON_OK);
         EXPECT_EQ(ready.Run(), TENON_OK);
       }),
       .also = "R14: kernel.prepack: kernel add: prepack comes after prepare"},
      {.name = "WritesBeyondTheWorkspace",
       .complaint = "R13: kernel.run: kernel broken: wrote outside of the workspace",
       .act = WithReady(
           [](const Patched&, Ready& ready) {
             alignas(64) static char host[64];
             ready.workspace.argument.memory_kind = TENON_MEMORY_HOST;
             ready.workspace.argument.buffer = nullptr;
             ready.workspace.argument.tensor.data = host;
             EXPECT_EQ(ready.Run(), TENON_OK);
           },
           "broken"),
       .patch = ChangedAdd([](tenon_kernel_descriptor& d) {
         d.prepare = [](const tenon_kernel_descriptor*, tenon_kernel*, const tenon_argument* const*,
                        uint32_t, const tenon_argument* const*, uint32_t,
                        tenon_plan_info* out_info) {
           out_info->workspace_bytes = 64;
           return tenon_status{};
         };
         d.run = RUN {
           Data(run->workspace)[16] = 1;
           return tenon_status{};
         };
       })},
      {.name = "NoWorkspaceWithoutPlan",
       .complaint = "R13: kernel.run: kernel broken: workspace is NULL, the plan asked for 64",
       .act = WithReady(
           [](const Patched&, Ready& ready) {
             ready.run.workspace = nullptr;
             EXPECT_EQ(ready.Run(), TENON_INVALID_ARGUMENT);
           },
           "broken"),
       .patch = ChangedAdd([](tenon_kernel_descriptor& d) {
         d.prepare = [](const tenon_kernel_descriptor*, tenon_kernel*, const tenon_argument* const*,
                        uint32_t, const tenon_argument* const*, uint32_t,
                        tenon_plan_info* out_info) {
           out_info->workspace_bytes = 64;
           return tenon_status{};
         };
       })},
  };
}

/* ---------------------------------------------------------------------------------- On a queue */
std::vector<Misdeed> OnAQueue() {
  return {
      {.name = "QueueOfAnotherDevice",
       .complaint = "R4: kernel.run: kernel add: the queue is of another device",
       .act = WithReady([](const Patched& p, Ready& ready) {
         EXPECT_EQ(p.Code(p.queue().create(p->devices()[1]->handle(), &ready.run.queue)), TENON_OK);
         EXPECT_EQ(ready.Run(), TENON_INVALID_ARGUMENT);
         p.queue().destroy(ready.run.queue);
       }),
       .patch = {.device = TwoDevices}},
      {.name = "QueueIsEnded",
       .complaint = "R4: kernel.run: queue * is used after its end",
       .act = WithReady([](const Patched& p, Ready& ready) {
         EXPECT_EQ(p.Code(p.queue().create(p.device().handle(), &ready.run.queue)), TENON_OK);
         p.queue().destroy(ready.run.queue);
         EXPECT_EQ(ready.Run(), TENON_INVALID_ARGUMENT);
       })},
      {.name = "WhatIsNoQueue",
       .complaint = "R4: kernel.run: queue * was never given by the backend",
       .act = WithReady([](const Patched&, Ready& ready) {
         ready.run.queue = reinterpret_cast<tenon_queue*>(&ready);
         EXPECT_EQ(ready.Run(), TENON_INVALID_ARGUMENT);
       })},
      {.name = "RecordedWithoutTheFlag",
       .complaint = "R14: kernel.run: kernel broken is recorded, but not flagged CAPTURABLE",
       .act = WithReady(
           [](const Patched& p, Ready& ready) {
             const HeldQueue q(p);
             ready.run.queue = q.queue;
             tenon_recording* recording = nullptr;
             EXPECT_EQ(p.Code(p.queue().record_begin(q.queue)), TENON_OK);
             EXPECT_EQ(ready.Run(), TENON_OK);
             EXPECT_EQ(p.Code(p.queue().record_end(q.queue, &recording)), TENON_OK);
             p.queue().recording_destroy(q.queue, recording);
           },
           "broken"),
       .patch = ChangedAdd([](tenon_kernel_descriptor& d) { d.flags = 0; })},
      {.name = "BufferFreedWhileItRuns",
       .complaint = "R12: memory.free: buffer * is in use by work under way",
       .act = WithReady([](const Patched& p, Ready& ready) {
         HeldQueue q(p);
         ready.run.queue = q.queue;
         EXPECT_EQ(ready.Run(), TENON_OK);
         EXPECT_EQ(p.Code(p.queue().submit(q.queue)), TENON_OK);
         ready.x_bytes.Free();
         q.Finish(1);
       })},
      {.name = "WorkspaceFreedWhileItRuns",
       .complaint = "R12: memory.free: buffer * is in use by work under way",
       .act = WithReady([](const Patched& p, Ready& ready) {
         HeldQueue q(p);
         ready.run.queue = q.queue;
         EXPECT_EQ(ready.Run(), TENON_OK);
         EXPECT_EQ(p.Code(p.queue().submit(q.queue)), TENON_OK);
         ready.scratch.Free();
         q.Finish(1);
       })},
      {.name = "InputIsMapped",
       .complaint = "R12: kernel.run: buffer *: work on a range is enqueued while the host has it",
       .act = WithReady([](const Patched& p, Ready& ready) {
         HeldQueue q(p);
         ready.run.queue = q.queue;
         void* pointer = nullptr;
         tenon_device* device = p.device().handle();
         EXPECT_EQ(p.Code(p.memory().map(device, ready.x_bytes.buffer, 0, 4, TENON_ACCESS_READ,
                                         nullptr, 0, 0, &pointer)),
                   TENON_OK);
         EXPECT_EQ(ready.Run(), TENON_OK);
         EXPECT_EQ(p.Code(p.memory().unmap(device, ready.x_bytes.buffer, pointer, nullptr)),
                   TENON_OK);
         q.Finish(1);
       })},
  };
}

class ValidateRun : public MisdeedTest {};
TEST_P(ValidateRun, IsFound) { Check(); }
INSTANTIATE_TEST_SUITE_P(Host, ValidateRun, ::testing::ValuesIn(OnTheHost()), NameOf);
INSTANTIATE_TEST_SUITE_P(Plans, ValidateRun, ::testing::ValuesIn(WithPlans()), NameOf);
INSTANTIATE_TEST_SUITE_P(Queue, ValidateRun, ::testing::ValuesIn(OnAQueue()), NameOf);

/* ---------------------------------------------------------------------------------- What is right */
// Outputs come back from between the walls; in place and absent arguments are in order.
TEST(ValidateRunSilent, ResultsArriveInPlaceToo) {
  Patched p(Runs(
      RUN {
        for (int i = 0; i < 8; ++i) Data(run->outputs[0])[i] = -Data(run->inputs[0])[i];
        return tenon_status{};
      },
      InPlace));
  HostRun apart;
  apart.inputs[1] = apart.outputs[1] = nullptr;
  EXPECT_EQ(apart.Run(p), TENON_OK);
  EXPECT_EQ(apart.data[2][7], -8);
  EXPECT_EQ(apart.data[0][7], 8);
  HostRun in_place;
  in_place.outputs[0] = &in_place.a.argument;
  EXPECT_EQ(in_place.Run(p), TENON_OK);
  EXPECT_EQ(in_place.data[0][7], -8);
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
// Where an output overwrites two inputs, both stand in its walls.
TEST(ValidateRunSilent, TwiceInPlace) {
  Patched p(Runs(
      RUN {
        for (int i = 0; i < 8; ++i) Data(run->outputs[0])[i] = 3 * Data(run->inputs[0])[i];
        EXPECT_EQ(Data(run->inputs[1])[7], 24);
        return tenon_status{};
      },
      [](tenon_kernel_descriptor& d) {
        static const tenon_in_place both[] = {{0, 0}, {1, 0}};
        d.in_place = both;
        d.in_place_count = 2;
      }));
  HostRun run;
  run.inputs[1] = run.outputs[0] = &run.a.argument;
  EXPECT_EQ(run.Run(p), TENON_OK);
  EXPECT_EQ(run.data[0][7], 24);
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
// Prepared for two shapes without plans, of which one wants no workspace: a run may be of that one.
TEST(ValidateRunSilent, WithoutPlanTheLeastWorkspaceCounts) {
  static uint64_t bytes;
  Patched p(Runs({}, [](tenon_kernel_descriptor& d) {
    d.prepare = [](const tenon_kernel_descriptor*, tenon_kernel*, const tenon_argument* const*,
                   uint32_t, const tenon_argument* const*, uint32_t, tenon_plan_info* out_info) {
      out_info->workspace_bytes = bytes;
      return tenon_status{};
    };
  }));
  const tenon_kernel_descriptor* d = p.Kernel("broken");
  for (const uint64_t next : {64, 0, 128}) {
    bytes = next;
    tenon_plan_info info{};
    info.struct_size = sizeof info;
    EXPECT_EQ(p.Code(d->prepare(d, nullptr, nullptr, 0, nullptr, 0, &info)), TENON_OK);
  }
  EXPECT_EQ(HostRun().Run(p), TENON_OK);
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
// The workspace between walls is as aligned as the host's was.
TEST(ValidateRunSilent, WorkspaceKeepsItsAlignment) {
  static uintptr_t place;
  Patched p(Runs(RUN {
    place = reinterpret_cast<uintptr_t>(run->workspace->tensor.data);
    return tenon_status{};
  }));
  alignas(16384) static char bytes[16384];
  HostRun run;
  Floats workspace(4096, bytes);
  run.run.workspace = &workspace.argument;
  EXPECT_EQ(run.Run(p), TENON_OK);
  EXPECT_EQ(place % 16384, 0u);
  EXPECT_NE(place, reinterpret_cast<uintptr_t>(bytes));
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
// Once it is finished, everything that the run used may go.
TEST(ValidateRunSilent, OnAQueueBehindFences) {
  Patched p;
  {
    Ready ready(p);
    HeldQueue q(p);
    const tenon_location x = At(ready.x_bytes.buffer), w = At(ready.w_bytes.buffer);
    const float one = 1, two = 2;
    EXPECT_EQ(p.Code(p.queue().fill(q.queue, &x, 32, &one, 4)), TENON_OK);
    EXPECT_EQ(p.Code(p.queue().fill(q.queue, &w, 32, &two, 4)), TENON_OK);
    ready.run.queue = q.queue;
    EXPECT_EQ(ready.Run(), TENON_OK);
    const tenon_fence fence = q.Signal(1);
    ready.x_bytes.Free(&fence, 1);
    ready.scratch.Free(&fence, 1);
    void* pointer = nullptr;
    tenon_device* device = p.device().handle();
    EXPECT_EQ(p.Code(p.memory().map(device, ready.y_bytes.buffer, 0, 32, TENON_ACCESS_READ, &fence,
                                    1, UINT64_MAX, &pointer)),
              TENON_OK);
    EXPECT_EQ(static_cast<float*>(pointer)[7], 3);
    EXPECT_EQ(p.Code(p.memory().unmap(device, ready.y_bytes.buffer, pointer, nullptr)), TENON_OK);
  }
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}

}  // namespace
}  // namespace tenon::backend::testing
