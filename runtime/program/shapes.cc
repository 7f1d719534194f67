// ResolveShapes: from the shapes of a run's inputs to those of all values. The hot path of
// replanning, so it allocates nothing where `out_resolved` was used before.
#include <cstring>
#include <string>

#include "host_arithmetic.h"
#include "index.h"
#include "small_array.h"
#include "tenon/program/plan.h"

namespace tenon::program {
namespace {

using operators::InferInput;
using operators::InferOutput;

Status RefuseInput(const Program& program, uint32_t input, const Shape& got,
                   const std::string& why) {
  const LogicalValue& value = program.logical[program.inputs[input]];
  return Status(Code::kInvalidArgument, "input \"" + value.name + "\": got shape " +
                                            got.ToString() + ", expected " +
                                            ShapeText(program, value.shape) + why);
}

class Resolver {
 public:
  Resolver(const Program& program, const ProgramIndex& index, const ResolvedShapes* previous,
           const ForeignOperators* foreign, ResolvedShapes* out)
      : program_(program), index_(index), previous_(previous), foreign_(foreign), out_(*out) {}

  Status Run(std::span<const Shape> inputs) {
    Prepare();
    for (uint32_t i = 0; i < inputs.size(); ++i) TENON_RETURN_IF_ERROR(BindInput(i, inputs[i]));
    return InferStage(0);
  }

  Status Continue(uint32_t stage, std::span<const Shape> sizes) {
    for (uint32_t l = 0; l < out_.shapes.size(); ++l) {
      out_.changed[l] = 1;
      Compare(l);
    }
    const auto& sized = index_.stages().sized[stage];
    for (size_t i = 0; i < sized.size(); ++i) {
      out_.shapes[sized[i].logical] = sizes[i];
      out_.changed[sized[i].logical] = 1;
      Compare(sized[i].logical);
    }
    sizes = sizes.subspan(sized.size());
    for (uint32_t p : index_.stages().read[stage]) {
      const uint32_t l = program_.physical[p].logical;
      sizes = sizes.subspan(TakeContents(l, sizes));
      out_.changed[l] = 1;
      Compare(l);
    }
    return InferStage(stage);
  }

 private:
  // Contents that were read, from the shapes that stand for them; says how many these were.
  size_t TakeContents(uint32_t l, std::span<const Shape> words) {
    const int64_t bits = out_.shapes[l].ElementCount() * BitWidth(program_.logical[l].type);
    ResolvedShapes::Contents& contents = out_.contents[l];
    contents.bytes.reserve(8);  // no bytes have an address, too: NULL is not known
    contents.bytes.resize(static_cast<size_t>((bits + 7) / 8));
    contents.known = true;
    size_t at = 0, used = 0;
    for (; at < contents.bytes.size(); ++used) {
      const auto bytes =
          std::min<size_t>(words[used].dims().size_bytes(), contents.bytes.size() - at);
      std::memcpy(contents.bytes.data() + at, words[used].dims().data(), bytes);
      at += bytes;
    }
    return used;
  }

  Status InferStage(uint32_t stage) {
    const std::span<const ProgramIndex::Node> nodes = index_.nodes();
    for (uint32_t n = 0; n < nodes.size(); ++n) {
      if (index_.stages().node[n] != stage) continue;
      if (previous_ != nullptr && Reuse(nodes[n])) continue;
      TENON_RETURN_IF_ERROR(Infer(n, nodes[n]));
    }
    return Status();
  }

  void Prepare() {
    const size_t count = program_.logical.size();
    if (index_.stages().count > 1) out_.shapes.assign(count, Shape::UnknownRank());
    out_.shapes.resize(count);
    out_.changed.assign(count, 1);
    out_.symbols.assign(program_.symbols.size(), {});
    if (index_.has_host_arithmetic()) out_.contents.resize(count);
    for (const auto& stage : index_.stages().read) {
      for (uint32_t p : stage) out_.contents[program_.physical[p].logical].known = false;
    }
    for (uint32_t l : index_.constants()) {
      out_.shapes[l] = program_.logical[l].shape;
      out_.changed[l] = previous_ == nullptr;
    }
  }

  Status BindInput(uint32_t input, const Shape& got) {
    const uint32_t logical = program_.inputs[input];
    const Shape& expected = program_.logical[logical].shape;
    if (program_.logical[logical].kind != ValueKind::kTensor) {
      out_.shapes[logical] = got;
      Compare(logical);
      return Status();
    }
    if (!got.IsStatic()) return RefuseInput(program_, input, got, ": not all dimensions are known");
    if (expected.has_rank() && expected.rank() != got.rank()) {
      return RefuseInput(program_, input, got,
                         ": rank " + std::to_string(got.rank()) + " instead of " +
                             std::to_string(expected.rank()));
    }
    for (int axis = 0; axis < expected.rank(); ++axis)
      TENON_RETURN_IF_ERROR(BindDim(input, got, expected, axis));
    out_.shapes[logical] = got;
    Compare(logical);
    return Status();
  }

