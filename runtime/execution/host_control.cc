// If, Loop, Scan and SequenceMap (https://onnx.ai/onnx/operators/): subprograms run one after the
// other, and what goes around stays in tensors of theirs.
#include <bit>
#include <cstring>

#include "host_step.h"

namespace tenon::execution {
namespace {

// What a loop makes in all its turns, one after the other.
class Collected {
 public:
  // No more than `most` turns come.
  Status Add(const HostCall& call, const Tensor& tensor, int64_t most) {
    if (count_ == 0) {
      shape_ = tensor.shape();
      turn_bytes_ = tensor.bytes();
    }
    if (!(tensor.shape() == shape_)) {
      return call.Error(Code::kInvalidArgument, "turn " + std::to_string(count_) + " makes " +
                                                    tensor.shape().ToString() +
                                                    ", those before made " + shape_.ToString());
    }
    if (tensor.is_object()) {
      objects_.push_back(tensor.object());
    } else if (BitWidth(tensor.type()) < 8 &&
               shape_.ElementCount() * BitWidth(tensor.type()) % 8 != 0) {
      return call.Error(Code::kUnsupported, "it collects half bytes");
    } else if (turn_bytes_ != 0) {
      const uint64_t turn = static_cast<uint64_t>(count_) + 1;
      if (std::has_single_bit(turn)) {
        const uint64_t turns = std::min(turn, static_cast<uint64_t>(most - count_));
        TENON_ASSIGN(auto block, Block::Allocate({}, turns * turn_bytes_, 1, call.budget(),
                                                 "what its turns make"));
        blocks_.push_back(std::move(block));
      }
      std::memcpy(PlaceOf(count_), tensor.location().data, turn_bytes_);
    }
    ++count_;
    return Status();
  }

  // As output `o` of the node, turns along `axis`, the last first where `reversed`. `declared`:
  // what one turn would make where there was none.
  Status Give(HostCall& call, size_t o, int64_t axis, bool reversed, const Shape& declared) {
    if (count_ == 0) {
      shape_ = declared.has_rank() ? declared : Shape{};
      for (int i = 0; i < shape_.rank(); ++i) shape_[i] = std::max<int64_t>(shape_[i], 0);
    }
    const int rank = shape_.rank() + 1;
    if (rank > kMaxRank) return call.Error(Code::kUnsupported, "its result has rank 9");
    if (axis < -rank || axis >= rank)
      return call.Error(Code::kInvalidArgument, "there is no output axis " + std::to_string(axis));
    const int at = static_cast<int>(axis < 0 ? axis + rank : axis);
    Shape whole = shape_;
    whole.Append(count_);
    for (int i = rank - 1; i > at; --i) whole[i] = whole[i - 1];
    whole[at] = count_;
    if (call.output_type(o) == DataType::kString) return GiveStrings(call, o, whole, at, reversed);
    TENON_ASSIGN(std::byte* const out, call.Allocate(o, whole));
    if (blocks_.empty()) return Status();
    const size_t outer = Outer(at), piece = static_cast<size_t>(turn_bytes_) / outer;
    for (int64_t t = 0; t < count_; ++t) {
      const auto to = static_cast<size_t>(reversed ? count_ - 1 - t : t);
      const std::byte* const turn = PlaceOf(t);
      for (size_t i = 0; i < outer; ++i) {
        std::memcpy(out + (i * static_cast<size_t>(count_) + to) * piece, turn + i * piece, piece);
      }
    }
    return Status();
  }

 private:
  // Block k holds 2^k turns, so that nothing is moved when there are more.
  std::byte* PlaceOf(int64_t t) const {
    const uint64_t turn = static_cast<uint64_t>(t) + 1, first = std::bit_floor(turn);
    return blocks_[static_cast<size_t>(std::countr_zero(first))]->base() +
           (turn - first) * turn_bytes_;
  }

  size_t Outer(int axis) const {
    size_t outer = 1;
    for (int i = 0; i < axis; ++i) outer *= static_cast<size_t>(shape_[i]);
    return std::max<size_t>(outer, 1);
  }

