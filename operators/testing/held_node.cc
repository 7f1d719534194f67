#include "testing/held_node.h"

#include <algorithm>
#include <cstring>

namespace tenon::operators::testing {
namespace {

// Chunks from the last to the first.
void RunBackward(void*, int64_t total, int64_t chunk, ParallelFor::Body body, void* context) {
  for (int64_t i = (total + chunk - 1) / chunk; i-- > 0;)
    body(context, i * chunk, std::min(total, (i + 1) * chunk));
}

const Revision* Next(const Operator& op, int revision, bool up) {
  for (size_t i = 0; i < op.revisions.size(); ++i) {
    if (op.revisions[i].number != revision) continue;
    if (up) return i + 1 < op.revisions.size() ? &op.revisions[i + 1] : nullptr;
    return i > 0 ? &op.revisions[i - 1] : nullptr;
  }
  return nullptr;
}

}  // namespace

HeldNode::HeldNode(std::string domain, std::string op, int revision, std::vector<HeldTensor> inputs,
                   int outputs)
    : domain_(std::move(domain)),
      op_(std::move(op)),
      inputs_(std::move(inputs)),
      outputs_(outputs) {
  view_.revision = revision;
  for (const HeldTensor& input : inputs_) original_shapes_.push_back(input.view.shape);
  Refresh();
}

HeldNode::HeldNode(const Case& from)
    : HeldNode(from.domain, from.op, 0, from.inputs, static_cast<int>(from.outputs.size())) {
  for (const HeldAttribute& attribute : from.attributes) Add(attribute);
  view_.revision = RevisionAt(*FindOperator(domain_, op_), from.opset);
  for (size_t i = 0; i < from.outputs.size(); ++i) {
    if (!from.outputs[i].present) absent_outputs_ |= 1u << i;
  }
}

void HeldNode::Add(const HeldAttribute& attribute) {
  HeldAttribute& held = attributes_.emplace_back(attribute);
  held.view.name = held.name;
  held.view.s = held.text;
  held.view.ints = held.ints;
  held.view.floats = held.floats;
  held.view.strings = held.strings;
  held.view.tensor = held.tensor.view;
  Refresh();
}

void HeldNode::Refresh() {
  attribute_views_.clear();
  for (const HeldAttribute& attribute : attributes_) attribute_views_.push_back(attribute.view);
  view_.domain = domain_;
  view_.op = op_;
  view_.name = "n";
  view_.attributes = attribute_views_;
}

HeldAttribute& HeldNode::Fresh(std::string_view name, AttributeView::Kind kind) {
  const std::string copy(name);
  RemoveAttribute(copy);
  HeldAttribute& held = attributes_.emplace_back();
  held.name = copy;
  held.view.name = held.name;
  held.view.kind = kind;
  return held;
}

Status HeldNode::Rewrite(int revision) {
  for (;;) {
    const Operator* op = FindOperator(domain_, op_);
    const int target = revision == 0 ? op->newest().number : revision;
    if (view_.revision == target) return {};
    const bool up = view_.revision < target;
    const Revision* next = Next(*op, view_.revision, up);
    if (next == nullptr) return view_.Error(Code::kInternal, "no such revision");
    const Revision* rule = up ? next : Next(*op, next->number, true);
    const RewriteFunction rewrite = up ? rule->from_previous : rule->to_previous;
    if (!up && rewrite == nullptr)
      return view_.Error(Code::kUnsupported, "cannot be said in the older revision");
    const std::string before = op_ + domain_ + std::to_string(view_.revision);
    if (rewrite != nullptr) TENON_RETURN_IF_ERROR(rewrite(*this));
    if (before == op_ + domain_ + std::to_string(view_.revision)) view_.revision = next->number;
  }
}

InferInput HeldNode::input(int index) const {
  const auto i = static_cast<size_t>(index);
  if (i >= inputs_.size() || !inputs_[i].present) return {};
  const HeldTensor& held = inputs_[i];
  return {true, held.view.type, held.view.shape, &held.view};
}

std::vector<InferInput> HeldNode::InferInputs(bool constant) const {
  std::vector<InferInput> inputs;
  for (int i = 0; i < input_count(); ++i) {
    inputs.push_back(input(i));
    if (!constant) inputs.back().value = nullptr;
  }
  return inputs;
}

Result<std::vector<InferOutput>> HeldNode::Infer() const {
  std::vector<InferOutput> outputs(static_cast<size_t>(outputs_));
  TENON_RETURN_IF_ERROR(FindOperator(domain_, op_)->infer(view_, InferInputs(), outputs));
  return outputs;
}

// What depends on data stays open, so that the kernel allocates.
Result<std::vector<InferOutput>> HeldNode::InferForRun() const {
  const Operator* op = FindOperator(domain_, op_);
  if (op == nullptr || (op->flags & kDataDependent) == 0) return Infer();
  std::vector<InferOutput> outputs(static_cast<size_t>(outputs_));
  TENON_RETURN_IF_ERROR(op->infer(view_, InferInputs(false), outputs));
  return outputs;
}

namespace {

Result<void*> Allocate(void* host, int output, const Shape& shape) {
  HeldTensor& tensor = (*static_cast<std::vector<HeldTensor>*>(host))[static_cast<size_t>(output)];
  tensor = HeldTensor::Make(tensor.view.type, shape, nullptr);
  return tensor.view.data;
}

}  // namespace

Result<std::vector<HeldTensor>> HeldNode::Run() const {
  TENON_ASSIGN(const auto inferred, InferForRun());
  const DataType type = inputs_.empty() ? DataType::kUndefined : inputs_[0].view.type;
  const Kernel* kernel = FindKernel(domain_, op_, view_.revision, type);
  if (kernel == nullptr)
    return view_.Error(Code::kUnsupported, "no kernel for " + std::string(DataTypeName(type)));
  std::vector<TensorSpec> inputs, outputs;
  std::vector<void*> in, out, again;
  std::vector<HeldTensor> results, others;
  for (const HeldTensor& input : inputs_) {
    inputs.push_back({input.present, input.view.type, input.view.shape});
    in.push_back(input.present ? input.view.data : nullptr);
  }
  for (const InferOutput& output : inferred) {
    const bool used = OutputUsed(static_cast<int>(outputs.size()));
    outputs.push_back(used ? TensorSpec{true, output.type, output.shape} : TensorSpec{});
    const Shape room = output.shape.IsStatic() ? output.shape : Shape{0};
    results.push_back(HeldTensor::Make(output.type, room, nullptr));
    others.push_back(HeldTensor::Make(output.type, room, nullptr));
    out.push_back(used ? results.back().view.data : nullptr);
    again.push_back(used ? others.back().view.data : nullptr);
  }
  TENON_ASSIGN(const auto plan, kernel->Plan(view_, inputs, outputs));
  std::vector<double> workspace(static_cast<size_t>(plan->workspace_bytes()) / 8 + 16);
  void* aligned = reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(workspace.data()) + 63) &
                                          ~uintptr_t{63});
  TENON_RETURN_IF_ERROR(
      plan->RunAllocating({in, out, aligned, ParallelFor::Inline()}, {&results, Allocate}));
  TENON_RETURN_IF_ERROR(
      plan->RunAllocating({in, again, aligned, {nullptr, RunBackward}}, {&others, Allocate}));
  for (size_t i = 0; i < results.size(); ++i) {
    if (results[i].bytes != others[i].bytes)
      return view_.Error(Code::kInternal, "the order of chunks matters");
  }
  if (output_like_ >= 0)
    results[0].view.shape = original_shapes_[static_cast<size_t>(output_like_)];
  return results;
}

