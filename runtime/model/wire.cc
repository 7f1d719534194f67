#include "wire.h"

#include <cstring>

namespace tenon::model {
namespace {

// Messages of onnx.proto on the way from a model to its tensors.
enum class Message { kModel, kGraph, kNode, kAttribute, kTensor, kSparseTensor, kFunction, kOther };

struct Child {
  Message parent;
  uint32_t field;
  Message child;
};
constexpr Child kChildren[] = {
    {Message::kModel, 7, Message::kGraph},
    {Message::kModel, 25, Message::kFunction},
    {Message::kGraph, 1, Message::kNode},
    {Message::kGraph, 5, Message::kTensor},
    {Message::kGraph, 15, Message::kSparseTensor},
    {Message::kNode, 5, Message::kAttribute},
    {Message::kAttribute, 5, Message::kTensor},
    {Message::kAttribute, 6, Message::kGraph},
    {Message::kAttribute, 10, Message::kTensor},
    {Message::kAttribute, 11, Message::kGraph},
    {Message::kAttribute, 22, Message::kSparseTensor},
    {Message::kAttribute, 23, Message::kSparseTensor},
    {Message::kSparseTensor, 1, Message::kTensor},
    {Message::kSparseTensor, 2, Message::kTensor},
    {Message::kFunction, 7, Message::kNode},
    {Message::kFunction, 11, Message::kAttribute},
};
constexpr uint32_t kRawData = 9;        // TensorProto.raw_data
constexpr uint32_t kTrainingInfo = 20;  // ModelProto.training_info: not read

Message ChildOf(Message parent, uint32_t field) {
  for (const Child& child : kChildren) {
    if (child.parent == parent && child.field == field) return child.child;
  }
  return Message::kOther;
}

class Scanner {
 public:
  Scanner(std::span<const std::byte> bytes, uint32_t max_depth, StrippedModel* out)
      : bytes_(bytes), max_depth_(max_depth), out_(out) {}

  // Copies the message in [at, end) to `to`, without raw data.
  Status Scan(Message message, uint64_t at, uint64_t end, uint32_t depth, std::string& to) {
    if (message == Message::kGraph && ++depth > max_depth_) {
      return Broken(at,
                    "graphs are nested deeper than " + std::to_string(max_depth_) + kRaiseDepth);
    }
    while (at < end) {
      const uint64_t begin = at;
      uint64_t tag = 0;
      TENON_RETURN_IF_ERROR(Varint(&at, end, &tag));
      const uint64_t field = tag >> 3;
      if (field == 0 || field > 536870911)
        return Broken(begin, "field number " + std::to_string(field));
      uint64_t length = 0;
      switch (tag & 7) {
        case 0: {
          uint64_t ignored = 0;
          TENON_RETURN_IF_ERROR(Varint(&at, end, &ignored));
          break;
        }
        case 1:
          length = 8;
          break;
        case 5:
          length = 4;
          break;
        case 2:
          TENON_RETURN_IF_ERROR(Varint(&at, end, &length));
          break;
        default:
          return Broken(begin, "wire type " + std::to_string(tag & 7));
      }
      if (length > end - at) {
        return Broken(begin, "a field of " + std::to_string(length) + " bytes where " +
                                 std::to_string(end - at) +
                                 " are left; the file is truncated or damaged");
      }
      if ((tag & 7) == 2)
        TENON_RETURN_IF_ERROR(
            Bytes(message, static_cast<uint32_t>(field), begin, at, length, depth, to));
      else
        Copy(begin, at + length, to);
      at += length;
    }
    return {};
  }

 private:
  static Status Broken(uint64_t at, const std::string& what) {
    return Status(Code::kDataLoss,
                  "not an ONNX model: at byte " + std::to_string(at) + ": " + what);
  }
  void Copy(uint64_t begin, uint64_t end, std::string& to) const {
    to.append(reinterpret_cast<const char*>(bytes_.data() + begin), end - begin);
  }
  Status Varint(uint64_t* at, uint64_t end, uint64_t* out) const {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (*at >= end) return Broken(*at, "the file ends inside a number; it is truncated");
      const auto byte = static_cast<uint64_t>(bytes_[(*at)++]);
      value |= (byte & 127) << shift;
      if (byte < 128) {
        *out = value;
        return {};
      }
    }
    return Broken(*at, "a number longer than 10 bytes");
  }
  static void AppendVarint(uint64_t value, std::string& to) {
    for (; value >= 128; value >>= 7) to += static_cast<char>(value | 128);
    to += static_cast<char>(value);
  }
  Status Bytes(Message message, uint32_t field, uint64_t begin, uint64_t at, uint64_t length,
               uint32_t depth, std::string& to) {
    if (message == Message::kModel && field == kTrainingInfo) return {};
    if (message == Message::kTensor && field == kRawData) {
      const uint64_t index = out_->raw.size();
      out_->raw.push_back({at, length});
      AppendVarint(kRawData << 3 | 2, to);
      to += static_cast<char>(sizeof index);
      to.append(reinterpret_cast<const char*>(&index), sizeof index);
      return {};
    }
    const Message child = ChildOf(message, field);
    if (child == Message::kOther) {
      Copy(begin, at + length, to);
      return {};
    }
    std::string inner;
    TENON_RETURN_IF_ERROR(Scan(child, at, at + length, depth, inner));
    AppendVarint(uint64_t{field} << 3 | 2, to);
    AppendVarint(inner.size(), to);
    to += inner;
    return {};
  }

  std::span<const std::byte> bytes_;
  uint32_t max_depth_;
  StrippedModel* out_;
};

}  // namespace

Result<StrippedModel> StripModel(std::span<const std::byte> bytes, uint32_t max_depth) {
  StrippedModel model;
  Scanner scanner(bytes, max_depth, &model);
  TENON_RETURN_IF_ERROR(scanner.Scan(Message::kModel, 0, bytes.size(), 0, model.proto));
  return model;
}

}  // namespace tenon::model
