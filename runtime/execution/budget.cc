#include "tenon/execution/budget.h"

#include <string>

namespace tenon::execution {

Status ByteBudget::Charge(uint64_t bytes, std::string_view what) {
  uint64_t now = charged_.load(std::memory_order_relaxed);
  do {
    const uint64_t left = limit_ > now ? limit_ - now : 0;
    if (limit_ != 0 && bytes > left) {
      return Status(Code::kBudgetExceeded, std::string(what) + " asks for " +
                                               std::to_string(bytes) + " bytes, " +
                                               std::to_string(left) + " of the budget of " +
                                               std::to_string(limit_) + " bytes are left");
    }
  } while (!charged_.compare_exchange_weak(now, now + bytes, std::memory_order_relaxed));
  uint64_t peak = peak_.load(std::memory_order_relaxed);
  while (peak < now + bytes &&
         !peak_.compare_exchange_weak(peak, now + bytes, std::memory_order_relaxed)) {
  }
  return Status();
}

Result<Charge> Charge::Make(std::shared_ptr<ByteBudget> budget, uint64_t bytes,
                            std::string_view what) {
  class Charge charge;
  charge.budget_ = std::move(budget);
  TENON_RETURN_IF_ERROR(charge.Grow(bytes, what));
  return charge;
}

Status Charge::Grow(uint64_t bytes, std::string_view what) {
  if (!budget_) return Status();
  TENON_RETURN_IF_ERROR(budget_->Charge(bytes, what));
  bytes_ += bytes;
  return Status();
}

}  // namespace tenon::execution
