// NonMaxSuppression: for each class the boxes in the order of their scores, each kept unless it
// overlaps one that was kept before. Of equal scores the first box comes first.
#include <algorithm>

#include "support/outputs.h"

namespace tenon::operators {
namespace {

struct Box {
  float x1, y1, x2, y2;
  float area() const { return (x2 - x1) * (y2 - y1); }
};

// Corners in any order, or centre and size.
Box ReadBox(const float* at, bool by_center) {
  if (by_center) {
    const float w = at[2] / 2, h = at[3] / 2;
    return {at[0] - w, at[1] - h, at[0] + w, at[1] + h};
  }
  return {std::min(at[1], at[3]), std::min(at[0], at[2]), std::max(at[1], at[3]),
          std::max(at[0], at[2])};
}

bool Overlap(const Box& a, const Box& b, float most) {
  const float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  if (!(width > 0) || !(height > 0) || a.area() <= 0 || b.area() <= 0) return false;
  const float common = width * height;
  return common / (a.area() + b.area() - common) > most;
}

class NmsPlan final : public KernelPlan {
 public:
  NmsPlan(const NodeView& node, Specs inputs, Specs outputs)
      : node_(node),
        by_center_(node.Int("center_point_box", 0) != 0),
        planned_(outputs[0]),
        classes_(inputs[1].shape[1]),
        boxes_(inputs[1].shape[2]),
        lists_(inputs[1].shape[0] * classes_) {}

  // By batch and class: how many boxes are kept, then which.
  int64_t workspace_bytes() const override {
    return lists_ * (1 + boxes_) * int64_t{sizeof(int64_t)};
  }
  Status Run(const KernelArguments& arguments) const override {
    return RunAllocating(arguments, {});
  }
  Status RunAllocating(const KernelArguments& arguments, OutputAllocator allocate) const override {
    const Limits limits(arguments);
    if (!(limits.overlap >= 0 && limits.overlap <= 1))
      return Invalid(node_, "iou_threshold is not between 0 and 1");
    const auto* boxes = static_cast<const float*>(arguments.inputs[0]);
    const auto* scores = static_cast<const float*>(arguments.inputs[1]);
    auto* work = static_cast<int64_t*>(arguments.workspace);
    ForElements(
        arguments.parallel, lists_,
        [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            int64_t* list = work + i * (1 + boxes_);
            list[0] =
                Choose(boxes + i / classes_ * boxes_ * 4, scores + i * boxes_, limits, list + 1);
          }
        },
        1);
    int64_t rows = 0;
    for (int64_t i = 0; i < lists_; ++i) rows += work[i * (1 + boxes_)];
    TENON_ASSIGN(void* const memory,
                 OutputOf(node_, arguments, allocate, planned_, 0, Shape{rows, 3}));
    auto* y = static_cast<int64_t*>(memory);
    for (int64_t i = 0; i < lists_; ++i) {
      const int64_t* list = work + i * (1 + boxes_);
      for (int64_t k = 0; k < list[0]; ++k) {
        *y++ = i / classes_;
        *y++ = i % classes_;
        *y++ = list[1 + k];
      }
    }
    return {};
  }

 private:
  struct Limits {
    int64_t count = 0;
    float overlap = 0, score = 0;
    bool has_score = false;

    explicit Limits(const KernelArguments& arguments) {
      const auto input = [&](size_t i) {
        return i < arguments.inputs.size() ? arguments.inputs[i] : nullptr;
      };
      if (input(2) != nullptr) count = *static_cast<const int64_t*>(input(2));
      if (input(3) != nullptr) overlap = *static_cast<const float*>(input(3));
      has_score = input(4) != nullptr;
      if (has_score) score = *static_cast<const float*>(input(4));
    }
  };

  int64_t Choose(const float* boxes, const float* scores, const Limits& limits,
                 int64_t* list) const {
    int64_t candidates = 0, kept = 0;
    for (int64_t i = 0; i < boxes_; ++i) {
      if (!limits.has_score || scores[i] > limits.score) list[candidates++] = i;
    }
    std::sort(list, list + candidates, [scores](int64_t a, int64_t b) {
      if (scores[a] != scores[b] && (scores[a] == scores[a] || scores[b] == scores[b]))
        return scores[a] > scores[b] || scores[b] != scores[b];  // NaN comes last
      return a < b;
    });
    for (int64_t i = 0; i < candidates && kept < limits.count; ++i) {
      const Box box = ReadBox(boxes + list[i] * 4, by_center_);
      const bool free = std::none_of(list, list + kept, [&](int64_t other) {
        return Overlap(box, ReadBox(boxes + other * 4, by_center_), limits.overlap);
      });
      if (free) list[kept++] = list[i];
    }
    return kept;
  }

  NodeView node_;
  bool by_center_;
  TensorSpec planned_;
  int64_t classes_, boxes_, lists_;
};

PlanResult PlanNms(const NodeView& node, Specs inputs, Specs outputs) {
  return Plan(std::make_unique<NmsPlan>(node, inputs, outputs));
}

constexpr Kernel kRows[] = {{"", "NonMaxSuppression", 10, 10, Bit(DataType::kFloat32), PlanNms, 0}};

}  // namespace

KernelRows ref_non_max_suppression_rows() { return kRows; }

}  // namespace tenon::operators
