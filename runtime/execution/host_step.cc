#include "host_step.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "arguments.h"
#include "run_context.h"

namespace tenon::execution {

using program::kNone;

// ------------------------------------------------------------------------------------ Subprograms

SubprogramRun::SubprogramRun(std::shared_ptr<Executable> executable)
    : executable_(std::move(executable)),
      binding_(executable_->CreateBinding()),
      inputs_(executable_->program().inputs.size()),
      own_(inputs_.size()),
      carried_(inputs_.size()) {}

size_t SubprogramRun::output_count() const { return executable_->program().outputs.size(); }
Shape SubprogramRun::InputShape(uint32_t input) const {
  const program::Program& program = executable_->program();
  return program.logical[program.inputs[input]].shape;
}
Shape SubprogramRun::OutputShape(uint32_t output) const {
  const program::Program& program = executable_->program();
  Shape shape = program.logical[program.outputs[output]].shape;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] < kUnknownDim) shape[i] = SizeOfSymbol(shape[i]);
  }
  return shape;
}
int64_t SubprogramRun::SizeOfSymbol(int64_t symbol) const {
  const program::Program& program = executable_->program();
  for (size_t input = 0; input < inputs_.size(); ++input) {
    if (!inputs_[input] || inputs_[input]->is_object()) continue;
    const auto declared = program.logical[program.inputs[input]].shape.dims();
    const auto given = inputs_[input]->shape().dims();
    const auto found = std::ranges::find(declared, symbol);
    if (found != declared.end() && declared.size() == given.size())
      return given[static_cast<size_t>(found - declared.begin())];
  }
  return kUnknownDim;
}

Status SubprogramRun::SetInput(uint32_t input, std::shared_ptr<Tensor> tensor) {
  own_[input] = false;
  if (inputs_[input] == tensor) return Status();
  inputs_[input] = tensor;
  return binding_->SetInput(input, std::move(tensor));
}

Status SubprogramRun::SetInput(uint32_t input, const HostInput& value) {
  Tensor* kept = inputs_[input] && !own_[input] ? inputs_[input].get() : nullptr;
  if (value.object) {
    if (kept == nullptr || !kept->is_object())
      return SetInput(input,
                      Tensor::OfObject(value.object->kind, value.object->type, value.object));
    kept->SetObject(value.object);
    return Status();
  }
  if (kept != nullptr && kept->type() == value.type && !kept->is_object() && kept->wrapped() &&
      kept->shape().rank() == value.shape.rank()) {
    kept->Rewrap(value.shape, value.data, value.bytes);
    return Status();
  }
  TENON_ASSIGN(auto wrapped, Tensor::Wrap(value.type, value.shape, value.data, value.bytes));
  return SetInput(input, std::move(wrapped));
}

Result<Tensor*> SubprogramRun::OwnInput(uint32_t input, DataType type, const Shape& shape) {
  std::shared_ptr<Tensor>& kept = inputs_[input];
  const bool fits = kept && own_[input] && !kept->is_object() && kept->type() == type &&
                    kept->shape().rank() == shape.rank();
  if (fits) {
    TENON_RETURN_IF_ERROR(kept->Reshape(shape));
    return kept.get();
  }
  TENON_ASSIGN(kept, executable_->CreateTensor({}, type, shape));
  own_[input] = true;
  TENON_RETURN_IF_ERROR(binding_->SetInput(input, kept));
  return kept.get();
}

Status SubprogramRun::CopyInput(uint32_t input, const HostInput& value) {
  if (value.object)
    return SetInput(input, Tensor::OfObject(value.object->kind, value.object->type, value.object));
  TENON_ASSIGN(Tensor* const tensor, OwnInput(input, value.type, value.shape));
  if (value.bytes != 0) std::memcpy(tensor->location().data, value.data, value.bytes);
  return Status();
}

Status SubprogramRun::Carry(uint32_t input, uint32_t output) {
  if (carried_[input]) return Status();
  carried_[input] = true;
  return binding_->Donate(input, output);
}

