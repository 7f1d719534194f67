// The wrapped backend and its tables. Each file of the layer fills the table that it is named
// after.
#pragma once

#include <deque>
#include <memory>

#include "layers/validate_arguments.h"
#include "layers/validate_state.h"

namespace tenon::backend::validate {

// tenon_backend is first: the handle that the host gets.
struct Backend {
  tenon_backend object{};
  State* state = nullptr;
  tenon_backend* inner = nullptr;

  // The backend's tables, and those that the host gets instead; set when they are looked up.
  struct Tables {
    tenon_device_interface device{};
    tenon_memory_interface memory{};
    tenon_queue_interface queue{};
    tenon_kernel_interface kernel{};
    tenon_compile_interface compile{};
    tenon_operators_interface operators{};
    tenon_profile_interface profile{};
  } theirs, ours;
  std::mutex mutex;  // guards what follows
  std::map<uint32_t, const tenon_device_info*> infos;
  std::map<const tenon_kernel_descriptor*, std::unique_ptr<Descriptor>> descriptors;
  std::map<const tenon_operator*, std::unique_ptr<struct OwnOperator>> operators;
  std::deque<std::vector<const tenon_kernel_descriptor*>> descriptor_lists;
  std::deque<std::vector<const tenon_operator*>> operator_lists;

  Backend();
  ~Backend();
  // Whether the device has the kind; where it is null, any device.
  bool HasKind(const Device* device, uint32_t kind);
};

// tenon_kernel_descriptor is first: what the host gets.
struct Descriptor {
  tenon_kernel_descriptor table{};
  Backend* backend = nullptr;
  const tenon_kernel_descriptor* inner = nullptr;
  tenon_kernel_descriptor seen{};  // what it was, for immutability
  Kernel* stateless = nullptr;     // stands for kernel NULL

  static const Descriptor& Of(const tenon_kernel_descriptor* d) {
    return *reinterpret_cast<const Descriptor*>(d);
  }
};

// tenon_operator is first.
struct OwnOperator {
  tenon_operator table{};
  Backend* backend = nullptr;
  const tenon_operator* inner = nullptr;
};

// What stands behind the handle that a slot names first; null where it is NULL (nobody is there to
// complain to), ended or another thing (then it has complained).
Backend* Of(tenon_backend* backend, const char* slot);
Device* Of(tenon_device* device, const char* slot);
Queue* Of(tenon_queue* queue, const char* slot);
// The same for a handle that is an argument: then NULL and what was never given are found, too.
Device* Of(State& state, tenon_device* device, const char* slot);
Queue* Of(State& state, tenon_queue* queue, const char* slot);
inline tenon_status Unusable() { return {TENON_INVALID_ARGUMENT, 0, nullptr}; }

// Wraps a descriptor once; the same pointer gives the same wrapper.
Descriptor* Wrap(Backend& backend, const tenon_kernel_descriptor* inner, const char* slot);
// The device of a slot that may have to do without: NULL is right for a backend that has none.
bool CheckDevice(Backend& backend, const char* slot, tenon_device* device, Device** out_device);
// R3: an out parameter that is NULL.
bool CheckOut(State& state, const char* slot, const char* name, const void* out);
// R12: fences that may be waited for.
bool CheckFences(State& state, const char* slot, const tenon_fence* fences, uint32_t count,
                 bool to_signal);

// Uses of buffers by work that is enqueued on a queue.
void UseBuffer(Queue& queue, const char* slot, tenon_buffer* buffer, uint64_t offset,
               uint64_t bytes, uint64_t point);

// Fill the tables that the host gets; slots that the backend leaves NULL stay NULL.
void FillDevice(const tenon_device_interface& theirs, tenon_device_interface* ours);
void FillMemory(const tenon_memory_interface& theirs, tenon_memory_interface* ours);
void FillQueue(const tenon_queue_interface& theirs, tenon_queue_interface* ours);
// The part of the queue's table that is timelines.
void FillTimelines(const tenon_queue_interface& theirs, tenon_queue_interface* ours);
void FillKernel(const tenon_kernel_interface& theirs, tenon_kernel_interface* ours);
void FillCompile(const tenon_compile_interface& theirs, tenon_compile_interface* ours);
void FillOperators(const tenon_operators_interface& theirs, tenon_operators_interface* ours);
void FillProfile(const tenon_profile_interface& theirs, tenon_profile_interface* ours);

// Whether the kernel's run gives its outputs their shapes and memory.
inline bool Allocates(const Kernel& kernel) {
  return (kernel.descriptor.inner->flags & TENON_KERNEL_ALLOCATES_OUTPUT) != 0;
}

// One run, as allocate_output sees it.
struct RunContext {
  State* state;
  tenon_run_context* outer;
  const char* kernel;
  bool may_allocate;
  uint32_t output_count;
  std::atomic<uint64_t> allocated{0};  // bit i: output i
};

}  // namespace tenon::backend::validate
