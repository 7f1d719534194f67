// A program as text, for `tenon inspect --stage program`.
#include <algorithm>

#include "index.h"
#include "names.h"

namespace tenon::program {

const char* HomeName(Home home) {
  switch (home) {
    case Home::kArena:
      return "arena";
    case Home::kConstant:
      return "constant";
    case Home::kInput:
      return "input";
    case Home::kOutput:
      return "output";
    case Home::kAlias:
      return "alias";
    case Home::kResolved:
      return "resolved";
    case Home::kSized:
      return "sized";
    case Home::kObject:
      return "object";
  }
  return "?";
}

const char* StepKindName(StepKind kind) {
  switch (kind) {
    case StepKind::kKernel:
      return "kernel";
    case StepKind::kCopy:
      return "copy";
    case StepKind::kSignal:
      return "signal";
    case StepKind::kHostWait:
      return "host_wait";
    case StepKind::kQueueWait:
      return "queue_wait";
    case StepKind::kPlan:
      return "plan";
    case StepKind::kHost:
      return "host";
  }
  return "?";
}

std::string StepTitle(const Program& program, const Step& step) {
  if (step.kind != StepKind::kKernel && step.kind != StepKind::kHost)
    return StepKindName(step.kind);
  if (step.node != kNone) {
    const graph::Node& node = program.nodes[step.node].node;
    return (node.domain.empty() ? "" : node.domain + ".") + node.op + "." +
           std::to_string(node.revision) + " \"" + node.name + "\"";
  }
  const KernelRef* kernel = step.kernel == kNone ? nullptr : &program.kernels[step.kernel];
  if (kernel == nullptr || kernel->segment.empty()) return "reorder";
  return "segment of " + std::to_string(kernel->segment.size()) + " nodes from \"" +
         program.nodes[kernel->segment[0]].node.name + "\"";
}

namespace {

std::string MemoryName(const Program& program, uint32_t memory) {
  const MemoryRef& ref = program.memories[memory];
  if (ref.device == kNone) return "host";
  return program.devices[ref.device].backend + ":" + std::to_string(ref.device) + "." +
         std::to_string(ref.kind);
}

std::string PhysicalName(const Program& program, uint32_t physical) {
  if (physical == kNone) return "_";
  const PhysicalValue& value = program.physical[physical];
  std::string text =
      "%" + program.logical[value.logical].name + "@" + MemoryName(program, value.memory);
  if (value.layout != 0) text += "/" + std::to_string(value.layout);
  if (value.home == Home::kAlias)
    text += "=alias(" + PhysicalName(program, value.index) + ")";
  else if (value.home == Home::kSized || value.home == Home::kObject)
    text += std::string("=") + HomeName(value.home);
  else if (value.home != Home::kArena)
    text += std::string("=") + HomeName(value.home) + std::to_string(value.index);
  return text;
}

std::string List(const Program& program, const std::vector<uint32_t>& values) {
  std::string text;
  for (size_t i = 0; i < values.size(); ++i)
    text += (i > 0 ? ", " : "") + PhysicalName(program, values[i]);
  return text;
}

std::string ValueText(const Program& program, uint32_t logical) {
  const LogicalValue& value = program.logical[logical];
  return "%" + value.name + ": " + std::string(DataTypeName(value.type)) + value.shape.ToString();
}

std::string Indented(const std::string& text) {
  std::string indented;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    indented += "    " + text.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
  return indented;
}

std::string StepText(const Program& program, const Step& step) {
  auto device = [&](uint32_t d) { return program.devices[d].backend + ":" + std::to_string(d); };
  switch (step.kind) {
    case StepKind::kSignal:
      return "signal fence " + std::to_string(step.fence) + " on " + device(step.device);
    case StepKind::kHostWait:
      return "host waits for fence " + std::to_string(step.fence) + " of " + device(step.device);
    case StepKind::kQueueWait:
      return device(step.device) + " waits for fence " + std::to_string(step.fence) + " of " +
             device(step.other_device);
    case StepKind::kPlan:
      return "plan what is behind" +
             (step.inputs.empty() ? "" : " by " + List(program, step.inputs));
    default:
      break;
  }
  std::string text = List(program, step.outputs) + " = " + StepTitle(program, step) + "(" +
                     List(program, step.inputs) + ") on " +
                     (step.device == kNone ? "host" : device(step.device));
  if (step.kernel == kNone) return text;
  const KernelRef& kernel = program.kernels[step.kernel];
  text += " by " + (kernel.artifact
                        ? "artifact of " + std::to_string(kernel.artifact->size()) + " bytes"
                        : kernel.descriptor);
  for (size_t f = 0; f < kernel.fallbacks.size(); ++f)
    text += (f == 0 ? ", else " : ", ") + kernel.fallbacks[f];
  if (kernel.allocates) text += ", allocates";
  for (const operators::InPlace pair : kernel.in_place) {
    text += ", in place " + std::to_string(pair.input) + "->" + std::to_string(pair.output);
  }
  return text;
}

}  // namespace

std::string Program::Dump() const {
  std::string text;
  for (uint32_t d = 0; d < devices.size(); ++d) {
    text += "device " + std::to_string(d) + ": " + devices[d].backend + " " +
            std::to_string(devices[d].id) + (devices[d].asynchronous ? ", asynchronous" : "") +
            "\n";
  }
  for (uint32_t m = 0; m < memories.size(); ++m) {
    text +=
        "memory " + MemoryName(*this, m) + ": alignment " + std::to_string(memories[m].alignment);
    if (memories[m].largest_allocation != UINT64_MAX) {
      text += ", largest allocation " + std::to_string(memories[m].largest_allocation);
    }
    text += "\n";
  }
  for (uint32_t l : inputs) text += "input " + ValueText(*this, l) + "\n";
  for (uint32_t l = 0; l < logical.size(); ++l) {
    if (logical[l].constant != kNone) text += "constant " + ValueText(*this, l) + "\n";
  }
  for (const ProgramNode& node : nodes) {
    if (!node.host_arithmetic && !node.is_view) continue;
    text += node.is_view ? "view " : "host ";
    for (uint32_t l : node.node.outputs) text += l == kNone ? "_ " : ValueText(*this, l) + " ";
    text += "= " + node.node.op + " \"" + node.node.name + "\"(";
    for (size_t i = 0; i < node.node.inputs.size(); ++i) {
      text += i > 0 ? ", " : "";
      text += node.node.inputs[i] == kNone ? "_" : "%" + logical[node.node.inputs[i]].name;
    }
    text += ")\n";
  }
  for (uint32_t s = 0; s < steps.size(); ++s) {
    text += std::to_string(s) + ": " + StepText(*this, steps[s]) + "\n";
    if (steps[s].kind != StepKind::kHost) continue;
    for (const auto& subprogram : nodes[steps[s].node].subprograms)
      text += Indented(subprogram->Dump());
  }
  for (uint32_t o = 0; o < outputs.size(); ++o) {
    text += "output " + ValueText(*this, outputs[o]) + " in " +
            PhysicalName(*this, output_physical[o]) + "\n";
  }
  return text;
}

}  // namespace tenon::program
