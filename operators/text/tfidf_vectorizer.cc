// TfIdfVectorizer: how often each n-gram of a pool occurs in each row of X.
#include <algorithm>

#include "support/definition.h"

namespace tenon::operators {
namespace {

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  outputs[0].type = DataType::kFloat32;
  const auto columns = node.Ints("ngram_indexes");
  if (columns.empty() || std::ranges::min(columns) < 0 || std::ranges::max(columns) == INT64_MAX)
    return Invalid(node, "ngram_indexes is empty, or has negative values or 2^63 - 1");
  const int64_t width = std::ranges::max(columns) + 1;
  if (x.rank() > 2 || x.rank() == 0)
    return Invalid(node, "X has shape ", x, " (expected [C] or [N, C])");
  if (x.has_rank()) outputs[0].shape = x.rank() == 1 ? Shape{width} : Shape{x[0], width};
  return {};
}

Cost TfIdfCost(const NodeView& node, std::span<const InferInput> inputs,
               std::span<const InferOutput> outputs) {
  const auto looks = static_cast<double>(node.Int("max_gram_length", 1)) *
                     (static_cast<double>(node.Int("max_skip_count", 0)) + 1);
  return CostOf(10 * looks * static_cast<double>(inputs[0].shape.ElementCount()), inputs, outputs);
}

constexpr Operator kRows[] = {
    Define<Infer, Arity{1, 1}, kOnce<9>>({.name = "TfIdfVectorizer", .cost = TfIdfCost})};

}  // namespace

Rows tfidf_vectorizer_rows() { return kRows; }

}  // namespace tenon::operators