  Status GiveStrings(HostCall& call, size_t o, const Shape& whole, int at, bool reversed) {
    TENON_ASSIGN(Strings strings, Strings::Make(call, static_cast<uint64_t>(whole.ElementCount())));
    const size_t count = static_cast<size_t>(count_), outer = Outer(at);
    const size_t piece = static_cast<size_t>(shape_.ElementCount()) / outer;
    for (size_t i = 0; i < outer; ++i) {
      for (size_t to = 0; to < count; ++to) {
        const Object& turn = *objects_[reversed ? count - 1 - to : to];
        for (size_t s = i * piece; s < (i + 1) * piece; ++s)
          TENON_RETURN_IF_ERROR(strings.Add(turn.strings[s]));
      }
    }
    return call.SetObject(o, strings.Take(whole));
  }

  Shape shape_;
  int64_t count_ = 0;
  uint64_t turn_bytes_ = 0;
  std::vector<std::shared_ptr<Block>> blocks_;
  std::vector<std::shared_ptr<const Object>> objects_;  // of strings, by turn
};

std::string TypeText(const HostInput& value) {
  return std::string(DataTypeName(value.type)) + value.shape.ToString();
}

Result<bool> BoolOf(const HostCall& call, const HostInput& value, const std::string& what) {
  if (value.type == DataType::kBool && value.bytes == 1)
    return *static_cast<const uint8_t*>(value.data) != 0;
  return call.Error(Code::kInvalidArgument,
                    what + " is " + TypeText(value) + ", expected one bool");
}

std::string Turn(int64_t turn) { return "turn " + std::to_string(turn); }

Status RunIf(HostCall& call) {
  TENON_ASSIGN(const bool condition, BoolOf(call, call.input(0), "the condition"));
  const size_t branch = condition ? 0 : 1;
  TENON_ASSIGN(SubprogramRun* const run, call.Subprogram(branch, 0));
  TENON_RETURN_IF_ERROR(
      run->Run(call.patience()).WithContext(condition ? "then_branch" : "else_branch"));
  for (uint32_t o = 0; o < call.output_count(); ++o) {
    TENON_ASSIGN(const auto made, run->output(o));
    TENON_RETURN_IF_ERROR(call.Give(o, *made));
  }
  return Status();
}

Status RunLoop(HostCall& call) {
  const auto carried = static_cast<uint32_t>(call.formal_count() - 2);
  int64_t most = INT64_MAX;
  if (call.has_input(0)) {
    const HostInput count = call.input(0);
    if (count.type != DataType::kInt64 || count.bytes != 8)
      return call.Error(Code::kInvalidArgument,
                        "the trip count is " + TypeText(count) + ", expected one int64");
    most = *static_cast<const int64_t*>(count.data);
  }
  bool goes_on = true;
  if (call.has_input(1)) {
    TENON_ASSIGN(goes_on, BoolOf(call, call.input(1), "the condition"));
  }
  TENON_ASSIGN(SubprogramRun* const run, call.Subprogram(0, 2 + carried));
  TENON_ASSIGN(Tensor* const turn, run->OwnInput(0, DataType::kInt64, run->InputShape(0)));
  TENON_ASSIGN(Tensor* const condition, run->OwnInput(1, DataType::kBool, run->InputShape(1)));
  for (uint32_t i = 0; i < carried; ++i) {
    TENON_RETURN_IF_ERROR(run->CopyInput(2 + i, call.input(2 + i)));
    TENON_RETURN_IF_ERROR(run->Carry(2 + i, 1 + i));
  }
  std::vector<Collected> collected(run->output_count() - 1 - carried);
  for (int64_t t = 0; t < most && goes_on; ++t) {
    TENON_RETURN_IF_ERROR(call.patience().Check().WithContext(Turn(t)));
    std::memcpy(turn->location().data, &t, sizeof t);
    *condition->location().data = std::byte{1};
    TENON_RETURN_IF_ERROR(run->Run(call.patience()).WithContext(Turn(t)));
    TENON_ASSIGN(const auto next, run->output(0));
    TENON_ASSIGN(goes_on, BoolOf(call, InputOfTensor(*next), "the body's condition"));
    for (uint32_t s = 0; s < collected.size(); ++s) {
      if (!call.wants(carried + s)) continue;
      TENON_ASSIGN(const auto made, run->output(1 + carried + s));
      TENON_RETURN_IF_ERROR(collected[s].Add(call, *made, most));
    }
  }
  for (uint32_t i = 0; i < carried; ++i) {
    const Tensor& last = run->input(2 + i);
    const bool element = call.wants(i) && last.kind() == ValueKind::kOptionalSequence &&
                         call.output_kind(i) == ValueKind::kSequence;  // its body makes elements
    TENON_RETURN_IF_ERROR(element ? GiveElement(call, i, InputOfTensor(last)) : call.Give(i, last));
  }
  for (uint32_t s = 0; s < collected.size(); ++s) {
    if (!call.wants(carried + s)) continue;
    TENON_RETURN_IF_ERROR(
        collected[s].Give(call, carried + s, 0, false, run->OutputShape(1 + carried + s)));
  }
  return Status();
}

// A tensor that is taken apart along an axis.
struct Scanned {
  HostInput whole;
  int axis = 0;
  bool reversed = false;
  Shape slice;

