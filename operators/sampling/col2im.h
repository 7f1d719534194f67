// How blocks lie in the image that they are added up to.
#pragma once

#include "support/infer.h"

namespace tenon::operators {

struct Col2ImAxis {
  int64_t image, block, stride, dilation, pad, count;  // `count` blocks
};
struct Col2ImSizes {
  int rank = 0;
  std::array<Col2ImAxis, kMaxRank - 2> axes;
  int64_t block = 1, blocks = 1;  // elements of a block; blocks of an image
};

// Image and block have as many elements as there are spatial dimensions.
Status ReadCol2Im(const NodeView& node, std::span<const int64_t> image,
                  std::span<const int64_t> block, Col2ImSizes& sizes);

}  // namespace tenon::operators
