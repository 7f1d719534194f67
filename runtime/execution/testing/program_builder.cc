#include "program_builder.h"

#include <algorithm>
#include <cstring>

#include "fake_memory.h"
#include "tenon/operators/operator.h"

namespace tenon::execution::testing {

using program::Home;
using program::kNone;
using program::StepKind;

ProgramBuilder::ProgramBuilder(const std::string& backend) : queue_(backend == "fakeq") {
  program_.devices.push_back({backend, 0, queue_});
  program_.memories.push_back({});
  if (queue_) program_.memories.push_back({0, kFakeMemory, 256, 1 << 20});
}

uint32_t ProgramBuilder::Symbol(const std::string& name) {
  program_.symbols.push_back(name);
  return static_cast<uint32_t>(program_.symbols.size() - 1);
}

uint32_t ProgramBuilder::Logical(const std::string& name, const Shape& shape) {
  program_.logical.push_back({name, DataType::kFloat32, shape, kNone});
  return static_cast<uint32_t>(program_.logical.size() - 1);
}

uint32_t ProgramBuilder::Physical(uint32_t logical, uint32_t memory, Home home, uint32_t index) {
  program_.physical.push_back({logical, memory, TENON_LAYOUT_ROW_MAJOR, home, index});
  return static_cast<uint32_t>(program_.physical.size() - 1);
}

uint32_t ProgramBuilder::Input(const std::string& name, const Shape& shape) {
  const uint32_t logical = Logical(name, shape);
  const uint32_t host =
      Physical(logical, 0, Home::kInput, static_cast<uint32_t>(program_.inputs.size()));
  program_.inputs.push_back(logical);
  program_.input_physical.push_back(host);
  if (!queue_) return host;
  const uint32_t device = Physical(logical, 1, Home::kArena, 0);
  program_.steps.push_back({StepKind::kCopy, 0, kNone, kNone, kNone, kNone, {host}, {device}});
  return device;
}

uint32_t ProgramBuilder::Weight(const std::string& name, const Shape& shape,
                                std::vector<float> data) {
  const uint32_t logical = Logical(name, shape);
  auto bytes = std::make_shared<std::vector<float>>(std::move(data));
  auto blob = std::make_shared<graph::Blob>();
  blob->data = reinterpret_cast<const std::byte*>(bytes->data());
  blob->size = bytes->size() * sizeof(float);
  blob->owner = bytes;
  auto constant = std::make_shared<graph::Constant>();
  constant->type = DataType::kFloat32;
  constant->shape = shape;
  constant->blob = blob;
  program_.logical[logical].constant = static_cast<uint32_t>(program_.constants.size());
  program_.constants.push_back(constant);
  return Physical(logical, queue_ ? 1 : 0, Home::kConstant, program_.logical[logical].constant);
}

uint32_t ProgramBuilder::Kernel(const std::string& op, std::vector<uint32_t> inputs,
                                const std::string& output, const Shape& shape) {
  const uint32_t logical = Logical(output, shape);
  const uint32_t physical = Physical(logical, queue_ ? 1 : 0, Home::kArena, 0);
  program::ProgramNode node;
  node.node.name = "make_" + output;
  node.node.op = op;
  // For shapes all the fake operators are like Neg or Add.
  node.node.definition = operators::FindOperator("", inputs.size() > 1 ? "Add" : "Neg");
  for (uint32_t p : inputs) node.node.inputs.push_back(program_.physical[p].logical);
  node.node.outputs = {logical};
  const auto id = static_cast<uint32_t>(program_.nodes.size());
  program_.nodes.push_back(std::move(node));
  std::string kernel = op;
  std::ranges::transform(kernel, kernel.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  program::KernelRef ref;
  ref.device = 0;
  ref.descriptor = kernel;
  if (op == "Picky") ref.fallbacks = {"easy"};
  ref.node = id;
  program_.steps.push_back({StepKind::kKernel,
                            0,
                            kNone,
                            kNone,
                            static_cast<uint32_t>(program_.kernels.size()),
                            id,
                            inputs,
                            {physical}});
  program_.kernels.push_back(std::move(ref));
  return physical;
}

uint32_t ProgramBuilder::Few(uint32_t input, const std::string& output) {
  const uint32_t value = Kernel("Few", {input}, output, {1, kUnknownDim});
  program_.physical[value].home = Home::kSized;
  program_.kernels.back().allocates = true;
  program_.nodes.back().node.definition = operators::FindOperator("", "NonZero");
  program_.steps.emplace_back().kind = StepKind::kPlan;
  return value;
}

void ProgramBuilder::Output(uint32_t value) {
  const auto index = static_cast<uint32_t>(program_.outputs.size());
  const uint32_t logical = program_.physical[value].logical;
  program_.outputs.push_back(logical);
  if (!queue_) {
    program::PhysicalValue& physical = program_.physical[value];
    if (physical.home == Home::kArena || physical.home == Home::kSized) {
      physical.home = Home::kOutput;
      physical.index = index;
    }
    program_.output_physical.push_back(value);
    return;
  }
  const uint32_t host = Physical(logical, 0, Home::kOutput, index);
  program_.steps.push_back({StepKind::kCopy, 0, kNone, kNone, kNone, kNone, {value}, {host}});
  program_.output_physical.push_back(host);
}

std::shared_ptr<const program::Program> ProgramBuilder::Build() {
  if (queue_) {
    program_.steps.push_back({StepKind::kSignal, 0, kNone, 0, kNone, kNone, {}, {}});
    program_.steps.push_back({StepKind::kHostWait, 0, kNone, 0, kNone, kNone, {}, {}});
    program_.fence_count = 1;
  }
  return std::make_shared<const program::Program>(std::move(program_));
}

std::shared_ptr<const program::Program> NegChain(const std::string& backend, int length,
                                                 const Shape& shape,
                                                 const std::vector<std::string>& symbols) {
  ProgramBuilder builder(backend);
  for (const std::string& symbol : symbols) builder.Symbol(symbol);
  uint32_t value = builder.Input("x", shape);
  for (int i = 0; i < length; ++i)
    value = builder.Kernel("Neg", {value}, "v" + std::to_string(i), shape);
  builder.Output(value);
  return builder.Build();
}

}  // namespace tenon::execution::testing
