#include "fake_backend.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>

struct tenon_artifact {
  std::string bytes;
};

namespace tenon::placement::testing {
namespace {

// Everything of one fake; the object of the ABI comes first, so that slots find the rest.
struct Fake {
  tenon_backend object{};
  FakeSpec spec;
  const tenon_host* host = nullptr;
  std::deque<tenon_kernel_descriptor> descriptors;
  std::vector<const tenon_kernel_descriptor*> descriptor_list;
  std::deque<std::vector<const tenon_attribute_rule*>> rules;
  std::deque<tenon_layout_info> layouts;
  std::vector<const tenon_layout_info*> layout_list;
  tenon_memory_kind memory{};
  const tenon_memory_kind* memory_list = &memory;
  tenon_device_info device{};
  const tenon_device_info* device_list = &device;
  int compiled = 0;
};

Fake& Of(tenon_backend* backend) { return *reinterpret_cast<Fake*>(backend); }
constexpr tenon_status kOk{};
tenon_status No() { return {TENON_UNSUPPORTED, 0, nullptr}; }

tenon_status TENON_CALL Supports(const tenon_kernel_descriptor* d, tenon_backend* backend,
                                 tenon_device*, const tenon_node* node) {
  const Fake& fake = Of(backend);
  const std::string why = fake.spec.refuses ? fake.spec.refuses(*node) : "";
  return why.empty() ? kOk
                     : fake.host->refuse(fake.host, TENON_REASON_OPTION, d->op, why.c_str(),
                                         "another node");
}

tenon_status TENON_CALL Run(const tenon_kernel_descriptor*, tenon_kernel*, tenon_plan*,
                            const tenon_run*) {
  return No();
}

void AddKernel(const FakeKernel& kernel, Fake* fake) {
  tenon_kernel_descriptor& d = fake->descriptors.emplace_back();
  d = {};
  d.struct_size = sizeof d;
  d.name = kernel.name.c_str();
  d.domain = kernel.domain.c_str();
  d.op = kernel.op.c_str();
  d.revision_min = kernel.revision_min;
  d.revision_max = kernel.revision_max;
  if (kernel.input_types != 0) {
    d.input_dtypes = &kernel.input_types;
    d.input_dtype_count = 1;
  }
  d.rank_min = kernel.rank_min;
  d.rank_max = kernel.rank_max;
  auto& rules = fake->rules.emplace_back();
  for (const tenon_attribute_rule& rule : kernel.rules) rules.push_back(&rule);
  d.attribute_rules = rules.data();
  d.attribute_rule_count = static_cast<uint32_t>(rules.size());
  d.in_place = kernel.in_place.data();
  d.in_place_count = static_cast<uint32_t>(kernel.in_place.size());
  d.input_memory = kernel.input_memory.data();
  d.input_memory_count = static_cast<uint32_t>(kernel.input_memory.size());
  d.output_memory = kernel.output_memory.data();
  d.output_memory_count = static_cast<uint32_t>(kernel.output_memory.size());
  d.input_layouts = kernel.input_layouts.data();
  d.input_layout_count = static_cast<uint32_t>(kernel.input_layouts.size());
  d.output_layouts = kernel.output_layouts.data();
  d.output_layout_count = static_cast<uint32_t>(kernel.output_layouts.size());
  d.numerics = kernel.numerics;
  d.efficiency = kernel.efficiency;
  d.flags = kernel.flags;
  d.supports = Supports;
  d.run = Run;
  fake->descriptor_list.push_back(&d);
}

const tenon_kernel_interface kKernels = {
    sizeof(tenon_kernel_interface), 0,
    [](tenon_backend* b, const tenon_kernel_descriptor* const** out, uint32_t* count) {
      *out = Of(b).descriptor_list.data();
      *count = static_cast<uint32_t>(Of(b).descriptor_list.size());
      return kOk;
    },
    [](tenon_backend* b, const tenon_layout_info* const** out, uint32_t* count) {
      *out = Of(b).layout_list.data();
      *count = static_cast<uint32_t>(Of(b).layout_list.size());
      return kOk;
    }};

const tenon_device_interface kDevices = {
    sizeof(tenon_device_interface),
    0,
    nullptr,
    [](tenon_backend* b, const tenon_device_info* const** out, uint32_t* count) {
      *out = &Of(b).device_list;
      *count = 1;
      return kOk;
    },
    [](tenon_backend* b, uint32_t, tenon_device** out) {
      *out = reinterpret_cast<tenon_device*>(b);
      return kOk;
    },
    [](tenon_device*) {}};

tenon_memory_interface MakeMemory() {
  tenon_memory_interface t{};
  t.struct_size = sizeof t;
  t.allocate = [](tenon_device*, uint32_t, uint64_t, uint64_t, tenon_queue*, tenon_buffer**,
                  void**) { return No(); };
  t.free = [](tenon_device*, tenon_buffer*, const tenon_fence*, uint32_t) {};
  return t;
}

tenon_queue_interface MakeQueue() {
  tenon_queue_interface t{};
  t.struct_size = sizeof t;
  t.create = [](tenon_device*, tenon_queue**) { return No(); };
  t.destroy = [](tenon_queue*) {};
  t.wait = [](tenon_queue*, const tenon_fence*, uint32_t) { return No(); };
  t.signal = [](tenon_queue*, const tenon_fence*, uint32_t) { return No(); };
  t.submit = [](tenon_queue*) { return No(); };
  t.copy = [](tenon_queue*, const tenon_location*, const tenon_location*, uint64_t) {
    return No();
  };
  t.fill = [](tenon_queue*, const tenon_location*, uint64_t, const void*, uint32_t) {
    return No();
  };
  t.timeline_create = [](tenon_device*, tenon_timeline**) { return No(); };
  t.timeline_destroy = [](tenon_device*, tenon_timeline*) {};
  t.timeline_query = [](tenon_device*, tenon_timeline*, uint64_t*) { return No(); };
  t.timeline_wait = [](tenon_device*, tenon_timeline*, uint64_t, uint64_t) { return No(); };
  return t;
}

tenon_compile_interface MakeCompile() {
  tenon_compile_interface t{};
  t.struct_size = sizeof t;
  t.colour = [](tenon_backend* b, const tenon_compile_target*, const tenon_segment* graph,
                uint32_t* out) {
    for (uint32_t n = 0; n < graph->node_count; ++n) out[n] = Of(b).spec.colour(*graph->nodes[n]);
    return kOk;
  };
  t.compile = [](tenon_backend* b, const tenon_segment* segment, const tenon_compile_request*,
                 tenon_artifact** out) {
    if (Of(b).spec.compile_code != TENON_OK)
      return tenon_status{Of(b).spec.compile_code, 0, nullptr};
    ++Of(b).compiled;
    *out = new tenon_artifact{std::to_string(segment->node_count) + " nodes"};
    return kOk;
  };
  t.artifact_bytes = [](tenon_backend*, tenon_artifact* artifact, const void** out,
                        uint64_t* size) {
    *out = artifact->bytes.data();
    *size = artifact->bytes.size();
    return kOk;
  };
  t.artifact_release = [](tenon_backend*, tenon_artifact* artifact) { delete artifact; };
  t.check = [](tenon_backend* b, const tenon_compile_target*, const void*, uint64_t) {
    return tenon_status{Of(b).spec.check_code, 0, nullptr};
  };
  t.load = [](tenon_device*, const void*, uint64_t, const tenon_kernel_descriptor**,
              tenon_kernel**) { return No(); };
  t.refusal = [](tenon_backend* b, const tenon_compile_target*, const tenon_segment* graph,
                 uint32_t n) {
    const Fake& fake = Of(b);
    const std::string why = fake.spec.refuses ? fake.spec.refuses(*graph->nodes[n]) : "no";
    return fake.host->refuse(fake.host, TENON_REASON_RANK, "rank", why.c_str(), "another");
  };
  return t;
}

const void* TENON_CALL Interface(tenon_backend* backend, const char* name, uint32_t) {
  static const tenon_memory_interface memory = MakeMemory();
  static const tenon_queue_interface queue = MakeQueue();
  static const tenon_compile_interface compile = MakeCompile();
  const FakeSpec& spec = Of(backend).spec;
  const std::string_view wanted = name;
  if (wanted == "kernel") return &kKernels;
  if (wanted == "device") return &kDevices;
  if (wanted == "memory" && spec.own_memory) return &memory;
  if (wanted == "queue" && spec.queue) return &queue;
  if (wanted == "compile" && spec.colour) return &compile;
  return nullptr;
}

std::array<FakeSpec, 8> slots;
size_t next_slot = 0;

template <size_t slot>
tenon_status TENON_CALL CreateFake(const tenon_host* host, tenon_backend** out) {
  auto* fake = new Fake;
  fake->spec = slots[slot];
  fake->host = host;
  fake->object.struct_size = sizeof(tenon_backend);
  fake->object.interface = Interface;
  fake->object.destroy = [](tenon_backend* b) { delete &Of(b); };
  for (FakeKernel& kernel : fake->spec.kernels) {
    if (kernel.name.empty()) kernel.name = "fake_" + kernel.op;
    for (tenon_attribute_rule& rule : kernel.rules) rule.struct_size = sizeof rule;
    AddKernel(kernel, fake);
  }
  for (tenon_layout layout : fake->spec.layouts) {
    fake->layouts.push_back({sizeof(tenon_layout_info), layout, "blocked",
                             [](tenon_dtype, int32_t, const int64_t*) { return uint64_t{4096}; }});
    fake->layout_list.push_back(&fake->layouts.back());
  }
  fake->memory = {sizeof(tenon_memory_kind),     1, "own", 0, 0, 256, 1,
                  fake->spec.largest_allocation, 0};
  fake->device.struct_size = sizeof(tenon_device_info);
  fake->device.name = "fake device";
  fake->device.fingerprint = "1";
  fake->device.kind = fake->spec.own_memory ? TENON_DEVICE_ACCELERATOR : TENON_DEVICE_HOST;
  fake->device.memory_kind_count = fake->spec.own_memory ? 1 : 0;
  fake->device.memory_kinds = &fake->memory_list;
  fake->device.gflops = fake->spec.gflops;
  fake->device.gbytes = fake->spec.gbytes;
  *out = &fake->object;
  return kOk;
}

template <size_t slot>
int32_t TENON_CALL Negotiate(const tenon_offer* offer, tenon_answer* answer) {
  answer->abi_minor = offer->abi_minor_max;
  answer->create = CreateFake<slot>;
  answer->name = slots[slot].name.c_str();
  answer->version = "1";
  answer->vendor = "test";
  return 0;
}

template <size_t... slot>
constexpr std::array<tenon_negotiate_function, sizeof...(slot)> Functions(
    std::index_sequence<slot...>) {
  return {Negotiate<slot>...};
}

}  // namespace

std::vector<FakeKernel> KernelsFor(const std::vector<std::string>& ops, FakeKernel like) {
  std::vector<FakeKernel> kernels;
  for (const std::string& op : ops) {
    like.op = op;
    kernels.push_back(like);
  }
  return kernels;
}

std::shared_ptr<backend::Backend> MakeFake(FakeSpec spec,
                                           std::shared_ptr<backend::HostServices> services) {
  static constexpr auto kFunctions = Functions(std::make_index_sequence<8>());
  const size_t slot = next_slot++ % slots.size();
  slots[slot] = std::move(spec);
  if (!services) services = std::make_shared<backend::HostServices>();
  auto made = backend::Backend::Create(kFunctions[slot], {}, std::move(services));
  EXPECT_TRUE(made.ok()) << made.status().message();
  return made.ok() ? std::move(made).value() : nullptr;
}

int CompileCount(const backend::Backend& backend) { return Of(backend.handle()).compiled; }

}  // namespace tenon::placement::testing
