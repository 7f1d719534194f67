// A piece of work: what a queue does in order, and what a recording holds. Immutable, with
// everything that it needs held by value or shared, so that it outlives the calls and handles that
// it was made with.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "device.h"
#include "tenon/backend_api/backend.h"

namespace tenon::simulator {

// Bytes that work uses: of a buffer, or (storage null) of the host.
struct Operand {
  std::shared_ptr<Storage> storage;
  std::byte* host = nullptr;
  uint64_t offset = 0;
  uint64_t bytes = 0;
  std::byte* data() const { return storage ? storage->device() + offset : host; }
};

class Work {
 public:
  Work(std::string name, FaultKind kind, uint64_t correlation_id = 0)
      : name_(std::move(name)), kind_(kind), correlation_id_(correlation_id) {}
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;
  virtual ~Work() = default;

  // Runs it on this thread, with the faults that are planned for it and its interval in the
  // profile. A failure names it.
  Status Run(Device& device) const;
  const std::string& name() const { return name_; }

 protected:
  virtual Status Execute() const = 0;
  std::vector<Operand> operands_;  // owned by the work while it runs

 private:
  Status RunOwning() const;
  const std::string name_;
  const FaultKind kind_;
  const uint64_t correlation_id_;
};

// Throws sdk::Failure where a range lies outside its buffer.
std::shared_ptr<const Work> MakeCopy(const tenon_location& source,
                                     const tenon_location& destination, uint64_t size);
std::shared_ptr<const Work> MakeFill(const tenon_location& destination, uint64_t size,
                                     const void* pattern, uint32_t pattern_size);
// The bytes of a buffer from `offset` on.
Operand BufferOperand(const std::string& what, tenon_buffer* buffer, uint64_t offset,
                      uint64_t bytes);

}  // namespace tenon::simulator
