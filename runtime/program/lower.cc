#include "tenon/program/lower.h"

#include <algorithm>
#include <utility>

#include "lowering.h"

namespace tenon::program {

using Kind = placement::NodeChoice::Kind;

Result<std::shared_ptr<const Program>> Lower(const placement::PlacedGraph& placed,
                                             placement::Report* report) {
  return Lowering(placed, report).Run();
}

Result<std::shared_ptr<const Program>> Lowering::Run() {
  AddDevices();
  AddValues();
  AddNodes();
  ChooseOutputHomes();
  FindNeeds();
  for (uint32_t n = 0; n < placed_.nodes.size(); ++n) {
    TENON_RETURN_IF_ERROR(EmitNode(n).WithContext("node \"" + placed_.graph.nodes[n].name + "\""));
  }
  TENON_RETURN_IF_ERROR(FinishOutputs());
  if (std::ranges::any_of(stage_, [this](uint32_t stage) { return stage > stage_now_; }))
    EmitPlan();
  DropUnusedSignals();
  program_.MakeIndex();
  if (report_ != nullptr) report_->rows = std::move(rows_);
  return std::make_shared<const Program>(std::move(program_));
}

void Lowering::AddDevices() {
  program_.memories.emplace_back();
  for (uint32_t d = 0; d < placed_.devices.size(); ++d) {
    const backend::Device& device = *placed_.devices[d];
    program_.devices.push_back({device.backend().name(), device.id(), device.queue() != nullptr});
    for (uint32_t k = 0; k < device.info().memory_kind_count; ++k) {
      const tenon_memory_kind& kind = *device.info().memory_kinds[k];
      program_.memories.push_back(
          {d, kind.id, std::max<uint64_t>(kind.alignment, 1),
           kind.largest_allocation != 0 ? kind.largest_allocation : UINT64_MAX});
    }
  }
  host_waited_.assign(program_.devices.size(), 0);
  queue_waited_.assign(program_.devices.size(), std::vector<uint32_t>(program_.devices.size(), 0));
}

void Lowering::AddValues() {
  const graph::Graph& graph = placed_.graph;
  program_.symbols = graph.symbols;
  for (const graph::Value& value : graph.values) {
    LogicalValue& logical = program_.logical.emplace_back();
    logical.name = value.name;
    logical.type = value.type;
    logical.shape = value.shape;
    logical.kind = value.kind;
    if (!value.constant) continue;
    logical.shape = value.constant->shape;
    logical.constant = static_cast<uint32_t>(program_.constants.size());
    program_.constants.push_back(value.constant);
  }
  places_.resize(graph.values.size());
  view_of_.assign(graph.values.size(), kNone);
  made_by_.assign(graph.values.size(), kNone);
  output_home_.assign(graph.values.size(), kNone);
  needs_.resize(graph.values.size());
  stage_.assign(graph.values.size(), 0);
  read_stage_.assign(graph.values.size(), kNone);
  program_.inputs = graph.inputs;
  program_.outputs = graph.outputs;
  for (uint32_t i = 0; i < graph.inputs.size(); ++i) {
    program_.input_physical.push_back(
        AddPhysical(graph.inputs[i], 0, TENON_LAYOUT_ROW_MAJOR, Home::kInput, i));
  }
}

void Lowering::AddNodes() {
  for (uint32_t n = 0; n < placed_.nodes.size(); ++n) {
    const graph::Node& node = placed_.graph.nodes[n];
    const Kind kind = placed_.nodes[n].kind;
    program_.nodes.push_back({node, kind == Kind::kHost, kind == Kind::kView, IsHostStep(n), {}});
    for (uint32_t v : node.outputs) {
      if (v == kNone) continue;
      if (kind == Kind::kHost)
        AddPhysical(v, 0, TENON_LAYOUT_ROW_MAJOR, Home::kResolved, 0);
      else if (kind == Kind::kView)
        view_of_[v] = node.inputs[0];
      else
        made_by_[v] = n;
    }
  }
}

uint32_t Lowering::Root(uint32_t logical) const {
  while (view_of_[logical] != kNone) logical = view_of_[logical];
  return logical;
}

// Whether a step writes the value, so that it may write it to the caller's memory.
bool Lowering::MadeByStep(uint32_t logical) const { return made_by_[logical] != kNone; }

// Whether the node's kernel gives its outputs their shapes while it runs. What a kernel allocates
// although its shape is known when the model is loaded needs no planning; but of an operator whose
// sizes are data a static shape is only what the model declares.
bool Lowering::Allocates(uint32_t n) const {
  const placement::NodePlacement& placed = placed_.nodes[n];
  if (IsHostStep(n)) return true;
  if (placed.kernels.empty() || !(placed.kernels[0]->flags & TENON_KERNEL_ALLOCATES_OUTPUT))
    return false;
  const graph::Node& node = placed_.graph.nodes[n];
  if (node.definition != nullptr && (node.definition->flags & operators::kDataDependent))
    return true;
  return std::ranges::any_of(node.outputs, [this](uint32_t v) {
    return v != kNone && !program_.logical[v].shape.IsStatic();
  });
}

void Lowering::ChooseOutputHomes() {
  for (uint32_t o = 0; o < program_.outputs.size(); ++o) {
    const uint32_t root = Root(program_.outputs[o]);
    if (program_.logical[root].is_object()) continue;
    // The shape of a view is not known yet when the root is allocated.
    if (root != program_.outputs[o] && MadeByStep(root) && Allocates(made_by_[root])) continue;
    if (MadeByStep(root) && output_home_[root] == kNone) output_home_[root] = o;
  }
}

// Which values are wanted in another memory than that in which they are made, so that their way to
// the host begins as soon as they are made.
void Lowering::FindNeeds() {
  const graph::Graph& graph = placed_.graph;
  for (uint32_t n = 0; n < placed_.nodes.size(); ++n) {
    const placement::NodePlacement& user = placed_.nodes[n];
    for (size_t i = 0; i < graph.nodes[n].inputs.size(); ++i) {
      if (graph.nodes[n].inputs[i] == kNone) continue;
      const uint32_t root = Root(graph.nodes[n].inputs[i]);
      if (LeavesDevice(root, InputMemory(user, i))) needs_[root].elsewhere = true;
    }
  }
  for (uint32_t v : program_.outputs) {
    if (LeavesDevice(Root(v), 0)) needs_[Root(v)].elsewhere = true;
  }
}

// Where a user wants its input: of one without a device on the host.
uint32_t Lowering::InputMemory(const placement::NodePlacement& user, size_t input) const {
  if (user.device == kNone) return 0;
  const backend::Device& device = *placed_.devices[user.device];
  return MemoryOf(user.device, user.kind == Kind::kSegment
                                   ? placement::DefaultMemory(device)
                                   : placement::InputMemory(device, *user.kernels[0], input));
}

// Whether the value is made in a device's memory, and `memory` is not of that device.
bool Lowering::LeavesDevice(uint32_t logical, uint32_t memory) const {
  const uint32_t n = made_by_[logical];
  if (n == kNone) return false;
  const placement::NodePlacement& made = placed_.nodes[n];
  if (made.device == kNone) return false;
  const backend::Device& device = *placed_.devices[made.device];
  uint32_t kind = placement::DefaultMemory(device);
  if (made.kind != Kind::kSegment) {
    const auto& outputs = placed_.graph.nodes[n].outputs;
    const auto o = static_cast<size_t>(std::ranges::find(outputs, logical) - outputs.begin());
    kind = placement::OutputMemory(device, *made.kernels[0], o);
  }
  const uint32_t from = program_.memories[MemoryOf(made.device, kind)].device;
  return from != kNone && from != program_.memories[memory].device;
}

Status Lowering::EmitNode(uint32_t n) {
  const placement::NodePlacement& placed = placed_.nodes[n];
  TENON_RETURN_IF_ERROR(NoteStage(n));
  if (IsHostStep(n)) return EmitHostStep(n);
  if (placed.kind == Kind::kHost || placed.kind == Kind::kView) {
    AddNodeRow(n);
    return Status();
  }
  if (placed.kind == Kind::kSegment) {
    const placement::Segment& segment = placed_.segments[placed.segment];
    return segment.nodes.front() == n ? EmitSegment(segment) : Status();
  }
  const graph::Node& node = placed_.graph.nodes[n];
  const tenon_kernel_descriptor& kernel = *placed.kernels[0];
  const backend::Device& device = *placed_.devices[placed.device];
  Step step;
  step.device = placed.device;
  step.node = n;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    step.inputs.push_back(kNone);
    if (node.inputs[i] == kNone) continue;
    const uint32_t memory = MemoryOf(placed.device, placement::InputMemory(device, kernel, i));
    TENON_ASSIGN(step.inputs.back(),
                 Ensure(node.inputs[i], memory, placement::InputLayout(kernel, i), placed.device));
  }
  for (uint32_t p : step.inputs) {
    if (p != kNone) WaitForInput(placed.device, p);
  }
  for (size_t o = 0; o < node.outputs.size(); ++o) {
    const uint32_t memory = MemoryOf(placed.device, placement::OutputMemory(device, kernel, o));
    step.outputs.push_back(
        node.outputs[o] == kNone
            ? kNone
            : AddMade(node.outputs[o], memory, placement::OutputLayout(kernel, o), placed.device));
  }
  KernelRef ref;
  ref.device = placed.device;
  ref.descriptor = kernel.name;
  ref.node = n;
  for (size_t k = 1; k < placed.kernels.size(); ++k)
    ref.fallbacks.push_back(placed.kernels[k]->name);
  ref.in_place = placement::InPlacePairs(placed.kernels);
  ref.allocates = Allocates(n);
  for (uint32_t p : step.outputs) {
    if (ref.allocates && p != kNone && program_.physical[p].home == Home::kArena)
      program_.physical[p].home = Home::kSized;
  }
  program_.kernels.push_back(std::move(ref));
  step.kernel = static_cast<uint32_t>(program_.kernels.size() - 1);
  const size_t row = rows_.size();
  AddNodeRow(n);
  SetSteps(row, PushStep(std::move(step)));
  node_stage_ = 0;
  if (program_.kernels.back().allocates) SetOutputStage(n, stage_now_ + 1);
  for (uint32_t v : node.outputs) {
    if (v != kNone) TENON_RETURN_IF_ERROR(EmitCopiesToHost(v));
  }
  return Status();
}

