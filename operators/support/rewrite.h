// What the rules between revisions share. A rule checks first and changes afterwards, so that a
// refusal leaves the node as it was.
#pragma once

#include <vector>

#include "support/infer.h"
#include "tenon/operators/operator.h"

namespace tenon::operators {

// Refuses a rule: `Clip "c": min is not constant (revision 6 has it as an attribute)`.
template <typename... Parts>
Status CannotSay(const Rewriter& rewriter, const Parts&... parts) {
  return Unsupported(rewriter.node(), parts...);
}

// Integer attribute `name` -> constant int64 vector at input `index`, where the attribute is there.
void AttributeToInput(Rewriter& rewriter, std::string_view name, int index);
// The contents of the constant int input `index`; kUnsupported where it is not constant or neither
// int32 nor int64. Empty where absent.
Status ConstantInts(const Rewriter& rewriter, int index, std::string_view name,
                    std::vector<int64_t>& values);
// Constant int input `index` -> integer attribute `name`; nothing where it is absent.
Status InputToAttribute(Rewriter& rewriter, int index, std::string_view name);

// A scalar constant of `type` at input `index`, of integers the nearest one; kUnsupported for types
// that are no numbers.
Status SetScalarInput(Rewriter& rewriter, int index, DataType type, double value);
// The constant scalar at input `index` as a number; kUnsupported where not constant.
Status ConstantScalar(const Rewriter& rewriter, int index, std::string_view name, double& value);

// Refuses unless integer attribute `name` has (or defaults to) `value`.
Status RequireInt(const Rewriter& rewriter, std::string_view name, int64_t value,
                  int64_t otherwise);

}  // namespace tenon::operators
