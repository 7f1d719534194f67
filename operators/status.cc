#include "tenon/operators/status.h"

#include <cstddef>
#include <exception>
#include <new>

namespace tenon {

std::string_view CodeName(Code code) {
  switch (code) {
    case Code::kOk:
      return "OK";
    case Code::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case Code::kNotFound:
      return "NOT_FOUND";
    case Code::kUnsupported:
      return "UNSUPPORTED";
    case Code::kOutOfMemory:
      return "OUT_OF_MEMORY";
    case Code::kBudgetExceeded:
      return "BUDGET_EXCEEDED";
    case Code::kCancelled:
      return "CANCELLED";
    case Code::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case Code::kDeviceLost:
      return "DEVICE_LOST";
    case Code::kInternal:
      return "INTERNAL";
    case Code::kIncompatible:
      return "INCOMPATIBLE";
    case Code::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    case Code::kDataLoss:
      return "DATA_LOSS";
    case Code::kIo:
      return "IO";
    case Code::kUnavailable:
      return "UNAVAILABLE";
  }
  return "UNKNOWN";
}

// Never ends: statuses that outlive the program's last function may hold it.
Status::Payload* Status::OutOfMemoryPayload() noexcept {
  alignas(Payload) static std::byte storage[sizeof(Payload)];
  static auto* const payload = new (storage) Payload{Code::kOutOfMemory, "out of memory"};
  return payload;
}

void Status::Release::operator()(Payload* payload) const noexcept {
  if (payload != OutOfMemoryPayload()) delete payload;
}

Status Status::OutOfMemory() noexcept {
  Status status;
  status.payload_.reset(OutOfMemoryPayload());
  return status;
}

Status Status::WithContext(std::string_view context) && noexcept {
  if (!payload_) return std::move(*this);
  try {
    Status named(payload_->code, std::string(context).append(": ").append(payload_->message));
    return named;
  } catch (const std::bad_alloc&) {
    return std::move(*this);
  }
}

Status Status::Clone() const noexcept {
  if (!payload_) return Status();
  if (payload_.get() == OutOfMemoryPayload()) return OutOfMemory();
  return Caught([&] { return Status(payload_->code, payload_->message); });
}

Status StatusOfException() noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return Status::OutOfMemory();
  } catch (const std::exception& thrown) {
    return Caught([&] { return Status(Code::kInternal, thrown.what()); });
  } catch (...) {
    return Caught([] { return Status(Code::kInternal, "an exception of unknown type"); });
  }
}

std::string Status::ToString() const {
  std::string text(CodeName(code()));
  if (!ok()) text.append(": ").append(message());
  return text;
}

}  // namespace tenon