// The first stage that knows the shapes of all inputs.
uint32_t Lowering::InputStage(uint32_t n) const {
  uint32_t stage = 0;
  for (const uint32_t v : placed_.graph.nodes[n].inputs) {
    if (v != kNone) stage = std::max(stage, stage_[v]);
  }
  return stage;
}

void Lowering::SetOutputStage(uint32_t n, uint32_t stage) {
  for (const uint32_t v : placed_.graph.nodes[n].outputs) {
    if (v != kNone) stage_[v] = stage;
  }
}

// The node's outputs are known when its inputs are, and what of their contents decides shapes.
Status Lowering::NoteStage(uint32_t n) {
  const graph::Node& node = placed_.graph.nodes[n];
  node_stage_ = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const uint32_t v = node.inputs[i];
    if (v == kNone) continue;
    if (!node.DecidesShapes(i) || program_.logical[v].constant != kNone) continue;
    if (Find(v, 0, TENON_LAYOUT_ROW_MAJOR, kNone) != kNone &&
        program_.physical[Find(v, 0, TENON_LAYOUT_ROW_MAJOR, kNone)].home == Home::kResolved)
      continue;
    TENON_ASSIGN(const uint32_t known, ReadContents(v));
    node_stage_ = std::max(node_stage_, known);
  }
  SetOutputStage(n, std::max(InputStage(n), node_stage_));
  return Status();
}

