#include "layers/validate_state.h"

#include <cfenv>
#include <cinttypes>
#include <cstdio>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace tenon::backend::validate {

std::string Address(const void* object) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%" PRIxPTR, reinterpret_cast<uintptr_t>(object));
  return text;
}

OneThread::Scope::Scope(State& state, OneThread& one, const char* slot, const char* object) {
  const std::thread::id self = std::this_thread::get_id();
  std::thread::id owner{};
  if (one.owner_.compare_exchange_strong(owner, self)) {
    held_ = &one;
  } else if (owner != self) {
    state.Complain("R5", slot,
                   std::string("two threads are in slots of the same ") + object +
                       ", which is used by one thread at a time");
  }
}
OneThread::Scope::~Scope() {
  if (held_) held_->owner_.store(std::thread::id{});
}

const tenon_memory_kind* FindKind(const tenon_device_info* info, uint32_t id) {
  for (uint32_t i = 0; info && i < info->memory_kind_count; ++i) {
    if (info->memory_kinds[i] && info->memory_kinds[i]->id == id) return info->memory_kinds[i];
  }
  return nullptr;
}

void State::Complain(const char* rule, const char* slot, const std::string& what) {
  constexpr size_t kMost = 1000;
  const std::string text = std::string(rule) + ": " + slot + ": " + what;
  {
    std::lock_guard lock(complaints_mutex_);
    if (complaints_.size() >= kMost || !known_.insert(text).second) return;
    complaints_.push_back(text);
  }
  host->log(host, TENON_LOG_ERROR, ("validate: " + text).c_str());
}

void State::Note(const std::string& what, const char* why) {
  {
    std::lock_guard lock(complaints_mutex_);
    if (!known_.insert(what).second) return;
  }
  host->log(host, TENON_LOG_INFO, ("validate: " + what + " (" + why + ")").c_str());
}

std::vector<std::string> State::violations() const {
  std::lock_guard lock(complaints_mutex_);
  return complaints_;
}

tenon_status State::Refuse(const char* rule, const char* slot, const std::string& what) {
  Complain(rule, slot, what);
  const std::string text = std::string("validate: ") + rule + ": " + slot + ": " + what;
  return host->error(host, TENON_INVALID_ARGUMENT, text.c_str());
}

void State::MadeDetail(tenon_error* detail) {
  if (!detail) return;
  std::lock_guard lock(complaints_mutex_);
  details_.insert(detail);
}
bool State::TakeDetail(tenon_error* detail) {
  std::lock_guard lock(complaints_mutex_);
  return details_.erase(detail) > 0;
}

bool State::HasDetail(const tenon_error* detail) const {
  std::lock_guard lock(complaints_mutex_);
  return details_.contains(const_cast<tenon_error*>(detail));
}

size_t State::live_details() const {
  std::lock_guard lock(complaints_mutex_);
  return details_.size();
}

Handle* State::Find(const void* handle, const char* kind, const char* slot) {
  const std::string what = kind;
  if (!handle) {
    Complain("R7", slot, "the " + what + " is NULL");
    return nullptr;
  }
  std::unique_lock lock(mutex);
  const auto found = handles_.find(handle);
  Handle* known = found == handles_.end() ? nullptr : found->second.get();
  lock.unlock();
  if (!known || std::string_view(known->kind) != kind) {
    Complain("R4", slot, what + " " + Address(handle) + " was never given by the backend");
  } else if (!known->alive || ended) {
    Complain("R4", slot,
             what + " " + Address(handle) + " is used after " +
                 (ended ? "the backend's end" : "its end"));
  } else {
    return known;
  }
  return nullptr;
}

// The control bits: rounding, denormals, masks. Not the sticky flags. On x86-64 both units have
// them: SSE in the low half, x87 in the high one.
uint32_t State::FloatingPoint() {
#if defined(__x86_64__)
  uint16_t x87 = 0;
  __asm__ volatile("fnstcw %0" : "=m"(x87));
  return (_mm_getcsr() & 0xffc0u) | uint32_t{x87} << 16;
#else
  return static_cast<uint32_t>(std::fegetround());
#endif
}

void State::CheckFloatingPoint(const char* slot, uint32_t before) {
  if (FloatingPoint() == before) return;
  Complain("R6", slot, "changed the floating-point environment (rounding, denormals or masks)");
#if defined(__x86_64__)
  const auto x87 = static_cast<uint16_t>(before >> 16);
  __asm__ volatile("fldcw %0" : : "m"(x87));
  _mm_setcsr(before & 0xffffu);
#else
  std::fesetround(static_cast<int>(before));
#endif
}

tenon_status State::CheckStatus(const char* slot, tenon_status status) {
  if (status.code < 0 || status.code > TENON_UNAVAILABLE) {
    Complain("R2", slot, "gives the unknown code " + std::to_string(status.code));
  }
  if (status.code == TENON_OK && status.detail) Complain("R2", slot, "gives OK with a detail");
  if (status.reserved != 0) Complain("R1", slot, "gives a status whose reserved field is not 0");
  if (status.detail && !TakeDetail(status.detail)) {
    Complain("R2", slot,
             "gives a detail that tenon_host.error did not make, or that was given away");
    status.detail = nullptr;
  }
  return status;
}

}  // namespace tenon::backend::validate
