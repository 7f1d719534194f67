// A node that the host runs itself: control flow, sequences, optionals, strings. No vendor writes
// these; the bodies of loops and branches are programs of their own and run on all backends.
#pragma once

#include <memory>
#include <vector>

#include "lane.h"
#include "tenon/execution/executable.h"

namespace tenon::execution {

class RunContext;

// What a host step reads: dense host memory, or an object.
struct HostInput {
  DataType type = DataType::kUndefined;
  Shape shape;
  void* data = nullptr;
  uint64_t bytes = 0;
  std::shared_ptr<const Object> object;
  TensorView view() const { return {type, shape, data}; }
};

// A subprogram with the tensors that it was given, which are kept for the next run.
class SubprogramRun {
 public:
  explicit SubprogramRun(std::shared_ptr<Executable> executable);

  size_t output_count() const;
  // What the subprogram declares; an input's own rank decides how a scalar is given.
  Shape InputShape(uint32_t input) const;
  // Where a symbol is a dimension of an input that was given, it has that one's size.
  Shape OutputShape(uint32_t output) const;
  // The input is read where it is, and stays there while the subprogram runs.
  Status SetInput(uint32_t input, const HostInput& value);
  // The input is a copy, in memory of its own.
  Status CopyInput(uint32_t input, const HostInput& value);
  // A host tensor of its own with this shape, to be written before each run.
  Result<Tensor*> OwnInput(uint32_t input, DataType type, const Shape& shape);
  Status SetInput(uint32_t input, std::shared_ptr<Tensor> tensor);
  // What a run makes of `output` is the next run's `input`.
  Status Carry(uint32_t input, uint32_t output);
  Tensor& input(uint32_t input) { return *inputs_[input]; }
  // After a run.
  Result<std::shared_ptr<Tensor>> output(uint32_t output) { return binding_->GetOutput(output); }
  Status Run(const Patience& patience);
  // Where the copies of its runs are added.
  void CountIn(CopyTotals* copies) { copies_ = copies; }

 private:
  int64_t SizeOfSymbol(int64_t symbol) const;

  std::shared_ptr<Executable> executable_;
  std::shared_ptr<Binding> binding_;
  std::vector<std::shared_ptr<Tensor>> inputs_;
  std::vector<bool> own_, carried_;  // by input
  CopyTotals* copies_ = nullptr;
};

// What a host function works with during one run of its step.
class HostCall {
 public:
  HostCall(RunContext& context, uint32_t step, const program::ProgramNode& node,
           std::vector<SubprogramRun>& subprograms, const Patience& patience);

  const NodeView& node() const { return holder_.view(); }
  const graph::Node& graph_node() const { return node_.node; }
  const Patience& patience() const { return patience_; }
  size_t input_count() const { return inputs_->size(); }
  // Inputs that are not captured.
  size_t formal_count() const { return inputs_->size() - node_.node.captured; }
  bool has_input(size_t input) const;
  HostInput input(size_t input) const;
  size_t output_count() const { return outputs_->size(); }
  bool wants(size_t output) const;
  DataType output_type(size_t output) const;
  ValueKind output_kind(size_t output) const;
  // Memory for an output that is wanted.
  Result<std::byte*> Allocate(size_t output, const Shape& shape);
  // Nothing where the output is not wanted; an error where it is of another kind or type.
  Status SetObject(size_t output, std::shared_ptr<const Object> object);
  // A copy of the tensor, or its object, as output. As above.
  Status Give(size_t output, const Tensor& tensor);
  Status Give(size_t output, const HostInput& value);
  // Subprogram `index`, whose inputs from `first` on are what the node captures.
  Result<SubprogramRun*> Subprogram(size_t index, size_t first);
  Status Error(Code code, const std::string& what) const { return node().Error(code, what); }
  // What a function makes is charged to it, before it is made.
  const std::shared_ptr<ByteBudget>& budget() const;

 private:
  Status CheckType(size_t output, ValueKind kind, DataType type) const;

  RunContext& context_;
  uint32_t step_;
  const program::ProgramNode& node_;
  graph::NodeViewHolder holder_;
  std::vector<SubprogramRun>& subprograms_;
  const Patience& patience_;
  const std::vector<uint32_t>*inputs_, *outputs_;
};

using HostFunction = Status (*)(HostCall& call);
// Null where the host does not know the operator.
HostFunction FindHostFunction(const graph::Node& node);
// By files: host_control.cc, host_sequence.cc, host_text.cc; host_scan8.cc for the domain ai.tenon.
HostFunction FindControlFunction(std::string_view op);
HostFunction FindSequenceFunction(std::string_view op);
HostFunction FindTextFunction(std::string_view op);
HostFunction FindOlderFunction(std::string_view op);
Status RunOnRanks(HostCall& call);  // host_text_ranks.cc
// A copy of dense host memory, or the object, as a tensor of its own.
Result<std::shared_ptr<Tensor>> OwnTensor(const HostCall& call, const HostInput& value);
HostInput InputOfTensor(const Tensor& tensor);
// The element of an optional, or what is none as it is, as output.
Status GiveElement(HostCall& call, size_t output, const HostInput& value);

// A tensor of strings that is being made.
class Strings {
 public:
  // Of at most `most` strings.
  static Result<Strings> Make(const HostCall& call, uint64_t most);
  // The next one: `text`, and `more` behind it.
  Status Add(std::string_view text, std::string_view more = {});
  int64_t size() const { return std::ssize(object_->strings); }
  // Ends it.
  std::shared_ptr<Object> Take(const Shape& shape);

 private:
  std::shared_ptr<Object> object_;
};

// One host step of a run context, with what it keeps between runs.
class HostStep {
 public:
  HostStep(const program::ProgramNode& node,
           const std::vector<std::shared_ptr<Executable>>& subprograms);
  Status Run(RunContext& context, uint32_t step, const Patience& patience);

 private:
  const program::ProgramNode& node_;
  HostFunction function_;
  std::vector<SubprogramRun> subprograms_;
};

}  // namespace tenon::execution
