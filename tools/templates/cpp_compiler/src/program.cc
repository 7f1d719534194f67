#include "program.h"

#include <algorithm>

namespace plugin {
namespace {

// ------------------------------------------------------------------------------------ Device code
struct Parameters {
  int64_t count;  // of elements
  Opcode op;
  float constant;
};

float Apply(Opcode op, float a, float b) {
  switch (op) {
    case Opcode::kRelu:
      return a < 0 ? 0 : a;
    case Opcode::kNeg:
      return -a;
    case Opcode::kAdd:
      return a + b;
    case Opcode::kSub:
      return a - b;
    case Opcode::kMul:
      return a * b;
    default:
      return a / b;
  }
}

// Buffers: a, out and, for WithValue, b. One binary of the whole segment would be better: this one writes every inner
// value to memory.
void WithConstant(void* const* buffers, const void* parameters) {
  const auto& p = *static_cast<const Parameters*>(parameters);
  const auto* a = static_cast<const float*>(buffers[0]);
  auto* out = static_cast<float*>(buffers[1]);
  for (int64_t i = 0; i < p.count; ++i) out[i] = Apply(p.op, a[i], p.constant);
}

void WithValue(void* const* buffers, const void* parameters) {
  const auto& p = *static_cast<const Parameters*>(parameters);
  const auto* a = static_cast<const float*>(buffers[0]);
  const auto* b = static_cast<const float*>(buffers[2]);
  auto* out = static_cast<float*>(buffers[1]);
  for (int64_t i = 0; i < p.count; ++i) out[i] = Apply(p.op, a[i], b[i]);
}

uint64_t Aligned(uint64_t bytes) {
  return (bytes + DRIVER_ALIGNMENT - 1) / DRIVER_ALIGNMENT * DRIVER_ALIGNMENT;
}

constexpr int64_t kNotGiven = -1;

// Whether each value is given once, before it is used, with as many elements as the others of its instruction and as the
// host's buffer.
bool CountValues(const Artifact& artifact, const sdk::Shapes& shapes, Program::Plan& plan) {
  for (uint32_t i = 0; i < artifact.input_count; ++i) plan[i].count = shapes.Input(i).Count();
  for (const Instruction& in : artifact.instructions) {
    const int64_t count = plan[in.a].count;
    if (count == kNotGiven || plan[in.out].count != kNotGiven) return false;
    if (in.b != kNoValue && plan[in.b].count != count) return false;
    plan[in.out].count = count;
  }
  for (uint32_t i = 0; i < artifact.output_count; ++i) {
    if (plan[artifact.input_count + i].count != shapes.Output(i).Count()) return false;
  }
  return std::ranges::find(plan, kNotGiven, &Program::Place::count) == plan.end();
}

}  // namespace

// Inner values lie in the workspace one behind the other.
Program::Plan Program::Prepare(sdk::Shapes& shapes) const {
  if (shapes.input_count() != artifact_.input_count ||
      shapes.output_count() != artifact_.output_count)
    throw sdk::Failure(TENON_DATA_LOSS, "the artifact is of another segment");
  Plan plan(artifact_.value_count, Place{kNotGiven, 0});
  if (!CountValues(artifact_, shapes, plan))
    throw sdk::Failure(TENON_DATA_LOSS, "the artifact does not fit its segment");
  uint64_t bytes = 0;
  for (size_t i = artifact_.input_count + artifact_.output_count; i < plan.size(); ++i) {
    plan[i].offset = bytes;
    bytes += Aligned(static_cast<uint64_t>(plan[i].count) * sizeof(float));
  }
  shapes.SetWorkspace(bytes, DRIVER_ALIGNMENT, kDeviceMemory);
  return plan;
}

driver_address Program::AddressOfValue(const Plan& plan, const sdk::Run& run,
                                       uint32_t value) const {
  const uint32_t inner = artifact_.input_count + artifact_.output_count;
  if (value < artifact_.input_count) return AddressOf(run.Input<float>(value));
  if (value < inner) return AddressOf(run.Output<float>(value - artifact_.input_count));
  return AddressOf(run.WorkspaceTensor()) + plan[value].offset;
}

void Program::Run(const Plan& plan, const sdk::Run& run) const {
  auto& queue = *run.queue<Device::Queue>();
  for (const Instruction& in : artifact_.instructions) {
    const Parameters parameters{plan[in.a].count, in.op, in.constant};
    if (parameters.count == 0) continue;  // there may be no buffers then
    const driver_address a = AddressOfValue(plan, run, in.a);
    const driver_address out = AddressOfValue(plan, run, in.out);
    if (in.b == kNoValue) {
      queue.Launch(WithConstant, {a, out}, parameters);
    } else {
      queue.Launch(WithValue, {a, out, AddressOfValue(plan, run, in.b)}, parameters);
    }
  }
}

}  // namespace plugin