  int64_t length() const { return whole.shape[axis]; }
  size_t Outer() const {
    size_t outer = 1;
    for (int i = 0; i < axis; ++i) outer *= static_cast<size_t>(whole.shape[i]);
    return outer;
  }
  Status CopyTo(const HostCall& call, int64_t turn, Tensor* to) const {
    const int64_t at = reversed ? length() - 1 - turn : turn;
    const size_t outer = Outer();
    const size_t piece = to->bytes() / std::max<size_t>(outer, 1);
    if (BitWidth(whole.type) < 8)
      return call.Error(Code::kUnsupported, "it takes half bytes apart");
    for (size_t i = 0; i < outer && piece != 0; ++i) {
      std::memcpy(to->location().data + i * piece,
                  static_cast<const std::byte*>(whole.data) +
                      (i * static_cast<size_t>(length()) + static_cast<size_t>(at)) * piece,
                  piece);
    }
    return Status();
  }
  // Of strings.
  Status SetTo(const HostCall& call, int64_t turn, SubprogramRun* run, uint32_t input) const {
    const auto at = static_cast<size_t>(reversed ? length() - 1 - turn : turn);
    const auto count = static_cast<size_t>(slice.ElementCount());
    TENON_ASSIGN(Strings strings, Strings::Make(call, count));
    const size_t outer = Outer(), piece = count / std::max<size_t>(outer, 1);
    for (size_t i = 0; i < outer; ++i) {
      const size_t first = (i * static_cast<size_t>(length()) + at) * piece;
      for (size_t s = first; s < first + piece; ++s)
        TENON_RETURN_IF_ERROR(strings.Add(whole.object->strings[s]));
    }
    HostInput part = whole;
    part.shape = slice;
    part.object = strings.Take(slice);
    return run->SetInput(input, part);
  }
};

int64_t At(std::span<const int64_t> list, size_t index) {
  return index < list.size() ? list[index] : 0;
}

Result<Scanned> ScannedInput(const HostCall& call, size_t input, int64_t axis, bool reversed) {
  Scanned scanned{call.input(input), 0, reversed, {}};
  const Shape& shape = scanned.whole.shape;
  const auto& object = scanned.whole.object;
  if (object && object->kind != ValueKind::kTensor) {
    return call.Error(Code::kInvalidArgument, "input " + std::to_string(input) + " is a " +
                                                  std::string(ValueKindName(object->kind)) +
                                                  ", expected a tensor");
  }
  if (axis < -shape.rank() || axis >= shape.rank()) {
    return call.Error(Code::kInvalidArgument, "input " + std::to_string(input) + " of shape " +
                                                  shape.ToString() + " has no axis " +
                                                  std::to_string(axis));
  }
  scanned.axis = static_cast<int>(axis < 0 ? axis + shape.rank() : axis);
  for (int i = 0; i < shape.rank(); ++i) {
    if (i != scanned.axis) scanned.slice.Append(shape[i]);
  }
  return scanned;
}

Status RunScan(HostCall& call) {
  const auto formal = static_cast<uint32_t>(call.formal_count());
  const auto states = formal - static_cast<uint32_t>(call.node().Int("num_scan_inputs", 0));
  const auto axes = call.node().Ints("scan_input_axes");
  const auto directions = call.node().Ints("scan_input_directions");
  const auto output_axes = call.node().Ints("scan_output_axes");
  const auto output_directions = call.node().Ints("scan_output_directions");
  TENON_ASSIGN(SubprogramRun* const run, call.Subprogram(0, formal));
  for (uint32_t i = 0; i < states; ++i) {
    TENON_RETURN_IF_ERROR(run->CopyInput(i, call.input(i)));
    TENON_RETURN_IF_ERROR(run->Carry(i, i));
  }
  std::vector<Scanned> scanned;
  std::vector<Tensor*> slices;
  for (uint32_t i = states; i < formal; ++i) {
    TENON_ASSIGN(Scanned one,
                 ScannedInput(call, i, At(axes, i - states), At(directions, i - states) != 0));
    Tensor* slice = nullptr;  // strings get another one in each turn
    if (!one.whole.object) {
      TENON_ASSIGN(slice, run->OwnInput(i, one.whole.type, one.slice));
    }
    if (!scanned.empty() && one.length() != scanned[0].length()) {
      return call.Error(Code::kInvalidArgument, "input " + std::to_string(i) + " has " +
                                                    std::to_string(one.length()) +
                                                    " slices, input " + std::to_string(states) +
                                                    " has " + std::to_string(scanned[0].length()));
    }
    scanned.push_back(std::move(one));
    slices.push_back(slice);
  }
  std::vector<Collected> collected(run->output_count() - states);
  const int64_t turns = scanned[0].length();
  for (int64_t t = 0; t < turns; ++t) {
    TENON_RETURN_IF_ERROR(call.patience().Check().WithContext(Turn(t)));
    for (uint32_t i = 0; i < scanned.size(); ++i) {
      TENON_RETURN_IF_ERROR(slices[i] != nullptr ? scanned[i].CopyTo(call, t, slices[i])
                                                 : scanned[i].SetTo(call, t, run, states + i));
    }
    TENON_RETURN_IF_ERROR(run->Run(call.patience()).WithContext(Turn(t)));
    for (uint32_t s = 0; s < collected.size(); ++s) {
      if (!call.wants(states + s)) continue;
      TENON_ASSIGN(const auto made, run->output(states + s));
      TENON_RETURN_IF_ERROR(collected[s].Add(call, *made, turns));
    }
  }
  for (uint32_t i = 0; i < states; ++i) TENON_RETURN_IF_ERROR(call.Give(i, run->input(i)));
  for (uint32_t s = 0; s < collected.size(); ++s) {
    if (!call.wants(states + s)) continue;
    TENON_RETURN_IF_ERROR(collected[s].Give(call, states + s, At(output_axes, s),
                                            At(output_directions, s) != 0,
                                            run->OutputShape(states + s)));
  }
  return Status();
}

Status RunSequenceMap(HostCall& call) {
  const auto formal = static_cast<uint32_t>(call.formal_count());
  TENON_ASSIGN(SubprogramRun* const run, call.Subprogram(0, formal));
  std::vector<HostInput> inputs;
  for (uint32_t i = 0; i < formal; ++i) inputs.push_back(call.input(i));
  const size_t length = inputs[0].object->items.size();
  std::vector<std::shared_ptr<Object>> made(call.output_count());
  for (uint32_t o = 0; o < made.size(); ++o) {
    made[o] = std::make_shared<Object>();
    made[o]->kind = ValueKind::kSequence;
    if (call.wants(o)) made[o]->type = call.output_type(o);
  }
  for (size_t t = 0; t < length; ++t) {
    for (uint32_t i = 0; i < formal; ++i) {
      const auto& object = inputs[i].object;
      if (!object || object->kind != ValueKind::kSequence) {
        TENON_RETURN_IF_ERROR(run->SetInput(i, inputs[i]));
        continue;
      }
      if (object->items.size() != length) {
        return call.Error(Code::kInvalidArgument, "input " + std::to_string(i) + " has " +
                                                      std::to_string(object->items.size()) +
                                                      " tensors, input 0 has " +
                                                      std::to_string(length));
      }
      TENON_RETURN_IF_ERROR(run->SetInput(i, object->items[t]));
    }
    TENON_RETURN_IF_ERROR(run->Run(call.patience()).WithContext(Turn(static_cast<int64_t>(t))));
    for (uint32_t o = 0; o < made.size(); ++o) {
      TENON_ASSIGN(const auto output, run->output(o));
      TENON_ASSIGN(auto item, OwnTensor(call, InputOfTensor(*output)));
      made[o]->items.push_back(std::move(item));
    }
  }
  for (uint32_t o = 0; o < made.size(); ++o) {
    TENON_RETURN_IF_ERROR(call.SetObject(o, std::move(made[o])));
  }
  return Status();
}

}  // namespace

HostFunction FindControlFunction(std::string_view op) {
  if (op == "If") return RunIf;
  if (op == "Loop") return RunLoop;
  if (op == "Scan") return RunScan;
  if (op == "SequenceMap") return RunSequenceMap;
  return nullptr;
}

}  // namespace tenon::execution
