#include "kernels.h"

#include "backend.h"

namespace tenon::simulator {
namespace {

const KernelDescriptor& Self(const tenon_kernel_descriptor* d) {
  return *static_cast<const KernelDescriptor*>(d);
}
const Kernel& Of(const tenon_kernel* kernel) { return *reinterpret_cast<const Kernel*>(kernel); }
const Plan& Of(const tenon_plan* plan) { return *reinterpret_cast<const Plan*>(plan); }

tenon_status TENON_CALL Supports(const tenon_kernel_descriptor* d, tenon_backend*, tenon_device*,
                                 const tenon_node* node) {
  const KernelDescriptor& self = Self(d);
  return sdk::Guard(self.host.table(), [&] {
    const Claim& claim = self.backend().simulator_options().claim;
    if (self.Claimable() && !claim.Takes(node->name, node->op)) {
      return self.host.Refuse(TENON_REASON_OPTION, "option claim", claim.text(),
                              "a claim that takes this node");
    }
    return self.Accepts(*node);
  });
}

tenon_status TENON_CALL Create(const tenon_kernel_descriptor* d, tenon_backend*,
                               tenon_device* device, const tenon_node* node,
                               tenon_kernel** out_kernel) {
  return sdk::Guard(Self(d).host.table(), [&] {
    Device& its_device = Device::Of(device);
    its_device.CheckStarts();
    auto kernel = std::make_unique<Kernel>(its_device, std::make_shared<const Node>(*node));
    its_device.faults().Check(FaultKind::kCreate, kernel->node->Label());
    *out_kernel = reinterpret_cast<tenon_kernel*>(kernel.release());
  });
}

tenon_status TENON_CALL Prepare(const tenon_kernel_descriptor* d, tenon_kernel* kernel,
                                const tenon_argument* const* inputs, uint32_t input_count,
                                const tenon_argument* const* outputs, uint32_t output_count,
                                tenon_plan_info* out_info) {
  const KernelDescriptor& self = Self(d);
  return sdk::Guard(self.host.table(), [&] {
    const Kernel& of = Of(kernel);
    of.device.CheckAlive();
    of.device.faults().Check(FaultKind::kPrepare, of.node->Label());
    auto computation =
        self.MakePlan(of.node, SpecsOf(inputs, input_count), SpecsOf(outputs, output_count));
    if (!computation.ok()) return of.device.ToAbi(computation.status());
    auto plan =
        std::make_unique<Plan>(std::move(*computation), inputs, input_count, outputs, output_count);
    out_info->workspace_kind = Memory::Kinds(of.device.options()).front().id;
    out_info->workspace_bytes = plan->computation->workspace_bytes();
    out_info->workspace_alignment = 0;
    out_info->plan = reinterpret_cast<tenon_plan*>(plan.release());
    return sdk::kOk;
  });
}

tenon_status TENON_CALL Run(const tenon_kernel_descriptor* d, tenon_kernel* kernel,
                            tenon_plan* plan, const tenon_run* run) {
  return sdk::Guard(Self(d).host.table(),
                    [&] { return RunPlan(Of(kernel).device, Of(plan), *run); });
}

void TENON_CALL PlanRelease(const tenon_kernel_descriptor*, tenon_kernel*, tenon_plan* plan) {
  delete reinterpret_cast<Plan*>(plan);
}

void TENON_CALL Destroy(const tenon_kernel_descriptor*, tenon_kernel* kernel) {
  delete reinterpret_cast<Kernel*>(kernel);
}

}  // namespace

KernelDescriptor::KernelDescriptor(Backend& backend, std::string its_name,
                                   std::string_view its_domain, std::string_view its_op)
    : HostedDescriptor(backend.host()),
      backend_(backend),
      name_(std::move(its_name)),
      domain_(its_domain),
      op_(its_op) {
  struct_size = TENON_SIZE_TO(tenon_kernel_descriptor, destroy);
  flags = TENON_KERNEL_CAPTURABLE;
  name = name_.c_str();
  domain = domain_.c_str();
  op = op_.c_str();
  SetRevisions(1, 1);
  SetTypes(sdk::kAnyType);
  numerics = TENON_NUMERICS_STRICT;
  determinism = TENON_DETERMINISM_BITWISE;
  efficiency = 250;
  supports = &Supports;
  create = &Create;
  prepare = &Prepare;
  run = &Run;
  plan_release = &PlanRelease;
  destroy = &Destroy;
}

void KernelDescriptor::SetRevisions(int min, int max) {
  revision_min = static_cast<uint32_t>(min);
  revision_max = static_cast<uint32_t>(max);
}

void KernelDescriptor::SetTypes(tenon_dtypes first) {
  types_[0] = first;
  types_[1] = sdk::kAnyType;
  input_dtypes = types_;
  input_dtype_count = 2;
}

void KernelDescriptor::SetLayouts(std::vector<tenon_layout> inputs,
                                  std::vector<tenon_layout> outputs) {
  layouts_of_inputs_ = std::move(inputs);
  layouts_of_outputs_ = std::move(outputs);
  input_layouts = layouts_of_inputs_.data();
  input_layout_count = static_cast<uint32_t>(layouts_of_inputs_.size());
  output_layouts = layouts_of_outputs_.data();
  output_layout_count = static_cast<uint32_t>(layouts_of_outputs_.size());
}

void KernelDescriptor::AddInPlace(uint32_t input, uint32_t output) {
  aliases_.push_back({input, output});
  in_place = aliases_.data();
  in_place_count = static_cast<uint32_t>(aliases_.size());
}

}  // namespace tenon::simulator
