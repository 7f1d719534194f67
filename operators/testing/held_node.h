// A node that owns what its views show, and can be rewritten between revisions. For tests.
#pragma once

#include "tenon/operators/kernel.h"
#include "tenon/operators/operator.h"
#include "testing/case_file.h"

namespace tenon::operators::testing {

class HeldNode final : public Rewriter {
 public:
  HeldNode(std::string domain, std::string op, int revision, std::vector<HeldTensor> inputs,
           int outputs);
  explicit HeldNode(
      const Case& from);  // in the revision of its opset; wants the outputs that the case has

  void Add(const HeldAttribute& attribute);
  // Rewrites step by step to `revision` of its operator (which the steps may change; 0: the
  // newest), or says why not.
  Status Rewrite(int revision = 0);

  // The inputs as they stand; contents shown where `constant`.
  std::vector<InferInput> InferInputs(bool constant = true) const;
  Result<std::vector<InferOutput>> Infer() const;
  // Plans and runs the reference kernel, checks that the order of chunks does not matter, gives the
  // outputs.
  Result<std::vector<HeldTensor>> Run() const;

  const NodeView& node() const override { return view_; }
  int input_count() const override { return static_cast<int>(inputs_.size()); }
  InferInput input(int index) const override;
  int output_count() const override { return outputs_; }
  void RemoveAttribute(std::string_view name) override;
  void SetInt(std::string_view name, int64_t value) override;
  void SetFloat(std::string_view name, float value) override;
  void SetString(std::string_view name, std::string_view value) override;
  void SetInts(std::string_view name, std::span<const int64_t> values) override;
  void SetConstantInput(int index, DataType type, const Shape& shape, const void* data) override;
  void RemoveInput(int index) override;
  void MoveInput(int from, int to) override;
  void RemoveOutputs(int first) override { outputs_ = first; }
  bool OutputUsed(int index) const override {
    return index < outputs_ && (absent_outputs_ >> index & 1) == 0;
  }
  bool MayKnowMore() const override { return false; }
  void SetOperator(std::string_view domain, std::string_view name, int revision) override;
  void ReshapeInput(int index, std::span<const int64_t> shape) override;
  void FlattenInput(int index, int64_t axis) override;
  void ReshapeOutputBack(int index, int like_input) override;

 private:
  Result<std::vector<InferOutput>> InferForRun() const;
  HeldAttribute& Fresh(std::string_view name, AttributeView::Kind kind);
  void Refresh();

  std::string domain_, op_;
  std::deque<HeldAttribute> attributes_;
  std::vector<AttributeView> attribute_views_;
  std::vector<HeldTensor> inputs_;
  std::vector<Shape> original_shapes_;
  int outputs_;
  uint32_t absent_outputs_ = 0;  // bit i: output i is not wanted
  int output_like_ = -1;         // input whose shape output 0 gets back
  NodeView view_;
};

}  // namespace tenon::operators::testing
