// What the layer finds wrong with the interfaces "compile", "operators" and "profile".
#include <algorithm>
#include <cstring>
#include <thread>

#include "layers/testing/misdeed.h"
#include "layers/testing/node.h"

namespace tenon::backend::testing {
namespace {

constexpr tenon_code kRefused = TENON_INVALID_ARGUMENT;

/* -------------------------------------------------------------------------------------- Compile */
// The host's calls of the compiler on one segment.
struct Compiler {
  explicit Compiler(const Patched& of) : p(of), table(*of->compile()) {}
  ~Compiler() { table.artifact_release(p->handle(), artifact); }
  tenon_code Colour(uint32_t* out_colours) const {
    return p.Code(table.colour(p->handle(), &node.target, &node.segment, out_colours));
  }
  tenon_code Compile() {
    return p.Code(table.compile(p->handle(), &node.segment, &node.request, &artifact));
  }
  tenon_code Check() const { return p.Code(table.check(p->handle(), &node.target, "bytes", 5)); }
  // Compiles, loads the bytes and ends the kernel.
  tenon_code Load() {
    EXPECT_EQ(Compile(), TENON_OK);
    const void* data = nullptr;
    uint64_t size = 0;
    EXPECT_EQ(p.Code(table.artifact_bytes(p->handle(), artifact, &data, &size)), TENON_OK);
    const tenon_kernel_descriptor* d = nullptr;
    tenon_kernel* kernel = nullptr;
    const tenon_code code = p.Code(table.load(p.device().handle(), data, size, &d, &kernel));
    if (kernel && d->destroy) d->destroy(d, kernel);
    return code;
  }
  const Patched& p;
  const tenon_compile_interface& table;
  Node node{"Neg"};
  tenon_artifact* artifact = nullptr;
};
Misdeed Compiles(const char* name, const char* complaint, const std::function<void(Compiler&)>& act,
                 const std::function<void(tenon_compile_interface&)>& patch = {}) {
  return {.name = name,
          .complaint = complaint,
          .act =
              [act](const Patched& p) {
                Compiler compiler(p);
                act(compiler);
              },
          .patch = {.compile = patch}};
}

std::vector<Misdeed> OfTheHost() {
  return {
      Compiles("ColourWithoutOut", "R3: compile.colour: out_colours is NULL",
               [](Compiler& c) { EXPECT_EQ(c.Colour(nullptr), kRefused); }),
      Compiles("NoTarget", "R7: compile.colour: target is NULL",
               [](Compiler& c) {
                 uint32_t colours[1] = {};
                 EXPECT_EQ(
                     c.p.Code(c.table.colour(c.p->handle(), nullptr, &c.node.segment, colours)),
                     kRefused);
               }),
      Compiles("TargetTooSmall", "R1: compile.check: tenon_compile_target: struct_size is 8",
               [](Compiler& c) {
                 c.node.target.struct_size = 8;
                 EXPECT_EQ(c.Check(), kRefused);
               }),
      Compiles("TargetWithoutDevice", "R7: compile.check: target's device_name is NULL",
               [](Compiler& c) {
                 c.node.target.device_name = nullptr;
                 EXPECT_EQ(c.Check(), kRefused);
               }),
      Compiles("TargetWithoutFingerprint", "R7: compile.check: target's fingerprint is NULL",
               [](Compiler& c) {
                 c.node.target.fingerprint = nullptr;
                 EXPECT_EQ(c.Check(), kRefused);
               }),
      Compiles("NoSegment", "R7: compile.compile: segment is NULL",
               [](Compiler& c) {
                 EXPECT_EQ(c.p.Code(c.table.compile(c.p->handle(), nullptr, &c.node.request,
                                                    &c.artifact)),
                           kRefused);
               }),
      Compiles("NoRequest", "R7: compile.compile: request is NULL",
               [](Compiler& c) {
                 EXPECT_EQ(c.p.Code(c.table.compile(c.p->handle(), &c.node.segment, nullptr,
                                                    &c.artifact)),
                           kRefused);
               }),
      Compiles("RequestTooSmall", "R1: compile.compile: tenon_compile_request: struct_size is 8",
               [](Compiler& c) {
                 c.node.request.struct_size = 8;
                 EXPECT_EQ(c.Compile(), kRefused);
               }),
      Compiles("RequestWithReserved", "R1: compile.compile: tenon_compile_request: a reserved",
               [](Compiler& c) {
                 c.node.request.reserved = 1;
                 EXPECT_EQ(c.Compile(), TENON_OK);
               }),
      Compiles("CompileWithoutOut", "R3: compile.compile: out_artifact is NULL",
               [](Compiler& c) {
                 EXPECT_EQ(c.p.Code(c.table.compile(c.p->handle(), &c.node.segment, &c.node.request,
                                                    nullptr)),
                           kRefused);
               }),
      Compiles("RefusalOfNoNode", "R13: compile.refusal: node 1 of 1 nodes",
               [](Compiler& c) {
                 EXPECT_EQ(
                     c.p.Code(c.table.refusal(c.p->handle(), &c.node.target, &c.node.segment, 1)),
                     kRefused);
               }),
      Compiles("BytesWithoutOutData", "R3: compile.artifact_bytes: out_data is NULL",
               [](Compiler& c) {
                 EXPECT_EQ(c.Compile(), TENON_OK);
                 uint64_t size = 0;
                 EXPECT_EQ(
                     c.p.Code(c.table.artifact_bytes(c.p->handle(), c.artifact, nullptr, &size)),
                     kRefused);
               }),
      Compiles("BytesOfNoArtifact", "R4: compile.artifact_bytes: artifact 0x0 is no live artifact",
               [](Compiler& c) {
                 const void* data = nullptr;
                 uint64_t size = 0;
                 EXPECT_EQ(c.p.Code(c.table.artifact_bytes(c.p->handle(), nullptr, &data, &size)),
                           kRefused);
               }),
      Compiles("ReleasedTwice", "R4: compile.artifact_release: artifact * is no live artifact",
               [](Compiler& c) {
                 EXPECT_EQ(c.Compile(), TENON_OK);
                 c.table.artifact_release(c.p->handle(), c.artifact);
               }),
      Compiles("CheckOfNothing", "R7: compile.check: the list of bytes is NULL but has a count of",
               [](Compiler& c) {
                 EXPECT_EQ(c.p.Code(c.table.check(c.p->handle(), &c.node.target, nullptr, 9)),
                           kRefused);
               }),
      Compiles("LoadOfNothing", "R7: compile.load: the list of bytes is NULL but has a count of 9",
               [](Compiler& c) {
                 const tenon_kernel_descriptor* d = nullptr;
                 tenon_kernel* kernel = nullptr;
                 EXPECT_EQ(c.p.Code(c.table.load(c.p.device().handle(), nullptr, 9, &d, &kernel)),
                           kRefused);
               }),
      Compiles("LoadWithoutOutDescriptor", "R3: compile.load: out_descriptor is NULL",
               [](Compiler& c) {
                 tenon_kernel* kernel = nullptr;
                 EXPECT_EQ(c.p.Code(c.table.load(c.p.device().handle(), "x", 1, nullptr, &kernel)),
                           kRefused);
               }),
      Compiles("LoadWithoutOutKernel", "R3: compile.load: out_kernel is NULL",
               [](Compiler& c) {
                 const tenon_kernel_descriptor* d = nullptr;
                 EXPECT_EQ(c.p.Code(c.table.load(c.p.device().handle(), "x", 1, &d, nullptr)),
                           kRefused);
               }),
  };
}

// What a compiler does before it compiles.
#define COMPILE                                                                                   \
  [](tenon_backend * backend, const tenon_segment* segment, const tenon_compile_request* request, \
     tenon_artifact** out_artifact)
tenon_status Really(tenon_backend* backend, const tenon_segment* segment,
                    const tenon_compile_request* request, tenon_artifact** out_artifact) {
  return complete_compile_interface.compile(backend, segment, request, out_artifact);
}
void CompileOne(Compiler& c) {
  c.node.request.progress = [](void*, double) {};
  EXPECT_EQ(c.Compile(), TENON_OK);
}
tenon_compile_request kept;

std::vector<Misdeed> OfTheBackend() {
  using Table = tenon_compile_interface;
  return {
      Compiles(
          "ColoursTooMany", "R13: compile.colour: wrote outside of out_colours",
          [](Compiler& c) {
            uint32_t colours[1] = {};
            EXPECT_EQ(c.Colour(colours), TENON_OK);
            EXPECT_EQ(colours[0], 3u);
          },
          [](Table& t) {
            t.colour = [](tenon_backend*, const tenon_compile_target*, const tenon_segment*,
                          uint32_t* out_colours) {
              out_colours[0] = 3;
              out_colours[1] = 3;
              return tenon_status{};
            };
          }),
      Compiles(
          "RefusesWithoutReason",
          "R13: compile.refusal: gives OK for a node, expected a status from *",
          [](Compiler& c) {
            EXPECT_EQ(c.table.refusal(c.p->handle(), &c.node.target, &c.node.segment, 0).code,
                      TENON_OK);
          },
          [](Table& t) {
            t.refusal = [](tenon_backend*, const tenon_compile_target*, const tenon_segment*,
                           uint32_t) { return tenon_status{}; };
          }),
      Compiles("GivesNoArtifact", "R3: compile.compile: gives no artifact", CompileOne,
               [](Table& t) {
                 t.compile = [](tenon_backend*, const tenon_segment*, const tenon_compile_request*,
                                tenon_artifact**) { return tenon_status{}; };
               }),
      Compiles(
          "FailsAndGives", "R2: compile.compile: failed, but out_artifact is set",
          [](Compiler& c) { EXPECT_EQ(c.Compile(), TENON_INTERNAL); },
          [](Table& t) {
            t.compile = [](tenon_backend*, const tenon_segment*, const tenon_compile_request*,
                           tenon_artifact** out_artifact) {
              *out_artifact = reinterpret_cast<tenon_artifact*>(out_artifact);
              return Fails();
            };
          }),
      Compiles(
          "GivesALiveArtifact", "R4: compile.compile: gives artifact *, which is live already",
          [](Compiler& c) {
            CompileOne(c);
            CompileOne(c);
          },
          [](Table& t) {
            static tenon_artifact* only;
            only = nullptr;
            t.compile = COMPILE {
              if (!only) Really(backend, segment, request, &only);
              *out_artifact = only;
              return tenon_status{};
            };
          }),
      Compiles("ProgressAboveOne", "R13: compile.compile: progress is 1.5", CompileOne,
               [](Table& t) {
                 t.compile = COMPILE {
                   request->progress(request->progress_context, 1.5);
                   return Really(backend, segment, request, out_artifact);
                 };
               }),
      Compiles("ProgressOnAnotherThread", "R5: compile.compile: progress is called on another",
               CompileOne,
               [](Table& t) {
                 t.compile = COMPILE {
                   std::thread([&] { request->progress(request->progress_context, 0.5); }).join();
                   return Really(backend, segment, request, out_artifact);
                 };
               }),
      Compiles(
          "ProgressWhenItHasReturned",
          "R4: compile.compile: progress is called after it has returned",
          [](Compiler& c) {
            CompileOne(c);
            kept.progress(kept.progress_context, 1);
          },
          [](Table& t) {
            t.compile = COMPILE {
              kept = *request;
              return Really(backend, segment, request, out_artifact);
            };
          }),
      Compiles(
          "NoBytes", "R7: compile.artifact_bytes: the list of bytes is NULL but has a count",
          [](Compiler& c) {
            CompileOne(c);
            const void* data = nullptr;
            uint64_t size = 0;
            c.p.Code(c.table.artifact_bytes(c.p->handle(), c.artifact, &data, &size));
          },
          [](Table& t) {
            t.artifact_bytes = [](tenon_backend*, tenon_artifact*, const void**,
                                  uint64_t* out_size) {
              *out_size = 4;
              return tenon_status{};
            };
          }),
      Compiles(
          "CheckGivesAnotherCode", "R13: compile.check: gives code 3, expected OK",
          [](Compiler& c) { EXPECT_EQ(c.Check(), TENON_UNSUPPORTED); },
          [](Table& t) {
            t.check = [](tenon_backend*, const tenon_compile_target*, const void*, uint64_t) {
              return Fails(TENON_UNSUPPORTED);
            };
          }),
      Compiles(
          "LoadGivesNothing", "R3: compile.load: gives no descriptor or no kernel",
          [](Compiler& c) { EXPECT_EQ(c.Load(), TENON_INTERNAL); },
          [](Table& t) {
            t.load = [](tenon_device*, const void*, uint64_t, const tenon_kernel_descriptor**,
                        tenon_kernel**) { return tenon_status{}; };
          }),
      Compiles(
          "LoadFailsAndGives", "R2: compile.load: failed, but out_kernel is set",
          [](Compiler& c) { EXPECT_EQ(c.Load(), TENON_IO); },
          [](Table& t) {
            t.load = [](tenon_device*, const void*, uint64_t, const tenon_kernel_descriptor**,
                        tenon_kernel** out_kernel) {
              *out_kernel = reinterpret_cast<tenon_kernel*>(out_kernel);
              return Fails(TENON_IO);
            };
          }),
      Compiles(
          "LoadGivesNoDestroy", "R9: compile.load: the descriptor's slot destroy is NULL",
          [](Compiler& c) { EXPECT_EQ(c.Load(), TENON_INTERNAL); },
          [](Table& t) {
            t.load = [](tenon_device*, const void*, uint64_t,
                        const tenon_kernel_descriptor** out_descriptor, tenon_kernel** out_kernel) {
              OneKernel([](tenon_kernel_descriptor&) {})(
                  *std::make_unique<tenon_kernel_interface>());
              *out_descriptor = &OneDescriptor();
              *out_kernel = reinterpret_cast<tenon_kernel*>(0x10);
              return tenon_status{};
            };
          }),
  };
}

/* ------------------------------------------------------------------------------------ Operators */
// One operator of the backend's own, changed; what is not usable is left out by the runtime.
Misdeed Declares(const char* name, const char* complaint,
                 const std::function<void(tenon_operator&)>& change, bool absent = false) {
  const auto patch = [change, absent](tenon_operators_interface& table) {
    static tenon_operator op;
    static const tenon_operator* list[1];
    const tenon_operator* const* real = nullptr;
    uint32_t count = 0;
    EXPECT_EQ(complete_operators_interface.operators(nullptr, &real, &count).code, TENON_OK);
    op = *real[0];
    change(op);
    list[0] = absent ? nullptr : &op;
    table.operators = [](tenon_backend*, const tenon_operator* const** out_operators,
                         uint32_t* out_count) {
      *out_operators = list;
      *out_count = 1;
      return tenon_status{};
    };
  };
  return {.name = name, .complaint = complaint, .patch = {.operators = patch}};
}
// infer of the operator "Positive" on a node.
Misdeed Infers(const char* name, const char* complaint,
               const std::function<void(const Patched&)>& act,
               decltype(tenon_operator::infer) infer = nullptr) {
  Misdeed row = Declares(name, complaint, [infer](tenon_operator& op) {
    if (infer) op.infer = infer;
  });
  row.act = act;
  return row;
}
tenon_code InferOne(const Patched& p) {
  const Node node("Positive", "test");
  tenon_shape shape{};
  const tenon_operator* op = p->operators()[0];
  return p.Code(op->infer(op, p->handle(), &node.node, &shape));
}

std::vector<Misdeed> Operators() {
  return {
      {.name = "OperatorsWithoutOut",
       .complaint = "R3: operators.operators: out_operators is NULL",
       .act =
           [](const Patched& p) {
             const auto* table = static_cast<const tenon_operators_interface*>(
                 p->handle()->interface(p->handle(), "operators", 1));
             uint32_t count = 0;
             EXPECT_EQ(p.Code(table->operators(p->handle(), nullptr, &count)), kRefused);
           }},
      {.name = "NoList",
       .complaint = "R7: operators.operators: the list of operators is NULL but has a count of 2",
       .patch = {.operators =
                     [](tenon_operators_interface& table) {
                       table.operators = [](tenon_backend*, const tenon_operator* const**,
                                            uint32_t* out_count) {
                         *out_count = 2;
                         return tenon_status{};
                       };
                     }}},
      Declares(
          "NoOperator", "R7: operators.operators: an operator is NULL", [](tenon_operator&) {},
          true),
      Declares("TooSmall", "R1: operators.operators: tenon_operator: struct_size is 8",
               [](tenon_operator& op) { op.struct_size = 8; }),
      Declares("Reserved", "R1: operators.operators: tenon_operator: a reserved field is not 0",
               [](tenon_operator& op) { op.reserved = 1; }),
      Declares("NoName", "R7: operators.operators: an operator's name is NULL",
               [](tenon_operator& op) { op.name = nullptr; }),
      Declares("NoDomain", "R7: operators.operators: an operator's domain is NULL",
               [](tenon_operator& op) { op.domain = nullptr; }),
      Declares("NoAttributes", "R7: operators.operators: the list of attributes is NULL",
               [](tenon_operator& op) { op.attribute_count = 1; }),
      Declares("NoInfer", "R9: operators.operators: the required slot infer is NULL",
               [](tenon_operator& op) { op.infer = nullptr; }),
      Declares("OnnxsDomain", "R13: operators.operators: Positive is in the domain ''",
               [](tenon_operator& op) { op.domain = ""; }),
      Declares("AnotherOnesDomain", "R13: operators.operators: Positive is in the domain 'ai.onnx'",
               [](tenon_operator& op) { op.domain = "ai.onnx"; }),
      Infers("InferWithoutOut", "R3: operators.infer: out_outputs is NULL",
             [](const Patched& p) {
               const Node node("Positive", "test");
               const tenon_operator* op = p->operators()[0];
               EXPECT_EQ(p.Code(op->infer(op, p->handle(), &node.node, nullptr)), kRefused);
             }),
      Infers("InferOfNoNode", "R7: operators.infer: node is NULL",
             [](const Patched& p) {
               tenon_shape shape{};
               const tenon_operator* op = p->operators()[0];
               EXPECT_EQ(p.Code(op->infer(op, p->handle(), nullptr, &shape)), kRefused);
             }),
      Infers("InferOfAnotherBackend", "R4: operators.infer: the backend is another one",
             [](const Patched& p) {
               const Node node("Positive", "test");
               tenon_shape shape{};
               const tenon_operator* op = p->operators()[0];
               EXPECT_EQ(p.Code(op->infer(op, nullptr, &node.node, &shape)), kRefused);
             }),
      Infers(
          "InfersTooMany", "R13: operators.infer: Positive: wrote outside of out_outputs",
          [](const Patched& p) { EXPECT_EQ(InferOne(p), TENON_OK); },
          [](const tenon_operator*, tenon_backend*, const tenon_node*, tenon_shape* out_outputs) {
            out_outputs[0] = {TENON_FLOAT32, 0, {}};
            out_outputs[1].dtype = TENON_FLOAT32;
            return tenon_status{};
          }),
      Infers(
          "InfersAWildRank", "R13: operators.infer: Positive: output 0 has rank 9",
          [](const Patched& p) { EXPECT_EQ(InferOne(p), kRefused); },
          [](const tenon_operator*, tenon_backend*, const tenon_node*, tenon_shape* out_outputs) {
            out_outputs[0] = {TENON_FLOAT32, 9, {}};
            return tenon_status{};
          }),
  };
}

/* -------------------------------------------------------------------------------------- Profile */
std::vector<Misdeed> Profile() {
  const auto clocks = [](const Patched& p) {
    uint64_t device = 0, host = 0;
    EXPECT_EQ(p.Code(p->profile()->clocks(p.device().handle(), &device, &host)), TENON_OK);
  };
  return {
      {.name = "ClocksWithoutDevices",
       .complaint = "R3: profile.clocks: out_device_ns is NULL",
       .act =
           [](const Patched& p) {
             uint64_t host = 0;
             EXPECT_EQ(p.Code(p->profile()->clocks(p.device().handle(), nullptr, &host)), kRefused);
           }},
      {.name = "ClocksWithoutHosts",
       .complaint = "R3: profile.clocks: out_host_ns is NULL",
       .act =
           [](const Patched& p) {
             uint64_t device = 0;
             EXPECT_EQ(p.Code(p->profile()->clocks(p.device().handle(), &device, nullptr)),
                       kRefused);
           }},
      {.name = "ClockOfAnotherTime",
       .complaint = "R13: profile.clocks: out_host_ns is not host.clock_ns during the call",
       .act = clocks,
       .patch = {.profile =
                     [](tenon_profile_interface& table) {
                       table.clocks = [](tenon_device*, uint64_t* out_device_ns,
                                         uint64_t* out_host_ns) {
                         *out_device_ns = *out_host_ns = 1;
                         return tenon_status{};
                       };
                     }}},
  };
}

class ValidateCompile : public MisdeedTest {};
TEST_P(ValidateCompile, IsFound) { Check(); }
INSTANTIATE_TEST_SUITE_P(Host, ValidateCompile, ::testing::ValuesIn(OfTheHost()), NameOf);
INSTANTIATE_TEST_SUITE_P(Backend, ValidateCompile, ::testing::ValuesIn(OfTheBackend()), NameOf);
class ValidateOperators : public MisdeedTest {};
TEST_P(ValidateOperators, IsFound) { Check(); }
INSTANTIATE_TEST_SUITE_P(All, ValidateOperators, ::testing::ValuesIn(Operators()), NameOf);
class ValidateProfile : public MisdeedTest {};
TEST_P(ValidateProfile, IsFound) { Check(); }
INSTANTIATE_TEST_SUITE_P(All, ValidateProfile, ::testing::ValuesIn(Profile()), NameOf);

}  // namespace
}  // namespace tenon::backend::testing
