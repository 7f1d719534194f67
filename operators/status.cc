#include "tenon/operators/status.h"

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

std::string Status::ToString() const {
  std::string text(CodeName(code()));
  if (!ok()) text.append(": ").append(message());
  return text;
}

}  // namespace tenon
