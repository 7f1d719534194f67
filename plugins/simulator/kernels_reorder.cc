// The operator Reorder of ai.tenon between row-major and the blocked layout, both ways.
#include "backend.h"

namespace tenon::simulator {
namespace {

class Reorder : public Computation {
 public:
  Reorder(std::string name, DataType type, const Shape& shape, bool to_blocked)
      : Computation(std::move(name)), type_(type), shape_(shape), to_blocked_(to_blocked) {}
  Status Run(std::span<void* const> inputs, std::span<void* const> outputs, void*) const override {
    (to_blocked_ ? ToBlocked : FromBlocked)(type_, shape_, inputs[0], outputs[0]);
    return {};
  }

 private:
  const DataType type_;
  const Shape shape_;
  const bool to_blocked_;
};

class ReorderDescriptor : public KernelDescriptor {
 public:
  ReorderDescriptor(Backend& backend, std::string its_name, bool to_blocked)
      : KernelDescriptor(backend, std::move(its_name), "ai.tenon", "Reorder"),
        to_blocked_(to_blocked) {
    constexpr tenon_layout kPlain = TENON_LAYOUT_ROW_MAJOR;
    SetLayouts({to_blocked ? kPlain : kBlocked}, {to_blocked ? kBlocked : kPlain});
    rank_min = 3;
    rank_max = kMaxRank;
    efficiency = 500;
  }
  bool Claimable() const override { return false; }
  tenon_status Accepts(const tenon_node&) const override { return sdk::kOk; }
  Result<std::shared_ptr<const Computation>> MakePlan(std::shared_ptr<const Node> node,
                                                      Specs inputs, Specs outputs) const override {
    const auto is_one = [](Specs specs) { return specs.size() == 1 && specs[0].present; };
    if (!is_one(inputs) || !is_one(outputs) || !(inputs[0].shape == outputs[0].shape) ||
        inputs[0].type != outputs[0].type || !HasBlockedLayout(inputs[0].type, inputs[0].shape)) {
      return Status(Code::kUnsupported,
                    node->Label() +
                        ": one input and one output of rank 3 and up, equal in shape "
                        "and type, can be reordered");
    }
    return std::shared_ptr<const Computation>(
        std::make_shared<Reorder>(node->Label(), inputs[0].type, inputs[0].shape, to_blocked_));
  }

 private:
  const bool to_blocked_;
};

}  // namespace

void AddReorders(Backend& backend, Descriptors& descriptors) {
  descriptors.push_back(
      std::make_unique<ReorderDescriptor>(backend, "sim_reorder_to_blocked", true));
  descriptors.push_back(
      std::make_unique<ReorderDescriptor>(backend, "sim_reorder_from_blocked", false));
}

}  // namespace tenon::simulator
