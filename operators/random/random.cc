// RandomUniform, RandomNormal, their Like forms, Bernoulli and Multinomial: numbers by chance. With
// the attribute seed they are the same in each run, without it others each time.
#include "support/definition.h"

namespace tenon::operators {
namespace {

Status OutputType(const NodeView& node, DataType otherwise, InferOutput& output) {
  const int64_t type = node.Int("dtype", static_cast<int64_t>(otherwise));
  output.type = DataTypeOf(type);
  if (BitWidth(output.type) != 0) return {};
  return Invalid(node, "dtype is ", std::to_string(type), ", which is no type of numbers");
}

Status InferRandom(const NodeView& node, std::span<const InferInput>,
                   std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(OutputType(node, DataType::kFloat32, outputs[0]));
  const auto dims = node.Ints("shape");
  if (dims.size() > kMaxRank)
    return Invalid(node, "shape has ", static_cast<int64_t>(dims.size()),
                   " elements (expected at most ", kMaxRank, ")");
  for (const int64_t dim : dims) {
    if (dim < 0) return Invalid(node, "shape has the size ", std::to_string(dim));
  }
  outputs[0].shape = Shape(dims);
  return {};
}
Status InferLike(const NodeView& node, std::span<const InferInput> inputs,
                 std::span<InferOutput> outputs) {
  outputs[0].shape = inputs[0].shape;
  return OutputType(node, inputs[0].type, outputs[0]);
}

// input [batches, classes]: unnormalised log-probabilities.
Status InferMultinomial(const NodeView& node, std::span<const InferInput> inputs,
                        std::span<InferOutput> outputs) {
  const Shape& x = inputs[0].shape;
  TENON_RETURN_IF_ERROR(OutputType(node, DataType::kInt32, outputs[0]));
  const int64_t samples = node.Int("sample_size", 1);
  if (samples < 0) return Invalid(node, "sample_size is ", std::to_string(samples));
  if (x.has_rank() && (x.rank() != 2 || x[1] == 0))
    return Invalid(node, "input has shape ", x, " (expected [batches, classes])");
  outputs[0].shape = Shape{x.has_rank() ? x[0] : kUnknownDim, samples};
  return {};
}

// Ten rounds of multiplications for two elements.
Cost RandomCost(const NodeView&, std::span<const InferInput> inputs,
                std::span<const InferOutput> outputs) {
  return CostOf(30 * static_cast<double>(outputs[0].shape.ElementCount()), inputs, outputs);
}

template <InferFunction infer, Arity arity, int version>
consteval Operator Random(std::string_view name) {
  return Define<infer, arity, kOnce<version>>(
      {.name = name, .cost = RandomCost, .flags = kNondeterministic});
}

constexpr Operator kRows[] = {
    Random<InferLike, Arity{1, 1}, 15>("Bernoulli"),
    Random<InferMultinomial, Arity{1, 1}, 7>("Multinomial"),
    Random<InferRandom, Arity{0, 0}, 1>("RandomNormal"),
    Random<InferLike, Arity{1, 1}, 1>("RandomNormalLike"),
    Random<InferRandom, Arity{0, 0}, 1>("RandomUniform"),
    Random<InferLike, Arity{1, 1}, 1>("RandomUniformLike"),
};

}  // namespace

Rows random_rows() { return kRows; }

}  // namespace tenon::operators
