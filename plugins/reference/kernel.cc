#include "kernel.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "node.h"

namespace tenon::reference {
namespace {

using operators::KernelPlan;
using operators::TensorSpec;

// Pointers of a run with more arguments than this (Concat of many) stand behind the plan's
// workspace.
constexpr uint32_t kPointersOnStack = 16;
constexpr uint64_t kAlignment = 64;

const KernelDescriptor& Self(const tenon_kernel_descriptor* d) {
  return *static_cast<const KernelDescriptor*>(d);
}
const Node& Of(const tenon_kernel* kernel) { return *reinterpret_cast<const Node*>(kernel); }
const KernelPlan& Of(const tenon_plan* plan) { return *reinterpret_cast<const KernelPlan*>(plan); }

uint64_t PointersOffset(const KernelPlan& plan) {
  return (static_cast<uint64_t>(plan.workspace_bytes()) + kAlignment - 1) / kAlignment * kAlignment;
}

Status FromAbi(sdk::Host host, tenon_status status) {
  Status copy(static_cast<Code>(status.code), host.Message(status));
  host.Drop(status);
  return copy;
}

[[gnu::cold, gnu::noinline]] tenon_status StatusOf(sdk::Host host, const Status& status) {
  return host.Error(static_cast<tenon_code>(status.code()), std::string(status.message()));
}

TensorSpec SpecOf(const tenon_argument* argument) {
  if (!argument) return {};
  const DLTensor& tensor = argument->tensor;
  return {true, static_cast<DataType>(argument->dtype),
          ShapeOf("argument", tensor.ndim, tensor.shape)};
}

TensorSpec SpecOf(const tenon_value* value) {
  if (!value) return {};
  return {true, static_cast<DataType>(value->dtype),
          ShapeOf(value->name, value->rank, value->dims)};
}

template <typename T>
std::vector<TensorSpec> SpecsOf(const T* const* values, uint32_t count, size_t extra = 0) {
  std::vector<TensorSpec> specs;
  specs.reserve(count + extra);
  for (uint32_t i = 0; i < count; ++i) specs.push_back(SpecOf(values[i]));
  return specs;
}

// Takes a node whose attributes can be copied and which, where all shapes are known, can be
// planned.
tenon_status TENON_CALL Supports(const tenon_kernel_descriptor* d, tenon_backend*, tenon_device*,
                                 const tenon_node* node) {
  const KernelDescriptor& self = Self(d);
  return sdk::Guard(self.host.table(), [&] {
    const Node copy(*node);
    const std::vector<TensorSpec> inputs = SpecsOf(node->inputs, node->input_count);
    const std::vector<TensorSpec> outputs = SpecsOf(node->outputs, node->output_count);
    const auto known = [](const TensorSpec& spec) {
      return !spec.present || spec.shape.IsStatic();
    };
    if (!std::ranges::all_of(inputs, known) || !std::ranges::all_of(outputs, known))
      return sdk::kOk;
    auto plan = self.row().Plan(copy.view(), inputs, outputs);
    if (plan.ok()) return sdk::kOk;
    return self.host.Error(TENON_UNSUPPORTED, std::string(plan.status().message()));
  });
}

tenon_status TENON_CALL Create(const tenon_kernel_descriptor* d, tenon_backend*, tenon_device*,
                               const tenon_node* node, tenon_kernel** out_kernel) {
  return sdk::Guard(Self(d).host.table(),
                    [&] { *out_kernel = reinterpret_cast<tenon_kernel*>(new Node(*node)); });
}

tenon_status TENON_CALL Prepare(const tenon_kernel_descriptor* d, tenon_kernel* kernel,
                                const tenon_argument* const* inputs, uint32_t input_count,
                                const tenon_argument* const* outputs, uint32_t output_count,
                                tenon_plan_info* out_info) {
  const KernelDescriptor& self = Self(d);
  return sdk::Guard(self.host.table(), [&] {
    const auto input_specs = SpecsOf(inputs, input_count);
    auto output_specs = SpecsOf(outputs, output_count);
    // A kernel that says that it allocates its outputs always does.
    for (TensorSpec& spec : output_specs) {
      if (self.flags & TENON_KERNEL_ALLOCATES_OUTPUT) spec.shape = Shape::UnknownRank();
    }
    auto plan = self.row().Plan(Of(kernel).view(), input_specs, output_specs);
    if (!plan.ok()) return StatusOf(self.host, plan.status());
    const uint32_t pointers = input_count + output_count;
    out_info->workspace_kind = TENON_MEMORY_HOST;
    out_info->workspace_alignment = kAlignment;
    out_info->workspace_bytes = pointers > kPointersOnStack
                                    ? PointersOffset(**plan) + pointers * sizeof(void*)
                                    : static_cast<uint64_t>((*plan)->workspace_bytes());
    out_info->plan = reinterpret_cast<tenon_plan*>(plan->release());
    return sdk::kOk;
  });
}

void RunChunks(void* host, int64_t total, int64_t chunk, operators::ParallelFor::Body body,
               void* context) {
  if (total <= chunk) {
    if (total > 0) body(context, 0, total);
    return;
  }
  const auto* table = static_cast<const tenon_host*>(host);
  table->parallel_for(table, total, chunk, body, context);
}

// What a run needs to allocate outputs whose sizes are data.
struct Allocation {
  const tenon_host* host;
  tenon_run_context* context;
};

Result<void*> AllocateOutput(void* allocation, int output, const Shape& shape) {
  const auto& of = *static_cast<const Allocation*>(allocation);
  const tenon_argument* argument = nullptr;
  const tenon_status status =
      of.host->allocate_output(of.host, of.context, static_cast<uint32_t>(output), shape.rank(),
                               shape.dims().data(), &argument);
  if (!sdk::IsOk(status)) return FromAbi(sdk::Host(of.host), status);
  return argument->tensor.data;
}

template <bool allocates>
Status RunPlan(const KernelPlan& plan, const operators::KernelArguments& arguments,
               Allocation allocation) {
  if constexpr (!allocates) return plan.Run(arguments);
  return plan.RunAllocating(arguments, {&allocation, &AllocateOutput});
}

void* DataOf(const tenon_argument* argument) {
  if (argument == nullptr) return nullptr;
  return argument->tensor.data != nullptr ? argument->tensor.data : operators::g_no_bytes;
}

// Whether `allocates` is known when the kernel is listed, so that the other kernels' runs don't ask.
template <bool allocates>
tenon_status TENON_CALL Run(const tenon_kernel_descriptor* d, tenon_kernel*, tenon_plan* plan,
                            const tenon_run* run) {
  const sdk::Host host = Self(d).host;
  const uint32_t input_count = run->input_count;
  const uint32_t output_count = run->output_count;
  void* const workspace = run->workspace ? run->workspace->tensor.data : nullptr;
  void* on_stack[kPointersOnStack];
  void** pointers = on_stack;
  if (input_count + output_count > kPointersOnStack) [[unlikely]] {
    if (!workspace) return host.Error(TENON_INVALID_ARGUMENT, "the run lacks its workspace");
    pointers = reinterpret_cast<void**>(static_cast<char*>(workspace) + PointersOffset(Of(plan)));
  }
  void** next = pointers;
  for (uint32_t i = 0; i < input_count; ++i) *next++ = DataOf(run->inputs[i]);
  for (uint32_t i = 0; i < output_count; ++i) *next++ = DataOf(run->outputs[i]);
  return sdk::Guard(host.table(), [&] {
    const operators::KernelArguments arguments = {
        .inputs = {pointers, input_count},
        .outputs = {pointers + input_count, output_count},
        .workspace = workspace,
        .parallel = {const_cast<tenon_host*>(host.table()), &RunChunks}};
    const Status status = RunPlan<allocates>(Of(plan), arguments, {host.table(), run->context});
    return status.ok() ? sdk::kOk : StatusOf(host, status);
  });
}

void TENON_CALL PlanRelease(const tenon_kernel_descriptor*, tenon_kernel*, tenon_plan* plan) {
  delete reinterpret_cast<KernelPlan*>(plan);
}

void TENON_CALL Destroy(const tenon_kernel_descriptor*, tenon_kernel* kernel) {
  delete reinterpret_cast<Node*>(kernel);
}

std::string NameOf(const operators::Kernel& row, int ordinal) {
  std::string name = "ref_" + std::string(row.name);
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return ordinal == 0 ? name : name + "_" + std::to_string(ordinal + 1);
}

}  // namespace

KernelDescriptor::KernelDescriptor(const operators::Kernel& row, int ordinal, sdk::Host its_host)
    : HostedDescriptor(its_host),
      row_(row),
      name_(NameOf(row, ordinal)),
      domain_(row.domain),
      op_(row.name),
      dtypes_{row.types, sdk::kAnyType} {
  struct_size = TENON_SIZE_TO(tenon_kernel_descriptor, destroy);
  name = name_.c_str();
  domain = domain_.c_str();
  op = op_.c_str();
  revision_min = static_cast<uint32_t>(row.revision_min);
  revision_max = static_cast<uint32_t>(row.revision_max);
  input_dtypes = dtypes_;
  input_dtype_count = 2;
  if (const operators::Operator* meaning = operators::FindOperator(row.domain, row.name)) {
    for (const operators::InPlace alias : meaning->in_place)
      aliases_.push_back({alias.input, alias.output});
    if (meaning->flags & operators::kDataDependent) flags = TENON_KERNEL_ALLOCATES_OUTPUT;
  }
  in_place = aliases_.data();
  in_place_count = static_cast<uint32_t>(aliases_.size());
  numerics = TENON_NUMERICS_STRICT;
  determinism = TENON_DETERMINISM_BITWISE;
  efficiency = 250;
  error_bound = row.error_bound;
  supports = &Supports;
  create = &Create;
  prepare = &Prepare;
  run = flags & TENON_KERNEL_ALLOCATES_OUTPUT ? &Run<true> : &Run<false>;
  plan_release = &PlanRelease;
  destroy = &Destroy;
}

}  // namespace tenon::reference
