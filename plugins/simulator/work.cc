#include "work.h"

#include <cstring>

namespace tenon::simulator {
namespace {

Operand OperandOf(const std::string& what, const tenon_location& location, uint64_t size) {
  if (location.buffer) return BufferOperand(what, location.buffer, location.offset, size);
  if (!location.host && size > 0) {
    throw sdk::Failure(TENON_INVALID_ARGUMENT, what + ": neither a buffer nor host memory");
  }
  return {nullptr, static_cast<std::byte*>(location.host) + location.offset, 0, size};
}

class CopyWork : public Work {
 public:
  CopyWork(Operand source, Operand destination)
      : Work("copy of " + std::to_string(source.bytes) + " bytes", FaultKind::kCopy) {
    operands_ = {std::move(source), std::move(destination)};
  }

 protected:
  Status Execute() const override {
    std::memcpy(operands_[1].data(), operands_[0].data(), operands_[0].bytes);
    return {};
  }
};

class FillWork : public Work {
 public:
  FillWork(Operand destination, const void* pattern, uint32_t pattern_size)
      : Work("fill of " + std::to_string(destination.bytes) + " bytes", FaultKind::kCopy),
        size_(pattern_size) {
    std::memcpy(pattern_.data(), pattern, pattern_size);
    operands_ = {std::move(destination)};
  }

 protected:
  Status Execute() const override {
    std::byte* to = operands_[0].data();
    for (uint64_t at = 0; at < operands_[0].bytes; at += size_)
      std::memcpy(to + at, pattern_.data(), size_);
    return {};
  }

 private:
  std::array<std::byte, 8> pattern_{};
  const uint32_t size_;
};

}  // namespace

Operand BufferOperand(const std::string& what, tenon_buffer* buffer, uint64_t offset,
                      uint64_t bytes) {
  const auto& storage = reinterpret_cast<Buffer*>(buffer)->storage;
  if (offset > storage->size() || bytes > storage->size() - offset) {
    throw sdk::Failure(TENON_INVALID_ARGUMENT, what + ": " + std::to_string(bytes) + " bytes at " +
                                                   std::to_string(offset) + " of a buffer of " +
                                                   std::to_string(storage->size()));
  }
  return {storage, nullptr, offset, bytes};
}

Status Work::Run(Device& device) const {
  if (device.lost()) return device.LostStatus();
  if (Status lost = device.faults().Count(FaultKind::kLost, name_); !lost.ok()) {
    device.Lose(lost.message());
    return lost;
  }
  if (!device.faults().Count(FaultKind::kHang, name_).ok()) return device.Hang();
  TENON_RETURN_IF_ERROR(device.faults().Count(kind_, name_));
  if (!device.BeginWork()) return device.LostStatus();
  const bool profiled = device.profile().enabled();
  const uint64_t begin_ns = profiled ? device.profile().Now() : 0;
  Status status = RunOwning();
  device.EndWork();
  if (profiled) device.profile().Add(name_, correlation_id_, begin_ns, device.profile().Now());
  return status;
}

Status Work::RunOwning() const {
  size_t owned = 0;
  Status status;
  for (; owned < operands_.size() && status.ok(); ++owned) {
    const Operand& operand = operands_[owned];
    if (operand.storage && operand.bytes > 0)
      status = operand.storage->ownership().Pin(operand.offset, operand.bytes);
  }
  if (!status.ok()) --owned;
  if (status.ok()) status = Execute();
  for (size_t i = 0; i < owned; ++i) {
    const Operand& operand = operands_[i];
    if (operand.storage && operand.bytes > 0)
      operand.storage->ownership().Unpin(operand.offset, operand.bytes);
  }
  return std::move(status).WithContext(name_);
}

std::shared_ptr<const Work> MakeCopy(const tenon_location& source,
                                     const tenon_location& destination, uint64_t size) {
  return std::make_shared<CopyWork>(OperandOf("source of a copy", source, size),
                                    OperandOf("destination of a copy", destination, size));
}

std::shared_ptr<const Work> MakeFill(const tenon_location& destination, uint64_t size,
                                     const void* pattern, uint32_t pattern_size) {
  const bool fits =
      (pattern_size == 1 || pattern_size == 2 || pattern_size == 4 || pattern_size == 8) &&
      size % pattern_size == 0 && destination.offset % pattern_size == 0;
  if (!fits) {
    throw sdk::Failure(TENON_INVALID_ARGUMENT,
                       "fill of " + std::to_string(size) + " bytes at " +
                           std::to_string(destination.offset) + " with a pattern of " +
                           std::to_string(pattern_size) +
                           ": expected 1, 2, 4 or 8 bytes, and multiples of it");
  }
  return std::make_shared<FillWork>(OperandOf("destination of a fill", destination, size), pattern,
                                    pattern_size);
}

}  // namespace tenon::simulator
