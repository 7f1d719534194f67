// What the layer "validate" knows: complaints, details, live objects. Any thread; the lock is never
// held while the backend or the host is called.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "layers/validate_fences.h"
#include "layers/validate_tail.h"
#include "tenon/backend_api/backend.h"

namespace tenon::backend::validate {

class State;
struct Backend;

std::string Address(const void* object);  // "0x7f..." for messages

// What the thread is in: a slot, a kernel. A signal that ends the process meanwhile says so on
// stderr, unless the process handles it itself.
class InCall {
 public:
  explicit InCall(const char* what);
  ~InCall();
  InCall(const InCall&) = delete;
  InCall& operator=(const InCall&) = delete;
  const char* what() const { return what_; }
  const InCall* outer() const { return outer_; }

 private:
  const char* const what_;
  const InCall* const outer_;
};

// Finds that two threads are where one is allowed. A callback may come back on the same thread.
class OneThread {
 public:
  class Scope {
   public:
    Scope(State& state, OneThread& one, const char* slot, const char* object);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    OneThread* held_ = nullptr;
  };

 private:
  std::atomic<std::thread::id> owner_{};
};

// An object of the backend that the host sees wrapped. It stays as a tombstone until the layer
// goes, so that use after the end is found.
struct Handle {
  Handle(State& of, const char* what) : state(of), kind(what) {}
  virtual ~Handle() = default;
  State& state;
  const char* kind;
  std::atomic<bool> alive{true};
};

const tenon_memory_kind* FindKind(const tenon_device_info* info, uint32_t id);  // info may be null

struct Device : Handle {
  Device(State& of, Backend& owner, tenon_device* given, const tenon_device_info* facts)
      : Handle(of, "device"), backend(owner), inner(given), info(facts) {}
  Backend& backend;
  tenon_device* const inner;
  const tenon_device_info* const info;  // may be null
  std::atomic<bool> lost{false};        // it said so
  std::atomic<bool> hung{false};        // a long wait ended without result
  std::atomic<int64_t> queues{0}, kernels{0};

  const tenon_memory_kind* Kind(uint32_t id) const { return FindKind(info, id); }
  // Nothing can be said any more about what its queues have done.
  bool silent() const { return lost || hung; }
};

struct Buffer {
  struct Mapping {
    void* pointer;
    uint64_t offset, size;
    tenon_access access;
  };
  Device* device = nullptr;
  const tenon_memory_kind* kind = nullptr;  // may be null where the device does not list it
  uint32_t kind_id = 0;
  uint64_t size = 0;
  uint64_t tail = 0;  // bytes behind them that the host does not know of
  void* base = nullptr;
  bool imported = false;
  std::vector<Mapping> mappings;
  std::map<uint64_t, uint64_t> uses;  // queue -> the last point that uses it
  uint64_t writers = 0;               // runs without a queue that are under way
  uint64_t touched = 0;               // counts all that begins to write
};

struct BufferUse {
  tenon_buffer* buffer;
  uint64_t offset, bytes;
};
struct Recording {
  Recording(Device* of, std::vector<BufferUse> used) : device(of), uses(std::move(used)) {}
  Device* device;
  std::vector<BufferUse> uses;
  uint64_t queue = 0, point = 0;  // of the last replay
};

struct Queue : Handle {
  Queue(State& of, Device& owner, tenon_queue* given, uint64_t number)
      : Handle(of, "queue"), device(owner), inner(given), id(number) {}
  Device& device;
  tenon_queue* const inner;
  const uint64_t id;
  OneThread one;
  bool recording = false;
  std::vector<BufferUse> recorded;
};

struct Descriptor;
struct Kernel : Handle {
  Kernel(State& of, const Descriptor& d, Device* on, tenon_kernel* given)
      : Handle(of, "kernel"), descriptor(d), device(on), inner(given) {}
  const Descriptor& descriptor;
  Device* const device;  // null where the backend has no devices
  tenon_kernel* const inner;
  OneThread one;
  std::atomic<bool> prepared{false};
  std::mutex mutex;
  std::map<tenon_plan*, tenon_plan_info> plans;
  std::multiset<tenon_plan*> running;             // plans of the calls of run that are under way
  uint64_t least_workspace = UINT64_MAX;          // that prepare asked for where it gave no plan
  std::map<uint32_t, tenon_prepack_info> packed;  // what prepack said of inputs
};

class State {
 public:
  const tenon_host* host = nullptr;  // the outer one
  FenceBook fences;

