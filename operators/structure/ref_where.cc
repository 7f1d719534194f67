// Where, by element width.
#include "support/broadcast.h"
#include "support/strided_copy.h"

namespace tenon::operators {
namespace {

template <typename T>
class WherePlan final : public KernelPlan {
 public:
  WherePlan(Specs inputs, Specs outputs)
      : walk_({inputs[0].shape, inputs[1].shape, inputs[2].shape}, outputs[0].shape) {}
  Status Run(const KernelArguments& arguments) const override {
    const auto* condition = static_cast<const uint8_t*>(arguments.inputs[0]);
    const auto* x = static_cast<const T*>(arguments.inputs[1]);
    const auto* y = static_cast<const T*>(arguments.inputs[2]);
    auto* out = static_cast<T*>(arguments.outputs[0]);
    const int64_t sc = walk_.inner_stride(0), sx = walk_.inner_stride(1),
                  sy = walk_.inner_stride(2);
    walk_.Run(arguments.parallel, [=](int64_t at, const auto& in, int64_t count) {
      for (int64_t i = 0; i < count; ++i) {
        out[at + i] = condition[in[0] + i * sc] != 0 ? x[in[1] + i * sx] : y[in[2] + i * sy];
      }
    });
    return {};
  }

 private:
  Broadcast<3> walk_;
};

PlanResult PlanWhere(const NodeView& node, Specs inputs, Specs outputs) {
  if ((kCopyable & Bit(inputs[1].type)) == 0 || inputs[1].type != inputs[2].type) {
    return Unsupported(node, "has no reference kernel for ", inputs[1].type, " and ",
                       inputs[2].type);
  }
  switch (ElementSize(inputs[1].type)) {
    case 1:
      return Plan(std::make_unique<WherePlan<uint8_t>>(inputs, outputs));
    case 2:
      return Plan(std::make_unique<WherePlan<uint16_t>>(inputs, outputs));
    case 4:
      return Plan(std::make_unique<WherePlan<uint32_t>>(inputs, outputs));
    default:
      return Plan(std::make_unique<WherePlan<uint64_t>>(inputs, outputs));
  }
}

constexpr Kernel kRows[] = {{"", "Where", 9, 9, Bit(DataType::kBool), PlanWhere, 0}};

}  // namespace

KernelRows ref_where_rows() { return kRows; }

}  // namespace tenon::operators