void HeldNode::RemoveAttribute(std::string_view name) {
  const std::string copy(name);
  const auto same = std::ranges::find(attributes_, copy, &HeldAttribute::name);
  if (same == attributes_.end()) return;
  std::vector<HeldAttribute> rest;
  for (HeldAttribute& attribute : attributes_) {
    if (attribute.name != copy) rest.push_back(attribute);
  }
  attributes_.clear();
  for (const HeldAttribute& attribute : rest) Add(attribute);
  Refresh();
}
void HeldNode::SetInt(std::string_view name, int64_t value) {
  Fresh(name, AttributeView::Kind::kInt).view.i = value;
  Refresh();
}
void HeldNode::SetFloat(std::string_view name, float value) {
  Fresh(name, AttributeView::Kind::kFloat).view.f = value;
  Refresh();
}
void HeldNode::SetString(std::string_view name, std::string_view value) {
  HeldAttribute& held = Fresh(name, AttributeView::Kind::kString);
  held.text = value;
  held.view.s = held.text;
  Refresh();
}
void HeldNode::SetInts(std::string_view name, std::span<const int64_t> values) {
  HeldAttribute& held = Fresh(name, AttributeView::Kind::kInts);
  held.ints.assign(values.begin(), values.end());
  held.view.ints = held.ints;
  Refresh();
}
void HeldNode::SetConstantInput(int index, DataType type, const Shape& shape, const void* data) {
  const auto i = static_cast<size_t>(index);
  if (inputs_.size() <= i) inputs_.resize(i + 1);
  inputs_[i] = HeldTensor::Make(type, shape, data);
}
void HeldNode::RemoveInput(int index) {
  inputs_[static_cast<size_t>(index)] = {};
  while (!inputs_.empty() && !inputs_.back().present) inputs_.pop_back();
}
void HeldNode::MoveInput(int from, int to) {
  const auto target = static_cast<size_t>(to);
  if (inputs_.size() <= target) inputs_.resize(target + 1);
  inputs_[target] = std::move(inputs_[static_cast<size_t>(from)]);
  RemoveInput(from);
}
void HeldNode::SetOperator(std::string_view domain, std::string_view name, int revision) {
  domain_ = domain;
  op_ = name;
  view_.revision = revision;
  Refresh();
}
void HeldNode::ReshapeInput(int index, std::span<const int64_t> shape) {
  TensorView& view = inputs_[static_cast<size_t>(index)].view;
  Shape result(shape);
  int64_t product = 1;
  int rest = -1;
  for (int i = 0; i < result.rank(); ++i) {
    if (result[i] == 0) result[i] = view.shape[i];
    if (result[i] == -1) rest = i;
    if (result[i] > 0) product *= result[i];
  }
  if (rest >= 0) result[rest] = view.shape.ElementCount() / product;
  view.shape = result;
}
void HeldNode::FlattenInput(int index, int64_t axis) {
  Shape& shape = inputs_[static_cast<size_t>(index)].view.shape;
  Shape matrix = {1, 1};
  for (int i = 0; i < shape.rank(); ++i)
    matrix[i < (axis < 0 ? axis + shape.rank() : axis) ? 0 : 1] *= shape[i];
  shape = matrix;
}
void HeldNode::ReshapeOutputBack(int, int like_input) { output_like_ = like_input; }

}  // namespace tenon::operators::testing
