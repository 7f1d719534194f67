// Operators whose output is the input's bytes: copied where the host could not alias them. BitCast
// to bool makes each byte 0 or 1.
#include <cstring>

#include "support/strided_copy.h"

namespace tenon::operators {
namespace {

class CopyPlan final : public KernelPlan {
 public:
  CopyPlan(Specs inputs, Specs outputs)
      : bytes_(inputs[0].shape.ElementCount() * ElementSize(inputs[0].type)) {
    if (Has(outputs, 1)) mask_bytes_ = outputs[1].shape.ElementCount();  // Dropout's: all true
  }
  Status Run(const KernelArguments& arguments) const override {
    CopyBytes(arguments.parallel, arguments.inputs[0], arguments.outputs[0], bytes_);
    if (mask_bytes_ > 0 && arguments.outputs[1] != nullptr) {
      std::memset(arguments.outputs[1], 1, static_cast<size_t>(mask_bytes_));
    }
    return {};
  }

 private:
  int64_t bytes_, mask_bytes_ = 0;
};

PlanResult PlanCopy(const NodeView&, Specs inputs, Specs outputs) {
  return Plan(std::make_unique<CopyPlan>(inputs, outputs));
}

// Bytes as bool: kernels rely on 0 and 1.
class BoolPlan final : public KernelPlan {
 public:
  explicit BoolPlan(int64_t count) : count_(count) {}
  Status Run(const KernelArguments& arguments) const override {
    const auto* x = static_cast<const uint8_t*>(arguments.inputs[0]);
    auto* y = static_cast<uint8_t*>(arguments.outputs[0]);  // may be x
    ForElements(arguments.parallel, count_, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) y[i] = x[i] != 0;
    });
    return {};
  }

 private:
  int64_t count_;
};

PlanResult PlanBitCast(const NodeView& node, Specs inputs, Specs outputs) {
  if (outputs[0].type != DataType::kBool) return PlanCopy(node, inputs, outputs);
  return Plan(std::make_unique<BoolPlan>(outputs[0].shape.ElementCount()));
}

constexpr Kernel Row(std::string_view name, int revision, PlanFunction plan = PlanCopy) {
  return {"", name, revision, revision, kCopyable, plan, 0};
}
constexpr Kernel kRows[] = {
    Row("BitCast", 26, PlanBitCast),
    Row("Dropout", 12),
    Row("Flatten", 1),
    Row("Identity", 1),
    Row("Reshape", 14),
    Row("Squeeze", 13),
    Row("Unsqueeze", 13),
};

}  // namespace

KernelRows ref_view_rows() { return kRows; }

}  // namespace tenon::operators