// The stage that knows the contents: they are brought to the host, and the next kPlan step reads them.
Result<uint32_t> Lowering::ReadContents(uint32_t logical) {
  if (read_stage_[logical] != kNone) return read_stage_[logical];
  while (stage_[logical] > stage_now_) EmitPlan();
  TENON_ASSIGN(const uint32_t physical, EnsureDense(logical, 0));
  WaitForInput(kNone, physical);
  reads_.push_back(physical);
  return read_stage_[logical] = stage_now_ + 1;
}

// A step whose inputs have sizes that became known since the last planning begins a new stage, and so
// does one whose outputs have.
void Lowering::PlanBefore(const Step& step) {
  const bool known = std::ranges::all_of(step.inputs, [this](uint32_t p) {
    return p == kNone || stage_[program_.physical[p].logical] <= stage_now_;
  });
  if (!known || node_stage_ > stage_now_) EmitPlan();
}

void Lowering::EmitPlan() {
  Step& step = program_.steps.emplace_back();
  step.kind = StepKind::kPlan;
  step.inputs = std::exchange(reads_, {});
  ++stage_now_;
}

// What the host runs reads and writes host memory, and is done when its step is.
Status Lowering::EmitHostStep(uint32_t n) {
  const graph::Node& node = placed_.graph.nodes[n];
  Step step;
  step.kind = StepKind::kHost;
  step.node = n;
  for (uint32_t v : node.inputs) {
    step.inputs.push_back(kNone);
    if (v == kNone) continue;
    TENON_ASSIGN(step.inputs.back(), EnsureDense(v, 0));
  }
  for (uint32_t p : step.inputs) {
    if (p != kNone) WaitForInput(kNone, p);
  }
  for (uint32_t v : node.outputs) {
    step.outputs.push_back(kNone);
    if (v == kNone) continue;
    const bool object = program_.logical[v].is_object();
    const uint32_t p = object ? AddPhysical(v, 0, TENON_LAYOUT_ROW_MAJOR, Home::kObject, 0)
                              : AddMade(v, 0, TENON_LAYOUT_ROW_MAJOR, kNone);
    if (program_.physical[p].home == Home::kArena) program_.physical[p].home = Home::kSized;
    step.outputs.back() = p;
  }
  const size_t row = rows_.size();
  AddNodeRow(n);
  SetSteps(row, PushStep(std::move(step)));
  for (const auto& subgraph : placed_.nodes[n].subgraphs) {
    placement::Report inner;
    TENON_ASSIGN(auto subprogram, Lower(*subgraph, &inner));
    program_.nodes[n].subprograms.push_back(std::move(subprogram));
    std::ranges::move(inner.rows, std::back_inserter(rows_));
  }
  node_stage_ = 0;
  SetOutputStage(n, stage_now_ + 1);
  return Status();
}

