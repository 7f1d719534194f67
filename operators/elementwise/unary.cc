// Operators of one input that treat every element by itself.
#include "support/definition.h"

namespace tenon::operators {
namespace {

template <int version>
consteval Operator Unary(std::string_view name, uint32_t flags = 0) {
  return Define<InferSame, Arity{1, 1}, kOnce<version>>(
      {.name = name, .flags = flags, .in_place = kFirstInPlace});
}

Status InferTest(const NodeView&, std::span<const InferInput> inputs,
                 std::span<InferOutput> outputs) {
  outputs[0].type = DataType::kBool;
  outputs[0].shape = inputs[0].shape;
  return {};
}

template <int version>
consteval Operator Test(std::string_view name) {
  return Define<InferTest, Arity{1, 1}, kOnce<version>>({.name = name});
}

constexpr Operator kRows[] = {
    Unary<1>("Abs", kHostArithmetic),
    Unary<7>("Acos"),
    Unary<9>("Acosh"),
    Unary<7>("Asin"),
    Unary<9>("Asinh"),
    Unary<7>("Atan"),
    Unary<9>("Atanh"),
    Unary<18>("BitwiseNot", kHostArithmetic),
    Unary<1>("Ceil"),
    Unary<12>("Celu"),
    Unary<7>("Cos"),
    Unary<9>("Cosh"),
    Unary<1>("Elu"),
    Unary<9>("Erf"),
    Unary<1>("Exp"),
    Unary<1>("Floor"),
    Unary<20>("Gelu"),
    Unary<1>("HardSigmoid"),
    Unary<14>("HardSwish"),
    Test<10>("IsInf"),
    Test<9>("IsNaN"),
    Unary<1>("LeakyRelu"),
    Unary<1>("Log"),
    Unary<18>("Mish"),
    Unary<1>("Neg", kHostArithmetic),
    Unary<1>("Not", kHostArithmetic),
    Unary<1>("Reciprocal"),
    Unary<1>("Relu"),
    Unary<11>("Round"),
    Unary<1>("Selu"),
    Unary<9>("Shrink"),
    Unary<1>("Sigmoid"),
    Unary<9>("Sign", kHostArithmetic),
    Unary<7>("Sin"),
    Unary<9>("Sinh"),
    Unary<1>("Softplus"),
    Unary<1>("Softsign"),
    Unary<1>("Sqrt"),
    Unary<24>("Swish"),
    Unary<7>("Tan"),
    Unary<1>("Tanh"),
    Unary<10>("ThresholdedRelu"),
};

}  // namespace

Rows unary_rows() { return kRows; }

}  // namespace tenon::operators
