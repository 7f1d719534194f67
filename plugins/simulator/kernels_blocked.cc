// Kernels that take and give the blocked layout. They turn blocked arguments into plain ones in
// their workspace and call the reference kernel, so that their numbers are its numbers.
#include <algorithm>

#include "backend.h"

namespace tenon::simulator {
namespace {

using operators::TensorSpec;

constexpr tenon_layout kPlain = TENON_LAYOUT_ROW_MAJOR;

struct BlockedRow {
  const char* op;
  bool all_inputs;  // or input 0 only, the others (weights) staying plain
};
constexpr BlockedRow kBlockedRows[] = {
    {"Relu", true},  {"Neg", true},      {"Add", true},          {"Mul", true},
    {"Conv", false}, {"MaxPool", false}, {"AveragePool", false}, {"BatchNormalization", false},
};

uint64_t Aligned(uint64_t bytes) {
  return (bytes + kMemoryAlignment - 1) / kMemoryAlignment * kMemoryAlignment;
}

// An argument that crosses between the layouts, and where its plain form is in the workspace.
struct Crossing {
  size_t index;
  TensorSpec spec;
  uint64_t offset;
};

class BlockedComputation : public Computation {
 public:
  BlockedComputation(std::string name, std::shared_ptr<const Computation> plain,
                     std::vector<Crossing> inputs, std::vector<Crossing> outputs,
                     uint64_t plain_workspace, uint64_t bytes)
      : Computation(std::move(name)),
        plain_(std::move(plain)),
        inputs_(std::move(inputs)),
        outputs_(std::move(outputs)),
        plain_workspace_(plain_workspace) {
    SetWorkspace(bytes);
  }

  Status Run(std::span<void* const> inputs, std::span<void* const> outputs,
             void* workspace) const override {
    auto* const scratch = static_cast<std::byte*>(workspace);
    std::vector<void*> plain_inputs(inputs.begin(), inputs.end()),
        plain_outputs(outputs.begin(), outputs.end());
    for (const Crossing& c : inputs_) {
      plain_inputs[c.index] = scratch + c.offset;
      FromBlocked(c.spec.type, c.spec.shape, inputs[c.index], plain_inputs[c.index]);
    }
    for (const Crossing& c : outputs_) plain_outputs[c.index] = scratch + c.offset;
    TENON_RETURN_IF_ERROR(plain_->Run(plain_inputs, plain_outputs, scratch + plain_workspace_));
    for (const Crossing& c : outputs_)
      ToBlocked(c.spec.type, c.spec.shape, plain_outputs[c.index], outputs[c.index]);
    return {};
  }

 private:
  const std::shared_ptr<const Computation> plain_;
  const std::vector<Crossing> inputs_, outputs_;
  const uint64_t plain_workspace_;
};

class BlockedDescriptor : public KernelDescriptor {
 public:
  BlockedDescriptor(Backend& backend, const BlockedRow& row, const operators::Kernel& kernel,
                    std::string its_name)
      : KernelDescriptor(backend, std::move(its_name), kernel.domain, kernel.name),
        row_(row),
        kernel_(kernel) {
    SetRevisions(kernel.revision_min, kernel.revision_max);
    SetTypes(kernel.types & operators::Bit(DataType::kFloat32));
    error_bound = kernel.error_bound;
    rank_min = 3;
    rank_max = 5;
    efficiency = 500;
    if (row.all_inputs) {
      SetLayouts({kBlocked}, {kBlocked});
    } else {
      SetLayouts({kBlocked, kPlain}, {kBlocked, kPlain});
    }
  }

  tenon_status Accepts(const tenon_node& node) const override {
    for (uint32_t i = 1; i < node.output_count; ++i) {
      if (node.outputs[i])
        return host.Refuse(TENON_REASON_OPERATOR, "output 1", "wanted", "output 0 only");
    }
    if (!row_.all_inputs) return sdk::kOk;
    for (uint32_t i = 0; i < node.input_count; ++i) {
      if (!node.inputs[i] || !SurelyEqual(*node.inputs[i], *node.outputs[0])) {
        return host.Refuse(TENON_REASON_SHAPE, "input " + std::to_string(i) + " shape",
                           SpecOf(node.inputs[i]).shape.ToString(),
                           "that of the output, " + SpecOf(node.outputs[0]).shape.ToString());
      }
    }
    return sdk::kOk;
  }

  Result<std::shared_ptr<const Computation>> MakePlan(std::shared_ptr<const Node> node,
                                                      Specs inputs, Specs outputs) const override {
    std::string name = node->Label();
    TENON_ASSIGN(auto plain, PlanReference(std::move(node), kernel_, inputs, outputs));
    uint64_t bytes = 0;
    std::vector<Crossing> crossing_inputs, crossing_outputs;
    const size_t blocked_inputs = row_.all_inputs ? inputs.size() : 1;
    for (size_t i = 0; i < blocked_inputs; ++i)
      TENON_RETURN_IF_ERROR(Cross(inputs, i, crossing_inputs, bytes));
    TENON_RETURN_IF_ERROR(Cross(outputs, 0, crossing_outputs, bytes));
    const uint64_t plain_workspace = bytes;
    bytes += Aligned(plain->workspace_bytes());
    return std::shared_ptr<const Computation>(std::make_shared<BlockedComputation>(
        std::move(name), std::move(plain), std::move(crossing_inputs), std::move(crossing_outputs),
        plain_workspace, bytes));
  }

 private:
  // Sizes that are equal, or the same symbol: whatever the symbols are, the block layout of both is
  // one.
  static bool SurelyEqual(const tenon_value& a, const tenon_value& b) {
    if (a.rank != b.rank || a.rank < 0) return false;
    return std::equal(a.dims, a.dims + a.rank, b.dims,
                      [](int64_t x, int64_t y) { return x == y && x != -1; });
  }
  static Status Cross(Specs specs, size_t index, std::vector<Crossing>& crossings,
                      uint64_t& bytes) {
    const TensorSpec& spec = specs[index];
    if (!spec.present || !HasBlockedLayout(spec.type, spec.shape)) {
      return Status(Code::kUnsupported,
                    "argument " + std::to_string(index) + " cannot have the blocked layout");
    }
    crossings.push_back({index, spec, bytes});
    TENON_ASSIGN(const int64_t size, CheckedByteSize(spec.type, spec.shape.ElementCount()));
    bytes += Aligned(static_cast<uint64_t>(size));
    return {};
  }

  const BlockedRow& row_;
  const operators::Kernel& kernel_;
};

}  // namespace

void AddBlockedKernels(Backend& backend, Descriptors& descriptors) {
  for (const BlockedRow& row : kBlockedRows) {
    int ordinal = 0;
    for (const operators::Kernel* kernel : operators::AllKernels()) {
      const bool fits = kernel->domain.empty() && kernel->name == row.op;
      if (!fits || (kernel->types & operators::Bit(DataType::kFloat32)) == 0) continue;
      std::string name = "sim_blocked_" + std::string(row.op);
      std::ranges::transform(name, name.begin(),
                             [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      if (++ordinal > 1) name += "_" + std::to_string(ordinal);
      descriptors.push_back(
          std::make_unique<BlockedDescriptor>(backend, row, *kernel, std::move(name)));
    }
  }
}

}  // namespace tenon::simulator