Status Lowering::EmitSegment(const placement::Segment& segment) {
  // Arithmetic stands between its nodes: what the segment reads of it is noted before it is copied.
  for (uint32_t n = segment.nodes.front(); n <= segment.nodes.back(); ++n)
    SetOutputStage(n, InputStage(n));
  Step step;
  step.device = segment.device;
  const uint32_t memory =
      MemoryOf(segment.device, placement::DefaultMemory(*placed_.devices[segment.device]));
  for (uint32_t v : segment.inputs) {
    TENON_ASSIGN(const uint32_t p, EnsureDense(v, memory));
    step.inputs.push_back(p);
  }
  for (uint32_t p : step.inputs) WaitForInput(segment.device, p);
  for (uint32_t v : segment.outputs)
    step.outputs.push_back(AddMade(v, memory, TENON_LAYOUT_ROW_MAJOR, segment.device));
  KernelRef ref;
  ref.device = segment.device;
  ref.segment = segment.nodes;
  ref.artifact = segment.artifact;
  program_.kernels.push_back(std::move(ref));
  step.kernel = static_cast<uint32_t>(program_.kernels.size() - 1);
  const size_t row = rows_.size();
  for (uint32_t n : segment.nodes) AddNodeRow(n);
  SetSteps(row, PushStep(std::move(step)));
  node_stage_ = 0;
  for (uint32_t v : segment.outputs) TENON_RETURN_IF_ERROR(EmitCopiesToHost(v));
  return Status();
}

Status Lowering::EmitCopiesToHost(uint32_t logical) {
  if (!needs_[logical].elsewhere) return Status();
  auto copied = EnsureDense(logical, 0);
  return copied.ok() ? Status() : std::move(copied).status();
}

Status Lowering::FinishOutputs() {
  for (uint32_t o = 0; o < program_.outputs.size(); ++o) {
    TENON_ASSIGN(const uint32_t p, EnsureDense(program_.outputs[o], 0));
    const PhysicalValue& base = program_.physical[BaseOf(p)];
    const bool direct = base.home == Home::kOutput && base.index == o;
    program_.output_physical.push_back(direct ? BaseOf(p) : p);
  }
  return Status();
}

void Lowering::DropUnusedSignals() {
  std::vector<uint32_t> number(program_.fence_count, kNone);
  for (const Step& step : program_.steps) {
    if (step.kind == StepKind::kHostWait || step.kind == StepKind::kQueueWait)
      number[step.fence] = 0;
  }
  const auto unused = [&](const Step& step) {
    return step.kind == StepKind::kSignal && number[step.fence] == kNone;
  };
  std::vector<uint32_t> moved;  // by step: its number without those
  uint32_t kept = 0;
  for (const Step& step : program_.steps) {
    moved.push_back(kept);
    kept += !unused(step);
  }
  for (placement::NodeChoice& row : rows_) {
    if (row.path == placed_.path && row.step != kNone) row.step = moved[row.step];
  }
  std::erase_if(program_.steps, unused);
  program_.fence_count = 0;
  for (Step& step : program_.steps) {
    if (step.kind == StepKind::kSignal) number[step.fence] = program_.fence_count++;
    if (step.fence != kNone) step.fence = number[step.fence];
  }
}

}  // namespace tenon::program