  Status BindDim(uint32_t input, const Shape& got, const Shape& expected, int axis) {
    const int64_t want = expected[axis], size = got[axis];
    if (want == kUnknownDim || want == size) return Status();
    auto where = [&] {
      return ": dimension " + std::to_string(axis) + " is " + std::to_string(size);
    };
    if (want >= 0)
      return RefuseInput(program_, input, got, where() + " instead of " + std::to_string(want));
    const uint32_t id = SymbolId(want);
    if (id >= out_.symbols.size()) return Status();
    ResolvedShapes::Symbol& symbol = out_.symbols[id];
    if (symbol.input == kNone) {
      symbol = {size, input};
    } else if (symbol.size != size) {
      return RefuseInput(program_, input, got,
                         where() + ", but " + program_.symbols[id] + " is " +
                             std::to_string(symbol.size) + " in input \"" +
                             program_.logical[program_.inputs[symbol.input]].name + "\"");
    }
    return Status();
  }

  // Whether the node's inputs are those of the previous result; then takes over its outputs.
  bool Reuse(const ProgramIndex::Node& node) {
    for (uint32_t l : node.inputs) {
      if (l != kNone && out_.changed[l]) return false;
    }
    for (uint32_t l : node.outputs) {
      if (l == kNone) continue;
      out_.shapes[l] = previous_->shapes[l];
      if (index_.computed(l)) out_.contents[l] = previous_->contents[l];
      out_.changed[l] = 0;
    }
    return true;
  }

  void Compare(uint32_t l) {
    if (previous_ == nullptr || !(out_.shapes[l] == previous_->shapes[l])) return;
    const bool has_contents = index_.computed(l) || (index_.read(l) && out_.contents[l].known);
    out_.changed[l] = has_contents && out_.contents[l].bytes != previous_->contents[l].bytes;
  }

  Status Infer(uint32_t n, const ProgramIndex::Node& node) {
    SmallArray<InferInput> inputs(node.inputs.size());
    SmallArray<InferOutput, 4> outputs(node.outputs.size());
    SmallArray<TensorView, 4> computed(index_.has_host_arithmetic() ? node.inputs.size() : 0);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const uint32_t l = node.inputs[i];
      if (l == kNone) continue;
      InferInput& input = inputs[i];
      input.present = true;
      input.type = program_.logical[l].type;
      input.shape = out_.shapes[l];
      input.value = index_.constant(l);
      if (!index_.has_host_arithmetic()) continue;
      computed[i] = KnownContents(index_, program_, out_, l);
      if (computed[i].data != nullptr) input.value = &computed[i];
    }
    if (node.host_step) {
      for (uint32_t l : node.outputs) {
        if (l != kNone) out_.shapes[l] = Shape::UnknownRank();
      }
      return Status();
    }
    if (node.infer != nullptr) {
      TENON_RETURN_IF_ERROR(node.infer(node.view, inputs.span(), outputs.span()));
    } else {
      if (foreign_ == nullptr)
        return node.view.Error(Code::kUnsupported, "nobody knows its shape function");
      TENON_RETURN_IF_ERROR(foreign_->Infer(program_.nodes[n].node, inputs.span(), outputs.span()));
    }
    for (size_t o = 0; o < node.outputs.size(); ++o) {
      if (node.outputs[o] != kNone) out_.shapes[node.outputs[o]] = outputs[o].shape;
    }
    if (node.host != ProgramIndex::HostRule::kNone) {
      TENON_RETURN_IF_ERROR(ComputeContents(index_, program_, node, &out_));
    }
    for (uint32_t l : node.outputs) {
      if (l != kNone) Compare(l);
    }
    return Status();
  }

  const Program& program_;
  const ProgramIndex& index_;
  const ResolvedShapes* previous_;
  const ForeignOperators* foreign_;
  ResolvedShapes& out_;
};

}  // namespace

std::string ShapeText(const Program& program, const Shape& shape) {
  std::string text = "[";
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (axis > 0) text += ", ";
    const int64_t dim = shape[axis];
    if (dim >= 0)
      text += std::to_string(dim);
    else if (dim == kUnknownDim)
      text += "?";
    else
      text += SymbolId(dim) < program.symbols.size() ? program.symbols[SymbolId(dim)]
                                                     : "s" + std::to_string(SymbolId(dim));
  }
  return text + "]";
}

Status ResolveShapes(const Program& program, std::span<const Shape> inputs,
                     const ResolvedShapes* previous, ResolvedShapes* out_resolved,
                     const ForeignOperators* foreign) {
  if (inputs.size() != program.inputs.size()) {
    return Status(Code::kInvalidArgument, "got shapes of " + std::to_string(inputs.size()) +
                                              " inputs, expected " +
                                              std::to_string(program.inputs.size()));
  }
  std::shared_ptr<const ProgramIndex> index = program.index;
  if (!index) index = std::make_shared<const ProgramIndex>(program);
  out_resolved->computed_bytes = 0;
  return Resolver(program, *index, previous, foreign, out_resolved).Run(inputs);
}

Status ResolveStage(const Program& program, uint32_t stage, std::span<const Shape> sizes,
                    const ResolvedShapes* previous, ResolvedShapes* resolved,
                    const ForeignOperators* foreign) {
  std::shared_ptr<const ProgramIndex> index = program.index;
  if (!index) index = std::make_shared<const ProgramIndex>(program);
  return Resolver(program, *index, previous, foreign, resolved).Continue(stage, sizes);
}

}  // namespace tenon::program
