// Col2Im: columns of blocks [N, C * block, L] added up to images [N, C, image...].
#include "sampling/col2im.h"

#include "support/definition.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  Shape& y = outputs[0].shape;
  outputs[0].type = inputs[0].type;
  if (x.has_rank() && x.rank() != 3)
    return Invalid(node, "input has shape ", x, " (expected [N, C * block, L])");
  SmallInts image, block;
  Known has_image, has_block;
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, 1, "image_shape", image, has_image));
  TENON_RETURN_IF_ERROR(ReadInts(node, inputs, 2, "block_shape", block, has_block));
  int64_t rank = kUnknownDim;
  for (size_t i = 1; i < 3; ++i) {
    const Shape& shape = inputs[i].shape;
    if (shape.has_rank() && shape.rank() != 1)
      return Invalid(node, i == 1 ? "image_shape" : "block_shape", " has shape ", shape,
                     " (expected a vector)");
    if (shape.has_rank() && !MergeDim(rank, shape[0], rank))
      return Invalid(node, "image_shape and block_shape have different numbers of elements");
  }
  if (rank < 0) return {};
  if (rank < 1 || rank > kMaxRank - 2)
    return Invalid(node, "image_shape has ", rank, " elements (expected 1 to ", kMaxRank - 2, ")");
  y.Resize(static_cast<int>(rank) + 2);
  y[0] = x.has_rank() ? x[0] : kUnknownDim;
  y[1] = kUnknownDim;
  for (int i = 0; i < rank; ++i) {
    y[2 + i] = has_image == Known::kKnown ? image[i] : kUnknownDim;
    if (has_image == Known::kKnown && image[i] < 0)
      return Invalid(node, "image_shape has ", std::to_string(image[i]));
  }
  if (has_block != Known::kKnown || !x.has_rank()) return {};
  if (has_image != Known::kKnown) {
    int64_t size = 1;
    for (int i = 0; i < block.count; ++i) {
      if (block[i] < 1 || __builtin_mul_overflow(size, block[i], &size))
        return Invalid(node, "block_shape has ", std::to_string(block[i]));
    }
    if (x[1] >= 0 && x[1] % size == 0) y[1] = x[1] / size;
    return {};
  }
  Col2ImSizes sizes;
  TENON_RETURN_IF_ERROR(ReadCol2Im(node, image.span(), block.span(), sizes));
  int64_t merged = 0;
  if ((x[1] >= 0 && x[1] % sizes.block != 0) || !MergeDim(x[2], sizes.blocks, merged))
    return Invalid(node, "input has shape ", x, " (expected [N, C * ", sizes.block, ", ",
                   sizes.blocks, "])");
  if (x[1] >= 0) y[1] = x[1] / sizes.block;
  return {};
}

constexpr Operator kRows[] = {Define<Infer, Arity{3, 3}, kOnce<18>>(
    {.name = "Col2Im", .cost = InputElementCost, .shape_inputs = 0b110})};

}  // namespace

Status ReadCol2Im(const NodeView& node, std::span<const int64_t> image,
                  std::span<const int64_t> block, Col2ImSizes& sizes) {
  constexpr int64_t kLargest = int64_t{1} << 31;
  sizes.rank = static_cast<int>(image.size());
  const std::span<const int64_t> strides = node.Ints("strides"), pads = node.Ints("pads"),
                                 dilations = node.Ints("dilations");
  const size_t rank = image.size();
  if ((!strides.empty() && strides.size() != rank) || (!pads.empty() && pads.size() != 2 * rank) ||
      (!dilations.empty() && dilations.size() != rank))
    return Invalid(node, "strides, pads or dilations do not fit ", static_cast<int>(rank),
                   " dimensions");
  for (size_t i = 0; i < rank; ++i) {
    Col2ImAxis& axis = sizes.axes[i];
    axis = {image[i],
            block[i],
            strides.empty() ? 1 : strides[i],
            dilations.empty() ? 1 : dilations[i],
            pads.empty() ? 0 : pads[i],
            0};
    const int64_t end = pads.empty() ? 0 : pads[i + rank];
    for (const int64_t value : {axis.block, axis.stride, axis.dilation, axis.pad + 1, end + 1}) {
      if (value < 1 || value > kLargest)
        return Invalid(node, "has a block, stride, dilation or pad that makes no sense in axis ",
                       static_cast<int>(i));
    }
    const int64_t extent = (axis.block - 1) * axis.dilation + 1;
    if (image[i] >= int64_t{1} << 61 || image[i] + axis.pad + end < extent)
      return Invalid(node, "a block spans ", extent, " elements of axis ", static_cast<int>(i),
                     ", the image has ", image[i] + axis.pad + end, " with its pads");
    axis.count = (image[i] + axis.pad + end - extent) / axis.stride + 1;
    if (__builtin_mul_overflow(sizes.block, axis.block, &sizes.block) ||
        __builtin_mul_overflow(sizes.blocks, axis.count, &sizes.blocks))
      return Invalid(node, "has more blocks than any memory holds");
  }
  return {};
}

Rows col2im_rows() { return kRows; }

}  // namespace tenon::operators
