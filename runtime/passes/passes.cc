#include "tenon/passes/passes.h"

#include <algorithm>
#include <cstring>

#include "node_inference.h"

namespace tenon::passes {

namespace {

// Models declare stale shapes for what their nodes make, and rules and folding use whatever is known of what a node reads:
// only what is inferred counts.
void ForgetDeclaredShapes(graph::Graph& graph) {
  for (graph::Node& node : graph.nodes) {
    for (const graph::ValueId id : node.inputs) {
      if (id == graph::kNone) continue;
      graph::Value& value = graph.values[id];
      if (value.producer != graph::kNone && !value.constant) value.shape = Shape::UnknownRank();
    }
    for (graph::Graph* body : node.Subgraphs()) ForgetDeclaredShapes(*body);
  }
}

}  // namespace

std::span<const Pass> Pipeline() {
  static constexpr Pass kPasses[] = {
      {"canonicalise", Canonicalise},
      {"infer_shapes", InferShapes},
      {"fold_constants", FoldConstants},
      {"inline_branches", InlineBranches},
      {"optimise_subgraphs", OptimiseSubgraphs},
      {"eliminate_identity", EliminateIdentity},
      {"eliminate_dead", EliminateDead},
  };
  return kPasses;
}

Status RunPipeline(graph::Graph& graph, const Options& options,
                   const std::function<void(const Pass&, const graph::Graph&)>& after) {
  const std::span<const Pass> pipeline = Pipeline();
  ForgetDeclaredShapes(graph);
  for (size_t p = 0; p < pipeline.size(); ++p) {
    const Pass& pass = pipeline[p];
    const auto takes_one = [&](const graph::Node& node) {
      return ConstantBranch(graph, node) >= 0;
    };
    const bool inlines = pass.run == InlineBranches && std::ranges::any_of(graph.nodes, takes_one);
    TENON_RETURN_IF_ERROR(pass.run(graph, options));
    TENON_RETURN_IF_ERROR(
        graph.Validate().WithContext(std::string("after ") + std::string(pass.name)));
    if (after) after(pass, graph);
    if (inlines) p = static_cast<size_t>(-1);
  }
  return {};
}

std::shared_ptr<const graph::Constant> MakeConstant(DataType type, const Shape& shape,
                                                    const void* data, uint64_t bytes) {
  auto memory = std::shared_ptr<std::byte[]>(new std::byte[bytes ? bytes : 1]);
  if (data != nullptr) {
    std::memcpy(memory.get(), data, bytes);
  } else {  // no data: zeros
    std::memset(memory.get(), 0, bytes);
  }
  auto blob = std::make_shared<graph::Blob>();
  blob->data = memory.get();
  blob->size = bytes;
  blob->owner = std::move(memory);
  auto constant = std::make_shared<graph::Constant>();
  constant->type = type;
  constant->shape = shape;
  constant->blob = std::move(blob);
  return constant;
}

std::vector<OpenDim> OpenDims(const graph::Graph& graph) {
  std::vector<OpenDim> dims;
  for (graph::ValueId v : graph.inputs) {
    const graph::Value& value = graph.values[v];
    for (int axis = 0; axis < value.shape.rank(); ++axis) {
      const int64_t dim = value.shape[axis];
      if (dim >= 0) continue;
      const std::string name = dim == kUnknownDim ? value.name + "[" + std::to_string(axis) + "]"
                                                  : graph.symbols[SymbolId(dim)];
      if (std::ranges::find(dims, name, &OpenDim::name) == dims.end())
        dims.push_back({name, v, axis});
    }
  }
  return dims;
}

Status BindSymbols(graph::Graph& graph, const std::map<std::string, int64_t>& sizes) {
  const std::vector<OpenDim> open = OpenDims(graph);
  for (const auto& [name, size] : sizes) {
    if (size < 0) {
      return Status(Code::kInvalidArgument,
                    "dimension " + name + ": got " + std::to_string(size) + ", expected 0 or more");
    }
    uint32_t id = 0;
    while (id < graph.symbols.size() && graph.symbols[id] != name) ++id;
    if (id == graph.symbols.size()) {
      const auto found = std::ranges::find(open, name, &OpenDim::name);
      if (found != open.end()) {
        graph.values[found->value].shape[found->axis] = size;
        continue;
      }
      std::string known;
      for (const OpenDim& dim : open) known += (known.empty() ? "" : ", ") + dim.name;
      return Status(Code::kInvalidArgument,
                    "the model has no dimension named '" + name + "'" +
                        (known.empty() ? "; its inputs have no open dimension"
                                       : " (its inputs have: " + known + ")"));
    }
    for (graph::Value& value : graph.values) {
      for (int axis = 0; axis < value.shape.rank(); ++axis) {
        if (value.shape[axis] == SymbolDim(id)) value.shape[axis] = size;
      }
    }
  }
  return {};
}

}  // namespace tenon::passes
