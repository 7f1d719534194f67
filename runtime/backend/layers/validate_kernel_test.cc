// What the layer finds wrong with the life of a kernel, without its runs.
#include <cstdlib>
#include <cstring>

#include "layers/testing/misdeed.h"
#include "layers/testing/node.h"

namespace tenon::backend::testing {
namespace {

/* --------------------------------------------------------------------------------------- A kernel */
// The kernel "add" of the complete backend: input 1 is packed, prepare gives a plan.
struct Add {
  explicit Add(const Patched& of, const char* name = "add") : p(of), d(of.Kernel(name)) {
    EXPECT_EQ(p.Code(d->create(d, p->handle(), p.device().handle(), &node.node, &kernel)),
              TENON_OK);
  }
  ~Add() { End(); }
  void End() {
    if (plan.plan) d->plan_release(d, kernel, std::exchange(plan.plan, nullptr));
    if (kernel) d->destroy(d, std::exchange(kernel, nullptr));
  }
  tenon_code Prepack(const tenon_argument* with, const tenon_argument* blob,
                     tenon_prepack_info* out_info) const {
    return p.Code(d->prepack(d, kernel, 1, with, blob, out_info));
  }
  // Asks for the size.
  tenon_prepack_info Ask() {
    tenon_prepack_info info{};
    info.struct_size = sizeof info;
    EXPECT_EQ(Prepack(&weight.argument, nullptr, &info), TENON_OK);
    return info;
  }
  tenon_code Prepare(tenon_plan_info* out_info) const {
    const tenon_argument* const inputs[] = {&x.argument, &w.argument};
    const tenon_argument* const outputs[] = {&y.argument};
    return p.Code(d->prepare(d, kernel, inputs, 2, outputs, 1, out_info));
  }
  tenon_code Prepare() {
    plan.struct_size = sizeof plan;
    return Prepare(&plan);
  }
  const Patched& p;
  const tenon_kernel_descriptor* d;
  Node node{"Add"};
  tenon_kernel* kernel = nullptr;
  tenon_plan_info plan{};
  Floats x{8, nullptr, nullptr, COMPLETE_POINTERS}, w{8, nullptr, nullptr, COMPLETE_POINTERS},
      y{8, nullptr, nullptr, COMPLETE_POINTERS};
  Floats weight{8, node.contents};
};
// Bytes in plain host memory, as a blob: uint8, rank 1.
struct Bytes : Floats {
  Bytes(void* data, int64_t bytes) : Floats(bytes, data) {
    argument.dtype = TENON_UINT8;
    argument.bytes = static_cast<uint64_t>(bytes);
    argument.tensor.dtype = {kDLUInt, 8, 1};
  }
};

using Act = std::function<void(const Patched&)>;
Act Creates(const std::function<void(const Patched&, const tenon_kernel_descriptor*, Node&)>& act) {
  return [act](const Patched& p) {
    Node node("Neg");
    act(p, p.Kernel("neg"), node);
  };
}
Act WithAdd(const std::function<void(const Patched&, Add&)>& act) {
  return [act](const Patched& p) {
    Add add(p);
    act(p, add);
  };
}

std::vector<Misdeed> OfTheHost() {
  return {
      {.name = "SupportsOfNoNode",
       .complaint = "R7: kernel.supports: node is NULL",
       .act = Creates([](const Patched& p, const auto* d, Node&) {
         p.Code(d->supports(d, p->handle(), p.device().handle(), nullptr));
       })},
      {.name = "SupportsWithoutDevice",
       .complaint = "R7: kernel.supports: the device is NULL",
       .act = Creates([](const Patched& p, const auto* d, Node& node) {
         p.Code(d->supports(d, p->handle(), nullptr, &node.node));
       })},
      {.name = "SupportsOnWhatIsNoDevice",
       .complaint = "R4: kernel.supports: device * was never given by the backend",
       .act = Creates([](const Patched& p, const auto* d, Node& node) {
         p.Code(d->supports(d, p->handle(), reinterpret_cast<tenon_device*>(&node), &node.node));
       })},
      {.name = "SupportsOfAnotherBackend",
       .complaint = "R4: kernel.supports: the backend is another one",
       .act = Creates([](const Patched& p, const auto* d, Node& node) {
         p.Code(d->supports(d, nullptr, p.device().handle(), &node.node));
       })},
      {.name = "CreateOfNoNode",
       .complaint = "R7: kernel.create: node is NULL",
       .act = Creates([](const Patched& p, const auto* d, Node&) {
         tenon_kernel* kernel = nullptr;
         p.Code(d->create(d, p->handle(), p.device().handle(), nullptr, &kernel));
       })},
      {.name = "CreateOfAnotherBackend",
       .complaint = "R4: kernel.create: the backend is another one",
       .act = Creates([](const Patched& p, const auto* d, Node& node) {
         tenon_kernel* kernel = nullptr;
         p.Code(d->create(d, nullptr, p.device().handle(), &node.node, &kernel));
       })},
      {.name = "CreateWithoutOut",
       .complaint = "R3: kernel.create: out_kernel is NULL",
       .act = Creates([](const Patched& p, const auto* d, Node& node) {
         p.Code(d->create(d, p->handle(), p.device().handle(), &node.node, nullptr));
       })},
      {.name = "CreateOnAClosedDevice",
       .complaint = "R4: kernel.create: device * is used after its end",
       .act = Creates([](const Patched& p, const auto* d, Node& node) {
         const auto* table = static_cast<const tenon_device_interface*>(
             p->handle()->interface(p->handle(), "device", 1));
         tenon_device* device = nullptr;
         EXPECT_EQ(p.Code(table->open(p->handle(), 0, &device)), TENON_OK);
         table->close(device);
         tenon_kernel* kernel = nullptr;
         p.Code(d->create(d, p->handle(), device, &node.node, &kernel));
       })},
      {.name = "PrepackWithoutOut",
       .complaint = "R3: kernel.prepack: out_info is NULL",
       .act = WithAdd(
           [](const Patched&, Add& add) { add.Prepack(&add.weight.argument, nullptr, nullptr); })},
      {.name = "PrepackWithoutWeight",
       .complaint = "R7: kernel.prepack: weight is NULL",
       .act = WithAdd([](const Patched&, Add& add) {
         tenon_prepack_info info{};
         add.Prepack(nullptr, nullptr, &info);
       })},
      {.name = "PrepackWithoutSize",
       .complaint = "R1: kernel.prepack: tenon_prepack_info: struct_size is 0",
       .act = WithAdd([](const Patched&, Add& add) {
         tenon_prepack_info info{};
         add.Prepack(&add.weight.argument, nullptr, &info);
       })},
      {.name = "PrepackOfAWeightOnTheDevice",
       .complaint = "R13: kernel.prepack: the weight is not in host memory",
       .act = WithAdd([](const Patched& p, Add& add) {
         const HeldBuffer b(p, COMPLETE_POINTERS, 32);
         const Floats weight(8, b.base, b.buffer, COMPLETE_POINTERS);
         tenon_prepack_info info{};
         info.struct_size = sizeof info;
         EXPECT_EQ(add.Prepack(&weight.argument, nullptr, &info), TENON_OK);
       })},
      {.name = "PrepackAfterPrepare",
       .complaint = "R14: kernel.prepack: kernel add: prepack comes after prepare",
       .act = WithAdd([](const Patched&, Add& add) {
         EXPECT_EQ(add.Prepare(), TENON_OK);
         add.Ask();
       })},
      {.name = "BlobBeforeItIsAskedFor",
       .complaint = "R14: kernel.prepack: kernel add, input 1: a blob is given before",
       .act = WithAdd([](const Patched& p, Add& add) {
         const HeldBuffer b(p, COMPLETE_POINTERS, 32);
         Bytes blob(b.base, 32);
         blob.argument.buffer = b.buffer;
         blob.argument.memory_kind = COMPLETE_POINTERS;
         tenon_prepack_info info{};
         info.struct_size = sizeof info;
         EXPECT_EQ(add.Prepack(&add.weight.argument, &blob.argument, &info), TENON_OK);
       })},
      {.name = "BlobOfAnotherKind",
       .complaint = "R13: kernel.prepack: kernel add, input 1: the blob is of another size",
       .act = WithAdd([](const Patched&, Add& add) {
         tenon_prepack_info info = add.Ask();
         alignas(64) char bytes[32];
         const Bytes blob(bytes, 32);
         EXPECT_EQ(add.Prepack(&add.weight.argument, &blob.argument, &info), TENON_OK);
       })},
      {.name = "BlobLessAligned",
       .complaint = "R13: kernel.prepack: kernel add, input 1: the blob is of another size",
       .act = WithAdd([](const Patched& p, Add& add) {
         tenon_prepack_info info = add.Ask();
         const HeldBuffer b(p, COMPLETE_POINTERS, 128);
         Bytes blob(static_cast<char*>(b.base) + 16, 32);
         blob.argument.buffer = b.buffer;
         blob.argument.offset = 16;
         blob.argument.memory_kind = COMPLETE_POINTERS;
         EXPECT_EQ(add.Prepack(&add.weight.argument, &blob.argument, &info), TENON_OK);
       }),
       .also = "R13: kernel.prepack: blob: offset 16 is not aligned to 64"},
      {.name = "PrepareWithoutOut",
       .complaint = "R3: kernel.prepare: out_info is NULL",
       .act = WithAdd([](const Patched&, Add& add) { add.Prepare(nullptr); })},
      {.name = "PrepareWithoutSize",
       .complaint = "R1: kernel.prepare: tenon_plan_info: struct_size is 0",
       .act = WithAdd([](const Patched&, Add& add) {
         tenon_plan_info info{};
         add.Prepare(&info);
       })},
      {.name = "PrepareWithData",
       .complaint = "R13: kernel.prepare: input 0: has data where only shapes are given",
       .act = WithAdd([](const Patched&, Add& add) {
         add.x.argument.tensor.data = &add;
         EXPECT_EQ(add.Prepare(), TENON_OK);
       })},
      {.name = "PrepareInUndeclaredMemory",
       .complaint = "R14: kernel.prepare: kernel add, output 0: memory kind 0 is not declared",
       .act = WithAdd([](const Patched&, Add& add) {
         add.y.argument.memory_kind = TENON_MEMORY_HOST;
         EXPECT_EQ(add.Prepare(), TENON_OK);
       })},
      {.name = "PrepareOfAnUndeclaredType",
       .complaint = "R14: kernel.prepare: kernel add, input 0: dtype 6 is not declared",
       .act = WithAdd([](const Patched&, Add& add) {
         add.x.argument.dtype = TENON_INT32;
         EXPECT_EQ(add.Prepare(), TENON_OK);
       })},
      {.name = "PrepareInAnUndeclaredLayout",
       .complaint = "R14: kernel.prepare: kernel add, input 0: layout 1, declared is 0",
       .act = WithAdd([](const Patched&, Add& add) {
         add.x.argument.layout = TENON_LAYOUT_CHANNELS_LAST;
         EXPECT_EQ(add.Prepare(), TENON_OK);
       })},
      {.name = "PrepareWithoutTheBlob",
       .complaint = "R13: kernel.prepare: kernel add, input 1: is packed, expected its blob",
       .act = WithAdd([](const Patched&, Add& add) {
         add.Ask();
         EXPECT_EQ(add.Prepare(), TENON_OK);
       })},
      {.name = "PlanReleasedTwice",
       .complaint = "R4: kernel.plan_release: kernel add: plan * is no live plan of the kernel",
       .act = WithAdd([](const Patched&, Add& add) {
         EXPECT_EQ(add.Prepare(), TENON_OK);
         add.d->plan_release(add.d, add.kernel, add.plan.plan);
       })},
      {.name = "DestroyedWithPlans",
       .complaint = "R4: kernel.destroy: kernel add is ended while 1 of its plans live",
       .act = WithAdd([](const Patched&, Add& add) {
         EXPECT_EQ(add.Prepare(), TENON_OK);
         tenon_plan* inner = std::exchange(add.plan.plan, nullptr);
         add.End();
         std::free(inner);  // the complete backend's plans are from malloc
       })},
      {.name = "DestroyedTwice",
       .complaint = "R4: kernel.destroy: kernel * is used after its end",
       .act = WithAdd([](const Patched&, Add& add) { add.d->destroy(add.d, add.kernel); })},
      {.name = "UsedAfterItsEnd",
       .complaint = "R4: kernel.prepare: kernel * is used after its end",
       .act = WithAdd([](const Patched&, Add& add) {
         tenon_kernel* kernel = add.kernel;
         add.End();
         add.kernel = kernel;
         EXPECT_EQ(add.Prepare(), TENON_INVALID_ARGUMENT);
         add.kernel = nullptr;
       })},
      {.name = "KernelIsNull",
       .complaint = "R7: kernel.prepare: kernel add: the kernel is NULL",
       .act = WithAdd([](const Patched&, Add& add) {
         tenon_kernel* kernel = std::exchange(add.kernel, nullptr);
         EXPECT_EQ(add.Prepare(), TENON_INVALID_ARGUMENT);
         add.kernel = kernel;
       })},
      {.name = "KernelOfAnotherDescriptor",
       .complaint = "R4: kernel.destroy: the kernel was made by kernel add, not by kernel neg",
       .act = WithAdd([](const Patched& p, Add& add) {
         const tenon_kernel_descriptor* neg = p.Kernel("neg");
         neg->destroy(neg, add.kernel);
       })},
      {.name = "WhatIsNoKernel",
       .complaint = "R4: kernel.destroy: kernel * was never given by the backend",
       .act = WithAdd([](const Patched&, Add& add) {
         add.d->destroy(add.d, reinterpret_cast<tenon_kernel*>(&add));
       })},
  };
}

/* ----------------------------------------------------------------------------------- The backend */
// The kernel "add", with a slot replaced.
Patch Changed(const std::function<void(tenon_kernel_descriptor&)>& change) {
  return {.kernel = OneKernel([change](tenon_kernel_descriptor& d) {
            const tenon_kernel_descriptor* const* list = nullptr;
            uint32_t count = 0;
            EXPECT_EQ(complete_kernel_interface.descriptors(nullptr, &list, &count).code, TENON_OK);
            d = *list[1];
            d.name = "broken";
            change(d);
          })};
}
Patch Creates(decltype(tenon_kernel_descriptor::create) slot) {
  return Changed([slot](tenon_kernel_descriptor& d) { d.create = slot; });
}
void CreateOne(const Patched& p) {
  Node node("Add");
  tenon_kernel* kernel = nullptr;
  const tenon_kernel_descriptor* d = p.Kernel("broken");
  p.Code(d->create(d, p->handle(), p.device().handle(), &node.node, &kernel));
  EXPECT_EQ(kernel, nullptr);
}

// What prepack says, after the truth.
tenon_prepack_info lie;
Misdeed Packs(const char* name, const char* complaint,
              const std::function<void(tenon_prepack_info&)>& change) {
  const auto slot = [](const tenon_kernel_descriptor*, tenon_kernel*, uint32_t,
                       const tenon_argument*, const tenon_argument*, tenon_prepack_info* out_info) {
    *out_info = lie;
    return tenon_status{};
  };
  return {.name = name,
          .complaint = complaint,
          .act =
              [change](const Patched& p) {
                lie = {sizeof lie, TENON_MEMORY_HOST, 32, 64, "plain"};
                change(lie);
                Add add(p, "broken");
                tenon_prepack_info info{};
                info.struct_size = sizeof info;
                EXPECT_EQ(add.Prepack(&add.weight.argument, nullptr, &info), TENON_OK);
              },
          .patch = Changed([slot](tenon_kernel_descriptor& d) { d.prepack = slot; })};
}
// The second call of prepack, with a blob in host memory; `then` is what the backend does in it.
Misdeed Fills(const char* name, const char* complaint,
              decltype(tenon_kernel_descriptor::prepack) slot) {
  return {.name = name,
          .complaint = complaint,
          .act =
              [](const Patched& p) {
                Add add(p, "broken");
                tenon_prepack_info info = add.Ask();
                alignas(64) char bytes[32];
                const Bytes blob(bytes, 32);
                EXPECT_EQ(add.Prepack(&add.weight.argument, &blob.argument, &info), TENON_OK);
              },
          .patch = Changed([slot](tenon_kernel_descriptor& d) { d.prepack = slot; })};
}
#define PREPACK                                                                             \
  [](const tenon_kernel_descriptor*, tenon_kernel*, uint32_t, const tenon_argument* weight, \
     const tenon_argument* blob, tenon_prepack_info* out_info)
void SayHonestly(tenon_prepack_info* out_info) {
  *out_info = {sizeof *out_info, TENON_MEMORY_HOST, 32, 64, "plain"};
}

std::vector<Misdeed> OfCreateAndPrepack() {
  return {
      {.name = "CreateGivesNothing",
       .complaint = "R3: kernel.create: kernel broken: gives no kernel",
       .act = CreateOne,
       .patch = Creates([](const tenon_kernel_descriptor*, tenon_backend*, tenon_device*,
                           const tenon_node*, tenon_kernel**) { return tenon_status{}; })},
      {.name = "CreateFailsAndGives",
       .complaint = "R2: kernel.create: kernel broken: failed, but out_kernel is set",
       .act = CreateOne,
       .patch = Creates([](const tenon_kernel_descriptor*, tenon_backend*, tenon_device*,
                           const tenon_node*, tenon_kernel** out_kernel) {
         *out_kernel = reinterpret_cast<tenon_kernel*>(out_kernel);
         return Fails();
       })},
      {.name = "DescriptorHasChanged",
       .complaint = "R14: kernel.create: kernel broken: its descriptor has changed since",
       .act =
           [](const Patched& p) {
             OneDescriptor().efficiency = 7;
             const Add add(p, "broken");
           },
       .patch = Changed([](tenon_kernel_descriptor&) {})},
      {.name = "DescriptorChangesBeforePrepare",
       .complaint = "R14: kernel.prepare: kernel broken: its descriptor has changed since",
       .act =
           [](const Patched& p) {
             Add add(p, "broken");
             OneDescriptor().flags = 0;
             EXPECT_EQ(add.Prepare(), TENON_OK);
           },
       .patch = Changed([](tenon_kernel_descriptor&) {})},
      Packs("PacksOddlyAligned",
            "R13: kernel.prepack: kernel broken, input 1: alignment 48 is no power of two",
            [](tenon_prepack_info& info) { info.alignment = 48; }),
      Packs("PacksIntoAnUnknownKind",
            "R13: kernel.prepack: kernel broken, input 1: there is no memory kind 9",
            [](tenon_prepack_info& info) { info.memory_kind = 9; }),
      Packs("PacksWithoutFormat", "R7: kernel.prepack: kernel broken, input 1: format is empty",
            [](tenon_prepack_info& info) { info.format[0] = 0; }),
      Packs("PacksInAnEndlessFormat", "R7: kernel.prepack: kernel broken, input 1: format is empty",
            [](tenon_prepack_info& info) { std::memset(info.format, 'x', sizeof info.format); }),
      Packs("PrepackChangesTheSize", "R1: kernel.prepack: changed struct_size",
            [](tenon_prepack_info& info) { info.struct_size = 24; }),
      Fills(
          "PacksOtherwiseThanItSaid",
          "R14: kernel.prepack: kernel broken, input 1: says something else than when",
          PREPACK {
            SayHonestly(out_info);
            if (blob && weight) out_info->format[0] = 'b';
            return tenon_status{};
          }),
      Fills(
          "PacksBeyondTheBlob", "R13: kernel.prepack: kernel broken: wrote outside of the blob",
          PREPACK {
            SayHonestly(out_info);
            if (blob && weight) static_cast<char*>(blob->tensor.data)[32] = 1;
            return tenon_status{};
          }),
      Fills(
          "PacksBeforeTheBlob", "R13: kernel.prepack: kernel broken: wrote outside of the blob",
          PREPACK {
            SayHonestly(out_info);
            if (blob && weight) static_cast<char*>(blob->tensor.data)[-1] = 1;
            return tenon_status{};
          }),
      Fills(
          "PacksOntoTheWeight", "R13: kernel.prepack: kernel broken: wrote into the weight",
          PREPACK {
            SayHonestly(out_info);
            if (blob) static_cast<float*>(weight->tensor.data)[0] = 77;
            return tenon_status{};
          }),
  };
}

// What prepare says; `plan` stands for the plan where it is not NULL.
tenon_plan_info planned;
Misdeed Plans(const char* name, const char* complaint,
              const std::function<void(tenon_plan_info&)>& change, tenon_code code = TENON_OK,
              const std::function<void(tenon_kernel_descriptor&)>& also = {}) {
  static tenon_code gives;
  const auto slot = [](const tenon_kernel_descriptor*, tenon_kernel*, const tenon_argument* const*,
                       uint32_t, const tenon_argument* const*, uint32_t,
                       tenon_plan_info* out_info) {
    *out_info = planned;
    return Fails(gives);
  };
  return {.name = name,
          .complaint = complaint,
          .act =
              [change, code](const Patched& p) {
                planned = {sizeof planned, TENON_MEMORY_HOST, 64, 64, nullptr};
                change(planned);
                gives = code;
                Add add(p, "broken");
                EXPECT_EQ(add.Prepare(), code);
                add.plan.plan = nullptr;
              },
          .patch = Changed([slot, also](tenon_kernel_descriptor& d) {
            d.prepare = slot;
            if (also) also(d);
          })};
}

std::vector<Misdeed> OfPrepare() {
  auto* const plan = reinterpret_cast<tenon_plan*>(0x10);
  std::vector<Misdeed> rows = {
      Plans(
          "PlanWithoutRelease",
          "R9: kernel.prepare: kernel broken: gives a plan, but its slot plan_release is NULL",
          [plan](tenon_plan_info& info) { info.plan = plan; }, TENON_OK,
          [](tenon_kernel_descriptor& d) { d.plan_release = nullptr; }),
      Plans("WorkspaceOddlyAligned",
            "R13: kernel.prepare: kernel broken: workspace_alignment 48 is no power of two",
            [](tenon_plan_info& info) { info.workspace_alignment = 48; }),
      Plans("WorkspaceOfAnUnknownKind",
            "R13: kernel.prepare: kernel broken: there is no memory kind 9 for the workspace",
            [](tenon_plan_info& info) { info.workspace_kind = 9; }),
      Plans("PrepareChangesTheSize", "R1: kernel.prepare: changed struct_size",
            [](tenon_plan_info& info) { info.struct_size = 24; }),
      Plans(
          "PrepareFailsAndGives", "R2: kernel.prepare: kernel broken: failed, but gives a plan",
          [plan](tenon_plan_info& info) { info.plan = plan; }, TENON_UNSUPPORTED),
  };
  rows[0].also = "R4: kernel.destroy: kernel broken is ended while 1 of its plans live";
  Misdeed twice = Plans("PlanIsLiveAlready",
                        "R4: kernel.prepare: kernel broken: gives plan 0x10, which is live already",
                        [plan](tenon_plan_info& info) { info.plan = plan; });
  twice.act = [plan](const Patched& p) {
    planned = {sizeof planned, TENON_MEMORY_HOST, 0, 0, plan};
    Add add(p, "broken");
    EXPECT_EQ(add.Prepare(), TENON_OK);
    EXPECT_EQ(add.Prepare(), TENON_OK);
  };
  twice.patch.kernel =
      Changed([](tenon_kernel_descriptor& d) {
        d.prepare = [](const tenon_kernel_descriptor*, tenon_kernel*, const tenon_argument* const*,
                       uint32_t, const tenon_argument* const*, uint32_t,
                       tenon_plan_info* out_info) {
          *out_info = planned;
          return tenon_status{};
        };
        d.plan_release = [](const tenon_kernel_descriptor*, tenon_kernel*, tenon_plan*) {};
      }).kernel;
  rows.push_back(twice);
  return rows;
}

class ValidateKernel : public MisdeedTest {};
TEST_P(ValidateKernel, IsFound) { Check(); }
INSTANTIATE_TEST_SUITE_P(Host, ValidateKernel, ::testing::ValuesIn(OfTheHost()), NameOf);
INSTANTIATE_TEST_SUITE_P(Create, ValidateKernel, ::testing::ValuesIn(OfCreateAndPrepack()), NameOf);
INSTANTIATE_TEST_SUITE_P(Prepare, ValidateKernel, ::testing::ValuesIn(OfPrepare()), NameOf);

// A kernel without state may want workspace of the device: create is NULL, so no device is known.
TEST(ValidateKernelSilent, StatelessWithWorkspaceOfTheDevice) {
  Patched p({.kernel = OneKernel([](tenon_kernel_descriptor& d) {
               d.prepare = [](const tenon_kernel_descriptor*, tenon_kernel*,
                              const tenon_argument* const*, uint32_t, const tenon_argument* const*,
                              uint32_t, tenon_plan_info* out_info) {
                 out_info->workspace_kind = COMPLETE_HANDLES;
                 out_info->workspace_bytes = 64;
                 return tenon_status{};
               };
             })});
  ASSERT_TRUE(p.made());
  const Floats x(8, nullptr), y(8, nullptr);
  const tenon_argument* const inputs[] = {&x.argument};
  const tenon_argument* const outputs[] = {&y.argument};
  tenon_plan_info info{};
  info.struct_size = sizeof info;
  const tenon_kernel_descriptor* d = p.Kernel("broken");
  EXPECT_EQ(p.Code(d->prepare(d, nullptr, inputs, 1, outputs, 1, &info)), TENON_OK);
  EXPECT_EQ(info.workspace_bytes, 64u);
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}

}  // namespace
}  // namespace tenon::backend::testing