  // "R4: memory.free: ...": into the log and the list, each text once.
  void Complain(const char* rule, const char* slot, const std::string& what);
  std::vector<std::string> violations() const;
  // "validate: ... (why)" into the log, as information; each `what` once.
  void Note(const std::string& what, const char* why);

  // Calls a slot: no exception comes out, the floating-point environment stays, the status is sane.
  // What it gives may be passed on.
  template <typename F>
  tenon_status Call(const char* slot, F&& function) {
    const InCall in_call(slot);
    const uint32_t environment = FloatingPoint();
    tenon_status status{};
    try {
      status = function();
    } catch (...) {
      Complain("R6", slot, "threw an exception across the ABI");
      status = {TENON_INTERNAL, 0, nullptr};
    }
    CheckFloatingPoint(slot, environment);
    return CheckStatus(slot, status);
  }
  template <typename F>
  void CallVoid(const char* slot, F&& function) {
    static_cast<void>(Call(slot, [&] {
      function();
      return tenon_status{};
    }));
  }
  // The same for a slot that starts work: a device that has said that it is lost stays lost.
  template <typename F>
  tenon_status CallOn(Device* device, const char* slot, F&& function) {
    const bool lost = device && device->lost;
    const tenon_status status = Call(slot, function);
    if (device && status.code == TENON_DEVICE_LOST) device->lost = true;
    if (lost && status.code == TENON_OK) Complain("R2", slot, "succeeds on a device that is lost");
    return status;
  }
  // A refusal of a call that cannot be passed on.
  tenon_status Refuse(const char* rule, const char* slot, const std::string& what);

  // Details that the backend made and has not given away.
  void MadeDetail(tenon_error* detail);
  bool TakeDetail(tenon_error* detail);
  bool HasDetail(const tenon_error* detail) const;
  size_t live_details() const;

  // Makes a handle that lives as a tombstone until the end.
  template <typename T, typename... Arguments>
  T* Make(Arguments&&... arguments) {
    auto owned = std::make_unique<T>(*this, std::forward<Arguments>(arguments)...);
    T* handle = owned.get();
    std::lock_guard lock(mutex);
    handles_.emplace(handle, std::move(owned));
    return handle;
  }
  // Keeps a callback's context until the layer goes: it may come twice, or late.
  template <typename T>
  T* Keep(std::shared_ptr<T> object) {
    std::lock_guard lock(mutex);
    kept_.push_back(object);
    return object.get();
  }
  // What stands behind a handle that the host gave, where it is of the kind and not ended; else it
  // complains and gives null.
  Handle* Find(const void* handle, const char* kind, const char* slot);

  std::mutex mutex;  // guards the registries
  std::unordered_map<tenon_buffer*, Buffer> buffers;
  std::map<std::pair<const Device*, uint32_t>, TailSums> tails;  // by device and memory kind
  std::unordered_map<tenon_recording*, Recording> recordings;
  std::unordered_set<tenon_artifact*> artifacts;
  std::unordered_map<const void*, uint64_t> host_memory;  // allocate: bytes
  std::unordered_set<const void*> lent_bytes;             // cache_get, segment_to_onnx
  std::unordered_set<const void*> runs;                   // contexts of runs under way
  std::unordered_multiset<tenon_timeline*> waited_for;
  std::set<uint32_t> device_ids;
  std::set<std::string> options;  // names that device.options lists
  std::unordered_map<uint32_t, const tenon_layout_info*> layouts;
  std::atomic<int64_t> tasks{0};      // submitted and not begun
  std::atomic<int64_t> callbacks{0};  // notify whose `reached` has not come
  std::atomic<int64_t> open_devices{0}, open_kernels{0};
  std::atomic<bool> options_are_known{false};  // host.option may be called
  std::atomic<bool> ended{false};              // backend.destroy was called

 private:
  static uint32_t FloatingPoint();
  void CheckFloatingPoint(const char* slot, uint32_t before);
  tenon_status CheckStatus(const char* slot, tenon_status status);

  mutable std::mutex complaints_mutex_;
  std::vector<std::string> complaints_;
  std::set<std::string> known_;
  std::unordered_set<tenon_error*> details_;
  std::unordered_map<const void*, std::unique_ptr<Handle>> handles_;
  std::deque<std::shared_ptr<void>> kept_;
};

}  // namespace tenon::backend::validate
