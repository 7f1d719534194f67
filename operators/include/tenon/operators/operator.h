// The row that registers an operator: everything the runtime, the documentation and the conformance
// coverage know about it. Rows are constant data; all functions are pure and may be called from any
// thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tenon/operators/tensor.h"

namespace tenon::operators {

// One input as shape inference sees it.
struct InferInput {
  bool present = false;  // false: an optional input that is absent
  DataType type = DataType::kUndefined;
  Shape shape;  // may hold unknown dimensions and symbols
  const TensorView* value =
      nullptr;  // contents, where they are known (constants, shape arithmetic)
  ValueKind kind = ValueKind::kTensor;  // others only where the row has kOnHost; `shape` is then
                                        // that of all tensors within, as far as they agree
  const Shape* sizes = nullptr;         // where it is another tensor's shape (Shape): that shape
};

struct InferOutput {
  DataType type = DataType::kUndefined;
  Shape shape = Shape::UnknownRank();
  ValueKind kind = ValueKind::kTensor;
};

// Computes types, kinds and shapes of the outputs, with concrete shapes at run time and with symbols when
// a model is loaded. Where a dimension cannot be said it sets kUnknownDim; with concrete input
// shapes (and values, where the operator reads shapes from values) it must be exact unless the row
// says `data_dependent`. An input error is kInvalidArgument and names node, argument, got and
// expected. Allocates nothing on success.
using InferFunction = Status (*)(const NodeView& node, std::span<const InferInput> inputs,
                                 std::span<InferOutput> outputs);

// Work of one execution with concrete shapes. `flops` counts a multiply-add as two.
struct Cost {
  double flops = 0;
  double bytes = 0;  // compulsory traffic: each input and output once
};
using CostFunction = Cost (*)(const NodeView& node, std::span<const InferInput> inputs,
                              std::span<const InferOutput> outputs);

// A node being rewritten from one revision to the next (or back). Implemented by the runtime over
// its graph. Changes take effect in the order of the calls.
class Rewriter {
 public:
  virtual const NodeView& node() const = 0;  // as it stands now, attributes included
  virtual int input_count() const = 0;
  virtual InferInput input(int index) const = 0;  // present=false beyond the end
  virtual int output_count() const = 0;           // outputs that exist (used or not)
  virtual void RemoveAttribute(std::string_view name) = 0;
  virtual void SetInt(std::string_view name, int64_t value) = 0;
  virtual void SetFloat(std::string_view name, float value) = 0;
  virtual void SetString(std::string_view name, std::string_view value) = 0;
  virtual void SetInts(std::string_view name, std::span<const int64_t> values) = 0;
  virtual void SetConstantInput(int index, DataType type, const Shape& shape, const void* data) = 0;
  virtual void RemoveInput(int index) = 0;  // the last ones shrink the list, others become absent
  virtual void MoveInput(int from,
                         int to) = 0;  // `to` is absent or beyond the end; `from` becomes absent
  virtual void RemoveOutputs(int first) = 0;  // drops outputs from `first` on; they must be unused
  virtual bool OutputUsed(int index) const = 0;
  // Whether shapes and contents that are not known now may become known: a rule that could then say
  // it better refuses, and is asked again.
  virtual bool MayKnowMore() const = 0;
  virtual void SetOperator(std::string_view domain, std::string_view name, int revision) = 0;
  // Puts a Reshape before input `index` / after output `index` (shape as for the ONNX operator),
  // for rules like Softmax-1 -> Softmax-13 on a flattened matrix.
  virtual void ReshapeInput(int index, std::span<const int64_t> shape) = 0;
  virtual void FlattenInput(int index, int64_t axis) = 0;  // the same with a Flatten
  virtual void ReshapeOutputBack(int index,
                                 int like_input) = 0;  // back to the shape that input had before

 protected:
  ~Rewriter() = default;
};
// Changes the node in place; the caller sets the revision afterwards, unless the rule called
// SetOperator: then the node stands in the operator and revision given there. kUnsupported: this
// node cannot be said in the other revision (a reason, not a failure); the node is then as it was.
using RewriteFunction = Status (*)(Rewriter& rewriter);

// A semantic revision: `number` from `since_opset` of the operator's domain on. The number changes
// only when meaning or signature changes, not when ONNX adds a dtype. It is the operator's ONNX
// version that brought the change (Clip 11, Softmax 13); what stood in opset 6 is revision 1. So a
// kernel made for opset 17 may declare revisions up to 17.
struct Revision {
  int number;
  int since_opset;
  RewriteFunction from_previous =
      nullptr;                            // previous revision -> this one; null: nothing to change
  RewriteFunction to_previous = nullptr;  // this one -> previous; null: cannot be said there
};

enum OperatorFlags : uint32_t {
  kView =
      1u << 0,  // output 0 is input 0's bytes under another shape (Reshape, Flatten, Identity ...)
  kHostArithmetic = 1u << 1,    // worth running on the host where inputs are small integers (Shape,
                                // Gather, Concat ...)
  kDataDependent = 1u << 2,     // output shapes depend on data
  kNondeterministic = 1u << 3,  // never folded (RandomNormal ...)
  kOnHost = 1u << 4,  // the host runs it, and no backend is asked: control flow, sequences,
                      // optionals, strings
};

struct InPlace {
  uint8_t input, output;
};  // the output may overwrite the input when their sizes are equal

// How many arguments the newest revision takes. Inputs below `min_inputs` must be present.
struct Arity {
  uint8_t min_inputs, max_inputs;
  uint8_t min_outputs = 1, max_outputs = 1;
};
inline constexpr uint8_t kVariadic = 255;

struct Operator {
  std::string_view domain = {};  // "", "ai.tenon" or "ai.onnx.preview.training"
  std::string_view name = {};
  std::span<const Revision> revisions = {};  // oldest first, at least one
  Arity arity = {};
  InferFunction infer = nullptr;  // takes nodes in every revision of the row
  CostFunction cost = nullptr;    // null: elementwise, one FLOP an output element
  uint32_t flags = 0;
  std::span<const InPlace> in_place = {};
  uint32_t shape_inputs =
      0;  // bit i: input i's values decide shapes; the host must be able to read them

  const Revision& newest() const { return revisions.back(); }
};

// All rows, in the order of the source list; and one by name (null where unknown).
std::span<const Operator* const> AllOperators();
const Operator* FindOperator(std::string_view domain, std::string_view name);
// The semantic revision of `op` in `opset` of its domain: 0 where the operator did not exist yet.
int RevisionAt(const Operator& op, int opset);
// The oldest opset of the operator's domain in which `revision` can be written.
int OpsetOf(const Operator& op, int revision);

}  // namespace tenon::operators
