// Bytes that a session may ask for. Everything is charged before it is allocated, so that a budget
// that is too small ends in an error and not in an allocation. Thread-safe; allocates only to fail.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "tenon/operators/status.h"

namespace tenon::execution {

class ByteBudget {
 public:
  explicit ByteBudget(uint64_t limit = 0) : limit_(limit) {}  // 0: no limit
  // kBudgetExceeded says for what, how much was asked and how much was left.
  Status Charge(uint64_t bytes, std::string_view what);
  void Release(uint64_t bytes) { charged_.fetch_sub(bytes, std::memory_order_relaxed); }

  uint64_t limit() const { return limit_; }
  uint64_t charged() const { return charged_.load(std::memory_order_relaxed); }
  uint64_t peak() const { return peak_.load(std::memory_order_relaxed); }

 private:
  const uint64_t limit_;
  std::atomic<uint64_t> charged_{0};
  std::atomic<uint64_t> peak_{0};
};

// A charge that is given back at the end. Movable.
class Charge {
 public:
  Charge() = default;
  static Result<Charge> Make(std::shared_ptr<ByteBudget> budget, uint64_t bytes,
                             std::string_view what);
  // Charges more. After an error the charge is what it was.
  Status Grow(uint64_t bytes, std::string_view what);
  Charge(Charge&& other) noexcept
      : budget_(std::move(other.budget_)), bytes_(std::exchange(other.bytes_, 0)) {}
  Charge& operator=(Charge&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Charge() {
    if (budget_ && bytes_ != 0) budget_->Release(bytes_);
  }

 private:
  std::shared_ptr<ByteBudget> budget_;
  uint64_t bytes_ = 0;
};

}  // namespace tenon::execution
