// Constant folding, with the reference kernels. What would grow the model beyond its limits stays as it is.
#include "node_inference.h"
#include "tenon/operators/kernel.h"

namespace tenon::passes {
namespace {

using graph::Graph;
using graph::kNone;
using graph::Node;
using graph::Value;

constexpr uint64_t kShapeArithmeticBytes = 4096;

bool IsShapeOf(const Node& node) {
  return node.domain.empty() && (node.op == "Shape" || node.op == "Size");
}

// Wanted, and all inputs are constant; or it asks for the shape of a static tensor.
bool IsKnown(const Graph& graph, const Node& node) {
  if (!node.definition ||
      (node.definition->flags & (operators::kNondeterministic | operators::kOnHost)) ||
      std::all_of(node.outputs.begin(), node.outputs.end(),
                  [](graph::ValueId id) { return id == kNone; }))
    return false;
  if (IsShapeOf(node)) return graph.values[node.inputs[0]].shape.IsStatic();
  return std::all_of(node.inputs.begin(), node.inputs.end(), [&](graph::ValueId id) {
    return id == kNone || (graph.values[id].constant && graph.values[id].constant->blob);
  });
}

// The bytes of all outputs, or nothing where one isn't static or they are more than `most`.
bool OutputBytes(const Graph& graph, const Node& node, uint64_t most, uint64_t* out_bytes) {
  uint64_t total = 0;
  for (graph::ValueId id : node.outputs) {
    if (id == kNone) continue;
    const Value& value = graph.values[id];
    if (!value.shape.IsStatic() || BitWidth(value.type) == 0) return false;
    Result<int64_t> count = CheckedElementCount(value.shape.dims());
    if (!count.ok()) return false;
    Result<int64_t> bytes = CheckedByteSize(value.type, *count);
    if (!bytes.ok() || static_cast<uint64_t>(*bytes) > most - total) return false;
    total += static_cast<uint64_t>(*bytes);
  }
  *out_bytes = total;
  return true;
}

void SetConstant(Graph& graph, graph::ValueId id, std::shared_ptr<const graph::Constant> constant) {
  graph.values[id].constant = std::move(constant);
}

// A view of a constant shares its bytes.
bool FoldView(Graph& graph, const Node& node) {
  if (!(node.definition->flags & operators::kView) || node.inputs.empty() ||
      node.inputs[0] == kNone)
    return false;
  const auto& source = graph.values[node.inputs[0]].constant;
  const graph::ValueId output = node.outputs[0];
  if (!source || output == kNone || !graph.values[output].shape.IsStatic()) return false;
  for (size_t i = 1; i < node.outputs.size(); ++i) {
    if (node.outputs[i] != kNone) return false;
  }
  auto constant = std::make_shared<graph::Constant>(*source);
  constant->shape = graph.values[output].shape;
  SetConstant(graph, output, std::move(constant));
  return true;
}

struct Storage {
  std::vector<operators::TensorSpec> inputs, outputs;
  std::vector<void*> in, out;
  std::vector<std::vector<std::byte>> bytes;   // of outputs
  std::vector<std::vector<std::byte>> copies;  // of inputs that are not aligned
};

Storage Prepare(const Graph& graph, const Node& node) {
  Storage s;
  for (graph::ValueId id : node.inputs) {
    if (id == kNone) {
      s.inputs.push_back({});
      s.in.push_back(nullptr);
      continue;
    }
    const Value& value = graph.values[id];
    s.inputs.push_back({true, value.type, value.shape});
    s.in.push_back(value.constant ? View(*value.constant).data : nullptr);
    if (value.constant && s.in.back() == nullptr) s.in.back() = operators::g_no_bytes;
    if (!value.constant || IsAligned(*value.constant)) continue;
    const graph::Blob& blob = *value.constant->blob;
    s.copies.emplace_back(blob.data, blob.data + blob.size);
    s.in.back() = s.copies.back().data();
  }
  for (graph::ValueId id : node.outputs) {
    s.bytes.emplace_back();
    if (id == kNone) {
      s.outputs.push_back({});
      s.out.push_back(nullptr);
      continue;
    }
    const Value& value = graph.values[id];
    s.outputs.push_back({true, value.type, value.shape});
    const auto count = static_cast<uint64_t>(value.shape.ElementCount());
    s.bytes.back().resize((count * BitWidth(value.type) + 7) / 8 + 64);
    s.out.push_back(s.bytes.back().data());
  }
  return s;
}

Status Compute(Graph& graph, const Node& node) {
  Storage s = Prepare(graph, node);
  const DataType type = s.inputs.empty() ? s.outputs[0].type : s.inputs[0].type;
  const operators::Kernel* kernel =
      operators::FindKernel(node.domain, node.op, node.revision, type);
  if (!kernel) return {};
  const graph::NodeViewHolder holder(node);
  auto plan = kernel->Plan(holder.view(), s.inputs, s.outputs);
  if (!plan.ok())
    return plan.status().code() == Code::kUnsupported ? Status() : std::move(plan).status();
  std::vector<std::byte> workspace(static_cast<size_t>((*plan)->workspace_bytes()) + 64);
  operators::KernelArguments arguments;
  arguments.inputs = s.in;
  arguments.outputs = s.out;
  const auto address = reinterpret_cast<uintptr_t>(workspace.data());
  arguments.workspace = workspace.data() + (64 - address % 64) % 64;
  arguments.parallel = operators::ParallelFor::Inline();
  TENON_RETURN_IF_ERROR((*plan)->Run(arguments));
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == kNone) continue;
    const Value& value = graph.values[node.outputs[i]];
    SetConstant(graph, node.outputs[i],
                MakeConstant(value.type, value.shape, s.out[i], s.bytes[i].size() - 64));
  }
  return {};
}

}  // namespace

Status FoldNode(Graph& graph, graph::NodeId id, const Options& options, uint64_t* bytes) {
  const Node& node = graph.nodes[id];
  if (!IsKnown(graph, node)) return {};
  for (graph::ValueId output : node.outputs) {
    if (output != kNone && graph.values[output].constant) return {};
  }
  if (FoldView(graph, node)) return {};
  uint64_t made = 0;
  const uint64_t left = options.fold_total_bytes - std::min(options.fold_total_bytes, *bytes);
  if (!OutputBytes(graph, node, std::min(options.fold_output_bytes, left), &made)) return {};
  *bytes += made;
  return Compute(graph, node);
}

Status FoldShapeArithmetic(Graph& graph, graph::NodeId id, const Options& options) {
  const Node& node = graph.nodes[id];
  uint64_t bytes = 0;
  if (!IsKnown(graph, node) || !OutputBytes(graph, node, kShapeArithmeticBytes, &bytes)) return {};
  bytes = 0;
  return FoldNode(graph, id, options, &bytes);
}

Status FoldConstants(Graph& graph, const Options& options) {
  if (!options.fold) return {};
  uint64_t bytes = 0;
  for (graph::NodeId id = 0; id < graph.nodes.size(); ++id) {
    TENON_RETURN_IF_ERROR(FoldNode(graph, id, options, &bytes));
  }
  // A folded value has no producer any more; nodes without outputs that anybody wants are dead.
  for (Node& node : graph.nodes) {
    for (graph::ValueId& output : node.outputs) {
      if (output == kNone || !graph.values[output].constant) continue;
      graph.values[output].producer = kNone;
      output = kNone;
    }
  }
  return {};
}

}  // namespace tenon::passes
