// Bindings: what is checked when tensors are bound, what is planned when shapes change, donation,
// and the run itself.
#include <algorithm>

#include "executable_state.h"

namespace tenon::execution {

using program::kNone;

struct Binding::State final : RunOwner {
  enum class Mode : uint8_t { kOwn, kGiven, kSkip, kDonated };
  struct Output {
    Mode mode = Mode::kOwn;
    MemorySpace space;               // of kOwn
    std::shared_ptr<Tensor> tensor;  // of kOwn: kept from run to run
    uint32_t donor = kNone;          // of kDonated: the input
    bool aliased = false;            // of kDonated: written over the input while the program runs
  };

  explicit State(std::shared_ptr<Executable> e)
      : executable(std::move(e)),
        shared(*executable->state_),
        program(executable->program()),
        inputs(program.inputs.size()),
        outputs(program.outputs.size()),
        input_tensors(inputs.size()),
        output_tensors(outputs.size()) {}

  const program::LogicalValue& input_value(uint32_t i) const {
    return program.logical[program.inputs[i]];
  }
  const program::LogicalValue& output_value(uint32_t o) const {
    return program.logical[program.outputs[o]];
  }
  bool IsPlanned() const;
  Status Plan();
  Status PlanOutputs();
  Status PlanOutput(uint32_t output, const Shape& shape);
  Status FindOutputTensor(uint32_t output, const Shape& shape);
  Status FindOutputObject(uint32_t output);
  Result<std::shared_ptr<const Specialisation>> PlanStage(std::span<const Shape> key,
                                                          const Specialisation& before) override;
  Result<Tensor*> GiveOutput(uint32_t output, const Shape& shape) override;
  Status Run(const RunOptions& options);
  Status Execute(const RunOptions& options, RunTimes* times);
  void HandleFailure(const Status& failure);
  Status FinishDonations();
  Status FinishDonation(Output& output);

