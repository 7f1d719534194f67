// Operators that only move or compare strings, computed on numbers: each string's rank among all
// strings of the node's inputs.
#include <algorithm>
#include <optional>

#include "host_step.h"
#include "tenon/operators/kernel.h"

namespace tenon::execution {
namespace {

class OnRanks {
 public:
  explicit OnRanks(HostCall& call) : call_(call) {}

  Status Run() {
    TENON_ASSIGN(charge_, Charge::Make(call_.budget(), 0, "a table of strings"));
    TENON_RETURN_IF_ERROR(Rank());
    for (size_t i = 0; i < call_.input_count(); ++i) AddInput(i);
    TENON_RETURN_IF_ERROR(AddOutputs());
    const graph::Node& node = call_.graph_node();
    const DataType type = inputs_.empty() ? DataType::kInt64 : inputs_[0].type;
    const operators::Kernel* kernel =
        operators::FindKernel(node.domain, node.op, node.revision, type);
    if (kernel == nullptr) return call_.Error(Code::kUnsupported, "the host does not know it");
    TENON_ASSIGN(const auto plan, kernel->Plan(call_.node(), inputs_, outputs_));
    TENON_RETURN_IF_ERROR(charge_.Grow(plan->workspace_bytes() + 64, "a workspace"));
    std::vector<std::byte> workspace(static_cast<size_t>(plan->workspace_bytes()) + 64);
    operators::KernelArguments arguments;
    arguments.inputs = in_;
    arguments.outputs = out_;
    const auto address = reinterpret_cast<uintptr_t>(workspace.data());
    arguments.workspace = workspace.data() + (64 - address % 64) % 64;
    arguments.parallel = operators::ParallelFor::Inline();
    const operators::OutputAllocator allocator{
        this, [](void* self, int output, const Shape& shape) {
          return static_cast<OnRanks*>(self)->Allocate(static_cast<size_t>(output), shape);
        }};
    TENON_RETURN_IF_ERROR(plan->RunAllocating(arguments, allocator));
    for (size_t o = 0; o < outputs_.size(); ++o) {
      if (!ranks_out_[o]) continue;
      TENON_ASSIGN(Strings strings, Strings::Make(call_, ranks_out_[o]->size()));
      for (const int64_t rank : *ranks_out_[o]) {
        if (rank < 0 || rank >= std::ssize(sorted_))
          return call_.Error(Code::kInvalidArgument, "it makes no text of these texts");
        TENON_RETURN_IF_ERROR(strings.Add(sorted_[static_cast<size_t>(rank)]));
      }
      TENON_RETURN_IF_ERROR(call_.SetObject(o, strings.Take(outputs_[o].shape)));
    }
    return Status();
  }

 private:
  Status Rank() {
    sorted_.emplace_back();  // what padding is filled with
    for (size_t i = 0; i < call_.input_count(); ++i) {
      if (!call_.has_input(i)) continue;
      const HostInput value = call_.input(i);
      if (!value.object) continue;
      const std::vector<std::string>& strings = value.object->strings;
      TENON_RETURN_IF_ERROR(charge_.Grow(strings.size() * (sizeof sorted_[0] + sizeof(int64_t)),
                                         "a table of strings"));
      sorted_.insert(sorted_.end(), strings.begin(), strings.end());
    }
    std::ranges::sort(sorted_);
    sorted_.erase(std::unique(sorted_.begin(), sorted_.end()), sorted_.end());
    return Status();
  }

  void AddInput(size_t i) {
    inputs_.emplace_back();
    views_.emplace_back();
    in_.push_back(nullptr);
    infer_.emplace_back();
    if (!call_.has_input(i)) return;
    const HostInput value = call_.input(i);
    inputs_.back() = {true, value.object ? DataType::kInt64 : value.type, value.shape};
    if (value.object) {
      auto& ranks = ranks_.emplace_back(std::make_unique<std::vector<int64_t>>());
      for (const std::string& text : value.object->strings)
        ranks->push_back(std::ranges::lower_bound(sorted_, std::string_view(text)) -
                         sorted_.begin());
      if (ranks->empty()) ranks->reserve(1);
      in_.back() = ranks->data();
    } else {
      in_.back() = value.data;
    }
    views_.back() = {inputs_.back().type, value.shape, in_.back()};
    infer_.back() = {true, inputs_.back().type, value.shape, nullptr};
  }

  Status AddOutputs() {
    for (size_t i = 0; i < infer_.size(); ++i) {
      if (infer_[i].present) infer_[i].value = &views_[i];
    }
    std::vector<operators::InferOutput> inferred(call_.output_count());
    TENON_RETURN_IF_ERROR(call_.graph_node().definition->infer(call_.node(), infer_, inferred));
    for (size_t o = 0; o < inferred.size(); ++o) {
      outputs_.emplace_back();
      out_.push_back(nullptr);
      ranks_out_.emplace_back();
      if (!call_.wants(o)) continue;
      outputs_.back() = {true, inferred[o].type, inferred[o].shape};
      if (!inferred[o].shape.IsStatic()) continue;
      TENON_ASSIGN(out_.back(), Allocate(o, inferred[o].shape));
    }
    return Status();
  }

  Result<void*> Allocate(size_t o, const Shape& shape) {
    outputs_[o].shape = shape;
    if (call_.output_type(o) != DataType::kString) {
      TENON_ASSIGN(std::byte* const data, call_.Allocate(o, shape));
      return static_cast<void*>(data);
    }
    TENON_RETURN_IF_ERROR(charge_.Grow(
        static_cast<uint64_t>(shape.ElementCount()) * sizeof(int64_t), "a table of strings"));
    ranks_out_[o].emplace(static_cast<size_t>(shape.ElementCount()));
    ranks_out_[o]->reserve(1);
    return static_cast<void*>(ranks_out_[o]->data());
  }

  HostCall& call_;
  Charge charge_;
  std::vector<std::string_view> sorted_;  // of the inputs
  std::vector<std::unique_ptr<std::vector<int64_t>>> ranks_;
  std::vector<operators::TensorSpec> inputs_, outputs_;
  std::vector<operators::InferInput> infer_;
  std::vector<TensorView> views_;
  std::vector<void*> in_, out_;
  std::vector<std::optional<std::vector<int64_t>>> ranks_out_;
};

}  // namespace

Status RunOnRanks(HostCall& call) { return OnRanks(call).Run(); }

}  // namespace tenon::execution
