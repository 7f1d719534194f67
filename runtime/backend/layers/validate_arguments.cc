#include "layers/validate_arguments.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "tenon/operators/tensor.h"

namespace tenon::backend::validate {
namespace {

constexpr uint32_t kLargestStruct = 65536;

uint32_t Bits(tenon_dtype dtype) { return BitWidth(DataTypeOf(dtype)); }

// Bytes of a dense tensor; nothing where it overflows.
std::optional<uint64_t> DenseBytes(tenon_dtype dtype, const DLTensor& tensor) {
  uint64_t bits = Bits(dtype);
  bool overflow = false;
  for (int i = 0; i < tensor.ndim; ++i) {
    if (tensor.shape[i] == 0) return 0;
    overflow |= __builtin_mul_overflow(bits, static_cast<uint64_t>(tensor.shape[i]), &bits);
  }
  if (overflow) return std::nullopt;
  return bits / 8 + (bits % 8 != 0);
}

// The stride that dimension `axis` has in a dense tensor.
int64_t DenseStride(const DLTensor& tensor, tenon_layout layout, int axis) {
  const bool channels_last = layout == TENON_LAYOUT_CHANNELS_LAST && tensor.ndim >= 3;
  if (channels_last && axis == 1) return 1;
  int64_t stride = 1;
  for (int i = axis + 1; i < tensor.ndim; ++i) stride *= std::max<int64_t>(tensor.shape[i], 1);
  // Logical N, C, D1.. are stored as N, D1.., C: behind D_i also lie the channels.
  return channels_last && axis >= 2 ? stride * std::max<int64_t>(tensor.shape[1], 1) : stride;
}

bool CheckShape(State& state, const char* slot, const std::string& name, const tenon_argument& a,
                int64_t least) {
  const DLTensor& tensor = a.tensor;
  if (tensor.ndim < 0 || tensor.ndim > TENON_MAX_RANK) {
    state.Complain("R13", slot,
                   name + ": rank " + std::to_string(tensor.ndim) + ", expected 0 to 8");
    return false;
  }
  if (tensor.ndim > 0 && (!tensor.shape || !tensor.strides)) {
    state.Complain("R13", slot, name + ": shape or strides is NULL");
    return false;
  }
  for (int i = 0; i < tensor.ndim; ++i) {
    if (tensor.shape[i] >= least) continue;
    state.Complain(
        "R13", slot,
        name + ": dimension " + std::to_string(i) + " is " + std::to_string(tensor.shape[i]));
    return false;
  }
  return true;
}

void CheckBytes(State& state, const char* slot, const std::string& name, const tenon_argument& a) {
  const std::optional<uint64_t> dense = DenseBytes(a.dtype, a.tensor);
  std::optional<uint64_t> expected = dense;
  if (a.layout >= TENON_LAYOUT_OWN) {
    std::unique_lock lock(state.mutex);
    const auto found = state.layouts.find(a.layout);
    const tenon_layout_info* info = found == state.layouts.end() ? nullptr : found->second;
    lock.unlock();
    if (!info)
      return state.Complain("R13", slot, name + ": unknown layout " + std::to_string(a.layout));
    uint64_t bytes = 0;
    state.CallVoid("layout.bytes",
                   [&] { bytes = info->bytes(a.dtype, a.tensor.ndim, a.tensor.shape); });
    expected = bytes;
  } else {
    for (int i = 0; i < a.tensor.ndim && dense.value_or(0) > 0; ++i) {
      const int64_t stride = DenseStride(a.tensor, a.layout, i);
      if (a.tensor.shape[i] <= 1 || a.tensor.strides[i] == stride) continue;
      state.Complain("R13", slot,
                     name + ": stride " + std::to_string(i) + " is " +
                         std::to_string(a.tensor.strides[i]) + ", expected " +
                         std::to_string(stride) + " in its layout");
    }
  }
  if (expected && *expected != a.bytes) {
    state.Complain(
        "R13", slot,
        name + ": bytes is " + std::to_string(a.bytes) + ", expected " + std::to_string(*expected));
  }
}

// Where the bytes are. Contents are present.
bool CheckPlace(State& state, const char* slot, const std::string& name, const tenon_argument& a,
                const Device* device) {
  const auto wrong = [&](const std::string& what) {
    state.Complain("R13", slot, name + ": " + what);
    return false;
  };
  if (a.bytes == 0) return true;
  if (a.memory_kind == TENON_MEMORY_HOST) {
    if (a.buffer) return wrong("buffer is not NULL in plain host memory");
    if (!a.tensor.data) return wrong("data is NULL in plain host memory");
    const uintptr_t element = std::clamp<uintptr_t>(Bits(a.dtype) / 8, 1, 8);
    if (reinterpret_cast<uintptr_t>(a.tensor.data) % element == 0) return true;
    return wrong("data is not aligned to its element");
  }
  std::unique_lock lock(state.mutex);
  const auto found = state.buffers.find(a.buffer);
  if (found == state.buffers.end()) {
    lock.unlock();
    state.Complain("R4", slot, name + ": buffer " + Address(a.buffer) + " is no live buffer");
    return false;
  }
  const Buffer buffer = found->second;
  lock.unlock();
  if (device && buffer.device != device) return wrong("the buffer belongs to another device");
  if (buffer.kind_id != a.memory_kind) {
    return wrong("memory_kind is " + std::to_string(a.memory_kind) + ", the buffer's is " +
                 std::to_string(buffer.kind_id));
  }
  if (a.offset > buffer.size || a.bytes > buffer.size - a.offset) {
    return wrong(std::to_string(a.bytes) + " bytes at " + std::to_string(a.offset) +
                 " do not fit into the buffer's " + std::to_string(buffer.size));
  }
  if (buffer.kind && a.offset % buffer.kind->alignment != 0) {
    wrong("offset " + std::to_string(a.offset) + " is not aligned to " +
          std::to_string(buffer.kind->alignment));
  }
  void* expected = buffer.base ? static_cast<char*>(buffer.base) + a.offset : nullptr;
  if (a.tensor.data != expected) {
    return wrong(buffer.base ? "data is not the buffer's base plus offset"
                             : "data is not NULL though the memory is not addressable");
  }
  return true;
}

void CheckValue(State& state, const char* slot, const std::string& what, const tenon_value* value) {
  if (!CheckSize(state, slot, "tenon_value", value->struct_size,
                 TENON_SIZE_TO(tenon_value, reserved2)))
    return;
  CheckText(state, slot, what + "'s name", value->name);
  CheckReserved(state, slot, "tenon_value", value->reserved | value->reserved2);
  if (value->rank < -1 || value->rank > TENON_MAX_RANK) {
    return state.Complain("R13", slot, what + ": rank " + std::to_string(value->rank));
  }
  if (value->rank > 0 && !value->dims) return state.Complain("R7", slot, what + ": dims is NULL");
  if (!value->data || Bits(value->dtype) == 0) return;
  uint64_t bits = Bits(value->dtype);
  for (int i = 0; i < value->rank; ++i)
    bits *= static_cast<uint64_t>(std::max<int64_t>(value->dims[i], 0));
  if (value->data_bytes != (bits + 7) / 8) {
    state.Complain("R13", slot,
                   what + ": a constant of " + std::to_string(value->data_bytes) +
                       " bytes, expected " + std::to_string((bits + 7) / 8));
  }
}

bool CheckValues(State& state, const char* slot, const char* what, const tenon_value* const* list,
                 uint32_t count) {
  if (!CheckList(state, slot, what, list, count)) return false;
  for (uint32_t i = 0; i < count; ++i) {
    if (list[i]) CheckValue(state, slot, std::string(what) + " " + std::to_string(i), list[i]);
  }
  return true;
}

// What the attribute's kind says is there. An unknown kind is another's (R8).
bool CheckAttribute(State& state, const char* slot, const tenon_attribute* attribute) {
  if (!CheckGiven(state, slot, "an attribute", attribute) ||
      !CheckSize(state, slot, "tenon_attribute", attribute->struct_size,
                 // NOLINTNEXTLINE(bugprone-sizeof-expression): the size of a pointer is meant
                 TENON_SIZE_TO(tenon_attribute, graph)) ||
      !CheckText(state, slot, "an attribute's name", attribute->name))
    return false;
  const std::string what = std::string("attribute ") + attribute->name;
  switch (attribute->kind) {
    case TENON_ATTRIBUTE_STRING:
      return CheckGiven(state, slot, (what + "'s text").c_str(), attribute->s);
    case TENON_ATTRIBUTE_INTS:
      return CheckList(state, slot, what.c_str(), attribute->ints, attribute->count);
    case TENON_ATTRIBUTE_FLOATS:
      return CheckList(state, slot, what.c_str(), attribute->floats, attribute->count);
    case TENON_ATTRIBUTE_STRINGS:
      return CheckList(state, slot, what.c_str(), attribute->strings, attribute->count);
    case TENON_ATTRIBUTE_TENSOR:
      if (!CheckGiven(state, slot, (what + "'s tensor").c_str(), attribute->tensor)) return false;
      CheckValue(state, slot, what, attribute->tensor);
      return true;
    case TENON_ATTRIBUTE_GRAPH:
      return CheckSegment(state, slot, attribute->graph);
    default:
      return true;
  }
}

}  // namespace

bool IsPowerOfTwo(uint64_t value) { return value != 0 && (value & (value - 1)) == 0; }

bool CheckSize(State& state, const char* slot, const char* type, uint32_t struct_size,
               uint32_t least) {
  if (struct_size >= least && struct_size <= kLargestStruct) return true;
  state.Complain("R1", slot,
                 std::string(type) + ": struct_size is " + std::to_string(struct_size) +
                     ", expected " + std::to_string(least) + " or more");
  return false;
}

bool CheckText(State& state, const char* slot, const std::string& what, const char* text) {
  if (!text) {
    state.Complain("R7", slot, what + " is NULL");
    return false;
  }
  for (const auto* at = reinterpret_cast<const unsigned char*>(text); *at;) {
    int more = *at < 0x80                  ? 0
               : *at >= 0xC2 && *at < 0xE0 ? 1
               : *at >= 0xE0 && *at < 0xF0 ? 2
               : *at >= 0xF0 && *at < 0xF5 ? 3
                                           : -1;
    // Longer than it need be, a surrogate, or beyond U+10FFFF.
    if ((at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xED && at[1] > 0x9F) ||
        (at[0] == 0xF0 && at[1] < 0x90) || (at[0] == 0xF4 && at[1] > 0x8F))
      more = -1;
    ++at;
    for (; more > 0 && (*at & 0xC0) == 0x80; --more) ++at;
    if (more == 0) continue;
    state.Complain("R7", slot, what + " is not UTF-8");
    return false;
  }
  return true;
}

bool CheckGiven(State& state, const char* slot, const char* what, const void* given) {
  if (given) return true;
  state.Complain("R7", slot, std::string(what) + " is NULL");
  return false;
}

void CheckReserved(State& state, const char* slot, const char* type, uint64_t reserved) {
  if (reserved == 0) return;
  state.Complain("R1", slot, std::string(type) + ": a reserved field is not 0");
}

bool CheckList(State& state, const char* slot, const char* what, const void* list, uint64_t count) {
  if (list || count == 0) return true;
  state.Complain(
      "R7", slot,
      std::string("the list of ") + what + " is NULL but has a count of " + std::to_string(count));
  return false;
}

bool CheckArgument(State& state, const char* slot, const std::string& name, const tenon_argument* a,
                   const Device* device, Contents contents) {
  if (!CheckSize(state, slot, "tenon_argument", a->struct_size,
                 TENON_SIZE_TO(tenon_argument, memory_kind))) {
    return false;
  }
  const bool allocated = contents == Contents::kAllocated;
  if (!CheckShape(state, slot, name, *a, allocated ? -1 : 0)) return false;
  if (a->tensor.byte_offset != 0) {
    state.Complain(
        "R13", slot,
        name + ": byte_offset is " + std::to_string(a->tensor.byte_offset) + ", expected 0");
  }
  if (const uint32_t bits = Bits(a->dtype);
      bits != 0 && (a->tensor.dtype.bits != bits || a->tensor.dtype.lanes != 1)) {
    state.Complain("R13", slot,
                   name + ": tensor.dtype has " + std::to_string(a->tensor.dtype.bits) +
                       " bits, dtype " + std::to_string(a->dtype) + " has " + std::to_string(bits));
  }
  if (!allocated) CheckBytes(state, slot, name, *a);
  if (contents == Contents::kPresent) return CheckPlace(state, slot, name, *a, device);
  if (a->tensor.data) state.Complain("R13", slot, name + ": has data where only shapes are given");
  return true;
}

bool CheckArguments(State& state, const char* slot, const char* what,
                    const tenon_argument* const* list, uint32_t count, const Device* device,
                    Contents contents) {
  if (!CheckList(state, slot, what, list, count)) return false;
  bool good = true;
  for (uint32_t i = 0; i < count; ++i) {
    if (!list[i]) continue;
    const std::string name = std::string(what) + " " + std::to_string(i);
    good &= CheckArgument(state, slot, name, list[i], device, contents);
  }
  return good;
}

bool CheckNode(State& state, const char* slot, const tenon_node* node) {
  if (!CheckGiven(state, slot, "node", node) ||
      !CheckSize(state, slot, "tenon_node", node->struct_size, TENON_SIZE_TO(tenon_node, id)))
    return false;
  const bool named = CheckText(state, slot, "node's domain", node->domain) &&
                     CheckText(state, slot, "node's op", node->op) &&
                     CheckText(state, slot, "node's name", node->name);
  if (!named || !CheckValues(state, slot, "input", node->inputs, node->input_count) ||
      !CheckValues(state, slot, "output", node->outputs, node->output_count) ||
      !CheckList(state, slot, "attributes", node->attributes, node->attribute_count)) {
    return false;
  }
  for (uint32_t i = 0; i < node->attribute_count; ++i) {
    if (!CheckAttribute(state, slot, node->attributes[i])) return false;
  }
  return true;
}

bool CheckSegment(State& state, const char* slot, const tenon_segment* segment) {
  if (!CheckGiven(state, slot, "segment", segment) ||
      !CheckSize(state, slot, "tenon_segment", segment->struct_size,
                 TENON_SIZE_TO(tenon_segment, symbols)) ||
      !CheckText(state, slot, "segment's name", segment->name) ||
      !CheckList(state, slot, "nodes", segment->nodes, segment->node_count) ||
      !CheckValues(state, slot, "input of the segment", segment->inputs, segment->input_count) ||
      !CheckValues(state, slot, "output of the segment", segment->outputs, segment->output_count) ||
      !CheckList(state, slot, "symbols", segment->symbols, segment->symbol_count)) {
    return false;
  }
  CheckReserved(state, slot, "tenon_segment", segment->reserved);
  for (uint32_t i = 0; i < segment->symbol_count; ++i)
    CheckText(state, slot, "a symbol's name", segment->symbols[i]);
  for (uint32_t i = 0; i < segment->node_count; ++i) {
    if (!CheckNode(state, slot, segment->nodes[i])) return false;
    if (segment->nodes[i]->id != i) {
      state.Complain("R13", slot,
                     "node " + std::to_string(i) + " of the segment has the id " +
                         std::to_string(segment->nodes[i]->id));
    }
  }
  return true;
}

namespace {
constexpr uint64_t kWall = 256;
constexpr unsigned char kBrick = 0xA5;
}  // namespace

Walled::Walled(uint64_t bytes, uint64_t alignment) : bytes_(bytes) {
  const uint64_t before = std::max(alignment, kWall);
  const uint64_t whole = (before + bytes + kWall + before - 1) / before * before;
  whole_ = static_cast<unsigned char*>(std::aligned_alloc(before, whole));
  if (!whole_) return;
  std::memset(whole_, kBrick, whole);
  data_ = whole_ + before;
}
Walled::~Walled() { std::free(whole_); }
bool Walled::Intact() const {
  const auto brick = [](unsigned char c) { return c == kBrick; };
  return !data_ || (std::all_of(data_ - kWall, data_, brick) &&
                    std::all_of(data_ + bytes_, data_ + bytes_ + kWall, brick));
}

}  // namespace tenon::backend::validate