  std::shared_ptr<Executable> executable;
  Executable::State& shared;
  const program::Program& program;
  std::vector<std::shared_ptr<Tensor>> inputs;
  std::vector<Output> outputs;
  std::vector<Tensor*> input_tensors, output_tensors;  // of the planned run
  std::vector<Shape> shapes;
  BindingLayout layout;
  std::shared_ptr<const Specialisation> specialisation;
  const Route* route = nullptr;
  std::unique_ptr<RunContext> context;
  bool planned = false;
  std::atomic<bool> running{false};
};

Binding::Binding(std::shared_ptr<Executable> executable)
    : state_(std::make_unique<State>(std::move(executable))) {}
Binding::~Binding() { state_->shared.Release(std::move(state_->context)); }

bool Binding::running() const { return state_->running.load(std::memory_order_acquire); }

namespace {

Status OutOfRange(std::string_view what, uint32_t index, size_t count) {
  return Status(Code::kInvalidArgument, "the model has " + std::to_string(count) + " " +
                                            std::string(what) + "s: there is no " +
                                            std::string(what) + " " + std::to_string(index));
}

Status CheckType(std::string_view what, const program::Program& program,
                 const program::LogicalValue& value, const Tensor& tensor) {
  auto refuse = [&](const std::string& got, const std::string& wants) {
    return Status(Code::kInvalidArgument, std::string(what) + " \"" + value.name + "\": got " +
                                              got + ", the model wants " + wants);
  };
  if (tensor.kind() != value.kind)
    return refuse(std::string(ValueKindName(tensor.kind())),
                  std::string(ValueKindName(value.kind)));
  if (tensor.is_object() && !tensor.object() && what == "input")
    return refuse("nothing", "strings, or a value");
  if (tensor.type() != value.type) {
    return refuse("element type " + std::string(DataTypeName(tensor.type())),
                  std::string(DataTypeName(value.type)));
  }
  if (value.kind != ValueKind::kTensor || (tensor.is_object() && !tensor.object())) return Status();
  if (value.shape.has_rank() && tensor.shape().rank() != value.shape.rank()) {
    return refuse("rank " + std::to_string(tensor.shape().rank()) + " " + tensor.shape().ToString(),
                  "rank " + std::to_string(value.shape.rank()) + " " +
                      program::ShapeText(program, value.shape));
  }
  return Status();
}

Status Busy() { return Status(Code::kFailedPrecondition, "a run of this binding is under way"); }

}  // namespace

Status Binding::SetInput(uint32_t input, std::shared_ptr<Tensor> tensor) {
  if (running()) return Busy();
  if (input >= state_->inputs.size()) return OutOfRange("input", input, state_->inputs.size());
  if (!tensor) return Status(Code::kInvalidArgument, "the tensor is NULL");
  TENON_RETURN_IF_ERROR(CheckType("input", state_->program, state_->input_value(input), *tensor));
  state_->inputs[input] = std::move(tensor);
  state_->planned = false;
  return Status();
}

Status Binding::SetOutput(uint32_t output, std::shared_ptr<Tensor> tensor) {
  if (running()) return Busy();
  if (output >= state_->outputs.size()) return OutOfRange("output", output, state_->outputs.size());
  if (!tensor) return SetOutputSpace(output, {});
  TENON_RETURN_IF_ERROR(
      CheckType("output", state_->program, state_->output_value(output), *tensor));
  state_->outputs[output] = {State::Mode::kGiven, tensor->space(), std::move(tensor), kNone, false};
  state_->planned = false;
  return Status();
}

Status Binding::SetOutputSpace(uint32_t output, const MemorySpace& space) {
  if (running()) return Busy();
  if (output >= state_->outputs.size()) return OutOfRange("output", output, state_->outputs.size());
  state_->outputs[output] = {State::Mode::kOwn, space, nullptr, kNone, false};
  state_->planned = false;
  return Status();
}

Status Binding::SkipOutput(uint32_t output) {
  if (running()) return Busy();
  if (output >= state_->outputs.size()) return OutOfRange("output", output, state_->outputs.size());
  state_->outputs[output] = {State::Mode::kSkip, {}, nullptr, kNone, false};
  state_->planned = false;
  return Status();
}

Status Binding::Donate(uint32_t input, uint32_t output) {
  if (running()) return Busy();
  if (input >= state_->inputs.size()) return OutOfRange("input", input, state_->inputs.size());
  if (output >= state_->outputs.size()) return OutOfRange("output", output, state_->outputs.size());
  const program::LogicalValue& from = state_->input_value(input);
  const program::LogicalValue& to = state_->output_value(output);
  if (from.type != to.type) {
    return Status(Code::kInvalidArgument,
                  "donation of input \"" + from.name + "\" (" +
                      std::string(DataTypeName(from.type)) + ") to output \"" + to.name + "\" (" +
                      std::string(DataTypeName(to.type)) + "): the types differ");
  }
  for (uint32_t o = 0; o < state_->outputs.size(); ++o) {
    if (o != output && state_->outputs[o].mode == State::Mode::kDonated &&
        state_->outputs[o].donor == input) {
      return Status(Code::kInvalidArgument, "input \"" + from.name + "\" is donated to output \"" +
                                                state_->output_value(o).name + "\" already");
    }
  }
  state_->outputs[output] = {State::Mode::kDonated, {}, nullptr, input, false};
  state_->planned = false;
  return Status();
}

Result<std::shared_ptr<Tensor>> Binding::GetOutput(uint32_t output) const {
  if (running()) return Busy();
  if (output >= state_->outputs.size()) return OutOfRange("output", output, state_->outputs.size());
  const State::Output& slot = state_->outputs[output];
  const auto& tensor =
      slot.mode == State::Mode::kDonated ? state_->inputs[slot.donor] : slot.tensor;
  if (!tensor) {
    return Status(Code::kFailedPrecondition,
                  "output \"" + state_->output_value(output).name +
                      (slot.mode == State::Mode::kSkip ? "\" is not wanted"
                                                       : "\" has no tensor before a run"));
  }
  return tensor;
}

void Binding::Reset() {
  for (auto& input : state_->inputs) input = nullptr;
  for (auto& output : state_->outputs) output = {};
  state_->planned = false;
}

bool Binding::State::IsPlanned() const {
  if (!planned || !context) return false;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!(inputs[i]->shape() == specialisation->key()[i])) return false;
  }
  return true;
}

