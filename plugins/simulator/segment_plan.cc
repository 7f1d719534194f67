#include "segment_plan.h"

#include <algorithm>
#include <cstring>

#include "storage.h"
#include "tenon/operators/operator.h"

namespace tenon::simulator {
namespace {

using operators::TensorSpec;

// Where a value is when the segment runs.
struct Slot {
  enum class Kind { kAbsent, kInput, kOutput, kConstant, kScratch } kind = Kind::kAbsent;
  uint64_t at = 0;  // index of the argument, or offset in the workspace
  void* constant = nullptr;
};

struct Step {
  std::shared_ptr<const Computation> computation;
  std::vector<Slot> inputs, outputs;
  uint64_t workspace = 0;  // offset
};

struct OutputCopy {
  Slot from;
  size_t output;
  uint64_t bytes;
};

class SegmentComputation : public Computation {
 public:
  SegmentComputation(std::string name, std::shared_ptr<const Segment> segment,
                     std::vector<Step> steps, std::vector<OutputCopy> copies,
                     uint64_t workspace_bytes)
      : Computation(std::move(name)),
        segment_(std::move(segment)),
        steps_(std::move(steps)),
        copies_(std::move(copies)) {
    SetWorkspace(workspace_bytes);
  }

  Status Run(std::span<void* const> inputs, std::span<void* const> outputs,
             void* workspace) const override {
    const auto find = [&](const Slot& slot) -> void* {
      switch (slot.kind) {
        case Slot::Kind::kInput:
          return inputs[slot.at];
        case Slot::Kind::kOutput:
          return outputs[slot.at];
        case Slot::Kind::kConstant:
          return slot.constant;
        case Slot::Kind::kScratch:
          return static_cast<std::byte*>(workspace) + slot.at;
        default:
          return nullptr;
      }
    };
    std::vector<void*> reads, writes;
    for (const Step& step : steps_) {
      reads.clear();
      writes.clear();
      for (const Slot& slot : step.inputs) reads.push_back(find(slot));
      for (const Slot& slot : step.outputs) writes.push_back(find(slot));
      const Status status =
          step.computation->Run(reads, writes, static_cast<std::byte*>(workspace) + step.workspace);
      if (!status.ok()) return status.Clone().WithContext(step.computation->name());
    }
    for (const OutputCopy& copy : copies_)
      std::memcpy(outputs[copy.output], find(copy.from), copy.bytes);
    return {};
  }

 private:
  const std::shared_ptr<const Segment> segment_;  // has the constants
  const std::vector<Step> steps_;
  const std::vector<OutputCopy> copies_;
};

// Places intervals of bytes so that those alive at the same step don't overlap: first fit, in the
// order of steps.
class Arena {
 public:
  uint64_t Place(uint64_t bytes, size_t from, size_t to) {
    std::erase_if(alive_, [&](const Block& block) { return block.to < from; });
    std::ranges::sort(alive_, {}, &Block::begin);
    uint64_t begin = 0;
    for (const Block& block : alive_) {
      if (begin + bytes <= block.begin) break;
      begin = std::max(begin, block.end);
    }
    const uint64_t end =
        (begin + bytes + kMemoryAlignment - 1) / kMemoryAlignment * kMemoryAlignment;
    alive_.push_back({begin, end, to});
    size_ = std::max(size_, end);
    return begin;
  }
  uint64_t size() const { return size_; }

 private:
  struct Block {
    uint64_t begin, end;
    size_t to;
  };
  std::vector<Block> alive_;
  uint64_t size_ = 0;
};

class Planner {
 public:
  Planner(std::shared_ptr<const Segment> segment, std::span<const TensorSpec> outputs)
      : segment_(std::move(segment)),
        outputs_(outputs),
        specs_(segment_->values.size()),
        slots_(specs_.size()),
        last_use_(specs_.size()) {}

  Result<std::shared_ptr<const Computation>> Plan(std::span<const TensorSpec> inputs) {
    TENON_RETURN_IF_ERROR(PlaceArguments(inputs));
    for (size_t s = 0; s < segment_->nodes.size(); ++s) TENON_RETURN_IF_ERROR(PlanNode(s));
    TENON_RETURN_IF_ERROR(FinishOutputs());
    const auto& nodes = segment_->nodes;
    std::string name = "segment of " + std::to_string(nodes.size()) + " nodes";
    if (!nodes.empty())
      name += ", " + nodes.front().node->Label() + " to " + nodes.back().node->Label();
    return std::shared_ptr<const Computation>(
        std::make_shared<SegmentComputation>(std::move(name), std::move(segment_),
                                             std::move(steps_), std::move(copies_), arena_.size()));
  }

 private:
  Status PlaceArguments(std::span<const TensorSpec> inputs) {
    if (inputs.size() != segment_->inputs.size() || outputs_.size() != segment_->outputs.size()) {
      return Status(Code::kInvalidArgument,
                    "the segment has " + std::to_string(segment_->inputs.size()) + " inputs and " +
                        std::to_string(segment_->outputs.size()) + " outputs");
    }
    for (size_t v = 0; v < specs_.size(); ++v) {
      const SegmentValue& value = segment_->values[v];
      if (!value.is_constant) continue;
      specs_[v] = {true, value.constant.type, value.constant.shape};
      slots_[v] = {Slot::Kind::kConstant, 0, value.constant.data};
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      specs_[segment_->inputs[i]] = inputs[i];
      slots_[segment_->inputs[i]] = {Slot::Kind::kInput, i, nullptr};
    }
    for (size_t o = 0; o < outputs_.size(); ++o) {
      Slot& slot = slots_[segment_->outputs[o]];
      if (outputs_[o].present && slot.kind == Slot::Kind::kAbsent)
        slot = {Slot::Kind::kOutput, o, nullptr};
    }
    for (size_t s = 0; s < segment_->nodes.size(); ++s) {
      for (const uint32_t v : segment_->nodes[s].inputs) {
        if (v != kNoValue) last_use_[v] = s;
      }
    }
    return {};
  }

