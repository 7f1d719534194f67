// Operators whose output is the input's bytes: copied where the host could not alias them.
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

constexpr Kernel Row(std::string_view name, int revision) {
  return {"", name, revision, revision, kCopyable, PlanCopy, 0};
}
constexpr Kernel kRows[] = {
    Row("BitCast", 26), Row("Dropout", 12), Row("Flatten", 1),    Row("Identity", 1),
    Row("Reshape", 14), Row("Squeeze", 13), Row("Unsqueeze", 13),
};

}  // namespace

KernelRows ref_view_rows() { return kRows; }

}  // namespace tenon::operators