Status Binding::State::Plan() {
  planned = false;
  shapes.clear();
  layout.inputs.clear();
  for (uint32_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i])
      return Status(Code::kInvalidArgument, "input \"" + input_value(i).name + "\" has no tensor");
    shapes.push_back(inputs[i]->shape());
    layout.inputs.push_back(inputs[i]->space());
    input_tensors[i] = inputs[i].get();
  }
  TENON_ASSIGN(specialisation, shared.Specialise(shapes, nullptr));
  layout.outputs.clear();
  for (Output& output : outputs) {
    layout.outputs.emplace_back();
    if (output.mode == Mode::kDonated) output.space = inputs[output.donor]->space();
    if (output.mode != Mode::kSkip) layout.outputs.back() = output.space;
  }
  route = shared.FindRoute(layout);
  TENON_RETURN_IF_ERROR(PlanOutputs());
  TENON_ASSIGN(context, shared.Acquire(std::move(context), specialisation, route));
  planned = true;
  return Status();
}

// Outputs whose shapes are found while the program runs are given then.
Status Binding::State::PlanOutputs() {
  for (uint32_t o = 0; o < outputs.size(); ++o) {
    output_tensors[o] = nullptr;
    if (shared.live->stages().logical[program.outputs[o]] != 0) continue;
    TENON_RETURN_IF_ERROR(PlanOutput(o, specialisation->shape(program.outputs[o])));
  }
  return Status();
}

Result<std::shared_ptr<const Specialisation>> Binding::State::PlanStage(
    std::span<const Shape> key, const Specialisation& before) {
  return shared.Specialise(key, &before);
}

Result<Tensor*> Binding::State::GiveOutput(uint32_t o, const Shape& shape) {
  TENON_RETURN_IF_ERROR(PlanOutput(o, shape));
  return output_tensors[o];
}

Status Binding::State::PlanOutput(uint32_t o, const Shape& shape) {
  return FindOutputTensor(o, shape).WithContext("output \"" + output_value(o).name + "\"");
}

Status Binding::State::FindOutputTensor(uint32_t o, const Shape& shape) {
  Output& output = outputs[o];
  output_tensors[o] = nullptr;
  if (output.mode == Mode::kSkip) return Status();
  if (output_value(o).is_object()) return FindOutputObject(o);
  if (output.mode == Mode::kGiven) {
    output_tensors[o] = output.tensor.get();
    if (output.tensor->shape() == shape) return Status();
    return Status(Code::kInvalidArgument, "the tensor has shape " +
                                              output.tensor->shape().ToString() +
                                              ", the result is " + shape.ToString());
  }
  if (output.mode == Mode::kDonated) {
    Tensor& donor = *inputs[output.donor];
    output.aliased = route->MayAlias(*shared.live, output.donor, o) &&
                     DenseBytes(donor.type(), shape) == donor.bytes();
    if (output.aliased) {
      output_tensors[o] = &donor;
      return Status();
    }
  }
  if (output.tensor) {
    TENON_RETURN_IF_ERROR(output.tensor->Reshape(shape));
  } else {
    TENON_ASSIGN(output.tensor,
                 executable->CreateTensor(output.space, output_value(o).type, shape));
  }
  output_tensors[o] = output.tensor.get();
  return Status();
}

Status Binding::State::FindOutputObject(uint32_t o) {
  Output& output = outputs[o];
  output.aliased = false;
  if (!output.tensor)
    output.tensor = Tensor::OfObject(output_value(o).kind, output_value(o).type, nullptr);
  output_tensors[o] = output.tensor.get();
  return Status();
}

Status Binding::State::FinishDonations() {
  for (Output& output : outputs) {
    if (output.mode == Mode::kDonated) TENON_RETURN_IF_ERROR(FinishDonation(output));
  }
  return Status();
}

Status Binding::State::FinishDonation(Output& output) {
  std::shared_ptr<Tensor>& donor = inputs[output.donor];
  if (output.aliased) {
    const auto index = static_cast<size_t>(&output - outputs.data());
    donor->Relabel(context->last().shape(program.outputs[index]));
    return Status();
  }
  if (donor->is_object()) {
    donor->SetObject(output.tensor->object());
    return Status();
  }
  if (!donor->wrapped()) {
    donor->Swap(*output.tensor);
    // A later run with the planned inputs would write into what was the donor, perhaps a smaller one.
    if (!(output.tensor->shape() == donor->shape())) planned = false;
    return Status();
  }
  if (donor->bytes() == output.tensor->bytes()) {
    TENON_RETURN_IF_ERROR(CopyNow(output.tensor->location(), donor->location(), donor->bytes(),
                                  executable->options().drain_timeout_ns));
    donor->Relabel(output.tensor->shape());
    return Status();
  }
  donor = std::move(output.tensor);
  planned = false;
  return Status();
}