Status SubprogramRun::Run(const Patience& patience) {
  RunOptions options;
  options.cancel = patience.cancel;
  options.copies = copies_;
  if (patience.deadline_ns != 0) {
    TENON_RETURN_IF_ERROR(patience.Check());
    const uint64_t now = backend::ClockNs();
    options.timeout_ns = patience.deadline_ns > now ? patience.deadline_ns - now : 1;
  }
  return binding_->Run(options);
}

// ------------------------------------------------------------------------------------------ Calls

HostInput InputOfTensor(const Tensor& tensor) {
  return {tensor.type(), tensor.shape(), tensor.location().data, tensor.bytes(), tensor.object()};
}

Result<std::shared_ptr<Tensor>> OwnTensor(const HostCall& call, const HostInput& value) {
  if (value.object) return Tensor::OfObject(value.object->kind, value.object->type, value.object);
  TENON_ASSIGN(auto tensor, Tensor::Create({}, value.type, value.shape, call.budget(), nullptr));
  if (value.bytes != 0) std::memcpy(tensor->location().data, value.data, value.bytes);
  return tensor;
}

Result<Strings> Strings::Make(const HostCall& call, uint64_t most) {
  Strings made;
  made.object_ = std::make_shared<Object>();
  Object& object = *made.object_;
  object.type = DataType::kString;
  if (most > object.strings.max_size())
    return call.Error(Code::kOutOfMemory, "it makes " + std::to_string(most) + " strings");
  TENON_ASSIGN(object.charge,
               Charge::Make(call.budget(), most * sizeof(std::string), "a tensor of strings"));
  object.strings.reserve(static_cast<size_t>(most));
  return made;
}

Status Strings::Add(std::string_view text, std::string_view more) {
  std::string made;
  const size_t size = text.size() + more.size();
  if (size > made.capacity())  // else it is within the object
    TENON_RETURN_IF_ERROR(object_->charge.Grow(size + 1, "a string"));
  made.reserve(size);
  made.append(text).append(more);
  object_->strings.push_back(std::move(made));
  return Status();
}

std::shared_ptr<Object> Strings::Take(const Shape& shape) {
  object_->shape = shape;
  return std::move(object_);
}

HostCall::HostCall(RunContext& context, uint32_t step, const program::ProgramNode& node,
                   std::vector<SubprogramRun>& subprograms, const Patience& patience)
    : context_(context),
      step_(step),
      node_(node),
      holder_(node.node),
      subprograms_(subprograms),
      patience_(patience),
      inputs_(&context.StepOf(step).inputs),
      outputs_(&context.StepOf(step).outputs) {}

bool HostCall::has_input(size_t input) const {
  return input < inputs_->size() && (*inputs_)[input] != kNone;
}
HostInput HostCall::input(size_t input) const { return context_.InputOf((*inputs_)[input]); }
bool HostCall::wants(size_t output) const {
  return output < outputs_->size() && (*outputs_)[output] != kNone;
}
DataType HostCall::output_type(size_t output) const {
  return context_.LogicalOf((*outputs_)[output]).type;
}
ValueKind HostCall::output_kind(size_t output) const {
  return context_.LogicalOf((*outputs_)[output]).kind;
}

Status HostCall::CheckType(size_t output, ValueKind kind, DataType type) const {
  if (kind == output_kind(output) && type == output_type(output)) return Status();
  return Error(Code::kInvalidArgument, "output " + std::to_string(output) + " is a " +
                                           std::string(ValueKindName(output_kind(output))) +
                                           " of " + std::string(DataTypeName(output_type(output))) +
                                           ", what it makes a " + std::string(ValueKindName(kind)) +
                                           " of " + std::string(DataTypeName(type)));
}

Result<std::byte*> HostCall::Allocate(size_t output, const Shape& shape) {
  TENON_ASSIGN(const tenon_argument* const argument,
               context_.AllocateOutput(step_, static_cast<uint32_t>(output), shape));
  return static_cast<std::byte*>(argument->tensor.data);
}

Status HostCall::SetObject(size_t output, std::shared_ptr<const Object> object) {
  if (!wants(output)) return Status();
  TENON_RETURN_IF_ERROR(CheckType(output, object->kind, object->type));
  context_.SetObject((*outputs_)[output], std::move(object));
  return Status();
}

