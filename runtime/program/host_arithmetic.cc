#include "host_arithmetic.h"

#include <algorithm>

#include "small_array.h"

namespace tenon::program {
namespace {

constexpr uint64_t kMostComputed = uint64_t{64} << 20;  // bytes of a resolution

// Memory for an output; its address is not null even where it has no bytes, since null means
// absent.
Result<std::byte*> MakeRoom(const Program& program, uint32_t logical, ResolvedShapes* resolved) {
  const Shape& shape = resolved->shapes[logical];
  if (!shape.IsStatic()) {
    return Status(Code::kUnsupported,
                  "the shape of \"" + program.logical[logical].name + "\" depends on data");
  }
  TENON_ASSIGN(const int64_t bytes,
               CheckedByteSize(program.logical[logical].type, shape.ElementCount()));
  resolved->computed_bytes += static_cast<uint64_t>(bytes);
  if (resolved->computed_bytes > kMostComputed)
    return Status(Code::kBudgetExceeded, "\"" + program.logical[logical].name +
                                             "\", which decides shapes, has " +
                                             std::to_string(bytes) + " bytes");
  ResolvedShapes::Contents& contents = resolved->contents[logical];
  contents.bytes.reserve(8);
  contents.bytes.resize(static_cast<size_t>(bytes));
  contents.known = true;
  return contents.bytes.data();
}

int64_t Normalized(int64_t axis, int64_t rank) {
  return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
}

Status ComputeShape(const Program& program, const ProgramIndex::Node& node,
                    ResolvedShapes* resolved) {
  const Shape& input = resolved->shapes[node.inputs[0]];
  TENON_ASSIGN(std::byte* const room, MakeRoom(program, node.outputs[0], resolved));
  const int64_t rank = input.rank();
  const int64_t begin = Normalized(node.view.Int("start", 0), rank);
  const int64_t end = std::max(begin, Normalized(node.view.Int("end", rank), rank));
  std::copy_n(input.dims().begin() + begin, end - begin, reinterpret_cast<int64_t*>(room));
  return Status();
}

std::vector<operators::TensorSpec> SpecsOf(const Program& program, const ResolvedShapes& resolved,
                                           std::span<const uint32_t> values) {
  std::vector<operators::TensorSpec> specs;
  for (uint32_t l : values) {
    specs.emplace_back();
    if (l != kNone) specs.back() = {true, program.logical[l].type, resolved.shapes[l]};
  }
  return specs;
}

Status RunKernel(const ProgramIndex& index, const Program& program, const ProgramIndex::Node& node,
                 ResolvedShapes* resolved) {
  if (node.kernel == nullptr)
    return node.view.Error(Code::kUnsupported, "the host has no kernel for it");
  std::unique_ptr<operators::KernelPlan> made;
  if (!node.plan) {
    TENON_ASSIGN(made, node.kernel->Plan(node.view, SpecsOf(program, *resolved, node.inputs),
                                         SpecsOf(program, *resolved, node.outputs)));
  }
  const operators::KernelPlan& plan = node.plan ? *node.plan : *made;
  SmallArray<void*> inputs(node.inputs.size()), outputs(node.outputs.size());
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNone) continue;
    inputs[i] = KnownContents(index, program, *resolved, node.inputs[i]).data;
    if (inputs[i] != nullptr) continue;
    const Shape& shape = resolved->shapes[node.inputs[i]];
    if (!shape.IsStatic() || shape.ElementCount() != 0)
      return node.view.Error(Code::kInternal, "shape arithmetic on a value that is not known");
    inputs[i] = operators::g_no_bytes;
  }
  for (size_t o = 0; o < node.outputs.size(); ++o) {
    if (node.outputs[o] == kNone) continue;
    TENON_ASSIGN(std::byte* const room, MakeRoom(program, node.outputs[o], resolved));
    outputs[o] = room;
  }
  std::vector<std::byte> workspace(static_cast<size_t>(plan.workspace_bytes()));
  return plan.Run(
      {inputs.span(), outputs.span(), workspace.data(), operators::ParallelFor::Inline()});
}

}  // namespace

TensorView KnownContents(const ProgramIndex& index, const Program& program,
                         const ResolvedShapes& resolved, uint32_t logical) {
  if (const TensorView* constant = index.constant(logical)) return *constant;
  if (!index.computed(logical) && !index.read(logical)) return {};
  if (!resolved.contents[logical].known) return {};
  auto* data = const_cast<std::byte*>(resolved.contents[logical].bytes.data());
  return {program.logical[logical].type, resolved.shapes[logical], data};
}

Status ComputeContents(const ProgramIndex& index, const Program& program,
                       const ProgramIndex::Node& node, ResolvedShapes* resolved) {
  switch (node.host) {
    case ProgramIndex::HostRule::kNone:
      return Status();
    case ProgramIndex::HostRule::kShape:
      return ComputeShape(program, node, resolved);
    case ProgramIndex::HostRule::kSize: {
      TENON_ASSIGN(std::byte* const room, MakeRoom(program, node.outputs[0], resolved));
      *reinterpret_cast<int64_t*>(room) = resolved->shapes[node.inputs[0]].ElementCount();
      return Status();
    }
    case ProgramIndex::HostRule::kKernel:
      return RunKernel(index, program, node, resolved);
  }
  return Status();
}

}  // namespace tenon::program
