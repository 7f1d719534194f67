// Sequences and optionals. Their tensors are shared and not written any more.
#include <cstring>

#include "host_step.h"

namespace tenon::execution {
namespace {

using Items = std::vector<std::shared_ptr<Tensor>>;

std::shared_ptr<Object> MakeSequence(DataType type, Items items) {
  auto object = std::make_shared<Object>();
  object->kind = ValueKind::kSequence;
  object->type = type;
  object->items = std::move(items);
  return object;
}

// One integer, negative ones counted from the end; within [0, most].
Result<int64_t> Position(const HostCall& call, size_t input, int64_t size, int64_t most) {
  const HostInput value = call.input(input);
  int64_t position = 0;
  if (value.type == DataType::kInt64 && value.bytes == 8) {
    std::memcpy(&position, value.data, 8);
  } else if (value.type == DataType::kInt32 && value.bytes == 4) {
    position = *static_cast<const int32_t*>(value.data);
  } else {
    return call.Error(Code::kInvalidArgument, "the position has shape " + value.shape.ToString() +
                                                  ", expected one int32 or int64");
  }
  const int64_t at = position < 0 ? position + size : position;
  if (at >= 0 && at <= most) return at;
  return call.Error(Code::kInvalidArgument, "position " + std::to_string(position) +
                                                " is not in a sequence of " + std::to_string(size));
}

Status RunEmpty(HostCall& call) { return call.SetObject(0, MakeSequence(call.output_type(0), {})); }

Status RunConstruct(HostCall& call) {
  Items items;
  for (size_t i = 0; i < call.input_count(); ++i) {
    TENON_ASSIGN(auto item, OwnTensor(call, call.input(i)));
    items.push_back(std::move(item));
  }
  return call.SetObject(0, MakeSequence(call.output_type(0), std::move(items)));
}

Status RunInsert(HostCall& call) {
  Items items = call.input(0).object->items;
  const auto size = static_cast<int64_t>(items.size());
  int64_t at = size;
  if (call.has_input(2)) {
    TENON_ASSIGN(at, Position(call, 2, size, size));
  }
  TENON_ASSIGN(auto item, OwnTensor(call, call.input(1)));
  items.insert(items.begin() + at, std::move(item));
  return call.SetObject(0, MakeSequence(call.output_type(0), std::move(items)));
}

Status RunErase(HostCall& call) {
  Items items = call.input(0).object->items;
  const auto size = static_cast<int64_t>(items.size());
  int64_t at = size - 1;
  if (call.has_input(1)) {
    TENON_ASSIGN(at, Position(call, 1, size, size - 1));
  } else if (size == 0) {
    return call.Error(Code::kInvalidArgument, "the sequence is empty");
  }
  items.erase(items.begin() + at);
  return call.SetObject(0, MakeSequence(call.output_type(0), std::move(items)));
}

Status RunAt(HostCall& call) {
  const Items& items = call.input(0).object->items;
  const auto size = static_cast<int64_t>(items.size());
  TENON_ASSIGN(const int64_t at, Position(call, 1, size, size - 1));
  return call.Give(0, *items[static_cast<size_t>(at)]);
}

Status RunLength(HostCall& call) {
  const auto size = static_cast<int64_t>(call.input(0).object->items.size());
  TENON_ASSIGN(std::byte* const out, call.Allocate(0, Shape{}));
  std::memcpy(out, &size, sizeof size);
  return Status();
}

// Sizes along the axis of the pieces that SplitToSequence makes.
Result<std::vector<int64_t>> Pieces(const HostCall& call, int64_t length) {
  std::vector<int64_t> sizes;
  if (!call.has_input(1)) return std::vector<int64_t>(static_cast<size_t>(length), 1);
  const HostInput split = call.input(1);
  const auto element = [&](int64_t i) {
    return split.type == DataType::kInt32 ? static_cast<const int32_t*>(split.data)[i]
                                          : static_cast<const int64_t*>(split.data)[i];
  };
  if (split.shape.rank() == 0) {
    const int64_t size = element(0);
    if (size <= 0)
      return call.Error(Code::kInvalidArgument, "pieces of size " + std::to_string(size));
    for (int64_t left = length; left > 0; left -= sizes.back())
      sizes.push_back(std::min(size, left));
    return sizes;
  }
  int64_t sum = 0;
  for (int64_t i = 0; i < split.shape.ElementCount(); ++i) {
    sizes.push_back(element(i));
    if (sizes.back() < 0 || sizes.back() > length - sum)
      return call.Error(Code::kInvalidArgument,
                        "the pieces' sizes do not add up to " + std::to_string(length));
    sum += sizes.back();
  }
  if (sum == length) return sizes;
  return call.Error(Code::kInvalidArgument, "the pieces' sizes add up to " + std::to_string(sum) +
                                                ", the axis has " + std::to_string(length));
}

Result<int> Axis(const HostCall& call, int rank) {
  const int64_t axis = call.node().Int("axis", 0);
  if (axis >= -rank && axis < rank) return static_cast<int>(axis < 0 ? axis + rank : axis);
  return call.Error(
      Code::kInvalidArgument,
      "axis " + std::to_string(axis) + " is not one of a tensor of rank " + std::to_string(rank));
}

// Of a tensor along an axis: `outer` times a run of `inner` bytes, or strings, for each index.
struct Blocks {
  size_t outer = 1, inner = 1;
  Blocks(const Shape& shape, int axis, DataType type) {
    for (int i = 0; i < axis; ++i) outer *= static_cast<size_t>(shape[i]);
    for (int i = axis + 1; i < shape.rank(); ++i) inner *= static_cast<size_t>(shape[i]);
    if (type != DataType::kString) inner *= BitWidth(type) / 8;
  }
};

// Strings [first, first + count) of a tensor.
Status AddRun(const Object& from, size_t first, size_t count, Strings* to) {
  for (size_t i = first; i < first + count; ++i) TENON_RETURN_IF_ERROR(to->Add(from.strings[i]));
  return Status();
}

Status RunSplit(HostCall& call) {
  const HostInput x = call.input(0);
  if (!x.object && BitWidth(x.type) < 8)
    return call.Error(Code::kUnsupported, "it splits whole bytes only");
  TENON_ASSIGN(const int axis, Axis(call, x.shape.rank()));
  TENON_ASSIGN(const std::vector<int64_t> sizes, Pieces(call, x.shape[axis]));
  const bool drops = !call.has_input(1) && call.node().Int("keepdims", 1) == 0;
  const Blocks blocks(x.shape, axis, x.type);
  const auto* from = static_cast<const std::byte*>(x.data);
  const size_t row = blocks.inner * static_cast<size_t>(x.shape[axis]);
  Items items;
  size_t at = 0;
  for (const int64_t size : sizes) {
    Shape shape;
    for (int i = 0; i < x.shape.rank(); ++i) {
      if (i != axis)
        shape.Append(x.shape[i]);
      else if (!drops)
        shape.Append(size);
    }
    const size_t piece = blocks.inner * static_cast<size_t>(size);
    if (x.object) {
      TENON_ASSIGN(Strings strings, Strings::Make(call, blocks.outer * piece));
      for (size_t o = 0; o < blocks.outer; ++o)
        TENON_RETURN_IF_ERROR(AddRun(*x.object, o * row + at, piece, &strings));
      items.push_back(Tensor::OfObject(ValueKind::kTensor, x.type, strings.Take(shape)));
    } else {
      TENON_ASSIGN(auto item, Tensor::Create({}, x.type, shape, call.budget(), nullptr));
      for (size_t o = 0; o < blocks.outer && piece != 0; ++o)
        std::memcpy(item->location().data + o * piece, from + o * row + at, piece);
      items.push_back(std::move(item));
    }
    at += piece;
  }
  return call.SetObject(0, MakeSequence(x.type, std::move(items)));
}

Status RunConcat(HostCall& call) {
  const HostInput sequence = call.input(0);
  const Items& items = sequence.object->items;
  if (items.empty()) return call.Error(Code::kInvalidArgument, "the sequence is empty");
  const bool strings = items[0]->type() == DataType::kString;
  if (!strings && BitWidth(items[0]->type()) < 8)
    return call.Error(Code::kUnsupported, "it joins whole bytes only");
  const bool adds = call.node().Int("new_axis", 0) != 0;
  const Shape first = items[0]->shape();
  if (adds && first.rank() == kMaxRank)
    return call.Error(Code::kUnsupported, "its result has rank 9");
  TENON_ASSIGN(const int axis, Axis(call, first.rank() + (adds ? 1 : 0)));
  Shape shape = first;
  if (adds) {
    shape.Append(1);
    for (int i = shape.rank() - 1; i > axis; --i) shape[i] = shape[i - 1];
  }
  int64_t length = 0;
  for (const auto& item : items) {
    Shape other = item->shape(), expected = first;
    if (!adds && other.rank() == expected.rank()) expected[axis] = other[axis];
    if (!(other == expected)) {
      return call.Error(Code::kInvalidArgument, "tensors of shapes " + first.ToString() + " and " +
                                                    other.ToString() + " do not fit along axis " +
                                                    std::to_string(axis));
    }
    if (item->type() != items[0]->type())
      return call.Error(Code::kInvalidArgument, "its tensors are of several types");
    if (__builtin_add_overflow(length, adds ? 1 : other[axis], &length))
      return call.Error(Code::kInvalidArgument, "its result is larger than any memory");
  }
  shape[axis] = length;
  const Blocks blocks(shape, axis, items[0]->type());
  const auto piece_of = [&](const Tensor& item) {
    return blocks.inner * static_cast<size_t>(adds ? 1 : item.shape()[axis]);
  };
  if (strings) {
    TENON_ASSIGN(Strings out, Strings::Make(call, static_cast<uint64_t>(shape.ElementCount())));
    for (size_t o = 0; o < blocks.outer; ++o) {
      for (const auto& item : items) {
        const size_t piece = piece_of(*item);
        TENON_RETURN_IF_ERROR(AddRun(*item->object(), o * piece, piece, &out));
      }
    }
    return call.SetObject(0, out.Take(shape));
  }
  TENON_ASSIGN(std::byte* const out, call.Allocate(0, shape));
  const size_t row = blocks.inner * static_cast<size_t>(length);
  size_t at = 0;
  for (const auto& item : items) {
    const size_t piece = piece_of(*item);
    for (size_t o = 0; o < blocks.outer && piece != 0; ++o)
      std::memcpy(out + o * row + at, item->location().data + o * piece, piece);
    at += piece;
  }
  return Status();
}

Status RunOptional(HostCall& call) {
  auto object = std::make_shared<Object>();
  const auto type = call.node().Ints("type");  // {kind, element type}, where there is no input
  const bool sequence = !type.empty() && type[0] == static_cast<int64_t>(ValueKind::kSequence);
  object->kind = sequence ? ValueKind::kOptionalSequence : ValueKind::kOptional;
  object->type = call.output_type(0);
  if (call.has_input(0)) {
    const HostInput value = call.input(0);
    object->present = true;
    if (value.object && value.object->kind == ValueKind::kSequence) {
      object->kind = ValueKind::kOptionalSequence;
      object->items = value.object->items;
    } else {
      object->kind = ValueKind::kOptional;
      TENON_ASSIGN(auto item, OwnTensor(call, value));
      object->items.push_back(std::move(item));
    }
  }
  return call.SetObject(0, std::move(object));
}

Status RunGetElement(HostCall& call) { return GiveElement(call, 0, call.input(0)); }

Status RunHasElement(HostCall& call) {
  bool has = call.has_input(0);
  if (has) {
    const HostInput value = call.input(0);
    const bool optional = value.object && (value.object->kind == ValueKind::kOptional ||
                                           value.object->kind == ValueKind::kOptionalSequence);
    has = !optional || value.object->present;
  }
  TENON_ASSIGN(std::byte* const out, call.Allocate(0, Shape{}));
  *out = std::byte{has};
  return Status();
}

}  // namespace

Status GiveElement(HostCall& call, size_t output, const HostInput& value) {
  const bool optional = value.object && (value.object->kind == ValueKind::kOptional ||
                                         value.object->kind == ValueKind::kOptionalSequence);
  if (!optional) return call.Give(output, value);
  if (!value.object->present)
    return call.Error(Code::kInvalidArgument, "the optional has no value");
  if (value.object->kind == ValueKind::kOptional) return call.Give(output, *value.object->items[0]);
  return call.SetObject(output, MakeSequence(value.object->type, value.object->items));
}

HostFunction FindSequenceFunction(std::string_view op) {
  struct Row {
    std::string_view op;
    HostFunction function;
  };
  static constexpr Row kRows[] = {
      {"SequenceEmpty", RunEmpty},
      {"SequenceConstruct", RunConstruct},
      {"SequenceInsert", RunInsert},
      {"SequenceErase", RunErase},
      {"SequenceAt", RunAt},
      {"SequenceLength", RunLength},
      {"SplitToSequence", RunSplit},
      {"ConcatFromSequence", RunConcat},
      {"Optional", RunOptional},
      {"OptionalGetElement", RunGetElement},
      {"OptionalHasElement", RunHasElement},
  };
  for (const Row& row : kRows) {
    if (row.op == op) return row.function;
  }
  return nullptr;
}

}  // namespace tenon::execution
