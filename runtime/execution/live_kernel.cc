#include "live_kernel.h"

#include <bit>
#include <cstring>

#include "abi_node.h"
#include "arguments.h"

namespace tenon::execution {

std::string StepName(const program::Program& program, const program::Step& step) {
  const std::string where =
      step.device == program::kNone ? "host" : program.devices[step.device].backend;
  if (step.kind == program::StepKind::kCopy ||
      (step.kind == program::StepKind::kKernel && step.node == program::kNone)) {
    const bool copy = step.kind == program::StepKind::kCopy;
    const uint32_t value = program.physical[step.inputs[0]].logical;
    const auto* ref = step.kernel == program::kNone ? nullptr : &program.kernels[step.kernel];
    if (ref != nullptr && !ref->segment.empty()) {
      return "segment of " + std::to_string(ref->segment.size()) + " nodes from \"" +
             program.nodes[ref->segment[0]].node.name + "\" on " + where;
    }
    return std::string(copy ? "copy" : "reorder") + " of \"" + program.logical[value].name +
           "\" on " + where;
  }
  if (step.kind != program::StepKind::kKernel && step.kind != program::StepKind::kHost)
    return "device " + where;
  const graph::Node& node = program.nodes[step.node].node;
  return "node \"" + node.name + "\" (" + node.op + ") on " + where;
}

KernelPlan::~KernelPlan() {
  const tenon_kernel_descriptor* descriptor = kernel_->descriptor();
  if (info_.plan != nullptr && descriptor->plan_release != nullptr) {
    descriptor->plan_release(descriptor, kernel_->handle(), info_.plan);
  }
}

LiveKernel::~LiveKernel() {
  if (descriptor_ != nullptr && kernel_ != nullptr && descriptor_->destroy != nullptr) {
    descriptor_->destroy(descriptor_, kernel_);
  }
}

Result<std::unique_ptr<LiveKernel>> LiveKernel::Create(KernelMaking& making,
                                                       backend::Device& device,
                                                       const program::Step& step,
                                                       const std::string& name) {
  std::unique_ptr<LiveKernel> live(new LiveKernel);
  live->device_ = &device;
  const program::KernelRef& ref = making.program->kernels[step.kernel];
  Status status;
  if (ref.artifact) {
    status = live->Load(ref);
  } else {
    for (const tenon_kernel_descriptor* d : device.backend().descriptors()) {
      if (d->name == name) live->descriptor_ = d;
    }
    status = live->descriptor_ != nullptr
                 ? live->Make(making, step)
                 : Status(Code::kNotFound, "the backend has no kernel \"" + name + "\"");
  }
  if (!status.ok()) return std::move(status).WithContext(StepName(*making.program, step));
  return live;
}

Status LiveKernel::Load(const program::KernelRef& ref) {
  const tenon_compile_interface* compile = device_->backend().compile();
  if (compile == nullptr) return Status(Code::kFailedPrecondition, "the backend compiles nothing");
  return device_->backend()
      .Call("compile.load",
            [&] {
              return compile->load(device_->handle(), ref.artifact->data(), ref.artifact->size(),
                                   &descriptor_, &kernel_);
            })
      .WithContext("loading the compiled segment");
}

Status LiveKernel::Make(KernelMaking& making, const program::Step& step) {
  const program::Program& program = *making.program;
  if (descriptor_->create != nullptr) {
    const AbiNode node =
        step.node != program::kNone
            ? AbiNode(program, program.nodes[step.node])
            : AbiNode(program, program.physical[step.inputs[0]], program.physical[step.outputs[0]]);
    TENON_RETURN_IF_ERROR(device_->backend().Call("kernel.create", [&] {
      return descriptor_->create(descriptor_, device_->backend().handle(), device_->handle(),
                                 node.node(), &kernel_);
    }));
  }
  if (descriptor_->prepack == nullptr) return Status();
  for (uint32_t i = 0; i < step.inputs.size(); ++i) {
    if (step.inputs[i] == program::kNone) continue;
    const program::PhysicalValue& physical = program.physical[step.inputs[i]];
    const uint32_t constant = program.logical[physical.logical].constant;
    if (constant == program::kNone || !program.constants[constant]->blob) continue;
    TENON_RETURN_IF_ERROR(Prepack(making, i, *program.constants[constant]));
  }
  return Status();
}

namespace {

// The constant as an argument in host memory. Kernels may rely on the alignment of the element:
// data that lies otherwise in its file is copied to `aligned`.
Status WeightArgument(const graph::Constant& constant, std::shared_ptr<Block>* aligned,
                      ArgumentStorage* storage, tenon_argument* out) {
  std::byte* data = const_cast<std::byte*>(constant.blob->data);
  if (!IsAligned(data, constant.type)) {
    TENON_ASSIGN(*aligned, Block::Allocate({}, constant.blob->size, kHostAlignment, nullptr,
                                           "an unaligned weight"));
    std::memcpy((*aligned)->base(), data, constant.blob->size);
    data = (*aligned)->base();
  }
  *out = MakeArgument(constant.type, constant.shape, TENON_LAYOUT_ROW_MAJOR, constant.blob->size,
                      nullptr, 0, storage);
  out->tensor.data = data;
  return Status();
}

}  // namespace

Status LiveKernel::Prepack(KernelMaking& making, uint32_t input, const graph::Constant& constant) {
  const backend::Backend& backend = device_->backend();
  std::shared_ptr<Block> aligned;
  ArgumentStorage storage;
  tenon_argument weight;
  TENON_RETURN_IF_ERROR(WeightArgument(constant, &aligned, &storage, &weight));
  tenon_prepack_info info{};
  info.struct_size = sizeof info;
  TENON_RETURN_IF_ERROR(backend.Call("kernel.prepack", [&] {
    return descriptor_->prepack(descriptor_, kernel_, input, &weight, nullptr, &info);
  }));
  if (info.bytes == 0) return Status();
  if (info.alignment != 0 && !std::has_single_bit(info.alignment)) {
    return Status(Code::kInternal,
                  "prepack of input " + std::to_string(input) + " asks for an alignment of " +
                      std::to_string(info.alignment) + ", which is no power of two");
  }
  info.format[sizeof info.format - 1] = '\0';
  auto packed = std::make_unique<Packed>();
  TENON_ASSIGN(packed->charge, Charge::Make(making.budget, info.bytes, "a prepacked weight"));
  const MemorySpace space{device_, info.memory_kind};
  const void* owner = space.host() ? static_cast<const void*>(&backend) : device_;
  const WeightKey key =
      WeightKey::Of(constant, owner, info.memory_kind, std::string("packed:") + info.format);
  TENON_ASSIGN(packed->weight, making.weights->GetOrMake(key, constant.blob,
                                                         [&]() -> Result<std::shared_ptr<Block>> {
                                                           return Pack(input, weight, info);
                                                         }));
  graph::ReleasePages(*constant.blob);
  packed->input = input;
  packed->argument = BlobArgument(*packed->weight->block, info.bytes, *device_, packed->dims);
  packed->description = packed->argument;
  PointTo(&packed->description, nullptr, nullptr, 0);
  making.prepacked_bytes += info.bytes;
  packed_.push_back(std::move(packed));
  return Status();
}

Result<std::shared_ptr<Block>> LiveKernel::Pack(uint32_t input, const tenon_argument& weight,
                                                const tenon_prepack_info& info) {
  const MemorySpace space = info.memory_kind == TENON_MEMORY_HOST
                                ? MemorySpace{}
                                : MemorySpace{device_, info.memory_kind};
  TENON_ASSIGN(auto block, Block::Allocate(space, info.bytes, std::max<uint64_t>(info.alignment, 1),
                                           nullptr, "a prepacked weight"));
  int64_t dims[2];
  const tenon_argument blob = BlobArgument(*block, info.bytes, *device_, dims);
  tenon_prepack_info second = info;
  TENON_RETURN_IF_ERROR(device_->backend().Call("kernel.prepack", [&] {
    return descriptor_->prepack(descriptor_, kernel_, input, &weight, &blob, &second);
  }));
  return block;
}

const tenon_argument* LiveKernel::packed(uint32_t input) const {
  for (const auto& packed : packed_) {
    if (packed->input == input) return &packed->argument;
  }
  return nullptr;
}

const tenon_argument* LiveKernel::packed_shape(uint32_t input) const {
  for (const auto& packed : packed_) {
    if (packed->input == input) return &packed->description;
  }
  return nullptr;
}

Result<std::shared_ptr<const KernelPlan>> LiveKernel::Prepare(
    std::span<const tenon_argument* const> inputs,
    std::span<const tenon_argument* const> outputs) const {
  auto plan = std::make_shared<KernelPlan>(*this);
  plan->info_.struct_size = sizeof plan->info_;
  if (descriptor_->prepare != nullptr) {
    TENON_RETURN_IF_ERROR(device_->backend().Call("kernel.prepare", [&] {
      return descriptor_->prepare(descriptor_, kernel_, inputs.data(),
                                  static_cast<uint32_t>(inputs.size()), outputs.data(),
                                  static_cast<uint32_t>(outputs.size()), &plan->info_);
    }));
  }
  return std::shared_ptr<const KernelPlan>(std::move(plan));
}

}  // namespace tenon::execution
