// Memory with a type and a shape, that runs read and write: the caller's own on the host, or
// Tenon's on the host or on a device. Used by one thread or one run at a time; reading what it is
// is free for all.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tenon/execution/memory.h"
#include "tenon/operators/tensor.h"

namespace tenon::execution {

class Tensor;

// What has no dense bytes: strings, and values that are no tensor. Immutable, shared.
struct Object {
  ValueKind kind = ValueKind::kTensor;
  DataType type = DataType::kUndefined;  // of the elements
  Shape shape;                           // of a tensor of strings
  std::vector<std::string> strings;      // of a tensor of strings, row-major
  std::vector<std::shared_ptr<Tensor>>
      items;             // of a sequence or an optional: host tensors, not written any more
  bool present = false;  // of an optional: it has a value (a sequence may be empty)
  Charge charge;         // for the strings, where a run made them; items have their own
  // The shape of a tensor; others have none.
  Shape tensor_shape() const { return kind == ValueKind::kTensor ? shape : Shape::UnknownRank(); }
};

class Tensor {
 public:
  // The caller's memory. kInvalidArgument: an unknown type, a dimension below 0, memory that is too
  // small or unaligned.
  static Result<std::shared_ptr<Tensor>> Wrap(DataType type, const Shape& shape, void* data,
                                              uint64_t bytes);
  // Tenon's memory; `keep_alive` is what the device belongs to.
  static Result<std::shared_ptr<Tensor>> Create(const MemorySpace& space, DataType type,
                                                const Shape& shape,
                                                std::shared_ptr<ByteBudget> budget,
                                                std::shared_ptr<const void> keep_alive);

  // Something without dense bytes. `object` may be null: a run sets it.
  static std::shared_ptr<Tensor> OfObject(ValueKind kind, DataType type,
                                          std::shared_ptr<const Object> object);

  ValueKind kind() const { return kind_; }
  bool is_object() const { return kind_ != ValueKind::kTensor || type_ == DataType::kString; }
  const std::shared_ptr<const Object>& object() const { return object_; }
  void SetObject(std::shared_ptr<const Object> object);
  DataType type() const { return type_; }
  const Shape& shape() const { return shape_; }
  uint64_t bytes() const { return bytes_; }
  const MemorySpace& space() const { return at_.space; }
  const Location& location() const { return at_; }
  bool wrapped() const { return block_ == nullptr; }
  const std::shared_ptr<Block>& block() const { return block_; }  // null: wrapped

  // Gives Tenon's memory another shape; grows it, then the contents are lost.
  Status Reshape(const Shape& shape);
  // Other memory of the caller's, for a tensor that was wrapped, of the same type.
  void Rewrap(const Shape& shape, void* data, uint64_t bytes);
  // The same bytes under another shape of the same size.
  void Relabel(const Shape& shape) { shape_ = shape; }
  // Exchanges memory and shape with a tensor of the same type.
  void Swap(Tensor& other);
  Result<void*> Map(tenon_access access);
  Status Unmap();
  Status Write(const void* data, uint64_t bytes);
  Status Read(void* data, uint64_t bytes);

 private:
  Tensor() = default;
  Status CheckDense() const;
  ValueKind kind_ = ValueKind::kTensor;
  DataType type_ = DataType::kUndefined;
  Shape shape_;
  uint64_t bytes_ = 0;
  Location at_;
  std::shared_ptr<const void> keep_alive_;  // before block_: it goes after it
  std::shared_ptr<ByteBudget> budget_;
  std::shared_ptr<Block> block_;
  void* mapping_ = nullptr;
  std::shared_ptr<const Object> object_;
};

}  // namespace tenon::execution