  // Types and shapes of a node's outputs.
  Status Infer(const SegmentNode& node) {
    const NodeView& view = node.node->view();
    const operators::Operator* meaning = operators::FindOperator(view.domain, view.op);
    if (!meaning) return view.Error(Code::kUnsupported, "the operator is not known");
    std::vector<operators::InferInput> inputs(node.inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      const uint32_t v = node.inputs[i];
      if (v == kNoValue || !specs_[v].present) continue;
      const SegmentValue& value = segment_->values[v];
      inputs[i] = {true, specs_[v].type, specs_[v].shape,
                   value.is_constant ? &value.constant : nullptr};
    }
    std::vector<operators::InferOutput> outputs(node.outputs.size());
    TENON_RETURN_IF_ERROR(meaning->infer(view, inputs, outputs));
    for (size_t o = 0; o < outputs.size(); ++o) {
      if (node.outputs[o] == kNoValue) continue;
      if (!outputs[o].shape.IsStatic()) {
        return view.Error(Code::kUnsupported,
                          "the shape of output " + std::to_string(o) + " depends on data");
      }
      specs_[node.outputs[o]] = {true, outputs[o].type, outputs[o].shape};
    }
    return {};
  }

  Result<uint64_t> BytesOf(uint32_t value) const {
    const TensorSpec& spec = specs_[value];
    TENON_ASSIGN(const int64_t bytes, CheckedByteSize(spec.type, spec.shape.ElementCount()));
    return static_cast<uint64_t>(bytes);
  }

  Status PlanNode(size_t s) {
    const SegmentNode& node = segment_->nodes[s];
    TENON_RETURN_IF_ERROR(Infer(node));
    const auto specs_of = [&](const std::vector<uint32_t>& values) {
      std::vector<TensorSpec> specs;
      for (const uint32_t v : values) specs.push_back(v == kNoValue ? TensorSpec() : specs_[v]);
      return specs;
    };
    const auto inputs = specs_of(node.inputs);
    const NodeView& view = node.node->view();
    const DataType type = inputs.empty() ? DataType::kUndefined : inputs[0].type;
    const operators::Kernel* row = operators::FindKernel(view.domain, view.op, view.revision, type);
    if (!row) return view.Error(Code::kUnsupported, "there is no kernel for it");
    Step step;
    TENON_ASSIGN(step.computation,
                 PlanReference(std::shared_ptr<const Node>(segment_, node.node.get()), *row, inputs,
                               specs_of(node.outputs)));
    for (const uint32_t v : node.outputs) {
      if (v == kNoValue || slots_[v].kind != Slot::Kind::kAbsent) continue;
      TENON_ASSIGN(const uint64_t bytes, BytesOf(v));
      slots_[v] = {Slot::Kind::kScratch, arena_.Place(bytes, s, std::max(s, last_use_[v])),
                   nullptr};
    }
    step.workspace = arena_.Place(step.computation->workspace_bytes(), s, s);
    for (const uint32_t v : node.inputs) step.inputs.push_back(v == kNoValue ? Slot() : slots_[v]);
    for (const uint32_t v : node.outputs)
      step.outputs.push_back(v == kNoValue ? Slot() : slots_[v]);
    steps_.push_back(std::move(step));
    return {};
  }

  // Outputs have the shapes that the host says; those that no node writes in place are copied.
  Status FinishOutputs() {
    for (size_t o = 0; o < outputs_.size(); ++o) {
      if (!outputs_[o].present) continue;
      const uint32_t v = segment_->outputs[o];
      if (!(specs_[v].shape == outputs_[o].shape) || specs_[v].type != outputs_[o].type) {
        return Status(Code::kInvalidArgument,
                      "output " + std::to_string(o) + " (" + segment_->values[v].name +
                          ") has shape " + outputs_[o].shape.ToString() +
                          ", the segment computes " + specs_[v].shape.ToString());
      }
      if (slots_[v].kind == Slot::Kind::kOutput && slots_[v].at == o) continue;
      TENON_ASSIGN(const uint64_t bytes, BytesOf(v));
      copies_.push_back({slots_[v], o, bytes});
    }
    return {};
  }

  std::shared_ptr<const Segment> segment_;
  const std::span<const TensorSpec> outputs_;
  std::vector<TensorSpec> specs_;  // of all values; not present until they are known
  std::vector<Slot> slots_;
  std::vector<size_t> last_use_;
  std::vector<Step> steps_;
  std::vector<OutputCopy> copies_;
  Arena arena_;
};

}  // namespace

Result<std::shared_ptr<const Computation>> PlanSegment(std::shared_ptr<const Segment> segment,
                                                       std::span<const TensorSpec> inputs,
                                                       std::span<const TensorSpec> outputs) {
  return Planner(std::move(segment), outputs).Plan(inputs);
}

}  // namespace tenon::simulator
