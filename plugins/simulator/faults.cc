#include "faults.h"

#include <algorithm>
#include <charconv>

#include "tenon/backend_api/sdk/status.h"

namespace tenon::simulator {
namespace {

struct FaultName {
  const char* word;
  Code code;
};

// In the order of FaultKind.
constexpr FaultName kFaultNames[] = {
    {"alloc", Code::kOutOfMemory},   {"map", Code::kIo},
    {"queue", Code::kUnavailable},   {"timeline", Code::kUnavailable},
    {"create", Code::kInternal},     {"prepare", Code::kInternal},
    {"compile", Code::kInternal},    {"load", Code::kInternal},
    {"enqueue", Code::kUnavailable}, {"copy", Code::kIo},
    {"kernel", Code::kInternal},     {"hang", Code::kDeviceLost},
    {"lost", Code::kDeviceLost},
};
static_assert(std::size(kFaultNames) == static_cast<size_t>(FaultKind::kCount));

[[noreturn]] void Malformed(std::string_view part) {
  throw sdk::Failure(TENON_INVALID_ARGUMENT,
                     "option fault has \"" + std::string(part) +
                         "\": expected KIND:N with N from 1 on and KIND one of " + Faults::Words());
}

}  // namespace

Faults::Faults(std::string_view text) {
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    const size_t colon = part.find(':');
    const std::string_view word = part.substr(0, colon);
    const auto* name = std::ranges::find(kFaultNames, word, &FaultName::word);
    if (colon == part.npos || name == std::end(kFaultNames)) Malformed(part);
    uint64_t number = 0;
    const auto [end, error] =
        std::from_chars(part.data() + colon + 1, part.data() + part.size(), number);
    if (error != std::errc() || end != part.data() + part.size() || number == 0) Malformed(part);
    planned_[static_cast<size_t>(name - kFaultNames)].push_back(number);
  }
}

Status Faults::Count(FaultKind kind, std::string_view what) {
  const auto index = static_cast<size_t>(kind);
  const uint64_t number = counted_[index].fetch_add(1, std::memory_order_relaxed) + 1;
  if (std::ranges::find(planned_[index], number) == planned_[index].end()) return {};
  const FaultName& name = kFaultNames[index];
  return Status(name.code,
                std::string(what) + ": injected fault " + name.word + ":" + std::to_string(number));
}

void Faults::Check(FaultKind kind, std::string_view what) {
  const Status status = Count(kind, what);
  if (!status.ok())
    throw sdk::Failure(static_cast<tenon_code>(status.code()), std::string(status.message()));
}

std::string Faults::Words() {
  std::string words;
  for (const FaultName& name : kFaultNames)
    words += (words.empty() ? "" : ", ") + std::string(name.word);
  return words;
}

}  // namespace tenon::simulator