const std::shared_ptr<ByteBudget>& HostCall::budget() const { return context_.budget(); }

Status HostCall::Give(size_t output, const HostInput& value) {
  if (!wants(output)) return Status();
  if (value.object) return SetObject(output, value.object);
  TENON_RETURN_IF_ERROR(CheckType(output, ValueKind::kTensor, value.type));
  TENON_ASSIGN(std::byte* const data, Allocate(output, value.shape));
  if (value.bytes != 0) std::memcpy(data, value.data, value.bytes);
  return Status();
}

Status HostCall::Give(size_t output, const Tensor& tensor) {
  return Give(output, InputOfTensor(tensor));
}

Result<SubprogramRun*> HostCall::Subprogram(size_t index, size_t first) {
  SubprogramRun& run = subprograms_[index];
  run.CountIn(&context_.copies());
  for (size_t c = 0; c < node_.node.captured; ++c) {
    TENON_RETURN_IF_ERROR(
        run.SetInput(static_cast<uint32_t>(first + c), input(formal_count() + c)));
  }
  return &run;
}

// ------------------------------------------------------------------------------------------ Steps

HostFunction FindHostFunction(const graph::Node& node) {
  if (node.domain == "ai.tenon") return FindOlderFunction(node.op);
  if (!node.domain.empty()) return nullptr;
  if (HostFunction function = FindControlFunction(node.op)) return function;
  if (HostFunction function = FindSequenceFunction(node.op)) return function;
  return FindTextFunction(node.op);
}

HostStep::HostStep(const program::ProgramNode& node,
                   const std::vector<std::shared_ptr<Executable>>& subprograms)
    : node_(node), function_(FindHostFunction(node.node)) {
  for (const auto& subprogram : subprograms) subprograms_.emplace_back(subprogram);
}

Status HostStep::Run(RunContext& context, uint32_t step, const Patience& patience) {
  HostCall call(context, step, node_, subprograms_, patience);
  if (function_ == nullptr) return call.Error(Code::kUnsupported, "the host does not know it");
  try {
    return function_(call);
  } catch (...) {
    const Status thrown = StatusOfException();
    return call.Error(thrown.code(), std::string(thrown.message()));
  }
}

// -------------------------------------------------------------------------------------- Run context

const program::Step& RunContext::StepOf(uint32_t step) const { return live_.program().steps[step]; }

const program::LogicalValue& RunContext::LogicalOf(uint32_t physical) const {
  return live_.program().logical[live_.program().physical[physical].logical];
}

const std::shared_ptr<const Object>& RunContext::ObjectOf(uint32_t physical) const {
  const program::PhysicalValue& value = live_.program().physical[physical];
  if (value.home == program::Home::kInput) return inputs_[value.index]->object();
  if (value.home == program::Home::kConstant) return live_.object(physical);
  return objects_[physical];
}

HostInput RunContext::InputOf(uint32_t physical) const {
  const program::PhysicalValue& value = live_.program().physical[physical];
  const program::LogicalValue& logical = live_.program().logical[value.logical];
  if (logical.is_object()) {
    const auto& object = ObjectOf(physical);
    return {logical.type, object->tensor_shape(), nullptr, 0, object};
  }
  const tenon_argument& argument = arguments_[physical];
  const Shape shape(std::span(argument.tensor.shape, static_cast<size_t>(argument.tensor.ndim)));
  return {logical.type, shape, argument.tensor.data, argument.bytes, nullptr};
}

void RunContext::SetObject(uint32_t physical, std::shared_ptr<const Object> object) {
  Allocated& allocated = allocated_[live_.sized(physical)];
  allocated.shape = object->tensor_shape();
  allocated.done = true;
  objects_[physical] = std::move(object);
}

Status RunContext::RunHostStep(uint32_t step, const Patience& patience) {
  return host_steps_.at(step)
      ->Run(*this, step, patience)
      .WithContext(StepName(live_.program(), live_.program().steps[step]));
}

}  // namespace tenon::execution
