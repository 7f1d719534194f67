// Identity and Dropout, which is one in inference.
#include "support/definition.h"
#include "support/rewrite.h"

namespace tenon::operators {
namespace {

// Training with a ratio other than 0 is refused: nothing random is computed here.
Status InferDropout(const NodeView& node, std::span<const InferInput> inputs,
                    std::span<InferOutput> outputs) {
  const auto value = [inputs](size_t index) -> const TensorView* {
    const TensorView* view = Has(inputs, index) ? inputs[index].value : nullptr;
    return view != nullptr && view->data != nullptr && view->shape.ElementCount() == 1 ? view
                                                                                       : nullptr;
  };
  if (Has(inputs, 2)) {
    const TensorView* training = value(2);
    const TensorView* ratio = value(1);
    const bool off =
        training != nullptr && training->type == DataType::kBool && *training->as<uint8_t>() == 0;
    const bool keeps_all =
        ratio != nullptr && ratio->type == DataType::kFloat32 && *ratio->as<float>() == 0;
    if (!off && !keeps_all)
      return Unsupported(node, "training_mode is not constantly false (only inference is)");
  }
  outputs[0].type = inputs[0].type;
  outputs[0].shape = inputs[0].shape;
  if (outputs.size() > 1) {
    outputs[1].type = node.revision < 10 ? inputs[0].type : DataType::kBool;
    outputs[1].shape = inputs[0].shape;
  }
  return {};
}

// Opset 6 trains unless told otherwise.
Status RequireTest(Rewriter& rewriter) {
  if (rewriter.node().Int("is_test", 0) == 0) return CannotSay(rewriter, "is_test is 0: training");
  rewriter.RemoveAttribute("is_test");
  return {};
}
Status SetTest(Rewriter& rewriter) {
  rewriter.SetInt("is_test", 1);
  return {};
}
// The mask was of the data's type, then bool.
Status NoMask(Rewriter& rewriter) {
  if (rewriter.OutputUsed(1)) return CannotSay(rewriter, "the mask is used and its type differs");
  return {};
}
Status RatioToInput(Rewriter& rewriter) {
  const float ratio = rewriter.node().Float("ratio", 0.5F);
  rewriter.RemoveAttribute("ratio");
  return SetScalarInput(rewriter, 1, DataType::kFloat32, ratio);
}
Status RatioToAttribute(Rewriter& rewriter) {
  double ratio = 0.5, training = 0;
  if (rewriter.input(1).present) TENON_RETURN_IF_ERROR(ConstantScalar(rewriter, 1, "ratio", ratio));
  if (rewriter.input(2).present)
    TENON_RETURN_IF_ERROR(ConstantScalar(rewriter, 2, "training_mode", training));
  if (training != 0) return CannotSay(rewriter, "training_mode is true");
  rewriter.RemoveAttribute("seed");
  if (rewriter.input(2).present) rewriter.RemoveInput(2);
  if (rewriter.input(1).present) rewriter.RemoveInput(1);
  rewriter.SetFloat("ratio", static_cast<float>(ratio));
  return {};
}

constexpr Revision kDropout[] = {Since(1), Since(7, RequireTest, SetTest),
                                 Since(10, NoMask, NoMask),
                                 Since(12, RatioToInput, RatioToAttribute)};
constexpr Operator kRows[] = {
    Define<InferSame, Arity{1, 1}, kOnce<1>>({.name = "Identity",
                                              .cost = CopyCost,
                                              .flags = kView | kHostArithmetic,
                                              .in_place = kFirstInPlace}),
    Define<InferDropout, Arity{1, 3, 1, 2}, kDropout>({.name = "Dropout",
                                                       .cost = CopyCost,
                                                       .flags = kView,
                                                       .in_place = kFirstInPlace,
                                                       .shape_inputs = 0b110}),
};

}  // namespace

Rows identity_rows() { return kRows; }

}  // namespace tenon::operators
