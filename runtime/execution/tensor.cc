#include "tenon/execution/tensor.h"

#include "arguments.h"

namespace tenon::execution {
namespace {

constexpr uint64_t kNoTimeout = UINT64_MAX;

Result<uint64_t> CheckedBytes(DataType type, const Shape& shape) {
  if (BitWidth(type) == 0) {
    return Status(Code::kInvalidArgument, "tensors have no element type " +
                                              std::to_string(static_cast<int>(type)) + " (" +
                                              std::string(DataTypeName(type)) + ")");
  }
  if (!shape.IsStatic()) {
    return Status(Code::kInvalidArgument,
                  "a tensor's dimensions are 0 or more: got " + shape.ToString());
  }
  const uint64_t bytes = DenseBytes(type, shape);
  if (bytes > INT64_MAX) {
    return Status(Code::kInvalidArgument,
                  "a tensor of shape " + shape.ToString() + " has too many bytes");
  }
  return bytes;
}

}  // namespace

Result<std::shared_ptr<Tensor>> Tensor::Wrap(DataType type, const Shape& shape, void* data,
                                             uint64_t bytes) {
  TENON_ASSIGN(const uint64_t needed, CheckedBytes(type, shape));
  if (bytes < needed) {
    return Status(Code::kInvalidArgument,
                  "a tensor of " + std::string(DataTypeName(type)) + shape.ToString() + " needs " +
                      std::to_string(needed) + " bytes; the memory has " + std::to_string(bytes));
  }
  if (needed != 0 && (data == nullptr || !IsAligned(data, type))) {
    return Status(Code::kInvalidArgument, data == nullptr
                                              ? "the memory is NULL"
                                              : "the memory is not aligned to its element type");
  }
  std::shared_ptr<Tensor> tensor(new Tensor);
  tensor->type_ = type;
  tensor->shape_ = shape;
  tensor->bytes_ = needed;
  tensor->at_.data = static_cast<std::byte*>(data);
  return tensor;
}

Result<std::shared_ptr<Tensor>> Tensor::Create(const MemorySpace& space, DataType type,
                                               const Shape& shape,
                                               std::shared_ptr<ByteBudget> budget,
                                               std::shared_ptr<const void> keep_alive) {
  TENON_ASSIGN(const uint64_t bytes, CheckedBytes(type, shape));
  std::shared_ptr<Tensor> tensor(new Tensor);
  tensor->type_ = type;
  tensor->shape_ = shape;
  tensor->bytes_ = bytes;
  tensor->keep_alive_ = std::move(keep_alive);
  tensor->budget_ = std::move(budget);
  TENON_ASSIGN(tensor->block_, Block::Allocate(space, bytes, 1, tensor->budget_, "a tensor"));
  tensor->at_ = tensor->block_->At(0);
  return tensor;
}

std::shared_ptr<Tensor> Tensor::OfObject(ValueKind kind, DataType type,
                                         std::shared_ptr<const Object> object) {
  std::shared_ptr<Tensor> tensor(new Tensor);
  tensor->kind_ = kind;
  tensor->type_ = type;
  tensor->shape_ = kind == ValueKind::kTensor ? Shape{0} : Shape::UnknownRank();
  if (object) tensor->SetObject(std::move(object));
  return tensor;
}

void Tensor::SetObject(std::shared_ptr<const Object> object) {
  object_ = std::move(object);
  shape_ = object_->tensor_shape();
}

void Tensor::Rewrap(const Shape& shape, void* data, uint64_t bytes) {
  shape_ = shape;
  bytes_ = bytes;
  at_.data = static_cast<std::byte*>(data);
}

Status Tensor::Reshape(const Shape& shape) {
  if (shape == shape_) return Status();
  TENON_ASSIGN(const uint64_t bytes, CheckedBytes(type_, shape));
  if (bytes > block_->bytes()) {
    // A dimension that grows from run to run moves the memory seldom.
    const uint64_t capacity = bytes + bytes / 2;
    const MemorySpace space = block_->space();
    block_.reset();
    at_ = {space, nullptr, nullptr, 0};
    shape_ = Shape{0};
    bytes_ = 0;
    auto block = Block::Allocate(space, capacity, 1, budget_, "a tensor");
    if (!block.ok()) block = Block::Allocate(space, bytes, 1, budget_, "a tensor");
    if (!block.ok()) {
      block_ = Block::Allocate(space, 1, 1, nullptr, "a tensor").value();
      return std::move(block).status();
    }
    block_ = std::move(block).value();
    at_ = block_->At(0);
  }
  shape_ = shape;
  bytes_ = bytes;
  return Status();
}

void Tensor::Swap(Tensor& other) {
  std::swap(shape_, other.shape_);
  std::swap(bytes_, other.bytes_);
  std::swap(at_, other.at_);
  std::swap(keep_alive_, other.keep_alive_);
  std::swap(budget_, other.budget_);
  std::swap(block_, other.block_);
  std::swap(object_, other.object_);
}

Result<void*> Tensor::Map(tenon_access access) {
  TENON_RETURN_IF_ERROR(CheckDense());
  if (at_.space.host()) return static_cast<void*>(at_.data);
  if (mapping_ != nullptr) return Status(Code::kFailedPrecondition, "the tensor is mapped already");
  backend::Device& device = *at_.space.device;
  if (bytes_ == 0) return Status(Code::kFailedPrecondition, "the tensor has no bytes");
  if (device.memory()->map == nullptr) {
    return Status(Code::kUnsupported,
                  "memory of " + SpaceName(at_.space) + " cannot be mapped: read or write it");
  }
  TENON_RETURN_IF_ERROR(device.backend().Take(device.memory()->map(
      device.handle(), at_.buffer, at_.offset, bytes_, access, nullptr, 0, kNoTimeout, &mapping_)));
  return mapping_;
}

Status Tensor::Unmap() {
  if (at_.space.host()) return Status();
  if (mapping_ == nullptr) return Status(Code::kFailedPrecondition, "the tensor is not mapped");
  backend::Device& device = *at_.space.device;
  return device.backend().Take(device.memory()->unmap(device.handle(), at_.buffer,
                                                      std::exchange(mapping_, nullptr), nullptr));
}

namespace {

Status CheckSize(uint64_t got, uint64_t wants) {
  if (got == wants) return Status();
  return Status(Code::kInvalidArgument, "the tensor has " + std::to_string(wants) +
                                            " bytes, the caller's memory " + std::to_string(got));
}

}  // namespace

Status Tensor::CheckDense() const {
  if (!is_object()) return Status();
  return Status(Code::kInvalidArgument,
                type_ == DataType::kString && kind_ == ValueKind::kTensor
                    ? "a tensor of strings has no bytes to read or write"
                    : "a " + std::string(ValueKindName(kind_)) + " has no bytes of its own");
}

Status Tensor::Write(const void* data, uint64_t bytes) {
  TENON_RETURN_IF_ERROR(CheckDense());
  TENON_RETURN_IF_ERROR(CheckSize(bytes, bytes_));
  Location from;
  from.data = static_cast<std::byte*>(const_cast<void*>(data));
  return CopyNow(from, at_, bytes, kNoTimeout);
}

Status Tensor::Read(void* data, uint64_t bytes) {
  TENON_RETURN_IF_ERROR(CheckDense());
  TENON_RETURN_IF_ERROR(CheckSize(bytes, bytes_));
  Location to;
  to.data = static_cast<std::byte*>(data);
  return CopyNow(at_, to, bytes, kNoTimeout);
}

}  // namespace tenon::execution