Status Binding::State::Execute(const RunOptions& options, RunTimes* times) {
  TENON_RETURN_IF_ERROR(shared.live->CheckDevices());
  for (const auto& file : executable->options().files) TENON_RETURN_IF_ERROR(file->Check());
  const uint64_t begin = times != nullptr || options.timeout_ns != 0 ? backend::ClockNs() : 0;
  const Patience patience = {options.cancel,
                             options.timeout_ns != 0 ? begin + options.timeout_ns : 0};
  if (patience.limited()) TENON_RETURN_IF_ERROR(patience.Check());
  const bool replan = !IsPlanned();
  if (replan) TENON_RETURN_IF_ERROR(Plan());
  if (times != nullptr) {
    times->replanned = replan;
    times->plan_ns = backend::ClockNs() - begin;
  }
  Profiler* profiler =
      shared.profiling.load(std::memory_order_relaxed) ? &*shared.profiler : nullptr;
  Status status = Caught(
      [&] { return context->Run(input_tensors, output_tensors, this, patience, profiler, times); });
  const CopyTotals& copies = context->copies();
  if (copies.count != 0) {
    shared.copy_count.fetch_add(copies.count, std::memory_order_relaxed);
    shared.copied_bytes.fetch_add(copies.bytes, std::memory_order_relaxed);
  }
  if (times != nullptr) times->copies = copies;
  if (options.copies != nullptr) {
    options.copies->count += copies.count;
    options.copies->bytes += copies.bytes;
  }
  if (!status.ok()) {
    HandleFailure(status);
    // A kernel that saw the deadline says that it was cancelled, but not why.
    const Status late = patience.Check();
    if (status.code() != Code::kCancelled || late.code() != Code::kDeadlineExceeded) return status;
    return Status(late.code(), std::string(status.message()) + ": " + std::string(late.message()));
  }
  TENON_RETURN_IF_ERROR(FinishDonations());
  if (times != nullptr) times->total_ns = backend::ClockNs() - begin;
  return Status();
}

void Binding::State::HandleFailure(const Status& failure) {
  planned = false;
  if (context->DrainAfterFailure(failure)) {
    context = nullptr;  // the next run makes a new one: queues and timelines may have failed
  } else {
    std::vector<std::shared_ptr<void>> touched;
    const auto keep = [&](const std::shared_ptr<Tensor>& tensor) {
      if (tensor && !tensor->wrapped() && tensor->space().host())
        touched.push_back(tensor->block());
    };
    std::ranges::for_each(inputs, keep);
    std::ranges::for_each(outputs, keep, &Output::tensor);
    RunContext::Abandon(std::move(context), executable, std::move(touched));
  }
}

Status Binding::State::Run(const RunOptions& options) {
  const bool first = shared.run_count.fetch_add(1, std::memory_order_relaxed) == 0;
  RunTimes own_times;
  RunTimes* times = options.times != nullptr ? options.times : first ? &own_times : nullptr;
  Status status = Caught([&] { return Execute(options, times); });
  if (!status.ok()) shared.failed_count.fetch_add(1, std::memory_order_relaxed);
  if (first && status.ok()) {
    shared.first_run_ns = times->total_ns;
    shared.first_run_plan_ns = times->plan_ns;
    shared.first_run_kernel_ns = times->compute_ns;
  }
  return status;
}

Status Binding::Run(const RunOptions& options) {
  if (state_->running.exchange(true, std::memory_order_acquire)) return Busy();
  Status status = state_->Run(options);
  state_->running.store(false, std::memory_order_release);
  return status;
}

Status Binding::Start(const RunOptions& options, std::function<void(const Status&)> done) {
  if (state_->running.exchange(true, std::memory_order_acquire)) return Busy();
  State* state = state_.get();
  Status started = Caught([&] {
    return state->executable->options().async->Run([state, options, done = std::move(done)] {
      const Status status = state->Run(options);
      state->running.store(false, std::memory_order_release);
      done(status);
    });
  });
  if (!started.ok()) state->running.store(false, std::memory_order_release);
  return started;
}

}  // namespace tenon::execution
